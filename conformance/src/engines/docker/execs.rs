//! `docker exec`: further processes in a container, and what becomes of them.

use std::fs;
use std::thread;

use crate::engines::call::reads;
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::cli::basics::lacks_no_capabilities;
use crate::engines::place::sleep;
use crate::engines::waiting::in_time;
use crate::failure::{Verdict, ensure, wrong};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    long an_exec_in_the_background_goes_on_alone,
    long an_exec_is_a_user_of_the_container,
    long an_exec_has_the_containers_environment_and_its_own,
    short an_exec_on_a_terminal_takes_commands,
    long a_privileged_exec_may_what_the_container_may_not,
    long an_exec_has_the_containers_limits,
    long an_exec_ends_with_its_signal_and_its_container,
    long an_exec_needs_a_container_that_runs,
    long twenty_execs_at_once,
    long much_goes_through_an_exec,
    long leaving_an_exec_leaves_its_process,
    long an_exec_in_a_read_only_container_without_capabilities,
];

fn an_exec_in_the_background_goes_on_alone(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1000"])?;
    container
        .exec(
            &["--detach"],
            &["sh", "-c", "sleep 0.3; echo done >/done; exec sleep 1234"],
        )
        .says("")?;
    in_time("/done", 10, || {
        let outcome = container.exec(&[], &["cat", "/done"]).finish()?;
        Ok((outcome.out == "done\n", outcome.to_string()))
    })?;
    container.call(&["top"]).mentions("sleep 1234")?;
    let pid = container.inspect("{{.State.Pid}}")?;
    let ids = container.inspect("{{json .ExecIDs}}")?;
    ensure(ids.len() > 60, || format!("ExecIDs: {ids}"))?;
    // One that cannot begin is told all the same.
    let outcome = container.exec(&["--detach"], &["/no/such/command"]).finish()?;
    ensure(outcome.code != 0, || outcome.to_string())?;
    container.shows("{{.State.Pid}}", &pid)
}

fn an_exec_is_a_user_of_the_container(cli: &Cli) -> Verdict {
    let container = cli.background(&["--user", "1000"], &["sleep", "1000"])?;
    let script = "echo $(id -u) $(id -g) $(id -G) $HOME";
    container
        .exec(&[], &["sh", "-c", script])
        .says("1000 1000 1000 50 /home/user\n")?;
    for (user, wanted) in [
        ("0", "0 0 0 /root\n"),
        ("user:staff", "1000 50 50 /home/user\n"),
        ("4321:1234", "4321 1234 1234 /\n"),
        ("nobody", "65534 65534 65534 /\n"),
    ] {
        let outcome = container.exec(&["--user", user], &["sh", "-c", script]).succeed()?;
        reads(user, &outcome.out, wanted)?;
    }
    let unknown = container.exec(&["--user", "pirate"], &["true"]).finish()?;
    ensure(unknown.code != 0, || unknown.to_string())?;
    unknown.said("pirate")
}

fn an_exec_has_the_containers_environment_and_its_own(cli: &Cli) -> Verdict {
    let container = cli.background(
        &["--env", "DECK=gun", "--env", "SHIP=victory", "-w", "/tmp"],
        &["sleep", "1000"],
    )?;
    let script = "echo $DECK $SHIP $MAST $PWD";
    container.exec(&[], &["sh", "-c", script]).says("gun victory /tmp\n")?;
    let file = cli.lab.path("exec-environment");
    fs::write(&file, "MAST=main\nDECK=poop\n")?;
    container
        .exec(
            &["--env-file", &file, "--env", "DECK=orlop", "-w", "/root"],
            &["sh", "-c", script],
        )
        .says("orlop victory main /root\n")?;
    let missing = container.exec(&["-w", "/not/there"], &["true"]).finish()?;
    ensure(missing.code != 0, || missing.to_string())?;
    missing.said("/not/there")
}

