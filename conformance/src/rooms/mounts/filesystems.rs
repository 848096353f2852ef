//! Mounts of new filesystems: their types, options and what they show (config.md#mounts).

use std::fs;

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::report::{has, mount_at};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(default_mounts_are_there_with_their_options),
    test!(
        tmpfs_takes_size_and_mode,
        ("runc", "1.1", "sets the mount point's mode afterwards")
    ),
    test!(
        tmpfs_mode_is_the_mount_points_unless_told,
        ("crun", "1.8", "leaves the kernel's 1777")
    ),
    test!(flags_hold_on_a_new_filesystem),
    test!(
        unknown_filesystem_is_refused,
        ("runc", "1.1", "does not name the type"),
        ("crun", "1.8", "does not name the type")
    ),
    test!(unknown_option_of_a_filesystem_is_refused),
    test!(
        nosymfollow_holds_on_a_new_filesystem,
        ("crun", "1.8", "gives it to the filesystem, which refuses it")
    ),
    test!(sync_and_dirsync_hold),
    test!(
        iversion_and_silent_are_taken,
        ("crun", "1.8", "gives them to the filesystem, which refuses them")
    ),
    test!(tmpcopyup_copies_what_was_there),
    test!(devpts_is_an_instance_of_its_own),
    test!(proc_shows_the_containers_processes_only),
    test!(
        cgroup_mount_is_read_only_when_asked,
        ("crun", "1.8", "the tmpfs over the hierarchies stays writable")
    ),
    test!(nothing_of_the_host_is_mounted_inside),
    test!(mount_without_a_source_works),
    test!(filesystem_that_the_kernel_does_not_have_is_an_error),
    test!(procfs_takes_options_of_its_own),
];

fn default_mounts_are_there_with_their_options(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    for (point, kind, options) in [
        ("/proc", "proc", &[] as &[&str]),
        ("/dev", "tmpfs", &["nosuid"]),
        ("/dev/pts", "devpts", &["nosuid", "noexec"]),
        ("/dev/shm", "tmpfs", &["nosuid", "nodev", "noexec"]),
        ("/dev/mqueue", "mqueue", &["nosuid", "nodev", "noexec"]),
        ("/sys", "sysfs", &["ro", "nosuid", "nodev", "noexec"]),
    ] {
        let mount = mount_at(&report, point)?;
        same(point, &mount["type"], kind)?;
        for option in options {
            ensure(has(&mount["options"], option), || {
                format!("{point} lacks {option}: {mount}")
            })?;
        }
    }
    Ok(())
}

fn tmpfs_takes_size_and_mode(t: &Trial<'_>) -> Verdict {
    let said = t.see(
        &t.bundle()?
            .mount("/tmp", "tmpfs", "tmpfs", &["size=64k", "mode=0710"])
            .probe("report , stat /tmp"),
    )?;
    ensure(has(&mount_at(&said[0], "/tmp")?["super"], "size=64k"), || {
        "no size".into()
    })?;
    same("mode", &said[1]["value"]["mode"], 0o710)
}

fn tmpfs_mode_is_the_mount_points_unless_told(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::PermissionsExt;
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "tmpfs", &["nosuid"])
        .probe("stat /data");
    fs::set_permissions(bundle.rootfs().join("data"), fs::Permissions::from_mode(0o751))?;
    same("mode", &t.see_one(&bundle)?["value"]["mode"], 0o751)
}

fn flags_hold_on_a_new_filesystem(t: &Trial<'_>) -> Verdict {
    let report =
        t.see_one(
            &t.bundle()?
                .mount("/data", "tmpfs", "x", &["ro", "nosuid", "nodev", "noexec", "noatime"]),
        )?;
    let mount = mount_at(&report, "/data")?;
    for option in ["ro", "nosuid", "nodev", "noexec", "noatime"] {
        ensure(has(&mount["options"], option), || {
            format!("{option} is missing: {mount}")
        })?;
    }
    Ok(())
}

fn unknown_filesystem_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.mount("/data", "nosuchfs", "x", &[]),
        &["nosuchfs", "o such device"],
    )
}

