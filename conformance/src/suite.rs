//! Runs the tests on each runtime and checks the host after each.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::time::{Duration, Instant};

use crate::ending::{Ending, Entry};
use crate::failure::{Failure, Verdict};
use crate::ground::Ground;
use crate::host::{Host, put_back_cgroups, settle, tidy};
use crate::rooms::Placed;
use crate::runtime::Runtime;
use crate::sentence::Test;
use crate::setting::Setting;
use crate::trial::Trial;

/// What to run and how.
pub(crate) struct Choice {
    /// The runtimes, in order.
    pub(crate) runtimes: Vec<Runtime>,
    /// Older binaries of them, whose containers they are to take over.
    pub(crate) older: Vec<Runtime>,
    /// The tests, each with its room.
    pub(crate) tests: Vec<Placed>,
    /// Longest time for one test.
    pub(crate) limit: Duration,
    /// Keep the folders of tests that failed.
    pub(crate) keep: bool,
}

/// Runs the chosen tests, telling each ending as it comes.
///
/// # Errors
/// Where the harness itself cannot work on this host.
pub(crate) fn run(choice: &Choice, mut tell: impl FnMut(&Entry)) -> io::Result<Vec<Entry>> {
    if cfg!(panic = "abort") {
        say_that_a_panic_ends_the_run();
    }
    let ground = Ground::take()?;
    let mut entries = Vec::new();
    let mut number = 0;
    let bring = |runtimes: &[Runtime]| {
        runtimes
            .iter()
            .map(|it| ground.bring(it))
            .collect::<io::Result<Vec<_>>>()
    };
    let older = bring(&choice.older)?;
    for runtime in &bring(&choice.runtimes)? {
        let hidden = runtime.refuses_hybrid() && ground.hide_unified()?;
        ground.make_cgroups()?;
        for &(room, test) in &choice.tests {
            number += 1;
            let entry = run_one(&ground, (runtime, &older), (room, test), number, choice)?;
            tell(&entry);
            entries.push(entry);
        }
        if hidden {
            ground.show_unified()?;
        }
    }
    Ok(entries)
}

fn run_one(
    ground: &Ground,
    (runtime, older): (&Runtime, &[Runtime]),
    (room, test): (&'static str, &'static Test),
    number: usize,
    choice: &Choice,
) -> io::Result<Entry> {
    let dir = ground.dir.join(number.to_string());
    let setting = Setting::new(runtime, older, dir.clone(), choice.limit)?;
    let trial = Trial::new(setting, number, &ground.tag, &ground.probe);
    let before = Host::look(&ground.tag, &trial.root)?;
    let started = Instant::now();
    let outcome = outcome(|| (test.run)(&trial));
    let time = started.elapsed();
    // Containers that cannot be deleted fail a test that held.
    let outcome = match (outcome, clear_containers(&trial)) {
        (Outcome::Returned(verdict), cleared) => Outcome::Returned(verdict.and(cleared)),
        (panicked, _) => panicked,
    };
    if runtime.changes_the_hosts_cgroups() {
        put_back_cgroups(&Host::look(&ground.tag, &trial.root)?, &before);
    }
    let leftovers = settle(&ground.tag, &trial.root, &before)?;
    let clean = leftovers.is_empty() || tidy(&ground.tag_of_tests(), &before, &trial.root);
    if !clean {
        return Err(io::Error::other(format!(
            "{}: mounts remain that cannot be removed",
            test.name
        )));
    }
    let known = test
        .known
        .iter()
        .find(|(name, start, _)| *name == runtime.name && runtime.version.starts_with(start))
        .map(|(.., why)| *why);
    let ending = ending(outcome, &leftovers, known);
    if !(choice.keep && matches!(ending, Ending::Failed(_) | Ending::Deviation(..))) {
        let _ = fs::remove_dir_all(&dir);
    }
    Ok(Entry {
        runtime: runtime.title(),
        room,
        name: test.name,
        ending,
        time,
        notes: trial.notes(),
    })
}

/// How a test came back.
enum Outcome {
    Returned(Verdict),
    /// It did not: the panic's message.
    Panicked(String),
}

/// Runs a test. One that panics is unwound like any other that fails: its guards clean up, and the run goes on.
fn outcome(test: impl FnOnce() -> Verdict) -> Outcome {
    match catch_unwind(AssertUnwindSafe(test)) {
        Ok(verdict) => Outcome::Returned(verdict),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or(panic.downcast_ref::<&str>().copied());
            Outcome::Panicked(text.unwrap_or("without a message").to_owned())
        }
    }
}

/// In a build that cannot unwind, the last words of a run tell how to build one that can.
fn say_that_a_panic_ends_the_run() {
    let usual = take_hook();
    set_hook(Box::new(move |panic| {
        usual(panic);
        eprintln!(
            "conformance: the run ends at this panic; built with `--profile harness`, it goes on and counts a failure"
        );
    }));
}

/// What becomes of an outcome with what was left on the host. No declaration covers a panic: it says nothing about
/// the runtime.
fn ending(outcome: Outcome, leftovers: &[String], known: Option<&'static str>) -> Ending {
    let left = |text: String| [&[text], leftovers].concat().join("; ");
    let verdict = match outcome {
        Outcome::Panicked(text) => return Ending::Failed(left(format!("the test panicked: {text}"))),
        Outcome::Returned(Ok(())) if !leftovers.is_empty() => Err(Failure::Wrong(leftovers.join("; "))),
        Outcome::Returned(Err(Failure::Wrong(text))) => Err(Failure::Wrong(left(text))),
        Outcome::Returned(verdict) => verdict,
    };
    match (verdict, known) {
        (Ok(()), None) => Ending::Passed,
        (Ok(()), Some(why)) => Ending::Surprise(why),
        (Err(Failure::Wrong(seen)), None) => Ending::Failed(seen),
        (Err(Failure::Wrong(seen)), Some(why)) => Ending::Deviation(why, seen),
        (Err(Failure::Skip(why)), _) => Ending::Skipped(why),
    }
}

/// Deletes the containers that a test left, which must work for each that was made.
fn clear_containers(trial: &Trial<'_>) -> Verdict {
    for id in trial.live() {
        if trial.root.join(&id).exists() {
            trial.call(&["delete", "--force", &id]).succeed()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::wrong;

    #[test]
    fn test_that_panics_has_failed_with_the_panics_message() {
        let nothing: &[u32] = &[];
        let index = nothing.len();
        let Ending::Failed(seen) = ending(outcome(|| wrong(nothing[index].to_string())), &[], None) else {
            panic!("it has not failed");
        };
        assert!(seen.contains("panicked: index out of bounds"), "{seen}");
    }

    #[test]
    fn panic_is_no_declared_deviation() {
        let left = ["a mount is left".to_owned()];
        let Ending::Failed(seen) = ending(outcome(|| panic!("on purpose")), &left, Some("too old")) else {
            panic!("it has not failed");
        };
        assert_eq!(seen, "the test panicked: on purpose; a mount is left");
    }

    #[test]
    fn leftovers_fail_a_test_that_held() {
        let left = ["a mount is left".to_owned()];
        assert!(matches!(ending(outcome(|| Ok(())), &left, None), Ending::Failed(seen) if seen == left[0]));
        assert!(matches!(ending(outcome(|| Ok(())), &[], None), Ending::Passed));
        assert!(matches!(
            ending(outcome(|| wrong("seen")), &[], Some("why")),
            Ending::Deviation("why", _)
        ));
    }
}
