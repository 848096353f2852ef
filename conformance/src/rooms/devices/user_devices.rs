//! Devices in a user namespace, where nobody can make a node: the host's own take their place.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, chown};
use std::path::PathBuf;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{FIRST, mapped};

pub(crate) const TESTS: &[Test] = &[
    test!(
        bundle_without_a_dev_of_its_own_runs_twice,
        ("crun", "1.8", "gives the host's own /dev/null to the container's user")
    ),
    test!(
        node_of_the_image_with_another_mode_is_kept,
        ("crun", "1.8", "gives the host's own /dev/null to the container's user")
    ),
    test!(
        node_of_the_image_that_belongs_to_nobody_is_kept,
        ("runc", "1.1", "opens it in order to bind on it, and may not"),
        ("crun", "1.8", "gives the host's own /dev/null to the container's user")
    ),
    test!(
        device_that_the_config_binds_itself_is_kept,
        ("crun", "1.8", "gives the host's own /dev/null to the container's user")
    ),
    test!(
        another_device_in_its_place_is_refused,
        ("runc", "1.1", "keeps what is there"),
        ("crun", "1.8", "keeps what is there")
    ),
    test!(
        folder_in_its_place_is_refused,
        ("runc", "1.1", "keeps what is there"),
        ("crun", "1.8", "keeps what is there")
    ),
    test!(
        mode_and_owner_that_cannot_be_given_are_told,
        ("runc", "1.1", "binds FIFOs of the host, too"),
        ("crun", "1.8", "says nothing")
    ),
    test!(
        device_of_another_name_is_found_by_its_numbers,
        ("runc", "1.1", "looks for the path alone"),
        ("crun", "1.8", "gives the host's own /dev/null to the container's user")
    ),
    test!(
        device_that_the_host_lacks_is_told_by_its_numbers,
        ("runc", "1.1", "tells of the path alone"),
        ("crun", "1.8", "makes a plain file")
    ),
    test!(
        devices_where_links_belong_are_no_obstacle,
        ("runc", "1.1", "binds what the host has there"),
        ("crun", "1.8", "gives the host's own /dev/null to the container's user")
    ),
    test!(device_where_a_mount_is_keeps_what_that_has),
];

/// A container in a user namespace whose /dev is the image's own folder.
fn plain(t: &Trial<'_>) -> Result<Bundle, Failure> {
    let below = ["/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"];
    Ok(below.into_iter().fold(mapped(t)?, Bundle::without_mount))
}

/// Puts a character device into the image.
pub(super) fn node(bundle: &Bundle, minor: u32, mode: u32, owner: u32) -> Result<PathBuf, Failure> {
    let path = bundle.rootfs().join("dev/null");
    mknodat(
        CWD,
        &path,
        FileType::CharacterDevice,
        Mode::from_raw_mode(mode),
        makedev(1, minor),
    )?;
    chown(&path, Some(owner), Some(owner))?;
    Ok(path)
}

/// The container runs with that very node, which is still in the image afterwards.
pub(super) fn kept(t: &Trial<'_>, bundle: &Bundle, path: &PathBuf) -> Verdict {
    let inode = fs::symlink_metadata(path)?.ino();
    let seen = t.see_one(bundle)?["value"].clone();
    same("numbers", &seen["rdev"], json!([1, 3]))?;
    let after = fs::symlink_metadata(path)?;
    ensure(after.file_type().is_char_device() && after.ino() == inode, || {
        "the image's node is another now".into()
    })
}

fn bundle_without_a_dev_of_its_own_runs_twice(t: &Trial<'_>) -> Verdict {
    let bundle = plain(t)?.probe("stat /dev/null , write /dev/zero x");
    for _ in 0..2 {
        let seen = t.see(&bundle)?;
        same("numbers", &seen[0]["value"]["rdev"], json!([1, 3]))?;
        same("writing to zero", &seen[1]["errno"], json!(null))?;
    }
    Ok(())
}

fn node_of_the_image_with_another_mode_is_kept(t: &Trial<'_>) -> Verdict {
    let bundle = plain(t)?.probe("stat /dev/null");
    let path = node(&bundle, 3, 0o640, FIRST)?;
    kept(t, &bundle, &path)
}

fn node_of_the_image_that_belongs_to_nobody_is_kept(t: &Trial<'_>) -> Verdict {
    let bundle = plain(t)?.probe("stat /dev/null");
    let path = node(&bundle, 3, 0o666, 0)?;
    kept(t, &bundle, &path)
}

fn device_that_the_config_binds_itself_is_kept(t: &Trial<'_>) -> Verdict {
    let options = ["slave", "nosuid", "noexec", "rw", "rbind"];
    let bundle = mapped(t)?.mount("/dev/zero", "bind", "/dev/zero", &options);
    let seen = t.see_one(&bundle.probe("stat /dev/zero"))?;
    same("numbers", &seen["value"]["rdev"], json!([1, 5]))
}

