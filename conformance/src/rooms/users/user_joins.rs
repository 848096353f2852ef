//! User namespaces together with what others own: namespaces that are joined, sources that only the host's root can
//! reach, mounts of the host's (config-linux.md#namespaces, #user-namespace-mappings).

use std::os::unix::fs::{PermissionsExt, chown};

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::kernel::needs_mapped_ids;
use crate::rooms::deviations::GIVES_NULL;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(oom_score_is_set_with_a_network_of_the_hosts, GIVES_NULL),
    test!(oom_score_is_set_in_a_user_namespace_that_is_joined, WANTS_MAPS),
    test!(clocks_are_shifted_with_a_network_of_the_hosts, OLD, CRUN_CLOCKS),
    test!(clocks_are_shifted_in_a_user_namespace_that_is_joined, OLD, CRUN_CLOCKS),
    test!(
        pid_namespace_of_the_hosts_is_joined_by_a_new_user_namespace,
        ("crun", "1.8", "leaves mounts on the host")
    ),
    test!(source_that_only_the_hosts_root_reaches_is_bound),
    test!(
        rootfs_that_only_the_hosts_root_reaches_is_used,
        ("runc", "1.1", "opens it as root of the namespace"),
        GIVES_NULL
    ),
    test!(
        groups_of_the_hosts_root_are_left_before_a_user_namespace_is_joined,
        WANTS_MAPS,
        ("crun", "1.8", "keeps them")
    ),
    test!(what_is_mounted_in_a_mapped_bind_does_not_show_on_the_host),
];

const WANTS_MAPS: Known = ("runc", "1.1", "wants mappings although the namespace is joined");
const OLD: Known = ("runc", "1.1", "too old to know time namespaces");
const CRUN_CLOCKS: Known = ("crun", "1.8", "does not write the offsets");

/// The files of namespaces that an ordinary container lives in.
fn host_network(t: &Trial<'_>, bundle: Bundle) -> Result<Bundle, Failure> {
    let theirs = t.namespaces_of(&t.bundle()?.probe("sleep 10"))?;
    Ok(bundle
        .without_mount("/sys")
        .joining("network", &format!("{theirs}/net")))
}

fn joined_user(t: &Trial<'_>) -> Result<Bundle, Failure> {
    let theirs = t.namespaces_of(&mapped(t)?.probe("sleep 10"))?;
    let bundle = mapped(t)?.id_maps(Value::Null);
    Ok(bundle.joining("user", &format!("{theirs}/user")))
}

fn oom_score(t: &Trial<'_>, bundle: Bundle) -> Verdict {
    let report = t.see_one(&bundle.set("/process/oomScoreAdj", json!(500)))?;
    same("oom_score_adj", &report["oom_score_adj"], "500")
}

fn oom_score_is_set_with_a_network_of_the_hosts(t: &Trial<'_>) -> Verdict {
    oom_score(t, host_network(t, mapped(t)?)?)
}

fn oom_score_is_set_in_a_user_namespace_that_is_joined(t: &Trial<'_>) -> Verdict {
    oom_score(t, joined_user(t)?)
}

fn shifted(t: &Trial<'_>, bundle: Bundle) -> Verdict {
    let bundle = bundle
        .new_namespace("time")
        .set("/linux/timeOffsets", json!({"boottime": {"secs": 9_000_000}}));
    let seen = json!(t.see(&bundle.probe("read /proc/uptime"))?).to_string();
    ensure(seen.contains("\"90"), || seen.clone())
}

fn clocks_are_shifted_with_a_network_of_the_hosts(t: &Trial<'_>) -> Verdict {
    shifted(t, host_network(t, mapped(t)?)?)
}

fn clocks_are_shifted_in_a_user_namespace_that_is_joined(t: &Trial<'_>) -> Verdict {
    shifted(t, joined_user(t)?)
}

fn pid_namespace_of_the_hosts_is_joined_by_a_new_user_namespace(t: &Trial<'_>) -> Verdict {
    let theirs = t.namespaces_of(&t.bundle()?.probe("sleep 10"))?;
    // Only who owns the pid namespace may mount its procfs.
    let bundle = mapped(t)?
        .without_mount("/proc")
        .mount("/proc", "bind", "/proc", &["rbind"]);
    let report = t.see_one(&bundle.joining("pid", &format!("{theirs}/pid")))?;
    ensure(report["pid"].as_i64().is_some_and(|pid| pid > 1), || {
        report["pid"].to_string()
    })
}

