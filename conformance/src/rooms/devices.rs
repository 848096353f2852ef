//! `linux.devices`, the default devices and links, and the cgroup's device rules.

use serde_json::{Value, json};

use crate::failure::{Failure, Verdict, ensure, same};
use crate::suite::{Test, test};
use crate::trial::Trial;

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
    test!(device_without_a_rule_cannot_be_opened),
    test!(device_with_a_rule_can_be_opened),
    test!(read_only_rule_refuses_writing),
    test!(
        no_resources_still_deny_what_is_not_default,
        ("crun", "1.8", "no resources, no rules")
    ),
    test!(rule_for_every_device_lets_all_through),
    test!(
        malformed_access_is_refused,
        ("runc", "1.1", "drops unknown letters"),
        ("crun", "1.8", "leaves its cgroups behind")
    ),
    test!(unbuffered_device_is_made),
    test!(block_device_is_made),
    test!(fifo_ignores_numbers),
    test!(device_outside_of_dev_is_made),
    test!(mode_of_a_device_is_not_cut_by_the_umask),
    test!(
        owner_of_a_device_is_of_the_containers_namespace,
        ("runc", "1.1", "binds the host's file, and there is none"),
        super::users::GIVES_NULL
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
    test!(rules_are_applied_in_their_order),
    test!(rule_without_a_type_is_for_all),
    test!(rule_without_numbers_is_for_all_of_its_type),
    test!(write_only_rule_refuses_reading),
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
    t.refused(&bundle, &["/data/device"]).map(drop)
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
    .map(drop)
}

/// The errno of opening a device that is named in the config, with these rules.
fn opening(t: &Trial<'_>, rules: Option<Value>, action: &str) -> Result<Value, Failure> {
    // Block 7:200 is a loop device that need not exist: opening it tells EPERM from ENXIO.
    let bundle = t
        .bundle()?
        .set("/linux/devices", json!([{"path": "/dev/mine", "type": "b", "major": 7, "minor": 200, "fileMode": 0o666, "uid": 0, "gid": 0}]))
        .probe(action);
    let bundle = match rules {
        Some(rules) => bundle.set("/linux/resources/devices", rules),
        None => bundle.remove("/linux", "resources"),
    };
    Ok(t.see_one(&bundle)?["errno"].clone())
}

fn device_without_a_rule_cannot_be_opened(t: &Trial<'_>) -> Verdict {
    let rules = json!([{"allow": false, "access": "rwm"}]);
    same("errno", &opening(t, Some(rules), "read /dev/mine")?, libc::EPERM)
}

fn device_with_a_rule_can_be_opened(t: &Trial<'_>) -> Verdict {
    let rules = json!([
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "b", "major": 7, "minor": 200, "access": "rwm"}
    ]);
    let errno = opening(t, Some(rules), "read /dev/mine")?;
    ensure(errno != libc::EPERM, || "the device is denied".into())
}

fn read_only_rule_refuses_writing(t: &Trial<'_>) -> Verdict {
    let rules = json!([
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "b", "major": 7, "minor": 200, "access": "r"}
    ]);
    ensure(
        opening(t, Some(rules.clone()), "read /dev/mine")? != libc::EPERM,
        || "reading is denied".into(),
    )?;
    same("errno", &opening(t, Some(rules), "write /dev/mine")?, libc::EPERM)
}

fn no_resources_still_deny_what_is_not_default(t: &Trial<'_>) -> Verdict {
    same("errno", &opening(t, None, "read /dev/mine")?, libc::EPERM)
}

fn rule_for_every_device_lets_all_through(t: &Trial<'_>) -> Verdict {
    let errno = opening(t, Some(json!([{"allow": true, "access": "rwm"}])), "read /dev/mine")?;
    ensure(errno != libc::EPERM, || "the device is denied".into())
}

fn malformed_access_is_refused(t: &Trial<'_>) -> Verdict {
    let rules = json!([{"allow": true, "type": "c", "major": 1, "minor": 3, "access": "xyz"}]);
    t.refused(&t.bundle()?.set("/linux/resources/devices", rules), &[])
        .map(drop)
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
    let bundle = super::users::mapped(t)?.set("/linux/devices", json!([device("/dev/mine", "p", 0, 0)]));
    let seen = t.see_one(&bundle.probe("stat /dev/mine"))?;
    same(
        "owner",
        &json!([seen["value"]["uid"], seen["value"]["gid"]]),
        json!([7, 8]),
    )
}

fn device_without_numbers_is_refused(t: &Trial<'_>) -> Verdict {
    let devices = json!([{"path": "/dev/mine", "type": "c"}]);
    t.refused(&t.bundle()?.set("/linux/devices", devices), &[]).map(drop)
}

fn folder_in_the_place_of_a_device_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.writable().folder("data/mine")?;
    let bundle = bundle.set("/linux/devices", json!([device("/data/mine", "c", 10, 229)]));
    t.refused(&bundle, &["/data/mine"]).map(drop)
}

fn rules_are_applied_in_their_order(t: &Trial<'_>) -> Verdict {
    let one = |allow: bool| json!({"allow": allow, "type": "b", "major": 7, "minor": 200, "access": "rwm"});
    let all = json!({"allow": false, "access": "rwm"});
    let errno = opening(t, Some(json!([all, one(true), one(false)])), "read /dev/mine")?;
    same("denied last", &errno, libc::EPERM)?;
    let errno = opening(t, Some(json!([all, one(false), one(true)])), "read /dev/mine")?;
    ensure(errno != libc::EPERM, || "allowed last, and denied".into())
}

fn rule_without_a_type_is_for_all(t: &Trial<'_>) -> Verdict {
    let denied = opening(t, Some(json!([{"allow": false, "access": "rwm"}])), "read /dev/mine")?;
    same("denied", &denied, libc::EPERM)?;
    let errno = opening(t, Some(json!([{"allow": true, "access": "rwm"}])), "read /dev/mine")?;
    ensure(errno != libc::EPERM, || "allowed, and denied".into())
}

fn rule_without_numbers_is_for_all_of_its_type(t: &Trial<'_>) -> Verdict {
    let rules = |kind: &str| {
        json!([
            {"allow": false, "access": "rwm"},
            {"allow": true, "type": kind, "access": "rwm"}
        ])
    };
    let errno = opening(t, Some(rules("b")), "read /dev/mine")?;
    ensure(errno != libc::EPERM, || {
        "all block devices are allowed, and it is denied".into()
    })?;
    let errno = opening(t, Some(rules("c")), "read /dev/mine")?;
    same("all character devices are allowed", &errno, libc::EPERM)
}

fn write_only_rule_refuses_reading(t: &Trial<'_>) -> Verdict {
    let rules = json!([
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "b", "major": 7, "minor": 200, "access": "w"}
    ]);
    same(
        "errno",
        &opening(t, Some(rules.clone()), "read /dev/mine")?,
        libc::EPERM,
    )?;
    ensure(opening(t, Some(rules), "write /dev/mine")? != libc::EPERM, || {
        "writing is denied".into()
    })
}
