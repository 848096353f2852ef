//! What follows a container from outside: logs, events, attached clients, statistics.

use std::thread;
use std::time::Duration;

use crate::engines::call::reads;
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::place::sleep;
use crate::engines::waiting::in_time;
use crate::failure::{Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    short logs_follow_until_the_end,
    long logs_are_cut_by_count_and_time,
    long events_tell_the_whole_life,
    long attach_reads_writes_and_returns_the_exit_code,
    long keys_detach_from_a_terminal,
    long top_takes_the_options_of_ps,
    long statistics_of_all_in_one_format,
];

fn logs_follow_until_the_end(cli: &Cli) -> Verdict {
    let script = "for n in 1 2 3; do echo turn $n; echo err $n >&2; sleep 0.2; done; exit 3";
    let container = cli.background(&[], &["sh", "-c", script])?;
    let followed = container.call(&["logs", "--follow"]).succeed()?;
    reads("stdout", &followed.out, "turn 1\nturn 2\nturn 3\n")?;
    reads("stderr", &followed.err, "err 1\nerr 2\nerr 3\n")?;
    container.ended_with("3")?;
    // Without newline at the end, and longer than a buffer.
    let long = cli.background(&[], &["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x"])?;
    long.ended_with("0")?;
    let outcome = long.call(&["logs"]).succeed()?;
    ensure(outcome.out == "x".repeat(100_000), || {
        format!("{} of 100000 bytes", outcome.out.len())
    })
}

fn logs_are_cut_by_count_and_time(cli: &Cli) -> Verdict {
    let script = "echo one; echo two; echo three; sleep 1.5; echo four";
    let container = cli.background(&[], &["sh", "-c", script])?;
    container.ended_with("0")?;
    container.call(&["logs", "--tail", "2"]).says("three\nfour\n")?;
    container.call(&["logs", "--tail", "0"]).says("")?;
    let stamped = container.call(&["logs", "--timestamps"]).succeed()?.out;
    let last = stamped.lines().last().and_then(|line| line.strip_suffix(" four"));
    let since = last.unwrap_or_default();
    ensure(since.ends_with('Z') && since.contains('T'), || stamped.clone())?;
    container.call(&["logs", "--since", since]).says("four\n")?;
    container.call(&["logs", "--until", since]).mentions("three")
}

/// A container's life in events, once it runs.
const LIFE: [&str; 12] = [
    "pause",
    "unpause",
    "exec_create: true",
    "exec_start: true",
    "exec_die",
    "rename",
    "kill",
    "kill",
    "die",
    "start",
    "die",
    "destroy",
];

fn events_tell_the_whole_life(cli: &Cli) -> Verdict {
    let script = "test -e /turn && exit 4; touch /turn; trap '' USR1; while :; do sleep 0.1; done";
    let mut options = vec!["--label", "fleet=events", "--name", "storied", "--network", "none"];
    options.extend(["--stop-timeout", "0"]);
    let container = cli.background(&options, &["sh", "-c", script])?;
    in_time("/turn", 10, || {
        let outcome = container.exec(&[], &["test", "-e", "/turn"]).finish()?;
        Ok((outcome.code == 0, outcome.to_string()))
    })?;
    let since = cli.call(&["info", "--format", "{{.SystemTime}}"]).succeed()?.out;
    let follow = cli
        .call(&["events", "--filter", "label=fleet=events", "--since", since.trim()])
        .args([
            "--format",
            "{{.Action}} {{.Actor.Attributes.exitCode}} {{.Actor.Attributes.signal}}",
        ])
        .seconds(20)
        .start()?;
    for words in [&["pause"][..], &["unpause"]] {
        container.call(words).succeed()?;
    }
    container.exec(&[], &["true"]).succeed()?;
    cli.call(&["rename", "storied", "fabled"]).succeed()?;
    container.call(&["kill", "--signal", "USR1"]).succeed()?;
    container.call(&["stop"]).succeed()?;
    container.call(&["start"]).succeed()?;
    container.ended_with("4")?;
    container.call(&["rm"]).succeed()?;
    thread::sleep(Duration::from_millis(300));
    follow.signal("INT")?;
    let told = follow.finish()?.out;
    let seen: Vec<&str> = told
        .lines()
        .map(|line| line.split(" <no value>").next().unwrap_or(line))
        .collect();
    let mut rest = seen.iter();
    for wanted in LIFE {
        ensure(rest.any(|event| event.starts_with(wanted)), || {
            format!("no {wanted:?} in its place: {told}")
        })?;
    }
    // Whether it has stopped or died first is not always told in one order.
    let first = |wanted: &str| seen.iter().position(|event| event.starts_with(wanted));
    let killed = seen.iter().rposition(|event| event.starts_with("kill"));
    let stopped = first("stop");
    ensure(killed < stopped && stopped < first("start"), || {
        format!("no \"stop\" in its place: {told}")
    })?;
    for wanted in ["exec_die 0", "kill <no value> 10", "die 4"] {
        ensure(told.lines().any(|line| line.starts_with(wanted)), || {
            format!("no {wanted:?}: {told}")
        })?;
    }
    Ok(())
}

