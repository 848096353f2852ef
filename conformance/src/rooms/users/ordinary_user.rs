//! An ordinary user's containers: the runtime runs as uid 1000, which is root inside; what they have of the same as
//! root's.

use std::fs;

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, mount_at};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{as_user, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(ordinary_user_runs_a_container),
    test!(ordinary_user_goes_through_every_verb),
    test!(
        ordinary_user_without_user_namespace_is_refused,
        ("crun", "1.8", "makes a user namespace unasked")
    ),
    test!(ordinary_user_cannot_map_what_is_not_its_own),
    test!(hostname_is_set),
    test!(root_can_be_read_only),
    test!(binds_take_their_flags),
    test!(
        bind_of_a_strict_mount_keeps_its_flags,
        ("runc", "1.1", "fails where flags are locked")
    ),
    test!(filesystems_in_memory_take_their_options),
    test!(procfs_shows_the_containers_processes_only),
    test!(default_devices_can_be_used),
    test!(paths_are_masked),
    test!(paths_are_read_only),
    test!(filter_is_loaded),
    test!(filter_is_loaded_without_no_new_privileges),
    test!(limits_are_set),
    test!(capabilities_are_those_of_the_namespace),
    test!(variables_and_folder_are_set),
    test!(sysctl_of_the_network_is_set),
    test!(hooks_of_every_kind_run),
    test!(preserved_descriptor_arrives),
    test!(oom_score_adj_is_raised),
    test!(umask_is_set),
    test!(
        clocks_are_shifted,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "does not write the offsets")
    ),
    test!(missing_mount_point_is_made),
    test!(another_user_cannot_see_the_container),
];

fn ordinary_user_runs_a_container(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?;
    let done = as_user(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?;
    let report = done.json()?;
    same("uids", &report["uids"], json!([0, 0, 0]))?;
    same("pid", &report["pid"], 1)
}

fn ordinary_user_goes_through_every_verb(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.probe("sleep 20");
    let id = t.fresh_id();
    let folder = bundle
        .rootfs()
        .parent()
        .map(|dir| dir.to_string_lossy().into_owned())
        .unwrap_or_default();
    bundle.save()?;
    let words: &[&[&str]] = &[
        &["create", "--bundle", &folder, &id],
        &["state", &id],
        &["start", &id],
        &["list"],
        &["kill", &id, "KILL"],
        &["delete", "--force", &id],
    ];
    for words in words {
        as_user(t, t.call(words))?.succeed()?;
    }
    Ok(())
}

fn ordinary_user_without_user_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.without_namespace("user").id_maps(Value::Null);
    as_user(t, t.with_bundle(&["run"], &bundle)?)?.refuse(&[])
}

fn ordinary_user_cannot_map_what_is_not_its_own(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.set(
        "/linux/uidMappings",
        json!([{"containerID": 0, "hostID": 0, "size": 1}]),
    );
    as_user(t, t.with_bundle(&["run"], &bundle)?)?.refuse(&[])
}

/// What the probe says in such a container.
fn see(t: &Trial<'_>, change: impl FnOnce(Bundle) -> Result<Bundle, Failure>) -> Result<Vec<Value>, Failure> {
    let bundle = change(rootless(t)?)?;
    as_user(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?.lines()
}

/// A folder that everybody may use, with a file in it.
fn shared(t: &Trial<'_>) -> Result<String, Failure> {
    use std::os::unix::fs::PermissionsExt;
    let folder = t.dir.join("shared");
    fs::create_dir_all(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
    fs::write(folder.join("inside"), "from the host")?;
    Ok(folder.to_string_lossy().into_owned())
}

fn hostname_is_set(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| Ok(bundle.set("/hostname", json!("of-a-user"))))?;
    same("hostname", &seen[0]["hostname"], "of-a-user")
}

fn root_can_be_read_only(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| Ok(bundle.probe("write /new")))?;
    same("errno", &seen[0]["errno"], libc::EROFS)?;
    let seen = see(t, |bundle| Ok(bundle.writable().probe("write /new")))?;
    same("errno when writable", &seen[0]["errno"], json!(null))
}

