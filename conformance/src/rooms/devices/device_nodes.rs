//! `linux.devices`, and the default devices and links.

use serde_json::{Value, json};

use crate::failure::{Verdict, same};
use crate::rooms::deviations::GIVES_NULL;
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(default_devices_are_there),
    test!(default_links_are_there),
    test!(null_device_takes_writes_and_zero_gives_zeros),
    test!(device_is_made_with_mode_and_owner),
    test!(fifo_is_made),
    test!(device_in_a_new_folder_is_made),
    test!(
        device_that_exists_as_another_is_refused,
        ("runc", "1.1", "keeps what is there"),
        ("crun", "1.8", "keeps what is there")
    ),
    test!(device_that_exists_as_itself_is_fine),
    test!(
        unknown_kind_of_device_is_refused,
        ("crun", "1.8", "makes something of it")
    ),
    test!(unbuffered_device_is_made),
    test!(block_device_is_made),
    test!(fifo_ignores_numbers),
    test!(device_outside_of_dev_is_made),
    test!(mode_of_a_device_is_not_cut_by_the_umask),
    test!(
        owner_of_a_device_is_of_the_containers_namespace,
        ("runc", "1.1", "binds the host's file, and there is none"),
        GIVES_NULL
    ),
    test!(
        device_without_numbers_is_refused,
        ("runc", "1.1", "takes them for 0"),
        ("crun", "1.8", "takes them for 0")
    ),
    test!(
        folder_in_the_place_of_a_device_is_refused,
        ("runc", "1.1", "keeps what is there"),
        ("crun", "1.8", "keeps what is there")
    ),
];

fn default_devices_are_there(t: &Trial<'_>) -> Verdict {
    let nodes = [("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)];
    let actions: Vec<String> = nodes.iter().map(|(name, _)| format!("stat /dev/{name}")).collect();
    let said = t.see(&t.bundle()?.probe(&format!("{} , stat /dev/tty", actions.join(" , "))))?;
    for ((name, minor), line) in nodes.iter().zip(&said) {
        same(name, &line["value"]["rdev"], json!([1, minor]))?;
        same(name, &line["value"]["mode"], 0o666)?;
        same(name, &line["value"]["kind"], "char")?;
    }
    same("tty", &said[5]["value"]["rdev"], json!([5, 0]))
}

fn default_links_are_there(t: &Trial<'_>) -> Verdict {
    let said = t.see(
        &t.bundle()?
            .probe("stat /dev/fd , stat /dev/stdin , stat /dev/stdout , stat /dev/stderr , stat /dev/ptmx"),
    )?;
    let targets = [
        "/proc/self/fd",
        "/proc/self/fd/0",
        "/proc/self/fd/1",
        "/proc/self/fd/2",
        "pts/ptmx",
    ];
    for (line, target) in said.iter().zip(targets) {
        let seen = line["value"]["target"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("/dev/");
        same(target, &seen, target)?;
    }
    Ok(())
}

fn null_device_takes_writes_and_zero_gives_zeros(t: &Trial<'_>) -> Verdict {
    let said = t.see(
        &t.bundle()?
            .probe("write /dev/null x , write /dev/full x , read /dev/null"),
    )?;
    same("null", &said[0]["errno"], json!(null))?;
    same("full", &said[1]["errno"], libc::ENOSPC)?;
    same("null", &said[2]["value"], "")
}

fn device(path: &str, kind: &str, major: u32, minor: u32) -> Value {
    json!({"path": path, "type": kind, "major": major, "minor": minor, "fileMode": 0o640, "uid": 7, "gid": 8})
}

fn device_is_made_with_mode_and_owner(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/devices", json!([device("/dev/mine", "c", 10, 229)]))
        .probe("stat /dev/mine");
    let seen = t.see_one(&bundle)?["value"].clone();
    same("numbers", &seen["rdev"], json!([10, 229]))?;
    same("mode", &seen["mode"], 0o640)?;
    same("owner", &json!([seen["uid"], seen["gid"]]), json!([7, 8]))
}

fn fifo_is_made(t: &Trial<'_>) -> Verdict {
    let devices = json!([{"path": "/dev/pipe", "type": "p", "fileMode": 0o600}]);
    let seen = t.see_one(&t.bundle()?.set("/linux/devices", devices).probe("stat /dev/pipe"))?;
    same("kind", &seen["value"]["kind"], "fifo")
}

fn device_in_a_new_folder_is_made(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/devices", json!([device("/dev/deep/er/mine", "b", 7, 200)]));
    let seen = t.see_one(&bundle.probe("stat /dev/deep/er/mine"))?;
    same("kind", &seen["value"]["kind"], "block")
}

fn device_that_exists_as_another_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.writable().file("data/device", "a file")?;
    let bundle = bundle.set("/linux/devices", json!([device("/data/device", "c", 1, 3)]));
    t.refused(&bundle, &["/data/device"])
}

fn device_that_exists_as_itself_is_fine(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set(
        "/linux/devices",
        json!([{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666, "uid": 0, "gid": 0}]),
    );
    let rule = json!({"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"});
    let bundle = bundle.set("/linux/resources/devices/-", rule);
    same(
        "numbers",
        &t.see_one(&bundle.probe("stat /dev/null"))?["value"]["rdev"],
        json!([1, 3]),
    )
}

fn unknown_kind_of_device_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?
            .set("/linux/devices", json!([device("/dev/mine", "q", 1, 3)])),
        &[],
    )
}

