//! Namespaces shared with the host and with other containers: ipc, pid, uts, cgroup.

use std::fs;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::{Background, Cli};
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    long shared_memory_is_private_shared_or_none,
    short a_shared_pid_namespace_ends_with_its_first_process,
    long children_in_the_hosts_pid_namespace_end_with_their_container,
    long the_hosts_name_cannot_be_given,
    long what_joins_another_container_needs_it_running,
    long each_container_has_namespaces_of_its_own,
];

fn shared_memory_is_private_shared_or_none(cli: &Cli) -> Verdict {
    let sharer = cli.background(&["--ipc", "shareable", "--shm-size", "2m"], &["sleep", "1000"])?;
    sharer.exec(&[], &["sh", "-c", "echo rope >/dev/shm/cargo"]).succeed()?;
    let with = format!("container:{}", sharer.id);
    let script = "readlink /proc/self/ns/ipc; df -k /dev/shm | awk 'NR == 2 {print $2}'; cat /dev/shm/cargo";
    let ipc = fs::read_link(format!("/proc/{}/ns/ipc", sharer.inspect("{{.State.Pid}}")?))?;
    cli.script(&["--ipc", &with], script)
        .says(&format!("{}\n2048\nrope\n", ipc.display()))?;
    let private = cli.background(&["--ipc", "private"], &["sleep", "1000"])?;
    let refused = cli
        .run(&["--ipc", &format!("container:{}", private.id)], &["true"])
        .finish()?;
    refused.ended_with(125)?;
    refused.said("non-shareable IPC")?;
    let none = cli
        .script(&["--ipc", "none"], "grep -c ' /dev/shm ' /proc/self/mountinfo")
        .finish()?;
    reads("none", &none.out, "0\n")?;
    // The host's, in which something was left.
    fs::write("/dev/shm/orlop-cargo", "hemp\n")?;
    let host = cli.run(&["--ipc", "host"], &["cat", "/dev/shm/orlop-cargo"]).finish()?;
    fs::remove_file("/dev/shm/orlop-cargo")?;
    reads("host", &host.out, "hemp\n")
}

fn a_shared_pid_namespace_ends_with_its_first_process(cli: &Cli) -> Verdict {
    let first = cli.background(&[], &["sleep", "1234"])?;
    let with = format!("container:{}", first.id);
    let second = cli.background(&["--pid", &with], &["sleep", "4321"])?;
    let seen = second.exec(&[], &["ps", "-o", "pid,args"]).succeed()?;
    for process in ["1 sleep 1234", "sleep 4321"] {
        seen.out_has(process)?;
    }
    // A signal from one reaches the other.
    let third = cli.background(
        &["--pid", &with],
        &["sh", "-c", "trap 'exit 31' USR1; echo up; while :; do sleep 0.1; done"],
    )?;
    third.logs("up")?;
    let kill = "kill -USR1 $(ps -o pid,args | awk '/[s]h -c trap/ {print $1}')";
    second.exec(&[], &["sh", "-c", kill]).succeed()?;
    third.ended_with("31")?;
    first.call(&["kill"]).succeed()?;
    first.ended_with("137")?;
    second.ended_with("137")?;
    second.shows("{{.State.Status}}", "exited")
}

fn children_in_the_hosts_pid_namespace_end_with_their_container(cli: &Cli) -> Verdict {
    let container = cli.background(
        &["--pid", "host"],
        &["sh", "-c", "sleep 5432 & sleep 5433 & echo up; wait"],
    )?;
    container.logs("up")?;
    container.exec(&["--detach"], &["sleep", "5434"]).succeed()?;
    let count = || {
        let own = ["--full", "--count", "^sleep 543[234]$"];
        Call::new("pgrep")
            .args(own)
            .finish()
            .map(|outcome| outcome.out.trim().to_owned())
    };
    in_time("its processes", 5, || count().map(|seen| (seen == "3", seen)))?;
    container.call(&["stop", "--time", "0"]).succeed()?;
    in_time("its processes live on", 5, || count().map(|seen| (seen == "0", seen)))?;
    // And when its first process ends by itself.
    let script = "sleep 5432 & echo up; sleep 0.5; exit 32";
    let container = cli.background(&["--pid", "host"], &["sh", "-c", script])?;
    container.ended_with("32")?;
    in_time("its child lives on", 5, || count().map(|seen| (seen == "0", seen)))
}

fn the_hosts_name_cannot_be_given(cli: &Cli) -> Verdict {
    let own = Call::new("hostname").succeed()?.out;
    cli.run(&["--uts", "host"], &["hostname"]).says(&own)?;
    let refused = cli.run(&["--uts", "host", "--hostname", "deck"], &["true"]).finish()?;
    refused.ended_with(125)?;
    refused.said("conflicting options")?;
    // In its own it changes nobody else's, and only with the capability.
    cli.script(&["--cap-add", "SYS_ADMIN"], "hostname changed; hostname")
        .says("changed\n")?;
    reads("the host's name", &Call::new("hostname").succeed()?.out, &own)?;
    let without = cli.run(&[], &["hostname", "changed"]).finish()?;
    ensure(without.code != 0, || without.to_string())
}

fn what_joins_another_container_needs_it_running(cli: &Cli) -> Verdict {
    let stopped = cli.created(&["--ipc", "shareable"], &["true"])?;
    let with = format!("container:{}", stopped.id);
    for option in ["--pid", "--ipc", "--network"] {
        let outcome = cli.run(&[option, &with], &["true"]).finish()?;
        outcome.ended_with(125)?;
        outcome.said("running")?;
    }
    Ok(())
}

/// The namespaces of a container's first process.
fn namespaces(container: &Background<'_>) -> Result<Vec<String>, Failure> {
    let pid = container.inspect("{{.State.Pid}}")?;
    let link = |name: &&str| fs::read_link(format!("/proc/{pid}/ns/{name}"));
    ["mnt", "pid", "net", "ipc", "uts"]
        .iter()
        .map(|name| Ok(link(name)?.display().to_string()))
        .collect()
}

fn each_container_has_namespaces_of_its_own(cli: &Cli) -> Verdict {
    let first = cli.background(&[], &["sleep", "1000"])?;
    let second = cli.background(&[], &["sleep", "1000"])?;
    let (one, other) = (namespaces(&first)?, namespaces(&second)?);
    ensure(one.iter().zip(&other).all(|(one, other)| one != other), || {
        format!("{one:?} and {other:?}")
    })?;
    // An exec joins them, those after a restart too.
    first.call(&["restart", "--time", "0"]).succeed()?;
    let again = namespaces(&first)?;
    let script = "for n in mnt pid net ipc uts; do readlink /proc/self/ns/$n; done";
    first
        .exec(&[], &["sh", "-c", script])
        .says(&format!("{}\n", again.join("\n")))
}