fn an_exec_on_a_terminal_takes_commands(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1000"])?;
    let call = container.exec(&["-it"], &["sh"]).on_a_terminal();
    let outcome = call
        .stdin("echo $((6 * 7)); tty; test -t 2 && echo all\nsleep 0.3\nexit 3\n")
        .finish()?;
    outcome.ended_with(3)?;
    outcome.out_has("42\r\n/dev/pts/")?;
    outcome.out_has("all\r\n")?;
    // Ctrl-C is a signal to what runs there.
    let script = "trap 'echo int; exit 4' INT; touch /ready; while :; do sleep 0.1; done";
    let mut client = container
        .exec(&["-it"], &["sh", "-c", script])
        .on_a_terminal()
        .stdin_stays()
        .start()?;
    in_time("/ready", 10, || {
        let outcome = container.exec(&[], &["ls", "/ready"]).finish()?;
        Ok((outcome.code == 0, outcome.to_string()))
    })?;
    client.types("\u{3}")?;
    let outcome = client.finish()?;
    outcome.ended_with(4)?;
    outcome.out_has("int\r\n")
}

fn a_privileged_exec_may_what_the_container_may_not(cli: &Cli) -> Verdict {
    let container = cli.background(&["--cap-drop", "ALL"], &["sleep", "1000"])?;
    let show = &["grep", "^CapEff", "/proc/self/status"];
    container.exec(&[], show).says("CapEff:\t0000000000000000\n")?;
    let outcome = container.exec(&["--privileged"], show).finish()?;
    lacks_no_capabilities(&outcome)?;
    outcome.ended_with(0)?;
    ensure(!outcome.out.contains("0000000000000000"), || outcome.to_string())?;
    container
        .exec(&["--privileged"], &["ip", "link", "set", "lo", "mtu", "1400"])
        .succeed()?;
    // The next one has no more than before.
    container.exec(&[], show).says("CapEff:\t0000000000000000\n")
}

fn an_exec_has_the_containers_limits(cli: &Cli) -> Verdict {
    let container = cli.background(&["--memory", "64m", "--pids-limit", "16"], &["sleep", "1000"])?;
    let pid = container.inspect("{{.State.Pid}}")?;
    container.exec(&["--detach"], &["sleep", "1234"]).succeed()?;
    // Both are in the same cgroups, seen from outside.
    let mut other = String::new();
    in_time("the second process", 5, || {
        let top = container.call(&["top"]).args(["-o", "pid,args"]).succeed()?.out;
        let line = top.lines().find(|line| line.contains("sleep 1234"));
        line.and_then(|line| line.split_whitespace().next())
            .unwrap_or_default()
            .clone_into(&mut other);
        Ok((!other.is_empty(), top))
    })?;
    let cgroups = |pid: &str| fs::read_to_string(format!("/proc/{pid}/cgroup"));
    reads("cgroups", &cgroups(&other)?, &cgroups(&pid)?)?;
    // What takes too much is killed, and it alone.
    let hog = ["dd", "if=/dev/zero", "of=/dev/null", "bs=150M", "count=1"];
    container.exec(&[], &hog).ends_with(137)?;
    container.shows("{{.State.Status}}", "running")?;
    let forks = format!("n=0; while [ $n -lt 30 ]; do {} & n=$((n+1)); done", sleep(3.0));
    let outcome = container.exec(&[], &["sh", "-c", &forks]).finish()?;
    outcome.said("can't fork")
}

fn an_exec_ends_with_its_signal_and_its_container(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1000"])?;
    container.exec(&[], &["sh", "-c", "kill -TERM $$"]).ends_with(143)?;
    container.exec(&[], &["sh", "-c", "kill -KILL $$"]).ends_with(137)?;
    let long = container.exec(&[], &["sleep", "1234"]).start()?;
    in_time("the exec", 5, || {
        let top = container.call(&["top"]).succeed()?.out;
        Ok((top.contains("sleep 1234"), top))
    })?;
    container.call(&["kill"]).succeed()?;
    long.finish()?.ended_with(137)
}

