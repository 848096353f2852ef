//! Devices where something is already: what an image brings, what a mount puts there, what an earlier run left
//! (config-linux.md#devices, #default-devices).

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::deviations::GIVES_NULL;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(second_run_in_a_user_namespace_finds_what_the_first_one_left, GIVES_NULL),
    test!(equal_node_of_an_image_stays_as_it_is),
    test!(equal_node_of_an_image_stays_as_it_is_in_a_user_namespace, GIVES_NULL),
    test!(equal_node_of_the_hosts_root_is_taken_in_a_user_namespace, GIVES_NULL),
    test!(mount_on_a_default_device_wins),
    test!(mount_of_the_right_device_is_taken_in_a_user_namespace, GIVES_NULL),
    test!(node_of_the_host_that_is_mounted_is_not_changed),
    test!(
        node_with_another_mode_than_asked_is_an_error,
        ("runc", "1.1", "takes it as it is"),
        ("crun", "1.8", "takes it as it is")
    ),
    test!(
        plain_file_of_an_image_becomes_the_default_device,
        PLAIN_RUNC,
        PLAIN_CRUN
    ),
];

const PLAIN_RUNC: Known = ("runc", "1.1", "leaves the file");
const PLAIN_CRUN: Known = ("crun", "1.8", "leaves the file");

/// A bundle whose /dev is the image's own.
fn plain_dev(bundle: Bundle) -> Bundle {
    ["/dev/mqueue", "/dev/shm", "/dev/pts", "/dev"]
        .iter()
        .fold(bundle, |bundle, mount| bundle.without_mount(mount))
        .writable()
}

fn node(path: &Path, mode: u32, major: u32, minor: u32) -> Result<(), Failure> {
    mknodat(
        CWD,
        path,
        FileType::CharacterDevice,
        Mode::from_raw_mode(mode),
        makedev(major, minor),
    )?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(())
}

/// Mode, owner and group of a node on the host.
fn about(path: &Path) -> Result<(u32, u32, u32), Failure> {
    let found = fs::symlink_metadata(path)?;
    ensure(found.file_type().is_char_device(), || {
        format!("{} is no device", path.display())
    })?;
    Ok((found.mode() & 0o7777, found.uid(), found.gid()))
}

fn second_run_in_a_user_namespace_finds_what_the_first_one_left(t: &Trial<'_>) -> Verdict {
    let mut bundle = plain_dev(mapped(t)?).probe("stat /dev/zero , write /dev/null x");
    for _ in 0..2 {
        let lines = t.see(&bundle)?;
        same("kind", &lines[0]["value"]["kind"], "char")?;
        same("errno of writing to /dev/null", &lines[1]["errno"], Value::Null)?;
        bundle.id = t.fresh_id();
    }
    Ok(())
}

fn equal_node_of_an_image_stays_as_it_is(t: &Trial<'_>) -> Verdict {
    let bundle = plain_dev(t.bundle()?);
    let null = bundle.rootfs().join("dev/null");
    node(&null, 0o640, 1, 3)?;
    t.see(&bundle)?;
    same("mode and owner", &about(&null)?, (0o640, 0, 0))
}

fn equal_node_of_an_image_stays_as_it_is_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = plain_dev(mapped(t)?);
    let null = bundle.rootfs().join("dev/null");
    node(&null, 0o640, 1, 3)?;
    chown(&null, Some(100_000), Some(100_000))?;
    t.see(&bundle)?;
    same("mode and owner", &about(&null)?, (0o640, 100_000, 100_000))
}

fn equal_node_of_the_hosts_root_is_taken_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = plain_dev(mapped(t)?);
    let null = bundle.rootfs().join("dev/null");
    node(&null, 0o666, 1, 3)?;
    t.see(&bundle)?;
    same("mode and owner", &about(&null)?, (0o666, 0, 0))
}

fn mount_on_a_default_device_wins(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/dev/random", "bind", "/dev/urandom", &["bind"])
        .mount("/dev/full", "bind", "/etc/hostname", &["bind"]);
    let lines = t.see(&bundle.probe("stat /dev/random , stat /dev/full"))?;
    same("random", &lines[0]["value"]["rdev"], json!([1, 9]))?;
    same("full", &lines[1]["value"]["kind"], "file")
}

fn mount_of_the_right_device_is_taken_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let options = ["slave", "nosuid", "noexec", "rw", "rbind"];
    let bundle = mapped(t)?.mount("/dev/zero", "bind", "/dev/zero", &options);
    let lines = t.see(&bundle.probe("stat /dev/zero"))?;
    same("zero", &lines[0]["value"]["rdev"], json!([1, 5]))
}

fn node_of_the_host_that_is_mounted_is_not_changed(t: &Trial<'_>) -> Verdict {
    let folder = t.dir.join("devices");
    fs::create_dir(&folder)?;
    let device = folder.join("x");
    node(&device, 0o600, 1, 3)?;
    chown(&device, Some(5), Some(6))?;
    let bundle = t.bundle()?.bind("/dev/hd", &folder, &["bind"]).set(
        "/linux/devices",
        json!([{"path": "/dev/hd/x", "type": "c", "major": 1, "minor": 3}]),
    );
    t.see(&bundle)?;
    same("mode and owner", &about(&device)?, (0o600, 5, 6))
}

fn node_with_another_mode_than_asked_is_an_error(t: &Trial<'_>) -> Verdict {
    let bundle = plain_dev(t.bundle()?);
    let device = bundle.rootfs().join("dev/x");
    node(&device, 0o600, 1, 5)?;
    let asked = json!([{"path": "/dev/x", "type": "c", "major": 1, "minor": 5, "fileMode": 438}]);
    t.refused(&bundle.set("/linux/devices", asked), &["linux.devices[0]"])?;
    same("mode and owner", &about(&device)?, (0o600, 0, 0))
}

fn plain_file_of_an_image_becomes_the_default_device(t: &Trial<'_>) -> Verdict {
    let bundle = plain_dev(t.bundle()?);
    let zero = bundle.rootfs().join("dev/zero");
    fs::write(&zero, "plain")?;
    let lines = t.see(&bundle.probe("stat /dev/zero"))?;
    same("inside", &lines[0]["value"]["rdev"], json!([1, 5]))?;
    same("on the host", &fs::read_to_string(&zero)?, "plain")
}