/// A folder that nobody but the host's root may enter.
fn private(t: &Trial<'_>) -> Result<std::path::PathBuf, Failure> {
    let folder = t.dir.join("private");
    std::fs::create_dir(&folder)?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
    Ok(folder)
}

fn source_that_only_the_hosts_root_reaches_is_bound(t: &Trial<'_>) -> Verdict {
    let source = private(t)?.join("source");
    std::fs::create_dir(&source)?;
    std::fs::write(source.join("file"), "here")?;
    let bundle = mapped(t)?.bind("/data", &source, &["rbind", "ro"]);
    same("file", &t.see_one(&bundle.probe("read /data/file"))?["value"], "here")
}

fn rootfs_that_only_the_hosts_root_reaches_is_used(t: &Trial<'_>) -> Verdict {
    let bundle = mapped(t)?;
    let rootfs = private(t)?.join("rootfs");
    std::fs::rename(bundle.rootfs(), &rootfs)?;
    let bundle = bundle.set("/root/path", json!(rootfs.to_string_lossy()));
    same("uids", &t.see_one(&bundle)?["uids"], json!([0, 0, 0]))
}

fn groups_of_the_hosts_root_are_left_before_a_user_namespace_is_joined(t: &Trial<'_>) -> Verdict {
    // A namespace that an ordinary user made for itself: nobody in it may ever leave a group.
    let mut theirs = std::process::Command::new("setpriv")
        .args([
            "--reuid",
            "1000",
            "--regid",
            "1000",
            "--clear-groups",
            "unshare",
            "--user",
            "--map-root-user",
            "sleep",
            "10",
        ])
        .spawn()?;
    let path = format!("/proc/{}/ns/user", theirs.id());
    let ours = std::fs::read_link("/proc/self/ns/user")?;
    t.until("the user namespace", || {
        let map = std::fs::read_to_string(format!("/proc/{}/setgroups", theirs.id())).unwrap_or_default();
        Ok(std::fs::read_link(&path).is_ok_and(|link| link != ours) && map.trim() == "deny")
    })?;
    let bundle = t.bundle()?;
    for folder in [bundle.dir.clone(), bundle.rootfs()] {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
    }
    chown_all(&bundle)?;
    let mut bundle = bundle.joining("user", &path).set("/process/rlimits", json!([]));
    for mount in ["/sys", "/dev/pts", "/sys/fs/cgroup"] {
        bundle = bundle.without_mount(mount);
    }
    let call = t.with_bundle(&["run"], &bundle)?;
    let done = call.script("exec setpriv --groups=0,4,27 -- \"$0\" \"$@\"").finish();
    theirs.kill()?;
    theirs.wait()?;
    let done = done?;
    same("exit status", &done.code, 0).map_err(|_| Failure::Wrong(done.err.clone()))?;
    same("groups", &done.lines()?[0]["groups"], json!([]))
}

fn chown_all(bundle: &Bundle) -> std::io::Result<()> {
    for entry in std::fs::read_dir(bundle.rootfs())? {
        chown(entry?.path(), Some(1000), Some(1000))?;
    }
    chown(bundle.rootfs(), Some(1000), Some(1000))
}

fn what_is_mounted_in_a_mapped_bind_does_not_show_on_the_host(t: &Trial<'_>) -> Verdict {
    needs_mapped_ids(&t.dir)?;
    let source = t.dir.join("source");
    std::fs::create_dir_all(source.join("below"))?;
    let maps = json!([{"containerID": 0, "hostID": 100_000, "size": 65536}]);
    let mount = json!({"destination": "/data", "type": "bind", "source": source.to_string_lossy(), "options": ["rbind"],
        "uidMappings": maps, "gidMappings": maps});
    let bundle = mapped(t)?.set("/mounts/-", mount).capabilities(&["CAP_SYS_ADMIN"]);
    let created = t.launch(&bundle.probe("mount none /data/below tmpfs 0 , sleep 20"))?;
    t.until("the mount", || {
        let mounts = std::fs::read_to_string(format!("/proc/{}/mountinfo", t.pid(&created.id)?.as_raw_nonzero()))?;
        Ok(mounts.contains("/data/below"))
    })?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
    let leaked = source.join("below").to_string_lossy().into_owned();
    ensure(!mounts.contains(&leaked), || format!("{leaked} is mounted on the host"))
}
