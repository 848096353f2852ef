//! The life of podman's containers: what is not docker's, or is done by conmon.

use std::fs;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::place::sleep;
use crate::engines::podman::configuration;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure, wrong};

pub(super) const CHECKS: &[Check<Cli>] = checks![
    long a_container_is_made_without_being_started,
    long a_container_is_waited_for,
    long a_container_is_attached_to,
    long a_containers_input_is_attached,
    long a_health_check_is_run needs "exec",
    long usage_is_told needs "resources",
    long a_container_is_renamed_restarted_and_removed,
    long a_failing_container_is_started_again,
    long a_container_that_takes_too_long_is_ended,
    long output_goes_straight_through,
    long logs_are_followed_and_have_an_end,
    long events_tell_the_life_of_a_container,
    long a_container_without_cgroups,
    long a_command_runs_in_the_background needs "exec",
    long descriptors_are_kept_for_run_and_exec needs "exec",
    long a_privileged_command_has_all_capabilities needs "exec",
    long many_commands_at_once_leave_nothing needs "exec",
    long users_are_mapped_automatically needs "userns",
    long the_caller_keeps_its_id needs "userns",
    long two_containers_share_a_user_namespace needs "userns",
];

fn a_container_is_made_without_being_started(cli: &Cli) -> Verdict {
    cli.call(&["create", "--name", "early", cli.image, "sleep", "1001"])
        .succeed()?;
    let state = || {
        let inspect = ["inspect", "--format", "{{.State.Status}}", "early"];
        Ok::<_, Failure>(cli.call(&inspect).succeed()?.out.trim().to_owned())
    };
    let verdict = (|| {
        reads("state", &state()?, "created")?;
        // The runtime's create, and no start.
        cli.call(&["init", "early"]).succeed()?;
        reads("state", &state()?, "initialized")?;
        let running = Call::new("pgrep").args(["-x", "-f", "sleep 1001"]).finish()?;
        running.ended_with(1)?;
        cli.call(&["start", "early"]).succeed()?;
        reads("state", &state()?, "running")
    })();
    cli.call(&["rm", "--force", "--time", "0", "early"]).succeed()?;
    verdict?;
    // One that is removed before it was started.
    cli.call(&["create", "--name", "early", cli.image, "sleep", "1001"])
        .succeed()?;
    cli.call(&["init", "early"]).succeed()?;
    cli.call(&["rm", "--force", "early"]).succeed().map(drop)
}

fn a_container_is_waited_for(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sh", "-c", &format!("{}; exit 9", sleep(1.0))])?;
    container.call(&["wait", "--condition", "running"]).succeed()?;
    container.call(&["wait"]).says("9\n")?;
    container
        .call(&["wait", "--condition", "stopped", "--condition", "exited"])
        .says("9\n")
}

fn a_container_is_attached_to(cli: &Cli) -> Verdict {
    let script = format!("{}; echo out; echo err >&2; exit 8", sleep(1.5));
    let container = cli.background(&[], &["sh", "-c", &script])?;
    let outcome = container.call(&["attach"]).finish()?;
    container.call(&["wait"]).says("8\n")?;
    outcome.out_has("out\n")?;
    outcome.said("err\n")
}

fn a_containers_input_is_attached(cli: &Cli) -> Verdict {
    let container = cli.background(&["--interactive"], &["sh", "-c", "read line; echo got $line"])?;
    let outcome = container.call(&["attach"]).stdin("rope\n").finish()?;
    outcome.ended_with(0)?;
    outcome.out_has("got rope\n")
}

fn a_health_check_is_run(cli: &Cli) -> Verdict {
    // By hand: its interval is a timer of systemd's.
    let options = [
        "--health-cmd",
        "test ! -e /tmp/ill",
        "--health-interval",
        "disable",
        "--health-retries",
        "1",
    ];
    let container = cli.background(&options, &["sleep", "100"])?;
    let run = || container.call(&["healthcheck", "run"]).finish();
    run()?.ended_with(0)?;
    reads("health", &container.inspect("{{.State.Health.Status}}")?, "healthy")?;
    container.exec(&[], &["touch", "/tmp/ill"]).succeed()?;
    run()?.ended_with(1)?;
    reads("health", &container.inspect("{{.State.Health.Status}}")?, "unhealthy")
}

fn usage_is_told(cli: &Cli) -> Verdict {
    let container = cli.background(&["--memory", "64m"], &["sh", "-c", "while :; do sleep 0.05; done"])?;
    let outcome = container
        .call(&["stats", "--no-stream", "--format", "json"])
        .succeed()?;
    let Ok(stats) = serde_json::from_str::<serde_json::Value>(&outcome.out) else {
        return wrong(outcome.to_string());
    };
    let (memory, pids) = (stats[0]["mem_usage"].as_str(), stats[0]["pids"].as_str());
    let has_limit = cli.is_rootless || memory.is_some_and(|text| text.ends_with("67.11MB"));
    let has_processes = pids
        .and_then(|text| text.parse::<u32>().ok())
        .is_some_and(|count| count >= 1);
    ensure(has_limit && has_processes, || outcome.to_string())
}

