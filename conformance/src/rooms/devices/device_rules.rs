//! `linux.resources.devices`: which devices may be opened (config-linux.md#allowed-device-list).

use serde_json::{Value, json};

use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::devices_of_v1;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
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
    test!(rules_are_applied_in_their_order),
    test!(rule_without_a_type_is_for_all),
    test!(rule_without_numbers_is_for_all_of_its_type),
    test!(write_only_rule_refuses_reading),
    test!(hook_of_the_host_may_allow_a_device),
];

/// The errno of opening a device that is named in the config, with these rules.
fn opening(t: &Trial<'_>, rules: Option<Value>, action: &str) -> Result<Value, Failure> {
    if devices_of_v1().is_none() {
        return Err(Failure::Skip("no devices controller of cgroup v1".into()));
    }
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

/// What a device plugin's hook does: it allows in the container's cgroup what the config does not.
fn hook_of_the_host_may_allow_a_device(t: &Trial<'_>) -> Verdict {
    let Some(devices) = devices_of_v1() else {
        return Err(Failure::Skip("no devices controller of cgroup v1".into()));
    };
    for stage in ["prestart", "createRuntime"] {
        let bundle = t
            .bundle()?
            .set("/linux/devices", json!([{"path": "/dev/mine", "type": "b", "major": 7, "minor": 200, "fileMode": 0o666, "uid": 0, "gid": 0}]))
            .set("/linux/resources/devices", json!([{"allow": false, "access": "rwm"}]))
            .probe("read /dev/mine");
        let cgroup = t.cgroup(&bundle.id);
        let allow = devices.join(cgroup.trim_start_matches('/')).join("devices.allow");
        let script = format!("echo b 7:200 rwm > {}", allow.display());
        let hook = json!({"path": "/bin/sh", "args": ["sh", "-c", script]});
        let bundle = bundle.set("/linux/cgroupsPath", json!(cgroup)).hook(stage, hook);
        let errno = t.see_one(&bundle)?["errno"].clone();
        ensure(errno != libc::EPERM, || format!("{stage}: the device is denied"))?;
    }
    Ok(())
}
