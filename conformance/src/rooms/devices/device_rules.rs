//! `linux.resources.devices`: which devices may be opened (config-linux.md#allowed-device-list).

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::lines_of;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::{cgroups, devices_of_v1, unified};
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
    test!(
        denial_of_one_of_many_that_are_allowed_holds_or_is_refused,
        ("runc", "1.1", "refuses on cgroup v2 what v1 cannot do"),
        ("crun", "1.8", "drops a denial that cgroup v1 cannot do")
    ),
    test!(
        device_that_one_rule_lets_be_read_and_another_written_can_be_opened_for_both,
        ("runc", "1.1", "leaves it to a kernel that puts no rules together"),
        ("crun", "1.8", "leaves it to a kernel that puts no rules together")
    ),
    test!(default_devices_can_be_used_without_a_rule),
    test!(node_may_be_made_of_a_device_that_may_not_be_opened),
    test!(hook_of_the_host_may_allow_a_device),
    test!(
        nothing_stays_with_a_cgroup_that_was_there_before,
        ("runc", "1.1", "removes the cgroup"),
        ("crun", "1.8", "removes the cgroup")
    ),
    test!(
        rules_that_the_kernel_does_not_take_are_refused_and_checked,
        ("runc", "1.1", "names no member of the config"),
        ("crun", "1.8", "names no member of the config")
    ),
];

/// How a hook allows device 7:200 in the container's cgroup, by what decides about devices there. Whoever wants to have
/// the place of a program, has to have one that allows all the same.
pub(super) fn allowing_hook(t: &Trial<'_>, id: &str) -> Value {
    let cgroup = t.cgroup(id);
    let below = |hierarchy: PathBuf| {
        hierarchy
            .join(cgroup.trim_start_matches('/'))
            .to_string_lossy()
            .into_owned()
    };
    match devices_of_v1() {
        Some(devices) => {
            let script = format!("echo b 7:200 rwm > {}/devices.allow", below(devices));
            json!({"path": "/bin/sh", "args": ["sh", "-c", script]})
        }
        None => {
            let folder = unified().map(below).unwrap_or_default();
            // A hook that fails says so.
            json!({"path": t.probe().to_string_lossy(), "args": ["hook", "allow-all-devices", folder]})
        }
    }
}

/// A bundle without the mount of cgroups: where the container has no cgroup namespace of its own, runc mounts the host's
/// anew, with other options for all.
pub(super) fn plain(t: &Trial<'_>) -> Result<Bundle, Failure> {
    Ok(t.bundle()?.without_mount("/sys/fs/cgroup"))
}

/// The node of a block device that need not exist: opening it tells EPERM from ENXIO.
pub(super) fn with_node(bundle: Bundle) -> Bundle {
    let node =
        json!([{"path": "/dev/mine", "type": "b", "major": 7, "minor": 200, "fileMode": 0o666, "uid": 0, "gid": 0}]);
    bundle.set("/linux/devices", node)
}

/// The errno of opening a device that is named in the config, with these rules.
fn opening(t: &Trial<'_>, rules: Option<Value>, action: &str) -> Result<Value, Failure> {
    let bundle = with_node(plain(t)?).probe(action);
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
    t.refused(&plain(t)?.set("/linux/resources/devices", rules), &[])
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

fn denial_of_one_of_many_that_are_allowed_holds_or_is_refused(t: &Trial<'_>) -> Verdict {
    let rules = json!([
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "b", "major": 7, "access": "rwm"},
        {"allow": false, "type": "b", "major": 7, "minor": 200, "access": "rwm"}
    ]);
    let bundle = with_node(plain(t)?)
        .set("/linux/resources/devices", rules)
        .probe("read /dev/mine");
    let done = t.run(&bundle)?;
    if done.code == 0 {
        return same("errno", &done.json()?["errno"], libc::EPERM);
    }
    // An exception from an exception: the first version has none.
    ensure(devices_of_v1().is_some(), || done.err.clone())
}

fn device_that_one_rule_lets_be_read_and_another_written_can_be_opened_for_both(t: &Trial<'_>) -> Verdict {
    let rules = json!([
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "b", "major": 7, "access": "r"},
        {"allow": true, "type": "b", "major": 7, "minor": 200, "access": "w"}
    ]);
    let errno = opening(t, Some(rules), "read-and-write /dev/mine")?;
    ensure(errno != libc::EPERM, || "the device is denied".into())
}

