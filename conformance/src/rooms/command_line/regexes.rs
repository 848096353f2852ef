//! `kill --regex` and `delete --regex`: for every container whose id matches.

use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Known, Test, test};
use crate::trial::{Created, Trial};

const NOT_IN_RUNC: Known = ("runc", "1.1", "has no --regex");

pub(crate) const TESTS: &[Test] = &[
    test!(delete_by_a_regex_takes_every_id_with_a_match_in_it, NOT_IN_RUNC),
    test!(what_a_regex_matches_and_cannot_be_deleted_is_told, NOT_IN_RUNC),
    test!(delete_by_force_and_a_regex_takes_what_runs, NOT_IN_RUNC),
    test!(kill_by_a_regex_reaches_every_id_with_a_match_in_it, NOT_IN_RUNC),
    test!(regex_that_nothing_matches_is_no_error, NOT_IN_RUNC),
    test!(regex_that_is_none_is_refused, ("crun", "1.8", "crashes, or takes it")),
    test!(
        warnings_about_a_regexs_containers_go_to_the_log,
        ("crun", "1.8", "tells them on stderr"),
        NOT_IN_RUNC
    ),
];

/// A container whose id ends so.
fn created(t: &Trial<'_>, end: &str) -> Result<Created, Failure> {
    let mut bundle = t.bundle()?.without_mount("/sys/fs/cgroup").probe("sleep 60");
    bundle.id.push_str(end);
    t.create(&bundle)
}

fn running(t: &Trial<'_>, end: &str) -> Result<Created, Failure> {
    let created = created(t, end)?;
    t.call(&["start", &created.id]).succeed()?;
    Ok(created)
}

/// The ends of the ids that there are.
fn there(t: &Trial<'_>) -> Result<Vec<String>, Failure> {
    let ids = t.call(&["list", "--quiet"]).succeed()?.out;
    let ends = ids.lines().filter_map(|id| id.rsplit('-').next());
    let mut ends: Vec<String> = ends.map(str::to_owned).collect();
    ends.sort_unstable();
    Ok(ends)
}

fn delete_by_a_regex_takes_every_id_with_a_match_in_it(t: &Trial<'_>) -> Verdict {
    for end in ["-left", "-left2", "-right", "-lift"] {
        created(t, end)?;
    }
    let done = t.call(&["delete", "--regex", "left2?$"]).succeed()?;
    same("stderr", &done.err, "")?;
    same("stay", &there(t)?, vec!["lift", "right"])?;
    t.call(&["delete", "-r", "l.ft"]).succeed()?;
    same("stay", &there(t)?, vec!["right"])?;
    t.call(&["delete", "-r", "^[[:alpha:]]+-.*-(right|wrong)$"]).succeed()?;
    same("stay", &there(t)?, Vec::<String>::new())
}

fn what_a_regex_matches_and_cannot_be_deleted_is_told(t: &Trial<'_>) -> Verdict {
    let id = running(t, "-b1")?.id;
    created(t, "-b2")?;
    created(t, "-b0")?;
    let done = t.call(&["delete", "--regex", "b[0-9]$"]).finish()?;
    same("exit status", &done.code, 0)?;
    ensure(done.err.contains(&id), || done.err.clone())?;
    same("lines", &done.err.lines().count(), 1)?;
    same("stay", &there(t)?, vec!["b1"])
}

fn delete_by_force_and_a_regex_takes_what_runs(t: &Trial<'_>) -> Verdict {
    running(t, "-b1")?;
    created(t, "-b2")?;
    running(t, "-c1")?;
    t.call(&["delete", "--force", "--regex", "b[0-9]$"]).succeed()?;
    same("stay", &there(t)?, vec!["c1"])
}

fn kill_by_a_regex_reaches_every_id_with_a_match_in_it(t: &Trial<'_>) -> Verdict {
    let (one, two, other) = (running(t, "-b1")?.id, running(t, "-b2")?.id, running(t, "-c1")?.id);
    let pids = [t.pid(&one)?, t.pid(&two)?];
    let done = t.call(&["kill", "--regex", "b[0-9]$", "KILL"]).succeed()?;
    same("stderr", &done.err, "")?;
    for pid in pids {
        same("exit status", &t.exit_of(pid)?, 137)?;
    }
    same("status", &t.status(&other)?, "running")?;
    // Those that have ended are told of, and the others reached.
    let pid = t.pid(&other)?;
    let done = t.call(&["kill", "--regex", "[bc][12]$", "KILL"]).finish()?;
    same("exit status", &done.code, 0)?;
    same("lines", &done.err.lines().count(), 2)?;
    same("exit status", &t.exit_of(pid)?, 137)?;
    t.call(&["kill", "--all", "--regex", "[bc][12]$", "KILL"])
        .succeed()
        .map(drop)
}

fn regex_that_nothing_matches_is_no_error(t: &Trial<'_>) -> Verdict {
    created(t, "-b1")?;
    for words in [
        &["delete", "--regex", "nobody"][..],
        &["kill", "--regex", "nobody", "KILL"],
    ] {
        let done = t.call(words).succeed()?;
        same("stderr", &done.err, "")?;
    }
    same("stay", &there(t)?, vec!["b1"])
}

fn regex_that_is_none_is_refused(t: &Trial<'_>) -> Verdict {
    created(t, "-b1")?;
    for verb in ["delete", "kill"] {
        for regex in ["(", "[a", "*", ""] {
            let done = t.call(&[verb, "--regex", regex]).finish()?;
            same(&format!("{verb} {regex:?}"), &done.code, 1)?;
        }
    }
    let done = t.call(&["kill", "--regex", "b", "FROB"]).finish()?;
    same("unknown signal", &done.code, 1)?;
    same("stay", &there(t)?, vec!["b1"])
}

fn warnings_about_a_regexs_containers_go_to_the_log(t: &Trial<'_>) -> Verdict {
    let id = running(t, "-b1")?.id;
    let log = t.dir.join("log").to_string_lossy().into_owned();
    let done = t
        .call(&["delete", "--regex", "b1"])
        .global(&["--log", &log, "--log-format", "json"])
        .succeed()?;
    same("stderr", &done.err, "")?;
    let record: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(log)?).unwrap_or_default();
    same("level", &record["level"], "warning")?;
    let said = record["msg"].as_str().unwrap_or_default();
    ensure(said.contains(&id) && said.contains("running"), || said.to_owned())
}
