//! What goes into a container and comes out of it: logs, commands in it, and terminals.

use std::fs;

use serde_json::json;

use super::{Cri, with_sleeper};
use crate::engines::call::reads;
use crate::engines::check::{Check, checks};
use crate::engines::waiting::in_time;
use crate::failure::{Verdict, ensure, same, wrong};

pub(super) const CHECKS: &[Check<Cri>] = checks![
    long the_log_tells_streams_and_parts_of_lines,
    long a_log_that_was_moved_is_begun_anew,
    short a_command_in_a_container_has_output_and_exit_code needs "exec",
    long a_command_that_takes_too_long_is_ended needs "exec",
    long commands_run_in_a_container_at_the_same_time needs "exec",
    long a_command_is_fed_and_heard needs "exec",
    long a_command_has_a_terminal_of_the_size_asked_for needs "exec",
    long a_containers_terminal_is_attached,
    long a_containers_input_is_attached,
];

fn the_log_tells_streams_and_parts_of_lines(cri: &Cri) -> Verdict {
    let pod = cri.pod("log", |_| ())?;
    let script =
        "echo out; echo err >&2; sleep 0.3; printf unfinished; sleep 0.3; echo; head -c 20000 /dev/zero | tr '\\0' x";
    let container = pod.run("one", &["sh", "-c", script], |_| ())?;
    container.ended()?;
    let lines = container.log_lines()?;
    let has = |stream: &str, is_full: bool, text: &str| {
        lines
            .iter()
            .any(|line| line == &(stream.to_owned(), is_full, text.to_owned()))
    };
    ensure(
        has("stdout", true, "out") && has("stderr", true, "err") && has("stdout", true, "unfinished"),
        || format!("{:?}", lines.iter().take(4).collect::<Vec<_>>()),
    )?;
    // A line has 16 KiB at most, and what has no newline at the end is a part.
    let parts: Vec<(bool, usize)> = lines
        .iter()
        .filter(|line| line.2.starts_with("xx"))
        .map(|l| (l.1, l.2.len()))
        .collect();
    let total: usize = parts.iter().map(|part| part.1).sum();
    ensure(
        total == 20_000 && parts.len() >= 2 && parts.iter().all(|part| !part.0 || part.1 < 16_384),
        || format!("{parts:?}"),
    )?;
    pod.remove()
}

fn a_log_that_was_moved_is_begun_anew(cri: &Cri) -> Verdict {
    let pod = cri.pod("moved", |_| ())?;
    let container = pod.run(
        "one",
        &["sh", "-c", "n=0; while :; do n=$((n + 1)); echo $n; sleep 0.1; done"],
        |_| (),
    )?;
    in_time("the first lines", 10, || {
        Ok((container.log_text()?.contains("2\n"), container.log.clone()))
    })?;
    let old = format!("{}.1", container.log);
    fs::rename(&container.log, &old)?;
    cri.client.call("ReopenContainerLog", &container.request())?;
    in_time("the new lines", 10, || {
        let text = container.log_text()?;
        Ok((text.lines().count() > 2, text))
    })?;
    let (old, new) = (fs::read_to_string(&old)?, container.log_text()?);
    let (last, first) = (old.split_whitespace().last(), new.lines().next());
    match (
        last.and_then(|n| n.parse::<u32>().ok()),
        first.and_then(|n| n.parse::<u32>().ok()),
    ) {
        (Some(last), Some(first)) if first == last + 1 => pod.remove(),
        numbers => wrong(format!("last of the old and first of the new log: {numbers:?}")),
    }
}

fn a_command_in_a_container_has_output_and_exit_code(cri: &Cri) -> Verdict {
    with_sleeper(cri, "commands", |_, sleeper| {
        let answer = sleeper.exec(&["sh", "-c", "echo out; echo err >&2; exit 9"])?;
        same(
            "answer",
            &answer,
            json!({"stdout": "out\n", "stderr": "err\n", "exit_code": 9}),
        )?;
        let answer = sleeper.exec(&["sh", "-c", "kill -KILL $$"])?;
        same("exit code", &answer["exit_code"], 137)?;
        let request = json!({"container_id": sleeper.id, "cmd": ["no-such-command"], "timeout": 10});
        let refusal = cri.client.refused("ExecSync", &request)?;
        ensure(refusal.contains("executable file not found"), || refusal)
    })
}

