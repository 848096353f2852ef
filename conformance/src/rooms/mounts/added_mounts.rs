//! `mounts add` and `mounts remove`: what is mounted in a container that exists.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_bind, mount_change, unmount};
use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::{Call, text_on_stdin};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::deviations::{NOT_IN_CRUN, NOT_IN_RUNC};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{FIRST, as_user, mapped, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(mounts_are_seen_at_once_and_go_again, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(all_are_added_or_none, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(mounts_on_one_place_lie_over_each_other, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(only_what_was_added_is_taken_off, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(mounts_that_cannot_be_added_are_refused, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(lists_that_are_none_are_refused, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(created_and_paused_containers_take_mounts, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(read_only_root_has_no_new_mount_points, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(stopped_container_takes_none, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(mounts_are_added_in_a_user_namespace, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(ids_of_an_added_mount_are_mapped, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(ordinary_user_adds_mounts_to_its_container, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(relative_sources_are_the_bundles, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(container_without_mounts_of_its_own_is_refused, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(nothing_is_mounted_where_the_host_would_see_it, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(links_do_not_lead_out, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(
        link_that_comes_and_goes_leads_no_added_mount_out,
        NOT_IN_RUNC,
        NOT_IN_CRUN
    ),
    test!(container_sees_nothing_of_who_mounts, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(log_tells_what_was_done, NOT_IN_RUNC, NOT_IN_CRUN),
];

/// A call of `mounts` with a list on stdin.
fn mounts<'t>(t: &'t Trial<'_>, action: &str, id: &str, list: &Value) -> Result<Call<'t>, Failure> {
    let stdin = text_on_stdin(&json!({ "mounts": list }).to_string())?;
    Ok(t.call(&["mounts", action, id, "-"]).stdin(stdin))
}

pub(super) fn add<'t>(t: &'t Trial<'_>, id: &str, list: &Value) -> Result<Call<'t>, Failure> {
    mounts(t, "add", id, list)
}

pub(super) fn remove<'t>(t: &'t Trial<'_>, id: &str, list: &Value) -> Result<Call<'t>, Failure> {
    mounts(t, "remove", id, list)
}

/// A running container of a bundle.
pub(super) fn running(t: &Trial<'_>, bundle: Bundle) -> Result<String, Failure> {
    Ok(t.launch(&bundle.writable().probe("sleep 60"))?.id)
}

/// The lines about mounts on a place, as the container's process has them.
pub(super) fn lines_at(t: &Trial<'_>, id: &str, place: &str) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(format!("/proc/{}/mountinfo", t.pid(id)?.as_raw_nonzero()))?;
    let lines = text.lines().filter(|line| line.split(' ').nth(4) == Some(place));
    Ok(lines.map(str::to_owned).collect())
}

pub(super) fn is_mounted(t: &Trial<'_>, id: &str, place: &str, words: &[&str]) -> Verdict {
    let lines = lines_at(t, id, place)?;
    let fits = |line: &String| words.iter().all(|word| line.contains(word));
    ensure(lines.len() == 1 && lines.iter().all(fits), || {
        format!("on {place}: {lines:?}, wanted one with {words:?}")
    })
}

pub(super) fn is_free(t: &Trial<'_>, id: &str, place: &str) -> Verdict {
    let lines = lines_at(t, id, place)?;
    ensure(lines.is_empty(), || format!("on {place}: {lines:?}"))
}

/// The place inside of a running container, by way of its first process.
pub(super) fn inside(t: &Trial<'_>, id: &str, path: &str) -> Result<PathBuf, Failure> {
    let root = format!("/proc/{}/root", t.pid(id)?.as_raw_nonzero());
    Ok(Path::new(&root).join(path.trim_start_matches('/')))
}

pub(super) fn bind(destination: &str, source: &str, options: &[&str]) -> Value {
    json!({"destination": destination, "type": "bind", "source": source, "options": options})
}

pub(super) fn tmpfs(destination: &str, options: &[&str]) -> Value {
    json!({"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": options})
}

fn mounts_are_seen_at_once_and_go_again(t: &Trial<'_>) -> Verdict {
    let source = t.host_folder()?;
    let id = running(t, t.bundle()?)?;
    let file = format!("{source}/inside");
    let list = json!([
        bind("/data", &source, &["rbind", "ro"]),
        tmpfs("/new/deep", &["size=64k", "mode=1777", "noexec"]),
        bind("/etc/added", &file, &["bind"]),
        json!({"destination": "/new/queue", "type": "mqueue"}),
        json!({"destination": "/new/sys", "type": "sysfs", "options": ["ro"]}),
    ]);
    add(t, &id, &list)?.succeed()?;
    is_mounted(t, &id, "/data", &[" ro,"])?;
    is_mounted(t, &id, "/new/deep", &["noexec", "size=64k"])?;
    is_mounted(t, &id, "/new/queue", &["mqueue"])?;
    is_mounted(t, &id, "/new/sys", &["sysfs", " ro,"])?;
    for path in ["/data/inside", "/etc/added"] {
        let text = fs::read_to_string(inside(t, &id, path)?)?;
        same(path, &text.as_str(), "from the host")?;
    }
    let links: Vec<_> = fs::read_dir(inside(t, &id, "/new/sys/class/net")?)?.collect();
    same("network devices of the container's", &links.len(), 1)?;
    remove(t, &id, &list)?.succeed()?;
    for place in ["/data", "/new/deep", "/etc/added", "/new/queue", "/new/sys"] {
        is_free(t, &id, place)?;
    }
    same("the host's file", &fs::read_to_string(file)?.as_str(), "from the host")
}

fn all_are_added_or_none(t: &Trial<'_>) -> Verdict {
    let source = t.host_folder()?;
    let id = running(t, t.bundle()?)?;
    let before = fs::read_to_string(format!("/proc/{}/mountinfo", t.pid(&id)?.as_raw_nonzero()))?;
    for (last, phrases) in [
        (tmpfs("/c", &["size=much"]), &["mounts[2].options[0]", "size=much"][..]),
        (bind("/c", "/not/there", &["bind"]), &["mounts[2].source", "/not/there"]),
        (bind("/probe/below", &source, &["bind"]), &["mounts[2].destination"]),
        (
            json!({"destination": "/c", "type": "nofs"}),
            &["mounts[2].type", "nofs"],
        ),
        (
            bind("/a/on-file", "/dev/null", &["bind", "flux"]),
            &["mounts[2].options"],
        ),
    ] {
        let list = json!([bind("/a", &source, &["bind"]), tmpfs("/a", &[]), last]);
        add(t, &id, &list)?.refuse(phrases)?;
        let now = fs::read_to_string(format!("/proc/{}/mountinfo", t.pid(&id)?.as_raw_nonzero()))?;
        same(&format!("mounts after {last}"), &now.as_str(), before.as_str())?;
    }
    remove(t, &id, &json!([tmpfs("/a", &[])]))?.refuse(&["mounts[0].destination", "nothing was added"])
}

fn mounts_on_one_place_lie_over_each_other(t: &Trial<'_>) -> Verdict {
    let source = t.host_folder()?;
    let id = running(t, t.bundle()?)?;
    add(t, &id, &json!([bind("/a", &source, &["bind"])]))?.succeed()?;
    add(t, &id, &json!([tmpfs("/a", &["size=4k"]), tmpfs("/a/b", &[])]))?.succeed()?;
    same("mounts", &lines_at(t, &id, "/a")?.len(), 2)?;
    ensure(!inside(t, &id, "/a/inside")?.exists(), || "the lower one shows".into())?;
    remove(t, &id, &json!([tmpfs("//a/", &[])]))?.succeed()?;
    ensure(inside(t, &id, "/a/inside")?.exists(), || {
        "the lower one does not show".into()
    })?;
    is_free(t, &id, "/a/b")?;
    remove(t, &id, &json!([tmpfs("/a", &[])]))?.succeed()?;
    is_free(t, &id, "/a")
}

fn only_what_was_added_is_taken_off(t: &Trial<'_>) -> Verdict {
    let source = t.host_folder()?;
    let id = running(t, t.bundle()?.bind("/data", Path::new(&source), &["bind"]))?;
    add(t, &id, &json!([tmpfs("/a", &[])]))?.succeed()?;
    for place in ["/data", "/proc", "/", "/proc/kcore", "/b"] {
        let list = json!([tmpfs("/a", &[]), tmpfs(place, &[])]);
        remove(t, &id, &list)?.refuse(&["mounts[1].destination", "nothing was added"])?;
    }
    is_mounted(t, &id, "/data", &[])?;
    is_mounted(t, &id, "/a", &["tmpfs"])
}

fn mounts_that_cannot_be_added_are_refused(t: &Trial<'_>) -> Verdict {
    let id = running(t, t.bundle()?)?;
    for (mount, phrases) in [
        (
            json!({"destination": "/proc", "type": "proc"}),
            &["mounts[0].type", "procfs"][..],
        ),
        (
            json!({"destination": "/cg", "type": "cgroup"}),
            &["mounts[0].type", "cgroups"],
        ),
        (tmpfs("/", &[]), &["mounts[0].destination", "root"]),
        (
            bind("/dev", "", &["remount", "ro"]),
            &["mounts[0].options", "none is changed"],
        ),
        (
            bind("/proc/kcore", "/dev/null", &["bind"]),
            &["mounts[0].destination", "inside /proc"],
        ),
        (
            bind("/proc", "/tmp", &["bind"]),
            &["mounts[0].destination", "not of type proc"],
        ),
        (tmpfs("/c", &["tmpcopyup"]), &["mounts[0].options", "copied"]),
        (
            json!({"destination": "/c", "type": "tmpfs", "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}),
            &["mounts[0]", "gidMappings"],
        ),
    ] {
        add(t, &id, &json!([mount]))?.refuse(phrases)?;
    }
    Ok(())
}

fn lists_that_are_none_are_refused(t: &Trial<'_>) -> Verdict {
    let id = running(t, t.bundle()?)?;
    for (text, phrases) in [
        ("", &["line 1"][..]),
        ("{}", &["mounts", "nothing to do"]),
        ("[]", &["mounts", "nothing to do"]),
        (r#"{"mounts": 3}"#, &["mounts"]),
        (r#"[{"type": "tmpfs"}]"#, &["mounts[0]", "destination"]),
    ] {
        let call = t.call(&["mounts", "add", &id, "-"]).stdin(text_on_stdin(text)?);
        call.refuse(phrases)?;
    }
    let list = text_on_stdin(r#"{"mounts": [{"destination": "/a", "type": "tmpfs", "flux": 1}], "hooks": {}}"#)?;
    let done = t.call(&["mounts", "add", &id, "-"]).stdin(list).succeed()?;
    for word in ["mounts[0].flux", "hooks"] {
        ensure(done.err.contains(word), || {
            format!("no warning of {word}: {:?}", done.err)
        })?;
    }
    t.call(&["mounts", "add", &id, "/not/there"]).refuse(&["/not/there"])?;
    t.call(&["mounts", "change", &id, "-"]).refuse(&["add", "remove"])
}

fn created_and_paused_containers_take_mounts(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.writable().probe("stat /a"))?;
    add(t, &created.id, &json!([tmpfs("/a", &["mode=0751"])]))?.succeed()?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    t.exit_of(pid)?;
    let lines = created.lines()?;
    same("mode of what was added", &lines[0]["value"]["mode"], 0o751)?;
    let id = running(t, t.bundle()?)?;
    t.call(&["pause", &id]).succeed()?;
    add(t, &id, &json!([tmpfs("/a", &[])]))?.succeed()?;
    is_mounted(t, &id, "/a", &["tmpfs"])?;
    t.call(&["resume", &id]).succeed().map(drop)
}

fn read_only_root_has_no_new_mount_points(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.folder("there")?.probe("sleep 60"))?.id;
    add(t, &id, &json!([tmpfs("/a", &[])]))?.refuse(&["mounts[0].destination", "EROFS", "mount on what is there"])?;
    add(t, &id, &json!([tmpfs("/there", &[]), tmpfs("/there/a", &[])]))?.succeed()?;
    is_mounted(t, &id, "/there/a", &["tmpfs"])
}

fn stopped_container_takes_none(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    let list = json!([tmpfs("/a", &[])]);
    add(t, &created.id, &list)?.refuse(&["container not running"])?;
    remove(t, &created.id, &list)?.refuse(&["container not running"])?;
    add(t, "nobody", &list)?.refuse(&["does not exist"])
}

fn mounts_are_added_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let source = t.host_folder()?;
    let id = running(t, mapped(t)?)?;
    // Root of the container has no way there.
    fs::set_permissions(&source, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let list = json!([
        bind("/data", &source, &["rbind", "ro"]),
        tmpfs("/new/deep", &["size=64k"])
    ]);
    add(t, &id, &list)?.succeed()?;
    is_mounted(t, &id, "/data", &[" ro,"])?;
    is_mounted(t, &id, "/new/deep", &["tmpfs"])?;
    for (place, owner) in [("/new/deep", FIRST), ("/new", FIRST), ("/data", 0)] {
        let found = std::os::unix::fs::MetadataExt::uid(&fs::metadata(inside(t, &id, place)?)?);
        same(&format!("owner of {place}"), &found, owner)?;
    }
    remove(t, &id, &list)?.succeed()?;
    is_free(t, &id, "/data")?;
    // Nor has init, where it is in a folder of another user's.
    let home = t.dir.join("home");
    fs::create_dir_all(home.join("project"))?;
    fs::write(home.join("project/file"), "of a project")?;
    std::os::unix::fs::chown(&home, Some(4242), Some(4242))?;
    fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let project = home.join("project").to_string_lossy().into_owned();
    add(t, &id, &json!([bind("/data", &project, &["rbind", "ro"])]))?.succeed()?;
    is_mounted(t, &id, "/data", &[" ro,"])?;
    let read = fs::read_to_string(inside(t, &id, "/data/file")?)?;
    same("file", &read.as_str(), "of a project")
}

fn ids_of_an_added_mount_are_mapped(t: &Trial<'_>) -> Verdict {
    let source = t.host_folder()?;
    let own = json!([{"containerID": 0, "hostID": 0, "size": 65536}]);
    let maps = json!([{"containerID": 0, "hostID": 5000, "size": 65536}]);
    let with_maps = |destination: &str, maps: &Value| {
        json!({"destination": destination, "type": "bind", "source": source, "options": ["bind"],
               "uidMappings": maps, "gidMappings": maps})
    };
    let plain = running(t, t.bundle()?)?;
    add(t, &plain, &json!([with_maps("/data", &maps)]))?.succeed()?;
    let owner = |id: &str| {
        let found = fs::metadata(inside(t, id, "/data/inside")?)?;
        Ok::<_, Failure>(std::os::unix::fs::MetadataExt::uid(&found))
    };
    same("owner", &owner(&plain)?, 5000)?;
    let inside = running(t, mapped(t)?)?;
    add(t, &inside, &json!([bind("/data", &source, &["bind", "idmap"])]))?.succeed()?;
    same("owner in a user namespace", &owner(&inside)?, FIRST)?;
    remove(t, &inside, &json!([tmpfs("/data", &[])]))?.succeed()?;
    add(t, &inside, &json!([with_maps("/data", &own)]))?.succeed()?;
    same("owner by maps of the mount's own", &owner(&inside)?, 0)
}

fn ordinary_user_adds_mounts_to_its_container(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.writable().probe("sleep 60");
    let id = bundle.id.clone();
    let source = t.host_folder()?;
    as_user(t, t.with_bundle(&["run", "--detach"], &bundle)?)?.succeed()?;
    let list = json!([
        bind("/data", &source, &["bind", "ro"]),
        tmpfs("/new/deep", &["size=64k"])
    ]);
    let added = as_user(t, add(t, &id, &list)?)?.succeed();
    let state = as_user(t, t.call(&["state", &id]))?.succeed()?.json()?;
    let root = format!("/proc/{}/root", state["pid"]);
    let seen = fs::read_to_string(format!("{root}/data/inside"));
    let is_there = fs::read_to_string(format!("/proc/{}/mountinfo", state["pid"]))?.contains(" /new/deep ");
    let removed = as_user(t, remove(t, &id, &list)?)?.succeed();
    let left = fs::read_to_string(format!("/proc/{}/mountinfo", state["pid"]))?.contains(" /data ");
    as_user(t, t.call(&["delete", "--force", &id]))?.succeed()?;
    added?;
    same("file", &seen?.as_str(), "from the host")?;
    ensure(is_there, || "no tmpfs".into())?;
    removed?;
    ensure(!left, || "it stays".into())
}

fn relative_sources_are_the_bundles(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    fs::create_dir(bundle.dir.join("shelf"))?;
    fs::write(bundle.dir.join("shelf/book"), "")?;
    let id = running(t, bundle)?;
    add(t, &id, &json!([bind("/data", "shelf", &["bind"])]))?.succeed()?;
    ensure(inside(t, &id, "/data/book")?.exists(), || "another folder".into())
}

fn container_without_mounts_of_its_own_is_refused(t: &Trial<'_>) -> Verdict {
    let list = json!([tmpfs("/a", &[])]);
    let first = running(t, t.bundle()?)?;
    let path = format!("/proc/{}/ns/mnt", t.pid(&first)?.as_raw_nonzero());
    let joining = t.bundle()?;
    fs::create_dir_all(joining.rootfs())?;
    let joined = t.create(&joining.joining("mount", &path).probe("sleep 60"));
    if let Ok(joined) = joined {
        add(t, &joined.id, &list)?.refuse(&["linux.namespaces", "outlive"])?;
    }
    Ok(())
}

/// A shared mount on the host.
struct Shared(PathBuf);

impl Shared {
    fn new(folder: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(folder)?;
        mount_bind(folder, folder)?;
        mount_change(folder, MountPropagationFlags::SHARED)?;
        Ok(Self(folder.to_owned()))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

fn nothing_is_mounted_where_the_host_would_see_it(t: &Trial<'_>) -> Verdict {
    let shared = Shared::new(&t.dir.join("shared"))?;
    fs::create_dir(shared.0.join("below"))?;
    let bundle =
        t.bundle()?
            .set("/linux/rootfsPropagation", json!("shared"))
            .bind("/volume", &shared.0, &["rbind", "rshared"]);
    let id = running(t, bundle)?;
    let list = json!([tmpfs("/first", &[]), tmpfs("/volume/below", &[])]);
    add(t, &id, &list)?.refuse(&["mounts[1].destination", "shared", "host"])?;
    is_free(t, &id, "/first")?;
    // A mount that is added is no peer of the host's, whatever it is asked to be.
    add(
        t,
        &id,
        &json!([bind("/own", &shared.0.to_string_lossy(), &["bind", "rshared"])]),
    )?
    .succeed()?;
    add(t, &id, &json!([tmpfs("/own/below", &[])]))?.succeed()?;
    let host = fs::read_to_string("/proc/self/mountinfo")?;
    let below = shared.0.join("below").to_string_lossy().into_owned();
    ensure(!host.contains(&below), || format!("the host has a mount on {below}"))
}

fn links_do_not_lead_out(t: &Trial<'_>) -> Verdict {
    let outside = t.dir.join("outside");
    fs::create_dir(&outside)?;
    let bundle = t
        .bundle()?
        .link("out", &outside)?
        .link("up", Path::new("../../../../../../../etc"))?
        .link("to-root", Path::new("/"))?
        .link("to-proc", Path::new("/proc/sys"))?;
    let id = running(t, bundle)?;
    add(t, &id, &json!([tmpfs("/out/a", &[]), tmpfs("/up/b", &[])]))?.succeed()?;
    ensure(fs::read_dir(&outside)?.next().is_none(), || "made outside".into())?;
    ensure(!Path::new("/etc/b").exists(), || "made on the host".into())?;
    is_mounted(t, &id, "/etc/b", &["tmpfs"])?;
    remove(t, &id, &json!([tmpfs("/out/a", &[]), tmpfs("/up/b", &[])]))?.succeed()?;
    add(t, &id, &json!([tmpfs("/to-root", &[])]))?.refuse(&["mounts[0].destination", "root"])?;
    add(t, &id, &json!([tmpfs("/to-proc", &[])]))?.refuse(&["mounts[0].destination", "inside /proc"])
}

fn link_that_comes_and_goes_leads_no_added_mount_out(t: &Trial<'_>) -> Verdict {
    let outside = t.dir.join("outside");
    fs::create_dir(&outside)?;
    let bundle = t.bundle()?;
    let place = bundle.rootfs().join("new");
    let id = running(t, bundle)?;
    let stop = AtomicBool::new(false);
    let mut added = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                if symlink(&outside, &place).is_ok() {
                    let _ = fs::remove_file(&place);
                }
                let _ = fs::remove_dir_all(&place);
            }
        });
        let mut run = || -> Verdict {
            for _ in 0..40 {
                let list = json!([tmpfs("/new/deep", &[]), bind("/new/file", "/dev/null", &["bind"])]);
                let is_added = add(t, &id, &list)?.finish()?.code == 0;
                added += usize::from(is_added);
                let made: Vec<_> = fs::read_dir(&outside)?.flatten().map(|entry| entry.path()).collect();
                ensure(made.is_empty(), || format!("made outside: {made:?}"))?;
                if is_added {
                    // Whoever removes the mount point has taken the mount off.
                    let _ = remove(t, &id, &list)?.finish()?;
                }
            }
            Ok(())
        };
        let verdict = run();
        stop.store(true, Ordering::Relaxed);
        verdict
    })?;
    t.note(&format!("{added} of 40 added"));
    let host = fs::read_to_string("/proc/self/mountinfo")?;
    let outside = outside.to_string_lossy().into_owned();
    ensure(!host.contains(&outside), || format!("mounted on {outside}"))
}

/// A process of the container looks for others in its /proc all the time.
fn container_sees_nothing_of_who_mounts(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.writable().bind("/run", &t.dir, &["bind"]).capabilities(&[
        "CAP_SYS_PTRACE",
        "CAP_SYS_ADMIN",
        "CAP_DAC_OVERRIDE",
    ]);
    let created = t.launch(&bundle.probe("watch /run/go"))?;
    let pid = t.pid(&created.id)?;
    let list = json!([tmpfs("/a", &[]), bind("/b", &t.host_folder()?, &["bind"])]);
    for _ in 0..20 {
        add(t, &created.id, &list)?.succeed()?;
        remove(t, &created.id, &list)?.succeed()?;
    }
    fs::write(t.dir.join("go"), "")?;
    t.exit_of(pid)?;
    let seen = &created.lines()?[0]["value"];
    ensure(seen.as_array().is_some_and(Vec::is_empty), || format!("it saw {seen}"))
}

fn log_tells_what_was_done(t: &Trial<'_>) -> Verdict {
    let id = running(t, t.bundle()?)?;
    let call = add(t, &id, &json!([tmpfs("/a", &["size=4k"])]))?.global(&["--debug"]);
    let done = call.succeed()?;
    for phrase in [
        "pidfd of the container's init",
        "take hold of the container's root",
        "on /a",
        "mounts[0]",
    ] {
        ensure(done.err.contains(phrase), || {
            format!("{phrase:?} is not told: {:?}", done.err)
        })?;
    }
    Ok(())
}
