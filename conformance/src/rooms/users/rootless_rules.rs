//! Device rules of a runtime that may not make cgroups, or may not give them rules: the container runs, and is told
//! of what has no effect.

use serde_json::json;

use crate::bundle::Bundle;
use crate::call::Call;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{as_user, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(
        ordinary_user_is_told_of_device_rules_without_effect,
        ("runc", "1.1", "says nothing"),
        ("crun", "1.8", "says nothing")
    ),
    test!(ordinary_user_is_not_told_of_the_device_rules_that_engines_always_write),
    test!(root_of_a_user_namespace_with_cgroups_of_its_own_runs_a_container),
    test!(
        root_of_a_user_namespace_is_told_of_device_rules_without_effect,
        ("runc", "1.1", "says nothing"),
        ("crun", "1.8", "says nothing")
    ),
    test!(root_of_a_user_namespace_is_not_told_of_the_device_rules_that_engines_always_write),
];

/// The call by the host's root in a user namespace of its own, in which it can still write its cgroups, but has no
/// right to the host's devices.
fn as_root_in_a_user_namespace(call: Call<'_>) -> Call<'_> {
    call.script("exec unshare --user --map-root-user \"$0\" \"$@\"")
}

const TOLD: &str = "linux.resources.devices";

/// A rule that no engine writes unasked.
fn asked(bundle: Bundle) -> Bundle {
    let rules = json!([
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm"}
    ]);
    bundle.set("/linux/resources", json!({"devices": rules}))
}

/// What engines write for every container.
fn habitual(bundle: Bundle) -> Bundle {
    let allow =
        |major: u32, minor: u32| json!({"allow": true, "type": "c", "major": major, "minor": minor, "access": "rwm"});
    let rules = json!([
        {"allow": false, "access": "rwm"}, allow(1, 3), allow(1, 8), allow(1, 7), allow(5, 0), allow(1, 5), allow(1, 9),
        allow(5, 1), {"allow": true, "type": "c", "major": 136, "access": "rwm"}, allow(5, 2)
    ]);
    bundle.set("/linux/resources", json!({"devices": rules}))
}

fn ordinary_user_is_told_of_device_rules_without_effect(t: &Trial<'_>) -> Verdict {
    let done = as_user(t, t.with_bundle(&["run"], &asked(rootless(t)?))?)?.succeed()?;
    same("warnings", &done.err.matches(TOLD).count(), 1)
}

fn ordinary_user_is_not_told_of_the_device_rules_that_engines_always_write(t: &Trial<'_>) -> Verdict {
    let done = as_user(t, t.with_bundle(&["run"], &habitual(rootless(t)?))?)?.succeed()?;
    same("warnings", &done.err.matches(TOLD).count(), 0)
}

/// A container of the host's root in a user namespace, with the usual cgroup.
fn usual(t: &Trial<'_>) -> Result<Bundle, Failure> {
    Ok(t.bundle()?.without_mount("/dev/pts"))
}

fn root_of_a_user_namespace_with_cgroups_of_its_own_runs_a_container(t: &Trial<'_>) -> Verdict {
    let bundle = usual(t)?;
    let done = as_root_in_a_user_namespace(t.with_bundle(&["run"], &bundle)?).succeed()?;
    let report = done.json()?;
    let own = t.cgroup(&bundle.id);
    let lines = report["cgroup"].as_array().into_iter().flatten();
    let mut with_controllers = lines
        .filter_map(|line| line.as_str())
        .filter(|line| !line.starts_with("0::"));
    ensure(with_controllers.all(|line| line.ends_with(&own)), || {
        report["cgroup"].to_string()
    })
}

fn root_of_a_user_namespace_is_told_of_device_rules_without_effect(t: &Trial<'_>) -> Verdict {
    let call = t.with_bundle(&["run"], &asked(usual(t)?))?;
    let done = as_root_in_a_user_namespace(call).succeed()?;
    same("warnings", &done.err.matches(TOLD).count(), 1)
}

fn root_of_a_user_namespace_is_not_told_of_the_device_rules_that_engines_always_write(t: &Trial<'_>) -> Verdict {
    let call = t.with_bundle(&["run"], &habitual(usual(t)?))?;
    let done = as_root_in_a_user_namespace(call).succeed()?;
    same("warnings", &done.err.matches(TOLD).count(), 0)
}
