//! Binds of folders, files and devices of the host's, with their options and propagation (config.md#mounts).

use std::fs;

use serde_json::json;

use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, has_start, mount_at};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
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
    test!(missing_bind_source_is_refused),
    test!(
        unknown_word_on_a_bind_is_refused,
        ("runc", "1.1", "drops it: the kernel ignores data of a bind"),
        ("crun", "1.8", "drops it: the kernel ignores data of a bind")
    ),
    test!(relative_bind_source_is_relative_to_the_bundle),
    test!(noatime_and_relatime_hold),
    test!(nosymfollow_holds_on_a_bind, ("crun", "1.8", "drops it")),
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
    test!(mount_leaves_the_hosts_source_untouched),
    test!(three_hundred_binds_work),
    test!(bind_source_with_odd_characters_works),
    test!(mount_without_type_and_bind_option_is_refused),
    test!(bind_without_a_type_works),
    test!(bind_of_any_type_works),
    test!(bind_may_stand_anywhere_among_the_options),
    test!(bind_of_a_device_a_fifo_and_a_socket_works),
    test!(bind_of_a_link_follows_it),
];

fn bind_of_a_folder_shows_it(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "bind", &t.host_folder()?, &["bind"])
        .probe("read /data/inside , write /data/new x");
    let said = t.see(&bundle)?;
    same("content", &said[0]["value"], "from the host")?;
    same("written file", &fs::read_to_string(t.dir.join("source/new"))?, "x")
}

fn bind_of_a_file_shows_it(t: &Trial<'_>) -> Verdict {
    let file = format!("{}/inside", t.host_folder()?);
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
            .mount("/data", "bind", &t.host_folder()?, &options)
            .probe("write /data/new");
        same("errno", &t.see_one(&bundle)?["errno"], libc::EROFS)?;
    }
    Ok(())
}

fn bind_takes_nosuid_nodev_noexec(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.mount(
        "/data",
        "bind",
        &t.host_folder()?,
        &["bind", "nosuid", "nodev", "noexec"],
    ))?;
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
    let report = t.see_one(&t.bundle()?.bind("/data", &folder, &options));
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
fn with_mount_below(t: &Trial<'_>, options: &[&str], actions: &str) -> Result<Vec<serde_json::Value>, Failure> {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let folder = t.host_folder()?;
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

fn missing_bind_source_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "bind", "/no/such/source", &["bind"]);
    t.refused(&bundle, &["/no/such/source", "o such file or directory"])
}

fn unknown_word_on_a_bind_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?
            .mount("/data", "bind", &t.host_folder()?, &["bind", "rbinddd"]),
        &["rbinddd"],
    )
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

fn noatime_and_relatime_hold(t: &Trial<'_>) -> Verdict {
    for option in ["noatime", "relatime", "nodiratime"] {
        let report = t.see_one(&t.bundle()?.mount("/data", "bind", &t.host_folder()?, &["bind", option]))?;
        let mount = mount_at(&report, "/data")?;
        ensure(has(&mount["options"], option), || {
            format!("{option} is missing: {mount}")
        })?;
    }
    Ok(())
}

fn nosymfollow_holds_on_a_bind(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(
        &t.bundle()?
            .mount("/data", "bind", &t.host_folder()?, &["bind", "nosymfollow"]),
    )?;
    ensure(has(&mount_at(&report, "/data")?["options"], "nosymfollow"), || {
        "not set".into()
    })
}

fn tags(t: &Trial<'_>, options: &[&str]) -> Result<serde_json::Value, Failure> {
    let report = t.see_one(&t.bundle()?.mount("/data", "bind", &t.host_folder()?, options))?;
    Ok(mount_at(&report, "/data")?["tags"].clone())
}

fn mount_is_private_by_default(t: &Trial<'_>) -> Verdict {
    let seen = tags(t, &["rbind"])?;
    // The rootfs is a slave of the host's by default in runc, private by the spec's default: a peer group of its own
    // in either case, never the host's.
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

fn mount_leaves_the_hosts_source_untouched(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
    t.see(
        &t.bundle()?
            .mount("/data", "bind", &folder, &["rbind", "ro", "rprivate"]),
    )?;
    fs::write(format!("{folder}/still"), "writable")?;
    Ok(())
}

fn three_hundred_binds_work(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
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
    let bundle = t.bundle()?.bind("/data/x y", &folder, &["bind"]);
    let said = t.see_one(&bundle.args(&["/probe", "read", "/data/x y/f"]))?;
    same("content", &said["value"], "odd")
}

fn mount_without_type_and_bind_option_is_refused(t: &Trial<'_>) -> Verdict {
    let mount = json!({"destination": "/data", "source": t.host_folder()?});
    t.refused(&t.bundle()?.set("/mounts/-", mount), &[])
}

fn bind_without_a_type_works(t: &Trial<'_>) -> Verdict {
    for option in ["bind", "rbind"] {
        let mount = json!({"destination": "/data", "source": t.host_folder()?, "options": [option]});
        let said = t.see_one(&t.bundle()?.set("/mounts/-", mount).probe("read /data/inside"))?;
        same("content", &said["value"], "from the host")?;
    }
    Ok(())
}

fn bind_of_any_type_works(t: &Trial<'_>) -> Verdict {
    for kind in ["none", "bind", "dummy"] {
        let bundle = t.bundle()?.mount("/data", kind, &t.host_folder()?, &["rbind"]);
        let said = t.see_one(&bundle.probe("read /data/inside"))?;
        same("content", &said["value"], "from the host")?;
    }
    Ok(())
}

fn bind_may_stand_anywhere_among_the_options(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(
        &t.bundle()?
            .mount("/data", "none", &t.host_folder()?, &["nodev", "bind", "nosuid"]),
    )?;
    let mount = mount_at(&report, "/data")?;
    ensure(
        has(&mount["options"], "nodev") && has(&mount["options"], "nosuid"),
        || mount.to_string(),
    )
}

fn bind_of_a_device_a_fifo_and_a_socket_works(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
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
    let folder = t.host_folder()?;
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
