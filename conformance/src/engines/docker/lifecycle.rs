//! The life of a container as those who run it see it: names, lists, waiting, signals, removal.

use std::fs;

use crate::engines::call::reads;
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::place::sleep;
use crate::engines::waiting::in_time;
use crate::failure::{Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    short ps_lists_by_state_name_and_label,
    long inspect_tells_what_was_asked_for,
    long a_container_is_renamed,
    long a_running_container_is_removed_by_force_only,
    long wait_returns_each_exit_code,
    long several_containers_start_and_stop_by_one_call,
    long the_signal_that_stops_is_the_containers,
    long signals_of_the_client_go_to_the_container,
    long what_is_not_running_is_not_killed_or_entered,
    long an_entrypoint_labels_and_an_environment_file,
    long a_container_that_cannot_start_is_left_created,
    long stopped_containers_are_pruned,
];

fn ps_lists_by_state_name_and_label(cli: &Cli) -> Verdict {
    let mark = ["--label", "fleet=ps"];
    let _created = cli.created(&[&mark[..], &["--name", "ps-created"]].concat(), &["true"])?;
    let exited = cli.background(&[&mark[..], &["--name", "ps-exited"]].concat(), &["sh", "-c", "exit 3"])?;
    let running = cli.background(&[&mark[..], &["--name", "ps-running"]].concat(), &["sleep", "1000"])?;
    let paused = cli.background(&[&mark[..], &["--name", "ps-paused"]].concat(), &["sleep", "1000"])?;
    exited.ended_with("3")?;
    paused.call(&["pause"]).succeed()?;
    let listed = |filters: &[&str]| {
        let words = ["ps", "--all", "--format", "{{.Names}}", "--filter", "label=fleet=ps"];
        cli.call(&words).args(filters).succeed().map(|outcome| {
            let mut names: Vec<&str> = outcome.out.lines().collect();
            names.sort_unstable();
            names.join(" ")
        })
    };
    reads("all", &listed(&[])?, "ps-created ps-exited ps-paused ps-running")?;
    for state in ["created", "exited", "running", "paused"] {
        let filter = format!("status={state}");
        reads(&filter, &listed(&["--filter", &filter])?, &format!("ps-{state}"))?;
    }
    reads("exited=3", &listed(&["--filter", "exited=3"])?, "ps-exited")?;
    reads("exited=4", &listed(&["--filter", "exited=4"])?, "")?;
    reads("by name", &listed(&["--filter", "name=ps-run"])?, "ps-running")?;
    let by_id = format!("id={}", &running.id[..12]);
    reads("by id", &listed(&["--filter", &by_id])?, "ps-running")?;
    cli.call(&["ps", "--last", "1", "--quiet", "--no-trunc"])
        .says(&format!("{}\n", paused.id))?;
    let table = cli.call(&["ps", "--all", "--size"]).succeed()?;
    table.out_has("Exited (3)")?;
    table.out_has("(Paused)")?;
    table.out_has("Created")?;
    paused.call(&["unpause"]).succeed().map(drop)
}