fn a_container_is_renamed_restarted_and_removed(cli: &Cli) -> Verdict {
    let container = cli.background(&["--name", "before"], &["sleep", "100"])?;
    cli.call(&["rename", "before", "after"]).succeed()?;
    let first = container.inspect("{{.State.Pid}}")?;
    cli.call(&["restart", "--time", "0", "after"]).succeed()?;
    let second = container.inspect("{{.State.Pid}}")?;
    ensure(first != second && second != "0", || format!("{first}, then {second}"))?;
    cli.call(&["top", "after", "pid", "args"]).mentions("sleep 100")?;
    // Only with force.
    ensure(cli.call(&["rm", "after"]).finish()?.code != 0, || {
        "a running container was removed".to_owned()
    })
}

fn a_failing_container_is_started_again(cli: &Cli) -> Verdict {
    let container = cli.background(&["--restart", "on-failure:2"], &["sh", "-c", "echo tried; exit 3"])?;
    in_time("three tries", 20, || {
        let outcome = container.call(&["logs"]).succeed()?;
        let state = container.inspect("{{.State.Status}} {{.RestartCount}}")?;
        Ok((
            outcome.out == "tried\ntried\ntried\n" && state == "exited 2",
            format!("{outcome}, {state}"),
        ))
    })
}

fn a_container_that_takes_too_long_is_ended(cli: &Cli) -> Verdict {
    let outcome = cli.run(&["--timeout", "1"], &["sleep", "100"]).finish()?;
    ensure(outcome.code == 137 || outcome.code == 255, || outcome.to_string())
}

fn output_goes_straight_through(cli: &Cli) -> Verdict {
    let script = "echo out; echo err >&2; readlink /proc/self/fd/1 | cut -c1-5";
    let outcome = cli.script(&["--log-driver", "passthrough"], script).finish()?;
    outcome.ended_with(0)?;
    reads("stdout", &outcome.out, "out\npipe:\n")?;
    reads("stderr", &outcome.err, "err\n")
}

fn logs_are_followed_and_have_an_end(cli: &Cli) -> Verdict {
    let options = ["--log-driver", "k8s-file"];
    let container = cli.background(
        &options,
        &["sh", "-c", "for n in 1 2 3 4 5; do echo $n; sleep 0.2; done"],
    )?;
    reads(
        "followed",
        &container.call(&["logs", "--follow"]).succeed()?.out,
        "1\n2\n3\n4\n5\n",
    )?;
    reads(
        "the last",
        &container.call(&["logs", "--tail", "2"]).succeed()?.out,
        "4\n5\n",
    )
}

fn events_tell_the_life_of_a_container(cli: &Cli) -> Verdict {
    let container = cli.background(&["--name", "seen"], &["sleep", "100"])?;
    container.exec(&[], &["true"]).succeed()?;
    container.call(&["stop", "--time", "0"]).succeed()?;
    let events = [
        "events",
        "--stream=false",
        "--filter",
        "container=seen",
        "--format",
        "{{.Status}}",
    ];
    let seen = cli.call(&events).succeed()?.out;
    let mut rest = seen.as_str();
    for word in ["create", "init", "start", "exec", "died"] {
        match rest.split_once(word) {
            Some((_, after)) => rest = after,
            None => return wrong(format!("no {word} in its place: {seen:?}")),
        }
    }
    Ok(())
}

fn a_container_without_cgroups(cli: &Cli) -> Verdict {
    let file = cli.lab.path("without.conf");
    let text = configuration()?;
    // By the name that `--runtime` gives it, where that is no path.
    let own = format!(
        "[engine.runtimes]\ndeck = [{:?}]\n[engine]\nruntime_supports_nocgroup = [\"deck\"]\n",
        cli.lab.runtime
    );
    fs::write(&file, text.replace("[engine]\n", &own))?;
    let options = ["--runtime", "deck", "--cgroups", "disabled", "--cgroupns", "private"];
    let call = cli.script(&options, "grep -c libpod /proc/self/cgroup");
    let outcome = call.variable("CONTAINERS_CONF", &file).finish()?;
    if outcome.err.contains("flag provided but not defined: -cgroup-manager") {
        return Err(Failure::Skip("the runtime has no --cgroup-manager".to_owned()));
    }
    // It stays where conmon is.
    reads("cgroups of podman's", &outcome.out, "0\n")
}

fn a_command_runs_in_the_background(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    let id = container
        .exec(&["--detach"], &["sh", "-c", "echo $$ >/tmp/pid; sleep 1"])
        .succeed()?;
    ensure(id.out.trim().len() == 64, || id.to_string())?;
    in_time("the command's work", 10, || {
        let outcome = container.exec(&[], &["cat", "/tmp/pid"]).finish()?;
        Ok((outcome.code == 0 && !outcome.out.is_empty(), outcome.to_string()))
    })?;
    in_time("the end of the command", 10, || {
        let seen = container.exec(&[], &["ps", "-o", "args"]).succeed()?.out;
        Ok((!seen.contains("sleep 1\n"), seen))
    })
}

