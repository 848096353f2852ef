//! `mounts`: types, options, order, propagation, mount points.

use std::fs;

use serde_json::json;

use super::seen::{has, has_start, mount_at};
use crate::failure::{Verdict, ensure, same};
use crate::suite::{Test, test};
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
    test!(bind_of_a_folder_shows_it),
    test!(bind_of_a_file_shows_it),
    test!(read_only_bind_refuses_writes),
    test!(bind_takes_nosuid_nodev_noexec),
    test!(
        bind_clears_what_its_options_clear,
        ("runc", "1.1", "flags of the source stay")
    ),
    test!(plain_bind_leaves_mounts_below_out),
    test!(rbind_brings_mounts_below_along),
    test!(recursive_read_only_reaches_mounts_below),
    test!(mounts_happen_in_their_order),
    test!(mount_point_is_made),
    test!(mount_point_of_a_file_is_made_as_a_file),
    test!(missing_bind_source_is_refused),
    test!(file_over_a_folder_is_refused),
    test!(
        unknown_filesystem_is_refused,
        ("runc", "1.1", "does not name the type"),
        ("crun", "1.8", "does not name the type")
    ),
    test!(unknown_option_of_a_filesystem_is_refused),
    test!(
        unknown_word_on_a_bind_is_refused,
        ("runc", "1.1", "drops it: the kernel ignores data of a bind"),
        ("crun", "1.8", "drops it: the kernel ignores data of a bind")
    ),
    test!(relative_bind_source_is_relative_to_the_bundle),
    test!(relative_destination_is_below_the_root),
    test!(destination_with_dots_stays_in_the_root),
    test!(noatime_and_relatime_hold),
    test!(
        nosymfollow_holds_on_a_new_filesystem,
        ("crun", "1.8", "gives it to the filesystem, which refuses it")
    ),
    test!(nosymfollow_holds_on_a_bind, ("crun", "1.8", "drops it")),
    test!(sync_and_dirsync_hold),
    test!(
        iversion_and_silent_are_taken,
        ("crun", "1.8", "gives them to the filesystem, which refuses them")
    ),
    test!(mount_is_private_by_default),
    test!(
        shared_bind_is_shared,
        ("crun", "1.8", "drops the propagation of a bind")
    ),
    test!(
        slave_bind_is_a_slave,
        ("crun", "1.8", "drops the propagation of a bind")
    ),
    test!(private_bind_is_private),
    test!(
        unbindable_bind_is_unbindable,
        ("crun", "1.8", "drops the propagation of a bind")
    ),
    test!(tmpcopyup_copies_what_was_there),
    test!(devpts_is_an_instance_of_its_own),
    test!(proc_shows_the_containers_processes_only),
    test!(
        cgroup_mount_is_read_only_when_asked,
        ("crun", "1.8", "the tmpfs over the hierarchies stays writable")
    ),
    test!(nothing_of_the_host_is_mounted_inside),
    test!(mount_leaves_the_hosts_source_untouched),
    test!(three_hundred_binds_work),
    test!(bind_source_with_odd_characters_works),
    test!(mount_without_type_and_bind_option_is_refused),
    test!(two_mounts_at_one_place_stack),
    test!(bind_onto_a_file_that_is_a_bind_already_works),
    test!(bind_without_a_type_works),
    test!(bind_of_any_type_works),
    test!(mount_without_a_source_works),
    test!(bind_may_stand_anywhere_among_the_options),
    test!(filesystem_that_the_kernel_does_not_have_is_an_error),
    test!(bind_of_a_device_a_fifo_and_a_socket_works),
    test!(bind_of_a_link_follows_it),
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

/// A folder on the host with a file `inside` in it.
fn source(t: &Trial<'_>) -> Result<String, crate::failure::Failure> {
    let folder = t.dir.join("source");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("inside"), "from the host")?;
    Ok(folder.to_string_lossy().into_owned())
}

fn bind_of_a_folder_shows_it(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "bind", &source(t)?, &["bind"])
        .probe("read /data/inside , write /data/new x");
    let said = t.see(&bundle)?;
    same("content", &said[0]["value"], "from the host")?;
    same("written file", &fs::read_to_string(t.dir.join("source/new"))?, "x")
}

fn bind_of_a_file_shows_it(t: &Trial<'_>) -> Verdict {
    let file = format!("{}/inside", source(t)?);
    let bundle = t
        .bundle()?
        .file("etc/hosts", "old")?
        .mount("/etc/hosts", "bind", &file, &["bind", "ro"]);
    same(
        "content",
        &t.see_one(&bundle.probe("read /etc/hosts"))?["value"],
        "from the host",
    )
}