fn unbuffered_device_is_made(t: &Trial<'_>) -> Verdict {
    // `u` is mknod's word for what Linux has as `c` only.
    let bundle = t
        .bundle()?
        .set("/linux/devices", json!([device("/dev/mine", "u", 10, 229)]));
    let seen = t.see_one(&bundle.probe("stat /dev/mine"))?;
    same("kind", &seen["value"]["kind"], "char")?;
    same("numbers", &seen["value"]["rdev"], json!([10, 229]))
}

fn block_device_is_made(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/devices", json!([device("/dev/mine", "b", 7, 201)]));
    let seen = t.see_one(&bundle.probe("stat /dev/mine"))?;
    same("kind", &seen["value"]["kind"], "block")?;
    same("numbers", &seen["value"]["rdev"], json!([7, 201]))
}

fn fifo_ignores_numbers(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/devices", json!([device("/dev/mine", "p", 1, 3)]));
    let seen = t.see_one(&bundle.probe("stat /dev/mine"))?;
    same("kind", &seen["value"]["kind"], "fifo")?;
    same("mode", &seen["value"]["mode"], 0o640)
}

fn device_outside_of_dev_is_made(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .writable()
        .set("/linux/devices", json!([device("/data/mine", "c", 10, 229)]));
    let seen = t.see_one(&bundle.probe("stat /data/mine"))?;
    same("kind", &seen["value"]["kind"], "char")?;
    same("numbers", &seen["value"]["rdev"], json!([10, 229]))
}

fn mode_of_a_device_is_not_cut_by_the_umask(t: &Trial<'_>) -> Verdict {
    let mut wide = device("/dev/mine", "c", 10, 229);
    wide["fileMode"] = json!(0o666);
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let seen = t
        .bundle()
        .and_then(|bundle| t.see_one(&bundle.set("/linux/devices", json!([wide])).probe("stat /dev/mine")));
    rustix::process::umask(before);
    same("mode", &seen?["value"]["mode"], 0o666)
}

fn owner_of_a_device_is_of_the_containers_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = mapped(t)?.set("/linux/devices", json!([device("/dev/mine", "p", 0, 0)]));
    let seen = t.see_one(&bundle.probe("stat /dev/mine"))?;
    same(
        "owner",
        &json!([seen["value"]["uid"], seen["value"]["gid"]]),
        json!([7, 8]),
    )
}

fn device_without_numbers_is_refused(t: &Trial<'_>) -> Verdict {
    let devices = json!([{"path": "/dev/mine", "type": "c"}]);
    t.refused(&t.bundle()?.set("/linux/devices", devices), &[])
}

fn folder_in_the_place_of_a_device_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.writable().folder("data/mine")?;
    let bundle = bundle.set("/linux/devices", json!([device("/data/mine", "c", 10, 229)]));
    t.refused(&bundle, &["/data/mine"])
}