fn binds_take_their_flags(t: &Trial<'_>) -> Verdict {
    let folder = shared(t)?;
    let options = ["rbind", "ro", "nosuid", "nodev", "noexec"];
    let seen = see(t, |bundle| {
        Ok(bundle
            .mount("/data", "bind", &folder, &options)
            .probe("report , write /data/new , read /data/inside"))
    })?;
    let mount = mount_at(&seen[0], "/data")?;
    for option in &options[1..] {
        ensure(has(&mount["options"], option), || {
            format!("{option} is missing: {mount}")
        })?;
    }
    same("write", &seen[1]["errno"], libc::EROFS)?;
    same("content", &seen[2]["value"], "from the host")
}

fn bind_of_a_strict_mount_keeps_its_flags(t: &Trial<'_>) -> Verdict {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let folder = t.dir.join("strict");
    fs::create_dir(&folder)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("none", &folder, "tmpfs", flags, None)?;
    let seen = see(t, |bundle| Ok(bundle.bind("/data", &folder, &["rbind", "ro"])));
    unmount(&folder, UnmountFlags::DETACH)?;
    let seen = seen?;
    let mount = mount_at(&seen[0], "/data")?;
    for option in ["ro", "nosuid", "nodev", "noexec"] {
        ensure(has(&mount["options"], option), || {
            format!("{option} is missing: {mount}")
        })?;
    }
    Ok(())
}

fn filesystems_in_memory_take_their_options(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| {
        let options = ["nosuid", "size=64k", "mode=0710"];
        Ok(bundle
            .mount("/data", "tmpfs", "x", &options)
            .probe("report , stat /data , write /data/new"))
    })?;
    ensure(has(&mount_at(&seen[0], "/data")?["super"], "size=64k"), || {
        "no size".into()
    })?;
    ensure(seen[2]["errno"].is_null(), || seen[2].to_string())
}

fn procfs_shows_the_containers_processes_only(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| Ok(bundle.probe("list /proc")))?;
    let numbers: Vec<&str> = seen[0]["value"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str())
        .filter(|name| name.parse::<u32>().is_ok())
        .collect();
    same("processes", &numbers, vec!["1"])
}

fn default_devices_can_be_used(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| {
        Ok(bundle.probe("write /dev/null x , write /dev/full x , stat /dev/urandom"))
    })?;
    same("null", &seen[0]["errno"], json!(null))?;
    same("full", &seen[1]["errno"], libc::ENOSPC)?;
    same("urandom", &seen[2]["value"]["rdev"], json!([1, 9]))
}

fn paths_are_masked(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| {
        Ok(bundle
            .set("/linux/maskedPaths", json!(["/proc/version", "/proc/bus"]))
            .set("/linux/readonlyPaths", json!([]))
            .probe("read /proc/version , list /proc/bus"))
    })?;
    same("file", &seen[0]["value"], "")?;
    same("folder", &seen[1]["value"], json!([]))
}

fn paths_are_read_only(t: &Trial<'_>) -> Verdict {
    // It belongs to the container's own network: nothing but the read-only path refuses.
    let write = |paths: Value| {
        see(t, |bundle| {
            Ok(bundle
                .capabilities(&["CAP_NET_ADMIN"])
                .set("/linux/readonlyPaths", paths)
                .probe("write /proc/sys/net/ipv4/ip_default_ttl 65"))
        })
    };
    same("errno without", &write(json!([]))?[0]["errno"], json!(null))?;
    same("errno", &write(json!(["/proc/sys"]))?[0]["errno"], libc::EROFS)
}

fn profile() -> Value {
    json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sync"], "action": "SCMP_ACT_ERRNO", "errnoRet": 88}]})
}

fn filter_is_loaded(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| {
        Ok(bundle
            .set("/linux/seccomp", profile())
            .probe(&format!("syscall {}", libc::SYS_sync)))
    })?;
    same("errno", &seen[0]["errno"], 88)
}

fn filter_is_loaded_without_no_new_privileges(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| {
        Ok(bundle
            .set("/linux/seccomp", profile())
            .set("/process/noNewPrivileges", json!(false))
            .probe(&format!("report , syscall {}", libc::SYS_sync)))
    })?;
    same("no_new_privs", &seen[0]["no_new_privs"], 0)?;
    same("errno", &seen[1]["errno"], 88)
}