fn read_only_bind_refuses_writes(t: &Trial<'_>) -> Verdict {
    for options in [["bind", "ro"], ["rbind", "ro"], ["ro", "bind"]] {
        let bundle = t
            .bundle()?
            .mount("/data", "bind", &source(t)?, &options)
            .probe("write /data/new");
        same("errno", &t.see_one(&bundle)?["errno"], libc::EROFS)?;
    }
    Ok(())
}

fn bind_takes_nosuid_nodev_noexec(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(
        &t.bundle()?
            .mount("/data", "bind", &source(t)?, &["bind", "nosuid", "nodev", "noexec"]),
    )?;
    let mount = mount_at(&report, "/data")?;
    for option in ["nosuid", "nodev", "noexec"] {
        ensure(has(&mount["options"], option), || {
            format!("{option} is missing: {mount}")
        })?;
    }
    Ok(())
}

fn bind_clears_what_its_options_clear(t: &Trial<'_>) -> Verdict {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let folder = t.dir.join("strict");
    fs::create_dir(&folder)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("none", &folder, "tmpfs", flags, None)?;
    let options = ["bind", "rw", "suid", "dev", "exec"];
    let report = t.see_one(&t.bundle()?.mount("/data", "bind", &folder.to_string_lossy(), &options));
    unmount(&folder, UnmountFlags::DETACH)?;
    let report = report?;
    let mount = mount_at(&report, "/data")?;
    for option in ["nosuid", "nodev", "noexec"] {
        ensure(!has(&mount["options"], option), || {
            format!("{option} is still set: {mount}")
        })?;
    }
    Ok(())
}

/// A tmpfs on `source/below` while the container runs.
fn with_mount_below(
    t: &Trial<'_>,
    options: &[&str],
    actions: &str,
) -> Result<Vec<serde_json::Value>, crate::failure::Failure> {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let folder = source(t)?;
    let below = t.dir.join("source/below");
    fs::create_dir(&below)?;
    mount("none", &below, "tmpfs", MountFlags::empty(), None)?;
    fs::write(below.join("deep"), "deep")?;
    let said = t.see(&t.bundle()?.mount("/data", "bind", &folder, options).probe(actions));
    unmount(&below, UnmountFlags::DETACH)?;
    said
}

fn plain_bind_leaves_mounts_below_out(t: &Trial<'_>) -> Verdict {
    let said = with_mount_below(t, &["bind"], "read /data/inside , read /data/below/deep")?;
    same("file", &said[0]["errno"], json!(null))?;
    same("file of the mount below", &said[1]["errno"], libc::ENOENT)
}

fn rbind_brings_mounts_below_along(t: &Trial<'_>) -> Verdict {
    let said = with_mount_below(t, &["rbind"], "read /data/below/deep , write /data/below/new")?;
    same("file of the mount below", &said[0]["value"], "deep")?;
    same("write there", &said[1]["errno"], json!(null))
}

fn recursive_read_only_reaches_mounts_below(t: &Trial<'_>) -> Verdict {
    let said = with_mount_below(t, &["rbind", "rro"], "write /data/new , write /data/below/new")?;
    same("write", &said[0]["errno"], libc::EROFS)?;
    same("write below", &said[1]["errno"], libc::EROFS)
}

fn mounts_happen_in_their_order(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "first", &[])
        .mount("/data/in", "bind", &source(t)?, &["bind"]);
    let said = t.see(&bundle.probe("read /data/in/inside , report"))?;
    same("content", &said[0]["value"], "from the host")?;
    same("type", &mount_at(&said[1], "/data")?["type"], "tmpfs")
}

fn mount_point_is_made(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.mount("/made/for/this", "tmpfs", "x", &[]))?;
    mount_at(&report, "/made/for/this").map(drop)
}

fn mount_point_of_a_file_is_made_as_a_file(t: &Trial<'_>) -> Verdict {
    let file = format!("{}/inside", source(t)?);
    let bundle = t
        .bundle()?
        .mount("/made/file", "bind", &file, &["bind"])
        .probe("read /made/file");
    same("content", &t.see_one(&bundle)?["value"], "from the host")
}

fn missing_bind_source_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "bind", "/no/such/source", &["bind"]);
    t.refused(&bundle, &["/no/such/source", "o such file or directory"])
        .map(drop)
}

fn file_over_a_folder_is_refused(t: &Trial<'_>) -> Verdict {
    let file = format!("{}/inside", source(t)?);
    t.refused(&t.bundle()?.mount("/data", "bind", &file, &["bind"]), &["data"])
        .map(drop)
}