fn a_command_that_takes_too_long_is_ended(cri: &Cri) -> Verdict {
    with_sleeper(cri, "late", |_, sleeper| {
        let command = ["sh", "-c", "echo begun; sleep 1006"];
        let request = json!({"container_id": sleeper.id, "cmd": command, "timeout": 1});
        let refusal = cri.client.refused("ExecSync", &request)?;
        ensure(refusal.contains("timeout 1s exceeded"), || refusal)?;
        // The shell is ended; what it had started is the container's own affair, and goes with it.
        let seen = sleeper.says("ps -o args")?;
        ensure(!seen.contains("echo begun"), || seen)
    })
}

fn commands_run_in_a_container_at_the_same_time(cri: &Cri) -> Verdict {
    with_sleeper(cri, "crowd", |_, sleeper| {
        std::thread::scope(|scope| {
            let calls: Vec<_> = (0..8)
                .map(|number| scope.spawn(move || sleeper.says(&format!("sleep 0.5; echo {number}"))))
                .collect();
            for (number, call) in calls.into_iter().enumerate() {
                match call.join() {
                    Ok(said) => same("said", &said?, number.to_string())?,
                    Err(_) => return wrong("harness: a thread has panicked"),
                }
            }
            Ok(())
        })
    })
}

fn a_command_is_fed_and_heard(cri: &Cri) -> Verdict {
    with_sleeper(cri, "fed", |_, sleeper| {
        let script = "read line; echo heard $line; echo aside >&2; exit 4";
        let request = json!({
            "container_id": sleeper.id, "cmd": ["sh", "-c", script], "stdin": true, "stdout": true, "stderr": true,
        });
        let answer = cri.client.call("Exec", &request)?;
        let outcome = cri.client.stream(&answer, &[]).stdin("rope\n").succeed()?;
        reads("stdout", &outcome.out, "heard rope\n")?;
        outcome.said("aside\n")?;
        // How a kubelet hears of the exit code.
        outcome.said("\"ExitCode\",\"message\":\"4\"")
    })
}

fn a_command_has_a_terminal_of_the_size_asked_for(cri: &Cri) -> Verdict {
    with_sleeper(cri, "terminal", |_, sleeper| {
        let script =
            "tty; until [ \"$(stty size)\" = '33 99' ]; do sleep 0.1; done; stty size; read line; echo $line; exit 0";
        let request = json!({
            "container_id": sleeper.id, "cmd": ["sh", "-c", script], "stdin": true, "stdout": true, "tty": true,
        });
        let answer = cri.client.call("Exec", &request)?;
        let outcome = cri.client.stream(&answer, &["99", "33"]).stdin("rope\n").succeed()?;
        outcome.out_has("/dev/pts/")?;
        outcome.out_has("33 99\r\n")?;
        outcome
            .out_has("rope\r\nrope\r\n")
            .or_else(|_| outcome.out_has("rope\r\n"))?;
        outcome.said("\"status\":\"Success\"")
    })
}

fn a_containers_terminal_is_attached(cri: &Cri) -> Verdict {
    let pod = cri.pod("attached", |_| ())?;
    let script = "read line; tty; stty size; echo got $line; exit 6";
    let container = pod.run("one", &["sh", "-c", script], |config| {
        config["tty"] = true.into();
        config["stdin"] = true.into();
    })?;
    let request = json!({"container_id": container.id, "stdin": true, "stdout": true, "tty": true});
    let answer = cri.client.call("Attach", &request)?;
    let outcome = cri.client.stream(&answer, &["101", "31"]).stdin("rope\n").succeed()?;
    outcome.out_has("/dev/pts/0")?;
    outcome.out_has("got rope\r\n")?;
    same("exit code", &container.ended()?["exit_code"], 6)?;
    pod.remove()
}

fn a_containers_input_is_attached(cri: &Cri) -> Verdict {
    let pod = cri.pod("input", |_| ())?;
    let container = pod.run(
        "one",
        &["sh", "-c", "read line; echo got $line; echo aside >&2"],
        |config| {
            config["stdin"] = true.into();
            config["stdin_once"] = true.into();
        },
    )?;
    let request = json!({"container_id": container.id, "stdin": true, "stdout": true, "stderr": true});
    let answer = cri.client.call("Attach", &request)?;
    let outcome = cri.client.stream(&answer, &[]).stdin("rope\n").succeed()?;
    reads("stdout", &outcome.out, "got rope\n")?;
    outcome.said("aside")?;
    same("exit code", &container.ended()?["exit_code"], 0)?;
    pod.remove()
}