fn limits_are_set(t: &Trial<'_>) -> Verdict {
    let limits =
        json!([{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]);
    let seen = see(t, |bundle| Ok(bundle.set("/process/rlimits", limits)))?;
    same("NOFILE", &seen[0]["rlimits"]["RLIMIT_NOFILE"], json!([100, 200]))?;
    same("CORE", &seen[0]["rlimits"]["RLIMIT_CORE"], json!([0, 0]))
}

fn capabilities_are_those_of_the_namespace(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| {
        Ok(bundle
            .capabilities(&["CAP_SYS_ADMIN", "CAP_NET_ADMIN"])
            .probe("report , sethostname inside"))
    })?;
    same("CapEff", &seen[0]["status"]["CapEff"], "0000000000201000")?;
    same("sethostname", &seen[1]["errno"], json!(null))
}

fn variables_and_folder_are_set(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| {
        Ok(bundle
            .set("/process/env", json!(["A=b", "HOME=/h"]))
            .set("/process/cwd", json!("/tmp")))
    })?;
    ensure(has(&seen[0]["env"], "A=b"), || seen[0]["env"].to_string())?;
    same("cwd", &seen[0]["cwd"], "/tmp")
}

fn sysctl_of_the_network_is_set(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| {
        Ok(bundle
            .set("/linux/sysctl", json!({"net.ipv4.ip_unprivileged_port_start": "81"}))
            .probe("read /proc/sys/net/ipv4/ip_unprivileged_port_start"))
    })?;
    same("value", &seen[0]["value"], "81\n")
}

fn hooks_of_every_kind_run(t: &Trial<'_>) -> Verdict {
    let log = format!("{}/ran", shared(t)?);
    let folder = shared(t)?;
    let mut bundle = rootless(t)?.mount(&folder, "bind", &folder, &["rbind"]);
    for kind in ["prestart", "createRuntime", "createContainer", "poststart", "poststop"] {
        let script = format!("cat >/dev/null; echo {kind} >>{log}");
        bundle = bundle.hook(
            kind,
            json!({"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]}),
        );
    }
    let inside = json!({"path": "/probe", "args": ["probe", "write", log, "startContainer\n"]});
    let bundle = bundle.hook("startContainer", inside).probe("exit 0");
    as_user(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?;
    let text = fs::read_to_string(&log).unwrap_or_default();
    let mut words: Vec<&str> = text.lines().collect();
    words.sort_unstable();
    let wanted = "createContainer createRuntime poststart poststop prestart startContainer";
    same("hooks", &words, wanted.split(' ').collect::<Vec<_>>())
}

fn preserved_descriptor_arrives(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?;
    let call = t.with_bundle(&["run", "--preserve-fds", "1"], &bundle)?;
    let call = call.descriptor(fs::File::open("/etc/passwd")?.into(), 3);
    let report = as_user(t, call)?.succeed()?.lines()?[0].clone();
    ensure(
        report["fds"]["3"].as_str().is_some_and(|path| path.ends_with("passwd")),
        || report["fds"].to_string(),
    )
}

fn oom_score_adj_is_raised(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| Ok(bundle.set("/process/oomScoreAdj", json!(900))))?;
    same("oom_score_adj", &seen[0]["oom_score_adj"], "900")
}

fn umask_is_set(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| Ok(bundle.set("/process/user/umask", json!(0o037))))?;
    same("umask", &seen[0]["umask"], 0o037)
}

fn clocks_are_shifted(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| {
        Ok(bundle
            .set("/linux/timeOffsets", json!({"monotonic": {"secs": 77}}))
            .new_namespace("time")
            .probe("read /proc/self/timens_offsets"))
    })?;
    let words: Vec<&str> = seen[0]["value"]
        .as_str()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    same("offsets", &words, vec!["monotonic", "77", "0", "boottime", "0", "0"])
}

fn missing_mount_point_is_made(t: &Trial<'_>) -> Verdict {
    let seen = see(t, |bundle| Ok(bundle.mount("/made/for/this", "tmpfs", "x", &[])))?;
    mount_at(&seen[0], "/made/for/this").map(drop)
}

fn another_user_cannot_see_the_container(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.probe("sleep 20");
    bundle.save()?;
    let folder = bundle.dir.to_string_lossy().into_owned();
    as_user(t, t.call(&["create", "--bundle", &folder, &bundle.id]))?.succeed()?;
    let root = t.dir.join("rootless").to_string_lossy().into_owned();
    let other = t
        .call(&["state", &bundle.id])
        .root(&root)
        .script("exec setpriv --reuid 1001 --regid 1001 --clear-groups \"$0\" \"$@\"")
        .finish();
    as_user(t, t.call(&["delete", "--force", &bundle.id]))?.succeed()?;
    ensure(other?.code != 0, || "the state is told to another user".into())
}