fn attach_reads_writes_and_returns_the_exit_code(cli: &Cli) -> Verdict {
    let script = "while read line; do echo \"<$line>\"; test \"$line\" = end && exit 12; done";
    let container = cli.background(&["-i"], &["sh", "-c", script])?;
    let attach = container.call(&["attach"]).stdin_stays();
    let outcome = attach.stdin("one\nend\n").finish()?;
    outcome.ended_with(12)?;
    reads("attached", &outcome.out, "<one>\n<end>\n")?;
    // The end of what the first client reads is the end of what the container reads.
    let streams = ["stdin", "stdout", "stderr"].map(|stream| format!("--attach={stream}"));
    let options: Vec<&str> = streams.iter().map(String::as_str).chain(["-i"]).collect();
    let container = cli.created(&options, &["sh", "-c", script])?;
    let start = container.call(&["start", "--attach", "--interactive"]);
    let outcome = start.stdin("one\ntwo\n").finish()?;
    outcome.ended_with(1)?;
    reads("started", &outcome.out, "<one>\n<two>\n")?;
    // Several at once, of which none writes.
    let script = format!("{}; echo all; sleep 0.3; exit 13", sleep(1.0));
    let container = cli.background(&[], &["sh", "-c", &script])?;
    let clients = [(); 3].map(|()| container.call(&["attach", "--no-stdin"]).start());
    for client in clients {
        let outcome = client?.finish()?;
        outcome.ended_with(13)?;
        reads("stdout", &outcome.out, "all\n")?;
    }
    Ok(())
}

fn keys_detach_from_a_terminal(cli: &Cli) -> Verdict {
    let container = cli.background(&["-it"], &["sh"])?;
    let detach = ["attach", "--detach-keys", "ctrl-a,d"];
    let attach = container.call(&detach).on_a_terminal().stdin_stays();
    let mut attached = attach.stdin("echo $((6 * 7))\n").start()?;
    container.logs("42")?;
    // docker drops what it has read together with the keys.
    attached.types("\u{1}d")?;
    attached.finish()?;
    container.shows("{{.State.Status}}", "running")?;
    // It takes what the next client types.
    let outcome = container
        .call(&["attach"])
        .on_a_terminal()
        .stdin("exit 14\n")
        .finish()?;
    outcome.ended_with(14)
}

fn top_takes_the_options_of_ps(cli: &Cli) -> Verdict {
    let container = cli.background(&["--user", "1000"], &["sh", "-c", "sleep 1234 & sleep 4321; true"])?;
    let pid = container.inspect("{{.State.Pid}}")?;
    in_time("top", 5, || {
        let outcome = container.call(&["top"]).args(["-o", "pid,uid,args"]).finish()?;
        let lines: Vec<&str> = outcome.out.lines().collect();
        let has = |word: &str| lines.iter().any(|line| line.contains(word) && line.contains("1000"));
        let first = lines.get(1).is_some_and(|line| line.starts_with(&pid));
        let all = lines.len() == 4 && has("sleep 1234") && has("sleep 4321") && first;
        Ok((all, outcome.to_string()))
    })
}

fn statistics_of_all_in_one_format(cli: &Cli) -> Verdict {
    let first = cli.background(&["--name", "counted-1", "--memory", "64m"], &["sleep", "1000"])?;
    let second = cli.background(
        &["--name", "counted-2", "--memory", "32m"],
        &["sh", "-c", "while :; do :; done"],
    )?;
    let format = [
        "stats",
        "--no-stream",
        "--format",
        "{{.Name}} {{.PIDs}} {{.MemUsage}} {{.CPUPerc}}",
    ];
    let outcome = cli.call(&format).args([&first.id, &second.id]).succeed()?;
    let line = |name: &str| {
        let line = outcome.out.lines().find(|line| line.starts_with(name));
        line.unwrap_or_default().to_owned()
    };
    let (idle, busy) = (line("counted-1"), line("counted-2"));
    ensure(idle.contains(" 1 ") && idle.contains("/ 64MiB"), || outcome.to_string())?;
    ensure(busy.contains("/ 32MiB"), || outcome.to_string())?;
    let share = busy
        .rsplit(' ')
        .next()
        .and_then(|share| share.trim_end_matches('%').parse::<f64>().ok());
    ensure(share.is_some_and(|share| share > 5.0), || {
        format!("a busy loop: {busy:?}")
    })
}
