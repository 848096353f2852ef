//! `update` with rules about devices. Engines send the container's own again and again with each change of a limit.

use std::fs;

use serde_json::{Value, json};

use super::device_rules::{allowing_hook, plain, programs, with_node};
use crate::bundle::Bundle;
use crate::call::{Call, Done};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::devices_of_v1;
use crate::rooms::deviations::CRUN_IS_SILENT;
use crate::sentence::{Known, Test, test};
use crate::trial::{Created, Trial};

const RUNC_CHANGES_NONE: Known = ("runc", "1.1", "changes no rules by update, and says nothing");

pub(crate) const TESTS: &[Test] = &[
    test!(update_allows_a_device, RUNC_CHANGES_NONE),
    test!(update_denies_a_device, RUNC_CHANGES_NONE),
    test!(update_from_all_devices_to_few_keeps_the_default_ones, RUNC_CHANGES_NONE),
    test!(
        update_with_the_same_rules_keeps_what_a_hook_has_allowed,
        ("crun", "1.8", "puts the rules in force again")
    ),
    test!(
        update_with_other_words_for_the_same_changes_nothing,
        ("crun", "1.8", "puts the rules in force again")
    ),
    test!(
        update_with_other_rules_keeps_what_a_hook_has_allowed,
        ("crun", "1.8", "puts the rules in force anew")
    ),
    test!(
        update_with_other_rules_tells_of_a_hooks_program_and_leaves_it,
        RUNC_CHANGES_NONE,
        CRUN_IS_SILENT
    ),
    test!(
        update_with_a_rule_that_says_nothing_is_refused,
        RUNC_CHANGES_NONE,
        CRUN_IS_SILENT
    ),
    test!(
        update_after_an_update_changes_what_the_first_has_left,
        RUNC_CHANGES_NONE
    ),
];

fn none() -> Value {
    json!([{"allow": false, "access": "rwm"}])
}

fn mine() -> Value {
    json!([
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "b", "major": 7, "minor": 200, "access": "rwm"}
    ])
}

/// A container with the node, which opens it, and two that all containers have, when it is told to by a file.
fn waiting(bundle: Bundle, rules: Value) -> Bundle {
    let bundle = with_node(bundle).writable().set("/linux/resources/devices", rules);
    bundle.probe("await /go , read /dev/mine , write /dev/null , read /dev/zero , exit 0")
}

/// An update with these rules, and a limit.
fn changing<'t>(t: &'t Trial<'_>, id: &str, rules: Value) -> Result<Call<'t>, Failure> {
    let file = t.dir.join("resources.json");
    fs::write(&file, json!({"devices": rules, "pids": {"limit": 71}}).to_string())?;
    Ok(t.call(&["update", "-r", &file.to_string_lossy(), id]))
}

fn update(t: &Trial<'_>, id: &str, rules: Value) -> Result<Done, Failure> {
    changing(t, id, rules)?.succeed()
}

/// The errno of opening the node now. The others could be opened.
fn opened(t: &Trial<'_>, created: &Created, bundle: &Bundle) -> Result<Value, Failure> {
    let pid = t.pid(&created.id)?;
    fs::write(bundle.rootfs().join("go"), "")?;
    t.exit_of(pid)?;
    let lines = created.lines()?;
    for line in [&lines[2], &lines[3]] {
        same("a default device", &line["errno"], Value::Null).map_err(|_| Failure::Wrong(line.to_string()))?;
    }
    Ok(lines[1]["errno"].clone())
}

/// The errno of opening the node after an update from some rules to others.
fn opened_after(t: &Trial<'_>, before: Value, after: &[Value]) -> Result<Value, Failure> {
    let bundle = waiting(plain(t)?, before);
    let created = t.launch(&bundle)?;
    for rules in after {
        update(t, &created.id, rules.clone())?;
    }
    opened(t, &created, &bundle)
}

fn update_allows_a_device(t: &Trial<'_>) -> Verdict {
    let errno = opened_after(t, none(), &[mine()])?;
    ensure(errno != libc::EPERM, || "the device is denied".into())
}

