//! Restart policies, and what becomes of containers while the daemon is away.

use std::thread;
use std::time::Duration;

use crate::engines::call::Call;
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::place::sleep;
use crate::engines::service::Service;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    long a_container_that_always_restarts_comes_back,
    long a_success_is_no_reason_to_restart_on_failure,
    long a_restart_policy_is_updated,
    long an_end_while_the_daemon_is_away_is_noticed,
    long output_while_the_daemon_is_away_is_logged,
    long restart_policies_hold_when_the_daemon_comes_back,
];

fn a_container_that_always_restarts_comes_back(cli: &Cli) -> Verdict {
    let script = "echo turn; sleep 0.5; test -e /end && sleep 1000; exit 0";
    let container = cli.background(&["--restart", "always"], &["sh", "-c", script])?;
    container.logs("turn\nturn\n")?;
    // The root is kept from turn to turn.
    in_time("exec", 10, || {
        let outcome = container.exec(&[], &["touch", "/end"]).finish()?;
        Ok((outcome.code == 0, outcome.to_string()))
    })?;
    let pid = in_time_running(cli, &container.id)?;
    // Whoever stops or kills it wants it to stay so.
    Call::new("kill").args(["-KILL", &pid]).succeed()?;
    in_time("no new process", 15, || {
        let seen = container.inspect("{{.State.Status}} {{.State.Pid}}")?;
        Ok((
            seen.starts_with("running ") && !seen.ends_with(&format!(" {pid}")),
            seen,
        ))
    })?;
    container.call(&["kill"]).succeed()?;
    container.comes_to("{{.State.Status}}", "exited")?;
    thread::sleep(Duration::from_millis(500));
    container.shows("{{.State.Status}}", "exited")
}

/// The process of a container once it has the file that keeps it running.
fn in_time_running(cli: &Cli, id: &str) -> Result<String, Failure> {
    let mut pid = String::new();
    let words = ["inspect", "--format", "{{.State.Status}} {{.State.Pid}}", id];
    in_time("not running for long", 15, || {
        let first = cli.call(&words).succeed()?.out;
        thread::sleep(Duration::from_millis(1200));
        let second = cli.call(&words).succeed()?.out;
        pid = second.trim().trim_start_matches("running ").to_owned();
        Ok((first == second && second.starts_with("running "), second))
    })?;
    Ok(pid)
}

fn a_success_is_no_reason_to_restart_on_failure(cli: &Cli) -> Verdict {
    let container = cli.background(&["--restart", "on-failure"], &["sh", "-c", "echo turn; exit 0"])?;
    container.ended_with("0")?;
    thread::sleep(Duration::from_millis(300));
    container.shows("{{.State.Status}} {{.RestartCount}}", "exited 0")
}

fn a_restart_policy_is_updated(cli: &Cli) -> Verdict {
    let script = format!("echo turn; {}; exit 3", sleep(0.5));
    let container = cli.background(&[], &["sh", "-c", &script])?;
    cli.call(&["update", "--restart", "on-failure:1", &container.id])
        .succeed()?;
    container.logs("turn\nturn\n")?;
    container.comes_to("{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}", "exited 3 1")
}

/// A daemon that the harness can end for a while.
fn away(cli: &Cli, meanwhile: impl FnOnce() -> Verdict) -> Verdict {
    if matches!(cli.service, Service::None) {
        return Err(Failure::Skip("the engine has no daemon".to_owned()));
    }
    cli.service.stop()?;
    let done = meanwhile();
    cli.service.restart(&cli.call(&["version"]))?;
    done
}

fn an_end_while_the_daemon_is_away_is_noticed(cli: &Cli) -> Verdict {
    let script = format!("{}; exit 9", sleep(1.0));
    let container = cli.background(&[], &["sh", "-c", &script])?;
    let removed = cli.background(&["--rm"], &["sh", "-c", &script])?;
    away(cli, || Call::new("sh").args(["-c", &sleep(1.5)]).succeed().map(drop))?;
    container.comes_to("{{.State.Status}} {{.State.ExitCode}}", "exited 9")?;
    in_time("--rm", 15, || {
        let outcome = removed.call(&["inspect"]).finish()?;
        Ok((outcome.code == 1, outcome.to_string()))
    })?;
    container.call(&["start"]).succeed()?;
    container.ended_with("9")
}

fn output_while_the_daemon_is_away_is_logged(cli: &Cli) -> Verdict {
    let turn = sleep(0.1);
    let script = format!("n=0; while [ $n -lt 15 ]; do echo turn $n; n=$((n+1)); {turn}; done; sleep 1000");
    let container = cli.background(&["--network", "none"], &["sh", "-c", &script])?;
    away(cli, || Call::new("sh").args(["-c", &sleep(1.8)]).succeed().map(drop))?;
    let all: String = (0..15).map(|turn| format!("turn {turn}\n")).collect();
    container.logs(&all)?;
    container.exec(&[], &["echo", "aye"]).says("aye\n")?;
    container.exec(&["-i"], &["cat"]).stdin("one\n").says("one\n")?;
    container.call(&["restart", "--time", "0"]).succeed()?;
    container.shows("{{.State.Status}}", "running")
}

fn restart_policies_hold_when_the_daemon_comes_back(cli: &Cli) -> Verdict {
    let sleeper = ["sleep", "1000"];
    let always = cli.background(&["--restart", "always"], &sleeper)?;
    let unless = cli.background(&["--restart", "unless-stopped"], &sleeper)?;
    let never = cli.background(&[], &sleeper)?;
    let all = [&always.id, &unless.id, &never.id];
    cli.call(&["stop", "--time", "0"]).args(all).succeed()?;
    away(cli, || Ok(()))?;
    always.comes_to("{{.State.Status}}", "running")?;
    unless.shows("{{.State.Status}}", "exited")?;
    never.shows("{{.State.Status}}", "exited")?;
    always.exec(&[], &["echo", "aye"]).says("aye\n")
}