fn inspect_tells_what_was_asked_for(cli: &Cli) -> Verdict {
    let mut options = vec!["--name", "seen", "--hostname", "deck", "--env", "DECK=orlop"];
    options.extend([
        "--memory",
        "64m",
        "--label",
        "fleet=seen",
        "--user",
        "1000:50",
        "-w",
        "/tmp",
    ]);
    let container = cli.background(&options, &["sleep", "1000"])?;
    container.shows("{{.Name}}", "/seen")?;
    container.shows(
        "{{.Config.Hostname}} {{.Config.User}} {{.Config.WorkingDir}}",
        "deck 1000:50 /tmp",
    )?;
    container.shows("{{index .Config.Env 0}}", "DECK=orlop")?;
    container.shows("{{.HostConfig.Memory}}", "67108864")?;
    container.shows("{{json .Config.Cmd}}", r#"["sleep","1000"]"#)?;
    container.shows(
        "{{.State.Running}} {{.State.Paused}} {{.State.ExitCode}}",
        "true false 0",
    )?;
    let pid = container.inspect("{{.State.Pid}}")?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    ensure(status.contains("\nUid:\t1000\t1000\t1000\t1000\nGid:\t50\t"), || status)?;
    container.call(&["kill"]).succeed()?;
    container.ended_with("137")?;
    container.shows("{{.State.Status}} {{.State.Pid}}", "exited 0")?;
    let unknown = cli.call(&["inspect", "no-such-container"]).finish()?;
    unknown.ended_with(1)?;
    unknown.said("no-such-container")
}

fn a_container_is_renamed(cli: &Cli) -> Verdict {
    let container = cli.background(&["--name", "brig"], &["sleep", "1000"])?;
    let second = cli
        .call(&["run", "--detach", "--name", "brig", cli.image, "true"])
        .finish()?;
    ensure(second.code != 0, || format!("a name given twice: {second}"))?;
    second.said("already in use")?;
    cli.call(&["rename", "brig", "bark"]).succeed()?;
    cli.call(&["exec", "bark", "echo", "aye"]).says("aye\n")?;
    let old = cli.call(&["exec", "brig", "echo", "aye"]).finish()?;
    ensure(old.code != 0, || format!("the old name: {old}"))?;
    // The name is free, and the renamed one starts again under its new one.
    let other = cli.background(&["--name", "brig"], &["sleep", "1000"])?;
    ensure(other.id != container.id, || "the same container".to_owned())?;
    cli.call(&["restart", "--time", "0", "bark"]).succeed()?;
    container.shows("{{.Name}} {{.State.Status}}", "/bark running")
}

fn a_running_container_is_removed_by_force_only(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1000"])?;
    let pid = container.inspect("{{.State.Pid}}")?;
    let refused = container.call(&["rm"]).finish()?;
    refused.ended_with(1)?;
    container.shows("{{.State.Status}}", "running")?;
    let stopped = cli.created(&[], &["true"])?;
    // Several at once, by the beginning of the id too.
    cli.call(&["rm", "--force", &container.id[..12], &stopped.id])
        .succeed()?;
    in_time("the process lives", 5, || {
        let lives = fs::exists(format!("/proc/{pid}"))?;
        Ok((!lives, pid.clone()))
    })?;
    for id in [&container.id, &stopped.id] {
        cli.call(&["inspect", id]).ends_with(1)?;
    }
    // One that removes itself.
    let script = format!("{}; exit 4", sleep(0.3));
    let container = cli.background(&["--rm"], &["sh", "-c", &script])?;
    container.ended_with("4")?;
    in_time("--rm", 5, || {
        let outcome = container.call(&["inspect"]).finish()?;
        Ok((outcome.code == 1, outcome.to_string()))
    })
}

fn wait_returns_each_exit_code(cli: &Cli) -> Verdict {
    let first = cli.background(&[], &["sh", "-c", "sleep 0.6; exit 5"])?;
    let second = cli.background(&[], &["sh", "-c", "sleep 0.2; exit 6"])?;
    let third = cli.background(&[], &["sleep", "1000"])?;
    let wait = cli.call(&["wait", &first.id, &second.id, &third.id]).start()?;
    first.ended_with("5")?;
    third.call(&["kill"]).succeed()?;
    reads("wait", &wait.finish()?.out, "5\n6\n137\n")
}

fn several_containers_start_and_stop_by_one_call(cli: &Cli) -> Verdict {
    let script = "trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done";
    let all = [(); 3].map(|()| cli.created(&[], &["sh", "-c", script]));
    let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<&str> = all.iter().map(|container| container.id.as_str()).collect();
    cli.call(&["start"]).args(&ids).succeed()?;
    for container in &all {
        container.logs("up")?;
    }
    cli.call(&["stop", "--time", "8"]).args(&ids).succeed()?;
    for container in &all {
        container.shows("{{.State.Status}} {{.State.ExitCode}}", "exited 7")?;
    }
    cli.call(&["restart"]).args(&ids).succeed()?;
    for container in &all {
        container.shows("{{.State.Status}}", "running")?;
    }
    Ok(())
}

fn the_signal_that_stops_is_the_containers(cli: &Cli) -> Verdict {
    let script = "trap 'echo int; exit 8' INT; trap 'exit 9' TERM; echo up; while :; do sleep 0.1; done";
    let container = cli.background(&["--stop-signal", "SIGINT"], &["sh", "-c", script])?;
    container.logs("up")?;
    container.call(&["stop", "--time", "8"]).succeed()?;
    container.ended_with("8")?;
    container.call(&["start"]).succeed()?;
    container.call(&["restart", "--time", "8"]).succeed()?;
    // Each end was by the signal.
    container.logs("up\nint\nup\nint\nup\n")
}

fn signals_of_the_client_go_to_the_container(cli: &Cli) -> Verdict {
    let script = "trap 'echo usr' USR1; trap 'echo bye; exit 11' TERM; echo up; while :; do sleep 0.1; done";
    let _gone = cli.afterwards(&["rm", "--force", "proxied"]);
    let client = cli.script(&["--name", "proxied"], script).start()?;
    let logged = |text: &str| {
        in_time(&format!("no {text:?} in the log"), 10, || {
            let log = cli.call(&["logs", "proxied"]).finish()?;
            Ok((log.out.contains(text), log.to_string()))
        })
    };
    logged("up")?;
    client.signal("USR1")?;
    logged("usr")?;
    client.signal("TERM")?;
    let outcome = client.finish()?;
    outcome.ended_with(11)?;
    reads("stdout", &outcome.out, "up\nusr\nbye\n")
}

fn what_is_not_running_is_not_killed_or_entered(cli: &Cli) -> Verdict {
    let container = cli.created(&[], &["true"])?;
    let refused = |words: &[&str]| -> Verdict {
        let outcome = container.call(words).finish()?;
        ensure(outcome.code != 0, || outcome.to_string())?;
        outcome.said("not running")
    };
    for words in [&["kill"][..], &["pause"], &["top"]] {
        refused(words)?;
    }
    let entered = container.exec(&[], &["true"]).finish()?;
    ensure(entered.code != 0, || entered.to_string())?;
    entered.said("not running")?;
    container.call(&["start"]).succeed()?;
    container.ended_with("0")?;
    refused(&["kill"])?;
    // To stop what has stopped is no error.
    container.call(&["stop"]).succeed().map(drop)
}

fn an_entrypoint_labels_and_an_environment_file(cli: &Cli) -> Verdict {
    let file = cli.lab.path("environment");
    fs::write(&file, "# a comment\nDECK=orlop\nSHIP=HMS Victory\n")?;
    let cidfile = cli.lab.path("cid");
    let _ = fs::remove_file(&cidfile);
    let options = [
        "--entrypoint",
        "sh",
        "--env-file",
        &file,
        "--env",
        "DECK=gun",
        "--cidfile",
        &cidfile,
    ];
    cli.run(&options, &["-c", "echo $DECK, $SHIP, $0 $1", "zero", "one"])
        .says("gun, HMS Victory, zero one\n")?;
    let id = fs::read_to_string(cidfile)?;
    ensure(id.len() == 64, || format!("--cidfile: {id:?}"))
}

fn a_container_that_cannot_start_is_left_created(cli: &Cli) -> Verdict {
    let _gone = cli.afterwards(&["rm", "--force", "wreck"]);
    let outcome = cli
        .call(&["run", "--detach", "--name", "wreck", cli.image, "/no/such/command"])
        .finish()?;
    outcome.ended_with(127)?;
    let state = ["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "wreck"];
    cli.call(&state).says("created 127\n")?;
    // Tried again, it is told again.
    let again = cli.call(&["start", "wreck"]).finish()?;
    again.ended_with(1)?;
    again.said("/no/such/command")?;
    cli.call(&["rm", "wreck"]).succeed()?;
    // The empty word is no program either.
    cli.run(&[], &[""]).ends_with(127)
}

fn stopped_containers_are_pruned(cli: &Cli) -> Verdict {
    let mark = ["--label", "fleet=pruned"];
    let running = cli.background(&mark, &["sleep", "1000"])?;
    let stopped = cli.background(&mark, &["true"])?;
    stopped.ended_with("0")?;
    let pruned = cli
        .call(&["container", "prune", "--force", "--filter", "label=fleet=pruned"])
        .succeed()?;
    pruned.out_has(&stopped.id)?;
    running.shows("{{.State.Status}}", "running")?;
    cli.call(&["inspect", &stopped.id]).ends_with(1)
}