fn another_device_in_its_place_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = plain(t)?;
    let path = node(&bundle, 5, 0o666, FIRST)?;
    t.refused(&bundle, &["/dev/null", "something else is there"])?;
    same("minor", &rustix::fs::minor(fs::symlink_metadata(path)?.rdev()), 5)
}

fn folder_in_its_place_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = plain(t)?.folder("dev/null")?;
    chown(bundle.rootfs().join("dev/null"), Some(FIRST), Some(FIRST))?;
    t.refused(&bundle, &["/dev/null", "something else is there"])
}

fn mode_and_owner_that_cannot_be_given_are_told(t: &Trial<'_>) -> Verdict {
    let device =
        json!({"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o600, "uid": 5, "gid": 6});
    let fifo = json!({"path": "/dev/pipe", "type": "p", "fileMode": 0o600, "uid": 5, "gid": 6});
    let bundle = mapped(t)?.set("/linux/devices", json!([device, fifo]));
    let done = t.run(&bundle.probe("stat /dev/null , stat /dev/pipe"))?;
    same("exit status", &done.code, 0)?;
    let seen = done.lines()?;
    same("numbers", &seen[0]["value"]["rdev"], json!([1, 3]))?;
    same("mode of the FIFO", &seen[1]["value"]["mode"], 0o600)?;
    same("owner of the FIFO", &seen[1]["value"]["uid"], 5)?;
    for name in ["fileMode", "uid", "gid"] {
        let told = format!("linux.devices[0].{name}");
        ensure(done.err.matches(&told).count() == 1, || done.err.clone())?;
    }
    ensure(!done.err.contains("linux.devices[1]"), || done.err.clone())
}

fn device_of_another_name_is_found_by_its_numbers(t: &Trial<'_>) -> Verdict {
    let device = |path: &str, minor: u32| json!({"path": path, "type": "c", "major": 1, "minor": minor});
    let devices = json!([
        device("/dev/another", 5),
        device("/dev/deep/null", 3),
        device("/data/full", 7)
    ]);
    let bundle = mapped(t)?.set("/linux/devices", devices).writable();
    let seen = t.see(&bundle.probe("stat /dev/another , stat /dev/deep/null , stat /data/full"))?;
    for (seen, minor) in seen.iter().zip([5, 3, 7]) {
        same("device", &seen["value"]["rdev"], json!([1, minor]))?;
    }
    // Also in a folder of the host's.
    let tun = fs::metadata("/dev/net/tun");
    if tun.is_ok_and(|tun| tun.rdev() == makedev(10, 200)) {
        let tun = json!([{"path": "/dev/tun", "type": "c", "major": 10, "minor": 200}]);
        let seen = t.see(&mapped(t)?.set("/linux/devices", tun).probe("stat /dev/tun"))?;
        same("tun", &seen[0]["value"]["rdev"], json!([10, 200]))?;
    } else {
        t.note("the host has no /dev/net/tun to look for");
    }
    Ok(())
}

fn device_that_the_host_lacks_is_told_by_its_numbers(t: &Trial<'_>) -> Verdict {
    let device = json!([{"path": "/dev/none", "type": "c", "major": 4000, "minor": 77}]);
    t.refused(
        &mapped(t)?.set("/linux/devices", device),
        &["linux.devices[0]", "4000:77", "bind"],
    )
}

fn devices_where_links_belong_are_no_obstacle(t: &Trial<'_>) -> Verdict {
    let device =
        |path: &str, major: u32, minor: u32| json!({"path": path, "type": "c", "major": major, "minor": minor});
    let devices = json!([
        device("/dev/ptmx", 5, 2),
        device("/dev/console", 5, 1),
        device("/dev/null", 1, 3),
        device("/dev/fd", 1, 3),
        device("/dev/stdin", 1, 3)
    ]);
    for bundle in [t.bundle()?, mapped(t)?] {
        let bundle = bundle.set("/linux/devices", devices.clone());
        let seen = t.see(&bundle.probe("stat /dev/ptmx , stat /dev/null , stat /dev/fd"))?;
        same("ptmx", &seen[0]["value"]["target"], "pts/ptmx")?;
        for seen in &seen[1..] {
            same("device", &seen["value"]["rdev"], json!([1, 3]))?;
        }
    }
    Ok(())
}

fn device_where_a_mount_is_keeps_what_that_has(t: &Trial<'_>) -> Verdict {
    for path in ["/dev/zero", "/dev/stdin", "/dev/fuse", "/dev/console"] {
        let device = json!([{"path": path, "type": "c", "major": 1, "minor": 3, "fileMode": 0o600}]);
        let bundle = t.bundle()?.mount(path, "bind", "/dev/null", &["bind"]);
        let bundle = bundle.set("/linux/devices", device).probe(&format!("stat {path}"));
        same(path, &t.see(&bundle)?[0]["value"]["rdev"], json!([1, 3]))?;
    }
    Ok(())
}