fn unknown_option_of_a_filesystem_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.mount("/data", "tmpfs", "x", &["nonsense=1"]), &["data"])
}

fn nosymfollow_holds_on_a_new_filesystem(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.mount("/data", "tmpfs", "x", &["nosymfollow"]))?;
    ensure(has(&mount_at(&report, "/data")?["options"], "nosymfollow"), || {
        "not set".into()
    })
}

fn sync_and_dirsync_hold(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.mount("/data", "tmpfs", "x", &["sync", "dirsync"]))?;
    let mount = mount_at(&report, "/data")?;
    for option in ["sync", "dirsync"] {
        ensure(has(&mount["super"], option), || format!("{option} is missing: {mount}"))?;
    }
    Ok(())
}

fn iversion_and_silent_are_taken(t: &Trial<'_>) -> Verdict {
    for option in ["iversion", "noiversion", "silent", "loud"] {
        t.see(&t.bundle()?.mount("/data", "tmpfs", "x", &[option]))?;
    }
    Ok(())
}

fn tmpcopyup_copies_what_was_there(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .file("data/old", "kept")?
        .mount("/data", "tmpfs", "x", &["tmpcopyup"]);
    let said = t.see(&bundle.probe("read /data/old , write /data/new"))?;
    same("content", &said[0]["value"], "kept")?;
    same("write", &said[1]["errno"], json!(null))
}

fn devpts_is_an_instance_of_its_own(t: &Trial<'_>) -> Verdict {
    let said = t.see(&t.bundle()?.probe("list /dev/pts , stat /dev/pts/ptmx"))?;
    same("entries", &said[0]["value"], json!(["ptmx"]))?;
    same("mode of ptmx", &said[1]["value"]["mode"], 0o666)
}

fn proc_shows_the_containers_processes_only(t: &Trial<'_>) -> Verdict {
    let said = t.see_one(&t.bundle()?.probe("list /proc"))?;
    let numbers = said["value"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one.as_str().is_some_and(|name| name.parse::<u32>().is_ok()));
    same("processes", &numbers.cloned().collect::<Vec<_>>(), vec![json!("1")])
}

fn cgroup_mount_is_read_only_when_asked(t: &Trial<'_>) -> Verdict {
    let said = t.see(
        &t.bundle()?
            .probe("mkdir /sys/fs/cgroup/new , report , mkdir /sys/fs/cgroup/pids/new"),
    )?;
    ensure(said[0]["errno"] != json!(null), || {
        "a folder can be made among the hierarchies".into()
    })?;
    ensure(
        said[2]["errno"] == libc::EROFS || said[2]["errno"] == libc::ENOENT,
        || said[2].to_string(),
    )?;
    mount_at(&said[1], "/sys/fs/cgroup").map(drop)
}

fn nothing_of_the_host_is_mounted_inside(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    let points: Vec<&str> = report["mounts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["point"].as_str())
        .collect();
    for point in &points {
        let ours = *point == "/" || ["/proc", "/dev", "/sys"].iter().any(|start| point.starts_with(start));
        ensure(ours, || format!("{point} is mounted inside"))?;
    }
    same("mounts at /", &points.iter().filter(|point| **point == "/").count(), 1)
}

fn mount_without_a_source_works(t: &Trial<'_>) -> Verdict {
    let mount = json!({"destination": "/data", "type": "tmpfs", "options": ["nosuid"]});
    let report = t.see_one(&t.bundle()?.set("/mounts/-", mount))?;
    same("type", &mount_at(&report, "/data")?["type"], "tmpfs")
}

fn filesystem_that_the_kernel_does_not_have_is_an_error(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.mount("/data", "nosuchfs", "x", &[]), &[])
}

fn procfs_takes_options_of_its_own(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "proc", "proc", &["nosuid", "hidepid=2"]);
    let report = t.see_one(&bundle)?;
    let mount = mount_at(&report, "/data")?;
    ensure(
        has(&mount["super"], "hidepid=invisible") || has(&mount["super"], "hidepid=2"),
        || mount.to_string(),
    )
}
