//! `process.rlimits`.

use serde_json::json;

use crate::failure::{Failure, Verdict, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(limits_are_set),
    test!(unlimited_is_a_number_of_all_ones),
    test!(limit_that_is_not_named_is_inherited),
    test!(soft_limit_above_the_hard_one_is_refused),
    test!(unknown_limit_is_refused),
    test!(
        same_limit_twice_is_refused,
        ("runc", "1.1", "the last one wins"),
        ("crun", "1.8", "the last one wins")
    ),
    test!(limit_that_may_not_be_raised_is_an_error),
    test!(
        error_names_the_limit_that_may_not_be_raised,
        ("runc", "1.1", "says: rlimit type 7")
    ),
    test!(every_limit_of_linux_can_be_set),
    test!(hard_limit_is_raised_with_a_soft_one_that_is_small),
];

fn limit(name: &str, soft: u64, hard: u64) -> serde_json::Value {
    json!({"type": name, "soft": soft, "hard": hard})
}

fn limits_are_set(t: &Trial<'_>) -> Verdict {
    let limits = json!([
        limit("RLIMIT_NOFILE", 100, 200),
        limit("RLIMIT_CORE", 0, 0),
        limit("RLIMIT_FSIZE", 1 << 30, 1 << 31),
        limit("RLIMIT_STACK", 1 << 20, 1 << 21),
        limit("RLIMIT_CPU", 100, 101)
    ]);
    let report = t.see_one(&t.bundle()?.set("/process/rlimits", limits))?;
    same("NOFILE", &report["rlimits"]["RLIMIT_NOFILE"], json!([100, 200]))?;
    same("CORE", &report["rlimits"]["RLIMIT_CORE"], json!([0, 0]))?;
    same(
        "FSIZE",
        &report["rlimits"]["RLIMIT_FSIZE"],
        json!([1 << 30, 1_u64 << 31]),
    )?;
    same("STACK", &report["rlimits"]["RLIMIT_STACK"], json!([1 << 20, 1 << 21]))?;
    same("CPU", &report["rlimits"]["RLIMIT_CPU"], json!([100, 101]))
}

fn unlimited_is_a_number_of_all_ones(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(
        &t.bundle()?
            .set("/process/rlimits", json!([limit("RLIMIT_AS", 1 << 40, u64::MAX)])),
    )?;
    same("AS", &report["rlimits"]["RLIMIT_AS"], json!([1_u64 << 40, u64::MAX]))
}

fn limit_that_is_not_named_is_inherited(t: &Trial<'_>) -> Verdict {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let before = getrlimit(Resource::Core);
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(12345),
            maximum: before.maximum,
        },
    )?;
    let report = t.see_one(&t.bundle()?);
    setrlimit(Resource::Core, before)?;
    same("soft limit of CORE", &report?["rlimits"]["RLIMIT_CORE"][0], 12345)
}

fn soft_limit_above_the_hard_one_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?
            .set("/process/rlimits", json!([limit("RLIMIT_NOFILE", 200, 100)])),
        &[],
    )
}

fn unknown_limit_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?
            .set("/process/rlimits", json!([limit("RLIMIT_BOGUS", 1, 1)])),
        &["RLIMIT_BOGUS"],
    )
}

fn same_limit_twice_is_refused(t: &Trial<'_>) -> Verdict {
    let limits = json!([limit("RLIMIT_NOFILE", 100, 200), limit("RLIMIT_NOFILE", 50, 60)]);
    t.refused(&t.bundle()?.set("/process/rlimits", limits), &["RLIMIT_NOFILE"])
}

fn limit_that_may_not_be_raised_is_an_error(t: &Trial<'_>) -> Verdict {
    raising(t, &[])
}

fn error_names_the_limit_that_may_not_be_raised(t: &Trial<'_>) -> Verdict {
    raising(t, &["NOFILE"])
}

/// Whether this caller has CAP_SYS_RESOURCE.
fn may_raise() -> Result<bool, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let mut sets = status.lines().filter_map(|line| line.strip_prefix("CapEff:"));
    let set = sets.next().and_then(|text| u64::from_str_radix(text.trim(), 16).ok());
    Ok(set.is_some_and(|set| set >> 24 & 1 == 1))
}

/// Skips what only a caller can that may raise hard limits.
pub(in crate::rooms) fn needs_to_raise() -> Verdict {
    if may_raise()? {
        return Ok(());
    }
    Err(Failure::Skip(
        "this caller may not raise limits (CAP_SYS_RESOURCE)".into(),
    ))
}

/// The process needs no privileges for it.
fn hard_limit_is_raised_with_a_soft_one_that_is_small(t: &Trial<'_>) -> Verdict {
    needs_to_raise()?;
    for users in [None, Some(mapped(t)?)] {
        let bundle = users.map_or_else(|| t.bundle(), Ok)?;
        let bundle = bundle.set("/process/rlimits", json!([limit("RLIMIT_NOFILE", 20, 3000)]));
        let call = t.with_bundle(&["run"], &bundle)?;
        let done = call.script("exec prlimit --nofile=1000 \"$0\" \"$@\"").succeed()?;
        same(
            "limit",
            &done.lines()?[0]["rlimits"]["RLIMIT_NOFILE"],
            json!([20, 3000]),
        )?;
    }
    Ok(())
}

/// Asks for more than this caller may have: refused with these words.
fn raising(t: &Trial<'_>, words: &[&str]) -> Verdict {
    use rustix::process::{Resource, getrlimit};
    let Some(hard) = getrlimit(Resource::Nofile).maximum else {
        return Err(Failure::Skip("the host has no hard limit of open files".into()));
    };
    if may_raise()? {
        return Err(Failure::Skip("this caller may raise limits (CAP_SYS_RESOURCE)".into()));
    }
    let limits = json!([limit("RLIMIT_NOFILE", hard + 1, hard + 1)]);
    t.refused(&t.bundle()?.set("/process/rlimits", limits), words)
}

fn every_limit_of_linux_can_be_set(t: &Trial<'_>) -> Verdict {
    // Small enough for every caller, large enough for every runtime.
    let wanted = [
        ("AS", 1_u64 << 41),
        ("CORE", 0),
        ("CPU", 1000),
        ("DATA", 1 << 40),
        ("FSIZE", 1 << 40),
        ("LOCKS", 1000),
        ("MEMLOCK", 1 << 13),
        ("MSGQUEUE", 1 << 12),
        ("NICE", 0),
        ("NOFILE", 500),
        ("NPROC", 900),
        ("RSS", 1 << 40),
        ("RTPRIO", 0),
        ("RTTIME", 1_000_000),
        ("SIGPENDING", 100),
        ("STACK", 1 << 22),
    ];
    let limits: Vec<_> = wanted
        .iter()
        .map(|(name, value)| limit(&format!("RLIMIT_{name}"), *value, *value))
        .collect();
    let report = t.see_one(&t.bundle()?.set("/process/rlimits", json!(limits)))?;
    for (name, value) in wanted {
        same(
            name,
            &report["rlimits"][format!("RLIMIT_{name}")],
            json!([value, value]),
        )?;
    }
    Ok(())
}