fn unknown_filesystem_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.mount("/data", "nosuchfs", "x", &[]),
        &["nosuchfs", "o such device"],
    )
    .map(drop)
}

fn unknown_option_of_a_filesystem_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.mount("/data", "tmpfs", "x", &["nonsense=1"]), &["data"])
        .map(drop)
}

fn unknown_word_on_a_bind_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.mount("/data", "bind", &source(t)?, &["bind", "rbinddd"]),
        &["rbinddd"],
    )
    .map(drop)
}

fn relative_bind_source_is_relative_to_the_bundle(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "bind", "beside", &["bind"])
        .probe("read /data/f");
    fs::create_dir(bundle.dir.join("beside"))?;
    fs::write(bundle.dir.join("beside/f"), "beside")?;
    same("content", &t.see_one(&bundle)?["value"], "beside")
}

fn relative_destination_is_below_the_root(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.mount("data", "tmpfs", "x", &[]))?;
    mount_at(&report, "/data").map(drop)
}

fn destination_with_dots_stays_in_the_root(t: &Trial<'_>) -> Verdict {
    // Refused or resolved inside: both keep the host as it was, which the harness looks at.
    let done = t.run(&t.bundle()?.mount("/../../../../data", "tmpfs", "x", &[]))?;
    if done.code == 0 {
        mount_at(&done.lines()?[0], "/data").map(drop)
    } else {
        Ok(())
    }
}

fn noatime_and_relatime_hold(t: &Trial<'_>) -> Verdict {
    for option in ["noatime", "relatime", "nodiratime"] {
        let report = t.see_one(&t.bundle()?.mount("/data", "bind", &source(t)?, &["bind", option]))?;
        let mount = mount_at(&report, "/data")?;
        ensure(has(&mount["options"], option), || {
            format!("{option} is missing: {mount}")
        })?;
    }
    Ok(())
}

fn nosymfollow_holds_on_a_new_filesystem(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.mount("/data", "tmpfs", "x", &["nosymfollow"]))?;
    ensure(has(&mount_at(&report, "/data")?["options"], "nosymfollow"), || {
        "not set".into()
    })
}

