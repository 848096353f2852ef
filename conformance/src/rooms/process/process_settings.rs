//! What the kernel keeps of a process beside its ids: OOM score, umask, no_new_privs, keyring, session, dumpable.

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(process_is_pid_one_and_leads_its_session),
    test!(oom_score_adj_is_set),
    test!(oom_score_adj_out_of_range_is_refused),
    test!(umask_is_set),
    test!(
        unset_umask_is_inherited,
        ("runc", "1.1", "forces 0022"),
        ("crun", "1.8", "forces 0022")
    ),
    test!(no_new_privileges_is_set),
    test!(no_new_privileges_is_off_when_not_asked_for),
    test!(session_keyring_is_a_new_one),
    test!(session_keyring_is_inherited_with_no_new_keyring),
    test!(parent_death_signal_is_clear),
    test!(process_is_dumpable_and_has_no_secure_bits),
    test!(unset_oom_score_adj_is_inherited),
    test!(oom_score_adj_of_zero_is_set, ("crun", "1.8", "takes zero for unset")),
];

fn process_is_pid_one_and_leads_its_session(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    same("pid", &report["pid"], 1)?;
    same("session", &report["sid"], 1)?;
    same("process group", &report["pgid"], 1)
}

fn oom_score_adj_is_set(t: &Trial<'_>) -> Verdict {
    same(
        "oom_score_adj",
        &t.see_one(&t.bundle()?.set("/process/oomScoreAdj", json!(321)))?["oom_score_adj"],
        "321",
    )
}

fn oom_score_adj_out_of_range_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/process/oomScoreAdj", json!(1001)), &["oom"])
}

fn umask_is_set(t: &Trial<'_>) -> Verdict {
    same(
        "umask",
        &t.see_one(&t.bundle()?.set("/process/user/umask", json!(0o027)))?["umask"],
        0o027,
    )
}

fn unset_umask_is_inherited(t: &Trial<'_>) -> Verdict {
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o013));
    let report = t.see_one(&t.bundle()?);
    rustix::process::umask(before);
    same("umask", &report?["umask"], 0o013)
}

fn no_new_privileges_is_set(t: &Trial<'_>) -> Verdict {
    same("no_new_privs", &t.see_one(&t.bundle()?)?["no_new_privs"], 1)
}

fn no_new_privileges_is_off_when_not_asked_for(t: &Trial<'_>) -> Verdict {
    same(
        "no_new_privs",
        &t.see_one(&t.bundle()?.remove("/process", "noNewPrivileges"))?["no_new_privs"],
        0,
    )
}

fn session_keyring_is_a_new_one(t: &Trial<'_>) -> Verdict {
    let first = t.see_one(&t.bundle()?)?["keyring"].clone();
    let second = t.see_one(&t.bundle()?)?["keyring"].clone();
    ensure(first.is_number() && first != second, || {
        format!("keyrings {first} and {second}")
    })
}

fn session_keyring_is_inherited_with_no_new_keyring(t: &Trial<'_>) -> Verdict {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let done = t.with_bundle(&["run", "--no-new-keyring"], &t.bundle()?)?.succeed()?;
        seen.push(done.lines()?[0]["keyring"].clone());
    }
    same("keyrings", &seen[0], seen[1].clone())
}

fn parent_death_signal_is_clear(t: &Trial<'_>) -> Verdict {
    same("pdeathsig", &t.see_one(&t.bundle()?)?["pdeathsig"], 0)
}

fn process_is_dumpable_and_has_no_secure_bits(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    same("dumpable", &report["dumpable"], 1)?;
    same("securebits", &report["securebits"], 0)
}

fn unset_oom_score_adj_is_inherited(t: &Trial<'_>) -> Verdict {
    let call = t.with_bundle(&["run"], &t.bundle()?)?;
    let done = call
        .script("echo 77 >/proc/self/oom_score_adj; exec \"$0\" \"$@\"")
        .succeed()?;
    same("oom_score_adj", &done.lines()?[0]["oom_score_adj"], "77")
}

fn oom_score_adj_of_zero_is_set(t: &Trial<'_>) -> Verdict {
    // Zero is a value, too: the caller has another one.
    let call = t.with_bundle(&["run"], &t.bundle()?.set("/process/oomScoreAdj", json!(0)))?;
    let done = call
        .script("echo 500 >/proc/self/oom_score_adj; exec \"$0\" \"$@\"")
        .succeed()?;
    same("oom_score_adj", &done.lines()?[0]["oom_score_adj"], "0")
}