fn update_denies_a_device(t: &Trial<'_>) -> Verdict {
    same("errno", &opened_after(t, mine(), &[none()])?, libc::EPERM)
}

fn update_from_all_devices_to_few_keeps_the_default_ones(t: &Trial<'_>) -> Verdict {
    let all = || json!([{"allow": true, "access": "rwm"}]);
    same("errno", &opened_after(t, all(), &[none()])?, libc::EPERM)?;
    let errno = opened_after(t, none(), &[all()])?;
    ensure(errno != libc::EPERM, || "the device is denied".into())
}

fn update_after_an_update_changes_what_the_first_has_left(t: &Trial<'_>) -> Verdict {
    same("errno", &opened_after(t, none(), &[mine(), none()])?, libc::EPERM)?;
    same(
        "errno",
        &opened_after(t, mine(), &[none(), mine(), none()])?,
        libc::EPERM,
    )
}

/// A running container whose hook has allowed the device.
fn with_hook(t: &Trial<'_>) -> Result<(Bundle, Created), Failure> {
    let bundle = waiting(plain(t)?, none());
    let cgroup = t.cgroup(&bundle.id);
    let hook = allowing_hook(t, &bundle.id);
    let bundle = bundle
        .set("/linux/cgroupsPath", json!(cgroup))
        .hook("createRuntime", hook);
    let created = t.launch(&bundle)?;
    Ok((bundle, created))
}

fn update_with_the_same_rules_keeps_what_a_hook_has_allowed(t: &Trial<'_>) -> Verdict {
    let (bundle, created) = with_hook(t)?;
    let done = update(t, &created.id, none())?;
    same("stderr", &done.err, "")?;
    let errno = opened(t, &created, &bundle)?;
    ensure(errno != libc::EPERM, || "the device is denied".into())
}

fn update_with_other_words_for_the_same_changes_nothing(t: &Trial<'_>) -> Verdict {
    let words = json!([
        {"allow": true, "access": "rwm"},
        {"allow": false, "type": "a", "major": -1, "minor": -1, "access": "mwr"},
        {"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rw"},
        {"allow": false, "type": "c", "major": 10, "minor": 229, "access": "rwm"}
    ]);
    let (bundle, created) = with_hook(t)?;
    update(t, &created.id, words)?;
    let errno = opened(t, &created, &bundle)?;
    ensure(errno != libc::EPERM, || "the device is denied".into())
}

fn kvm() -> Value {
    json!([
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "c", "major": 10, "minor": 232, "access": "rwm"}
    ])
}

fn update_with_other_rules_keeps_what_a_hook_has_allowed(t: &Trial<'_>) -> Verdict {
    let (bundle, created) = with_hook(t)?;
    update(t, &created.id, kvm())?;
    let errno = opened(t, &created, &bundle)?;
    ensure(errno != libc::EPERM, || "the device is denied".into())
}

fn update_with_other_rules_tells_of_a_hooks_program_and_leaves_it(t: &Trial<'_>) -> Verdict {
    if devices_of_v1().is_some() {
        let why = "cgroup v1 has one list for the runtime and hooks, and no programs";
        return Err(Failure::Skip(why.into()));
    }
    let (bundle, created) = with_hook(t)?;
    let cgroup = t.cgroup(&created.id);
    let before = programs(t, &cgroup)?;
    let done = update(t, &created.id, kvm())?;
    ensure(done.err.contains("devices: "), || {
        format!("nothing about it: {:?}", done.err)
    })?;
    same("programs", &programs(t, &cgroup)?, before)?;
    let errno = opened(t, &created, &bundle)?;
    ensure(errno != libc::EPERM, || "the device is denied".into())
}

fn update_with_a_rule_that_says_nothing_is_refused(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&waiting(plain(t)?, none()))?;
    changing(t, &created.id, json!([{"allow": true, "type": "c"}]))?.refuse(&["devices[0].access"])
}
