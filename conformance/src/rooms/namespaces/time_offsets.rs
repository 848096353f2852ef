//! `linux.timeOffsets`: the clocks of a time namespace (config-linux.md#offset-for-time-namespace).

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        clocks_are_shifted_in_a_time_namespace,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "does not write the offsets")
    ),
    test!(
        offsets_without_time_namespace_are_refused,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "runs it")
    ),
    test!(
        offsets_of_both_clocks_are_exact,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "cannot write the offsets")
    ),
    test!(
        negative_offsets_are_set,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "cannot write the offsets")
    ),
    test!(
        offset_of_an_unknown_clock_is_refused,
        ("runc", "1.1", "too old to know time namespaces"),
        ("crun", "1.8", "cannot write the offsets")
    ),
];

fn shifted(t: &Trial<'_>) -> Result<Bundle, Failure> {
    Ok(t.bundle()?.set(
        "/linux/timeOffsets",
        json!({"boottime": {"secs": 1_000_000, "nanosecs": 5}, "monotonic": {"secs": 2_000_000}}),
    ))
}

fn clocks_are_shifted_in_a_time_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = shifted(t)?.new_namespace("time");
    let seen = json!(t.see(&bundle.probe("read /proc/uptime , read /proc/self/timens_offsets"))?).to_string();
    ensure(seen.contains("1000000") && seen.contains("2000000"), || seen.clone())
}

fn offsets_without_time_namespace_are_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&shifted(t)?, &[])
}

/// What the process sees as `/proc/self/timens_offsets`, word by word.
fn offsets(t: &Trial<'_>, offsets: Value) -> Result<Vec<String>, Failure> {
    let bundle = t.bundle()?.set("/linux/timeOffsets", offsets).new_namespace("time");
    let seen = t.see_one(&bundle.probe("read /proc/self/timens_offsets"))?;
    let text = seen["value"].as_str().unwrap_or_default();
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

fn offsets_of_both_clocks_are_exact(t: &Trial<'_>) -> Verdict {
    let seen = offsets(
        t,
        json!({"boottime": {"secs": 1_000_000, "nanosecs": 5}, "monotonic": {"secs": 7, "nanosecs": 999_999_999}}),
    )?;
    let wanted = "monotonic 7 999999999 boottime 1000000 5";
    same("offsets", &seen, wanted.split(' ').collect::<Vec<_>>())
}

fn negative_offsets_are_set(t: &Trial<'_>) -> Verdict {
    // The clock itself may not become negative: the machine has run for a second at least.
    let seen = offsets(t, json!({"boottime": {"secs": -1}}))?;
    same(
        "offsets",
        &seen,
        "monotonic 0 0 boottime -1 0".split(' ').collect::<Vec<_>>(),
    )
}

fn offset_of_an_unknown_clock_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/timeOffsets", json!({"sundial": {"secs": 1}}))
        .new_namespace("time");
    t.refused(&bundle, &["sundial"])
}