fn default_devices_can_be_used_without_a_rule(t: &Trial<'_>) -> Verdict {
    let actions = "write /dev/null , read /dev/zero , write /dev/full , read /dev/urandom , read-and-write /dev/ptmx";
    let all = json!([{"allow": false, "access": "rwm"}]);
    for rules in [None, Some(json!([])), Some(all)] {
        let bundle = match rules {
            Some(rules) => plain(t)?.set("/linux/resources/devices", rules),
            None => plain(t)?.remove("/linux", "resources"),
        };
        for seen in t.see(&bundle.probe(actions))? {
            ensure(seen["errno"] != libc::EPERM, || seen.to_string())?;
        }
    }
    Ok(())
}

fn node_may_be_made_of_a_device_that_may_not_be_opened(t: &Trial<'_>) -> Verdict {
    let seen = |rules: Value| -> Result<Vec<Value>, Failure> {
        let bundle = plain(t)?.writable().capabilities(&["CAP_MKNOD"]);
        let bundle = bundle.set("/linux/resources/devices", rules);
        t.see(&bundle.probe("mknod /node b 7 200 , read /node"))
    };
    let denied = seen(json!([{"allow": false, "access": "rwm"}]))?;
    same("making it", &denied[0]["errno"], Value::Null)?;
    same("opening it", &denied[1]["errno"], libc::EPERM)?;
    let allowed = seen(json!([{"allow": true, "type": "b", "major": 7, "minor": 200, "access": "rwm"}]))?;
    same("making it", &allowed[0]["errno"], Value::Null)?;
    ensure(allowed[1]["errno"] != libc::EPERM, || allowed[1].to_string())
}

/// What a device plugin's hook does: it allows in the container's cgroup what the config does not.
fn hook_of_the_host_may_allow_a_device(t: &Trial<'_>) -> Verdict {
    for stage in ["prestart", "createRuntime"] {
        let bundle = with_node(plain(t)?)
            .set("/linux/resources/devices", json!([{"allow": false, "access": "rwm"}]))
            .probe("read /dev/mine");
        let cgroup = t.cgroup(&bundle.id);
        let hook = allowing_hook(t, &bundle.id);
        let bundle = bundle.set("/linux/cgroupsPath", json!(cgroup)).hook(stage, hook);
        let errno = t.see_one(&bundle)?["errno"].clone();
        ensure(errno != libc::EPERM, || format!("{stage}: the device is denied"))?;
    }
    Ok(())
}

/// The programs of a container's cgroup on the second version, which alone has them.
pub(super) fn programs(t: &Trial<'_>, cgroup: &str) -> Result<Value, Failure> {
    let Some(unified) = unified().filter(|_| devices_of_v1().is_none()) else {
        return Err(Failure::Skip("rules about devices are no programs on cgroup v1".into()));
    };
    let folder = unified.join(cgroup.trim_start_matches('/'));
    let output = Command::new(t.probe()).arg("programs").arg(folder).output()?;
    Ok(lines_of(&String::from_utf8_lossy(&output.stdout))?[0]["value"].clone())
}

fn nothing_stays_with_a_cgroup_that_was_there_before(t: &Trial<'_>) -> Verdict {
    let cgroup = t.cgroup("was-there");
    programs(t, &cgroup)?;
    let folder = unified().unwrap_or_default().join(cgroup.trim_start_matches('/'));
    fs::create_dir(&folder)?;
    let bundle = plain(t)?.set("/linux/cgroupsPath", json!(cgroup));
    let verdict = t
        .full_life(&bundle.probe("exit 0"))
        .and_then(|_| {
            t.refused(
                &plain(t)?.set("/linux/cgroupsPath", json!(cgroup)).args(&["/nope"]),
                &[],
            )
        })
        .and_then(|()| same("programs", &programs(t, &cgroup)?, json!([])));
    let _ = fs::remove_dir(&folder);
    verdict
}

fn rules_that_the_kernel_does_not_take_are_refused_and_checked(t: &Trial<'_>) -> Verdict {
    programs(t, &t.cgroup("none"))?;
    let number = u32::try_from(libc::SYS_bpf).unwrap_or(0);
    let phrases = ["linux.resources.devices"];
    let bundle = plain(t)?;
    t.with_bundle(&["create"], &bundle)?
        .without_call(number)
        .refuse(&phrases)?;
    same("cgroups", &cgroups(&bundle.id).len(), 0)?;
    let done = t
        .call(&["check", &bundle.dir.to_string_lossy()])
        .without_call(number)
        .finish()?;
    let said = format!("{}{}", done.out, done.err);
    ensure(done.code != 0 && said.contains(phrases[0]), || said.clone())
}
