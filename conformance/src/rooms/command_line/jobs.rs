//! Jobs of a shell at a terminal: `run` and `exec` in its background, stopped, and brought back to the foreground.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use super::interactive::{User, WAYS, at_terminal};
use crate::failure::{Failure, Verdict, ensure, wrong};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        job_in_the_background_leaves_the_terminal_alone_until_it_is_brought_back,
        (
            "runc",
            "1.1",
            "takes the signal that would stop it, and tries again for ever"
        ),
        ("crun", "1.8", "makes the shell's terminal raw")
    ),
    test!(
        job_that_was_stopped_takes_the_terminal_again_in_the_foreground_only,
        ("runc", "1.1", "leaves the terminal as the shell has it"),
        ("crun", "1.8", "leaves the terminal as the shell has it")
    ),
];

/// What is run at a terminal as a shell's job.
const ASKS: [&str; 3] = [
    "/bin/bash",
    "-c",
    "echo begins-$((40+2)); read line; echo got-$line; exit 7",
];

/// Waits until the job is stopped.
fn is_stopped(t: &Trial<'_>, job: Pid) -> Verdict {
    t.until("the job to be stopped", || {
        let status = fs::read_to_string(format!("/proc/{}/stat", job.as_raw_nonzero()))?;
        Ok(status.contains(") T "))
    })
}

/// The one child of the shell.
fn job_of(t: &Trial<'_>, user: &User<'_>) -> Result<Pid, Failure> {
    let Some(shell) = user.running.pid().map(Pid::as_raw_nonzero) else {
        return wrong("harness: no shell");
    };
    let mut job = None;
    t.until("a job", || {
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"))?;
        job = children.trim().parse().ok().and_then(Pid::from_raw);
        Ok(job.is_some())
    })?;
    job.map_or_else(|| wrong("harness: no job"), Ok)
}

fn job_in_the_background_leaves_the_terminal_alone_until_it_is_brought_back(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let script = "set -m; \"$0\" \"$@\" & read line; echo read-$line; fg; echo code-$?";
        let mut user = User::sits_down(at_terminal(t, way, &ASKS)?.script(script))?;
        is_stopped(t, job_of(t, &user)?)?;
        ensure(user.is_for_lines()?, || format!("{way}: the shell's terminal is raw"))?;
        user.types("one\n")?;
        user.waits_for(t, "read-one")?;
        user.waits_for(t, "begins-42")?;
        t.until("the terminal to be raw", || Ok(!user.is_for_lines()?))?;
        user.answers_the_job(t, way)?;
    }
    Ok(())
}

fn job_that_was_stopped_takes_the_terminal_again_in_the_foreground_only(t: &Trial<'_>) -> Verdict {
    for way in WAYS {
        let script = "set -m; modes=$(stty -g); \"$0\" \"$@\"; stty $modes; bg; echo bg-$((40+2)); \
                      read line; echo read-$line; fg; echo code-$?";
        let mut user = User::sits_down(at_terminal(t, way, &ASKS)?.script(script))?;
        user.waits_for(t, "begins-42")?;
        t.until("the terminal to be raw", || Ok(!user.is_for_lines()?))?;
        let job = job_of(t, &user)?;
        kill_process(job, Signal::STOP)?;
        user.waits_for(t, "bg-42")?;
        is_stopped(t, job)?;
        ensure(user.is_for_lines()?, || format!("{way}: the shell's terminal is raw"))?;
        user.types("one\n")?;
        user.waits_for(t, "read-one")?;
        t.until("the terminal to be raw again", || Ok(!user.is_for_lines()?))?;
        user.answers_the_job(t, way)?;
    }
    Ok(())
}