fn nosymfollow_holds_on_a_bind(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(
        &t.bundle()?
            .mount("/data", "bind", &source(t)?, &["bind", "nosymfollow"]),
    )?;
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

fn tags(t: &Trial<'_>, options: &[&str]) -> Result<serde_json::Value, crate::failure::Failure> {
    let report = t.see_one(&t.bundle()?.mount("/data", "bind", &source(t)?, options))?;
    Ok(mount_at(&report, "/data")?["tags"].clone())
}

fn mount_is_private_by_default(t: &Trial<'_>) -> Verdict {
    let seen = tags(t, &["rbind"])?;
    // The rootfs is a slave of the host's by default in runc, private by the spec's default: a peer group of its own in
    // either case, never the host's.
    ensure(!has_start(&seen, "shared:"), || format!("{seen}"))
}

fn shared_bind_is_shared(t: &Trial<'_>) -> Verdict {
    let seen = tags(t, &["rbind", "shared"])?;
    ensure(has_start(&seen, "shared:"), || format!("{seen}"))
}

fn slave_bind_is_a_slave(t: &Trial<'_>) -> Verdict {
    let seen = tags(t, &["rbind", "rslave"])?;
    ensure(has_start(&seen, "master:") && !has_start(&seen, "shared:"), || {
        format!("{seen}")
    })
}

fn private_bind_is_private(t: &Trial<'_>) -> Verdict {
    same("tags", &tags(t, &["rbind", "rprivate"])?, json!([]))
}

fn unbindable_bind_is_unbindable(t: &Trial<'_>) -> Verdict {
    same("tags", &tags(t, &["rbind", "unbindable"])?, json!(["unbindable"]))
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

fn mount_leaves_the_hosts_source_untouched(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    t.see(
        &t.bundle()?
            .mount("/data", "bind", &folder, &["rbind", "ro", "rprivate"]),
    )?;
    fs::write(format!("{folder}/still"), "writable")?;
    Ok(())
}

fn three_hundred_binds_work(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    let mut bundle = t.bundle()?;
    for index in 0..300 {
        bundle = bundle.mount(&format!("/data/{index}"), "bind", &folder, &["rbind", "ro"]);
    }
    let said = t.see_one(&bundle.probe("read /data/299/inside"))?;
    same("content", &said["value"], "from the host")
}

fn bind_source_with_odd_characters_works(t: &Trial<'_>) -> Verdict {
    let folder = t.dir.join("a b\tc\\040\u{fc},ro");
    fs::create_dir(&folder)?;
    fs::write(folder.join("f"), "odd")?;
    let bundle = t
        .bundle()?
        .mount("/data/x y", "bind", &folder.to_string_lossy(), &["bind"]);
    let said = t.see_one(&bundle.args(&["/probe", "read", "/data/x y/f"]))?;
    same("content", &said["value"], "odd")
}

fn mount_without_type_and_bind_option_is_refused(t: &Trial<'_>) -> Verdict {
    let mount = json!({"destination": "/data", "source": source(t)?});
    t.refused(&t.bundle()?.set("/mounts/-", mount), &[]).map(drop)
}

fn two_mounts_at_one_place_stack(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "lower", &[])
        .mount("/data", "bind", &source(t)?, &["bind"]);
    same(
        "content",
        &t.see_one(&bundle.probe("read /data/inside"))?["value"],
        "from the host",
    )
}

fn bind_onto_a_file_that_is_a_bind_already_works(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    fs::write(format!("{folder}/second"), "second")?;
    let bundle = t
        .bundle()?
        .mount("/etc/f", "bind", &format!("{folder}/inside"), &["bind"]);
    let bundle = bundle.mount("/etc/f", "bind", &format!("{folder}/second"), &["bind", "ro"]);
    same("content", &t.see_one(&bundle.probe("read /etc/f"))?["value"], "second")
}

fn bind_without_a_type_works(t: &Trial<'_>) -> Verdict {
    for option in ["bind", "rbind"] {
        let mount = json!({"destination": "/data", "source": source(t)?, "options": [option]});
        let said = t.see_one(&t.bundle()?.set("/mounts/-", mount).probe("read /data/inside"))?;
        same("content", &said["value"], "from the host")?;
    }
    Ok(())
}

fn bind_of_any_type_works(t: &Trial<'_>) -> Verdict {
    for kind in ["none", "bind", "dummy"] {
        let bundle = t.bundle()?.mount("/data", kind, &source(t)?, &["rbind"]);
        let said = t.see_one(&bundle.probe("read /data/inside"))?;
        same("content", &said["value"], "from the host")?;
    }
    Ok(())
}

fn mount_without_a_source_works(t: &Trial<'_>) -> Verdict {
    let mount = json!({"destination": "/data", "type": "tmpfs", "options": ["nosuid"]});
    let report = t.see_one(&t.bundle()?.set("/mounts/-", mount))?;
    same("type", &mount_at(&report, "/data")?["type"], "tmpfs")
}

fn bind_may_stand_anywhere_among_the_options(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(
        &t.bundle()?
            .mount("/data", "none", &source(t)?, &["nodev", "bind", "nosuid"]),
    )?;
    let mount = mount_at(&report, "/data")?;
    ensure(
        has(&mount["options"], "nodev") && has(&mount["options"], "nosuid"),
        || mount.to_string(),
    )
}

fn filesystem_that_the_kernel_does_not_have_is_an_error(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.mount("/data", "nosuchfs", "x", &[]), &[])
        .map(drop)
}

fn bind_of_a_device_a_fifo_and_a_socket_works(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    let _listener = std::os::unix::net::UnixListener::bind(format!("{folder}/socket"))?;
    rustix::fs::mknodat(
        rustix::fs::CWD,
        format!("{folder}/fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )?;
    let mut bundle = t.bundle()?;
    for (place, from) in [
        ("/data/device", "/dev/zero"),
        ("/data/fifo", &format!("{folder}/fifo")),
        ("/data/socket", &format!("{folder}/socket")),
    ] {
        bundle = bundle.mount(place, "bind", from, &["bind"]);
    }
    let said = t.see(&bundle.probe("stat /data/device , stat /data/fifo , stat /data/socket"))?;
    for (line, kind) in said.iter().zip(["char", "fifo", "socket"]) {
        same("kind", &line["value"]["kind"], kind)?;
    }
    Ok(())
}

fn bind_of_a_link_follows_it(t: &Trial<'_>) -> Verdict {
    let folder = source(t)?;
    std::os::unix::fs::symlink("inside", format!("{folder}/link"))?;
    let bundle = t
        .bundle()?
        .mount("/etc/f", "bind", &format!("{folder}/link"), &["bind"]);
    same(
        "content",
        &t.see_one(&bundle.probe("read /etc/f"))?["value"],
        "from the host",
    )
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