fn an_exec_needs_a_container_that_runs(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1000"])?;
    container.call(&["pause"]).succeed()?;
    let paused = container.exec(&[], &["true"]).finish()?;
    container.call(&["unpause"]).succeed()?;
    ensure(paused.code != 0, || paused.to_string())?;
    paused.said("is paused")?;
    container.exec(&[], &["true"]).succeed()?;
    container.call(&["kill"]).succeed()?;
    container.ended_with("137")?;
    let ended = container.exec(&[], &["true"]).finish()?;
    ensure(ended.code != 0, || ended.to_string())?;
    ended.said("is not running")
}

fn twenty_execs_at_once(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1000"])?;
    thread::scope(|scope| {
        let turns: Vec<_> = (0..20)
            .map(|turn| {
                let script = format!("sleep 0.2; echo turn {turn}; exit {turn}");
                let container = &container;
                scope.spawn(move || {
                    let outcome = container.exec(&[], &["sh", "-c", &script]).finish()?;
                    outcome.ended_with(turn)?;
                    reads("stdout", &outcome.out, &format!("turn {turn}\n"))
                })
            })
            .collect();
        for turn in turns {
            turn.join().unwrap_or_else(|_| wrong("harness: a thread ended"))?;
        }
        Verdict::Ok(())
    })?;
    // The first one is left, and the one that looks.
    in_time("processes", 5, || {
        let list = "ps -o args | grep -c -v -E 'COMMAND|^ps|^grep|^sh -c'";
        let left = container.exec(&[], &["sh", "-c", list]).finish()?;
        Ok((left.out == "1\n", left.to_string()))
    })
}

fn much_goes_through_an_exec(cli: &Cli) -> Verdict {
    const MANY: usize = 5_000_000;
    let container = cli.background(&[], &["sleep", "1000"])?;
    container
        .exec(&["-i"], &["wc", "-c"])
        .stdin(vec![b'x'; MANY])
        .says(&format!("{MANY}\n"))?;
    let outcome = container
        .exec(&[], &["sh", "-c", &format!("head -c {MANY} /dev/zero; echo err >&2")])
        .succeed()?;
    ensure(outcome.out.len() == MANY, || {
        format!("{} of {MANY} bytes", outcome.out.len())
    })?;
    reads("stderr", &outcome.err, "err\n")
}

fn leaving_an_exec_leaves_its_process(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1000"])?;
    let script = "touch /ready; exec sleep 1234";
    let mut client = container
        .exec(&["-it", "--detach-keys", "ctrl-a,d"], &["sh", "-c", script])
        .on_a_terminal()
        .stdin_stays()
        .start()?;
    in_time("/ready", 10, || {
        let outcome = container.exec(&[], &["ls", "/ready"]).finish()?;
        Ok((outcome.code == 0, outcome.to_string()))
    })?;
    client.types("\u{1}d")?;
    client.finish()?;
    container.call(&["top"]).mentions("sleep 1234")?;
    // A client that is killed leaves it, too.
    let client = container.exec(&[], &["sleep", "4321"]).start()?;
    in_time("the exec", 5, || {
        let top = container.call(&["top"]).succeed()?.out;
        Ok((top.contains("sleep 4321"), top))
    })?;
    client.signal("KILL")?;
    client.finish()?;
    container.call(&["top"]).mentions("sleep 4321")
}

fn an_exec_in_a_read_only_container_without_capabilities(cli: &Cli) -> Verdict {
    let mut options = vec![
        "--read-only",
        "--cap-drop",
        "ALL",
        "--user",
        "1000",
        "--network",
        "none",
    ];
    options.extend([
        "--security-opt",
        "no-new-privileges",
        "--pids-limit",
        "20",
        "--memory",
        "32m",
    ]);
    let container = cli.background(&options, &["sleep", "1000"])?;
    let script = "id -u; touch /tmp/x 2>/dev/null || echo read-only; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | cut -f 2 | xargs";
    container
        .exec(&[], &["sh", "-c", script])
        .says("1000\nread-only\n0000000000000000 0000000000000000 1 2\n")
}
