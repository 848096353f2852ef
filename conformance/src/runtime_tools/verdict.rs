//! Whether a test program's file is well, and if not, why.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use super::excerpt::{Tail, cut};
use super::program::End;
use super::tap::Results;
use crate::ending::Ending;

/// Characters of a text within a line.
const WIDTH: usize = 120;

/// Judges by how the program ended, what it said, and what it wrote to stderr.
pub(super) fn judge(results: &Results, end: End, limit: Duration, stderr: &Tail) -> Ending {
    let mut wrong: Vec<String> = Vec::new();
    if results.not_ok > 0 {
        let total = results.plan.unwrap_or(0).max(results.count());
        let first = results.failing.first().map_or("", |test| test.text.as_str());
        let first = if first.is_empty() { "(no text)" } else { first };
        wrong.push(format!("{} of {total}: {}", results.not_ok, short(first)));
    }
    match end {
        End::Exited(status) => wrong.extend(bad_status(status, results, stderr)),
        End::Late => wrong.push(format!(
            "time limit of {} s, after {}",
            limit.as_secs_f64(),
            number_of(results.count())
        )),
        End::Flooded => wrong.push(format!("writes without end, after {}", number_of(results.count()))),
        End::Interrupted => wrong.push("interrupted".into()),
    }
    match &results.bail_out {
        Some(reason) if reason.is_empty() => wrong.push("bailed out".into()),
        Some(reason) => wrong.push(format!("bailed out: {}", short(reason))),
        // What a program that was stopped owes its plan says nothing.
        None if matches!(end, End::Exited(_)) => wrong.extend(bad_plan(results)),
        None => {}
    }
    if !wrong.is_empty() {
        return Ending::Failed(wrong.join("; "));
    }
    if results.skipped == results.count() {
        let reason = results.skip_reason.as_deref().filter(|reason| !reason.is_empty());
        return Ending::Skipped(short(reason.unwrap_or("no reason given")));
    }
    Ending::Passed
}

fn bad_status(status: ExitStatus, results: &Results, stderr: &Tail) -> Option<String> {
    let how = match (status.code(), status.signal()) {
        (Some(0), _) => return None,
        (Some(code), _) => format!("ended with status {code}"),
        (None, signal) => format!("killed by signal {}", signal.unwrap_or(0)),
    };
    match stderr.lines().last() {
        Some(said) if results.not_ok == 0 => Some(format!("{how}: {}", short(said))),
        _ => Some(how),
    }
}

fn bad_plan(results: &Results) -> Vec<String> {
    let count = results.count();
    let mut wrong = Vec::new();
    match results.plan {
        None if count == 0 => wrong.push("no TAP on stdout".into()),
        None => wrong.push(format!("no plan, after {}", number_of(count))),
        Some(plan) if plan != count => {
            wrong.push(format!("the plan is 1..{plan}, and there came {}", number_of(count)))
        }
        Some(plan) if results.highest > plan => {
            wrong.push(format!(
                "a result has the number {}, the plan is 1..{plan}",
                results.highest
            ));
        }
        Some(_) => {}
    }
    if let (Some(plan), Some(other)) = (results.plan, results.other_plan) {
        wrong.push(format!("two plans, 1..{plan} and 1..{other}"));
    }
    wrong
}

fn number_of(results: u64) -> String {
    if results == 1 {
        "1 result".into()
    } else {
        format!("{results} results")
    }
}

fn short(text: &str) -> String {
    cut(text.trim().chars(), WIDTH)
}

#[cfg(test)]
mod tests {
    use super::super::tap::Reader;
    use super::*;

    /// The judgement in words: what was printed, a wait status as the kernel gives it, and stderr.
    fn judged(text: &str, status: i32, stderr: &str) -> String {
        judged_at(text, End::Exited(ExitStatus::from_raw(status)), stderr)
    }

    fn judged_at(text: &str, end: End, stderr: &str) -> String {
        let mut reader = Reader::default();
        reader.feed(text.as_bytes());
        let mut tail = Tail::default();
        tail.feed(stderr.as_bytes());
        match judge(&reader.finish(), end, Duration::from_secs(5), &tail) {
            Ending::Passed => "passed".into(),
            Ending::Failed(why) => why,
            Ending::Skipped(why) => format!("skipped: {why}"),
            Ending::Deviation(..) | Ending::Surprise(_) => panic!("nothing is declared of the suite"),
        }
    }

    #[test]
    fn files_that_are_well() {
        assert_eq!(judged("1..2\nok 1\nok 2 # SKIP no disk\n", 0, "a warning"), "passed");
        assert_eq!(judged("ok 1\nnot ok 2 # TODO later\n1..2\n", 0, ""), "passed");
        assert_eq!(judged("1..0 # SKIP no apparmor\n", 0, ""), "skipped: no apparmor");
        assert_eq!(
            judged("TAP version 13\n1..1\nok 1 # SKIP no selinux\n", 0, ""),
            "skipped: no selinux"
        );
        assert_eq!(judged("1..0\n", 0, ""), "skipped: no reason given");
    }

    #[test]
    fn failing_tests_come_first() {
        assert_eq!(judged("1..2\nok 1\nnot ok 2 - b\n", 0, ""), "1 of 2: b");
        assert_eq!(
            judged("1..4\nnot ok 1 - a\nnot ok 2 - b\n", 0x100, "exit status 1"),
            "2 of 4: a; ended with status 1; the plan is 1..4, and there came 2 results"
        );
        assert_eq!(judged("1..1\nnot ok 1\n", 0, ""), "1 of 1: (no text)");
    }

    #[test]
    fn a_bad_end_is_a_failure_whatever_was_said() {
        assert_eq!(judged("1..1\nok 1\n", 0x300, ""), "ended with status 3");
        assert_eq!(judged("1..1\nok 1\n", 11, ""), "killed by signal 11");
        assert_eq!(
            judged("", 0x100, "one\nno such container\n"),
            "ended with status 1: no such container; no TAP on stdout"
        );
        assert_eq!(judged("1..0 # SKIP not here\n", 0x100, ""), "ended with status 1");
        assert_eq!(
            judged_at("1..3\nok 1\n", End::Late, ""),
            "time limit of 5 s, after 1 result"
        );
        assert_eq!(judged_at("", End::Flooded, ""), "writes without end, after 0 results");
    }

    #[test]
    fn a_bad_plan_is_a_failure() {
        assert_eq!(judged("", 0, ""), "no TAP on stdout");
        assert_eq!(judged("ok 1\n", 0, ""), "no plan, after 1 result");
        assert_eq!(
            judged("1..3\nok 1\n", 0, ""),
            "the plan is 1..3, and there came 1 result"
        );
        assert_eq!(
            judged("1..0\nok 1\n", 0, ""),
            "the plan is 1..0, and there came 1 result"
        );
        assert_eq!(
            judged("1..1\nok 2\n", 0, ""),
            "a result has the number 2, the plan is 1..1"
        );
        assert_eq!(judged("1..1\nok 1\n1..2\n", 0, ""), "two plans, 1..1 and 1..2");
        assert_eq!(
            judged("1..9\nok 1\nBail out! no space\n", 0, ""),
            "bailed out: no space"
        );
    }
}