/// The words of a call, by a shell that opens a file as descriptor 3.
fn with_descriptor(cli: &Cli, words: &[&str]) -> Result<Call, Failure> {
    let file = cli.lab.path("descriptor");
    fs::write(&file, "rope\n")?;
    let shell = Call::new("sh").args(["-c", &format!("exec \"$@\" 3<{file}"), "sh"]);
    Ok(shell.args(&cli.prefix).args(words))
}

fn descriptors_are_kept_for_run_and_exec(cli: &Cli) -> Verdict {
    let script = "ls /proc/self/fd | tr '\\n' ' '; cat <&3";
    let run = ["run", "--rm", "--preserve-fds", "1", cli.image, "sh", "-c", script];
    let outcome = with_descriptor(cli, &run)?.succeed()?;
    ensure(outcome.out.ends_with("rope\n"), || outcome.to_string())?;
    let container = cli.background(&[], &["sleep", "100"])?;
    let exec = ["exec", "--preserve-fds", "1", &container.id, "sh", "-c", script];
    let outcome = with_descriptor(cli, &exec)?.succeed()?;
    ensure(outcome.out.ends_with("rope\n"), || outcome.to_string())
}

fn a_privileged_command_has_all_capabilities(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    let status = ["sed", "-n", "s/CapEff:.//p", "/proc/self/status"];
    let usual = container.exec(&[], &status).succeed()?.out;
    let all = container.exec(&["--privileged"], &status).succeed()?.out;
    let own = fs::read_to_string("/proc/self/status")?;
    let bounding = own
        .lines()
        .find_map(|line| line.strip_prefix("CapBnd:\t"))
        .unwrap_or_default();
    let has_all = cli.is_rootless || all.trim() == bounding;
    ensure(usual != all && has_all, || {
        format!("{usual} and {all}, wanted {bounding}")
    })
}

fn many_commands_at_once_leave_nothing(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..6)
            .map(|number| {
                let container = &container;
                scope.spawn(move || {
                    container
                        .exec(&[], &["sh", "-c", &format!("sleep 0.3; exit {number}")])
                        .finish()
                })
            })
            .collect();
        for (number, call) in (0..).zip(calls) {
            match call.join() {
                Ok(outcome) => outcome?.ended_with(number)?,
                Err(_) => return wrong("harness: a thread has panicked"),
            }
        }
        Ok(())
    })?;
    let left = container.exec(&[], &["ps", "-o", "args"]).succeed()?;
    ensure(!left.out.contains("exit"), || left.to_string())
}

/// Runs something while root has subordinate ids under the name that podman takes them from.
fn with_subordinate_ids(cli: &Cli, body: impl FnOnce() -> Verdict) -> Verdict {
    let file = cli.lab.path("subordinate");
    fs::write(&file, "containers:300000:200000\n")?;
    for name in ["/etc/subuid", "/etc/subgid"] {
        Call::new("mount").args(["--bind", &file, name]).succeed()?;
    }
    let verdict = body();
    for name in ["/etc/subuid", "/etc/subgid"] {
        Call::new("umount").args([name]).succeed()?;
    }
    verdict
}

fn users_are_mapped_automatically(cli: &Cli) -> Verdict {
    if cli.is_rootless {
        return Err(Failure::Skip("of root's podman".to_owned()));
    }
    if !fs::exists("/etc/subuid")? || !fs::exists("/etc/subgid")? {
        return Err(Failure::Skip("needs /etc/subuid and /etc/subgid".to_owned()));
    }
    with_subordinate_ids(cli, || {
        let script =
            "id -u; cat /proc/self/uid_map; stat -c %u /home/user /bin/busybox; touch /root/f && stat -c %u /root/f";
        let outcome = cli.script(&["--userns", "auto:size=2000"], script).succeed()?;
        let seen: Vec<&str> = outcome.out.split_whitespace().collect();
        let [id, "0", first, "2000", user, root, new] = seen[..] else {
            return wrong(outcome.to_string());
        };
        let first: u32 = first.parse().unwrap_or_default();
        ensure(
            [id, user, root, new] == ["0", "1000", "0", "0"] && first >= 300_000,
            || outcome.to_string(),
        )
    })
}

fn the_caller_keeps_its_id(cli: &Cli) -> Verdict {
    if !cli.is_rootless {
        return Err(Failure::Skip("of an ordinary user's podman only".to_owned()));
    }
    cli.script(&["--userns", "keep-id"], "id -u; id -g")
        .says("1000\n1000\n")
}

fn two_containers_share_a_user_namespace(cli: &Cli) -> Verdict {
    if cli.is_rootless {
        return Err(Failure::Skip("of root's podman".to_owned()));
    }
    let map = "0:100000:65536";
    let first = cli.background(&["--uidmap", map, "--gidmap", map], &["sleep", "100"])?;
    let namespace = first.exec(&[], &["readlink", "/proc/self/ns/user"]).succeed()?.out;
    let join = format!("container:{}", first.id);
    let outcome = cli
        .script(&["--userns", &join], "id -u; readlink /proc/self/ns/user")
        .succeed()?;
    reads("said", &outcome.out, &format!("0\n{namespace}"))
}
