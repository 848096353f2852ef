//! Limits that only docker has an option for, and `docker update`.

use crate::engines::cgroup::Limit;
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::failure::{Failure, Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    long swap_is_without_limit_none_or_so_much needs "resources",
    long processors_are_given_by_number_period_and_set needs "resources",
    long the_oom_killer_and_its_score needs "resources",
    long impossible_limits_are_refused needs "resources",
    long an_update_of_some_limits_keeps_the_others needs "update",
    long an_update_of_a_stopped_container_holds_when_it_starts needs "update",
    long an_update_below_what_is_used_is_told needs "update",
    long several_containers_are_updated_by_one_call needs "update",
];

fn limit(
    controller: &'static str,
    v1: (&'static str, &'static str),
    v2: (&'static str, &'static [&'static str]),
) -> Limit {
    Limit { controller, v1, v2 }
}

const MEMORY: Limit = Limit {
    controller: "memory",
    v1: ("memory.limit_in_bytes", "67108864"),
    v2: ("memory.max", &["67108864"]),
};

fn swap_is_without_limit_none_or_so_much(cli: &Cli) -> Verdict {
    let none = limit(
        "memory",
        ("memory.memsw.limit_in_bytes", "67108864"),
        ("memory.swap.max", &["0"]),
    );
    // The highest multiple of a page in 63 bits.
    let any = limit(
        "memory",
        ("memory.memsw.limit_in_bytes", "9223372036854771712"),
        ("memory.swap.max", &["max"]),
    );
    let same = limit(
        "memory",
        ("memory.memsw.limit_in_bytes", "134217728"),
        ("memory.swap.max", &["67108864"]),
    );
    for (options, swap) in [
        (&["--memory", "64m", "--memory-swap", "64m"][..], none),
        (&["--memory", "64m", "--memory-swap", "-1"], any),
        (&["--memory", "64m"], same),
    ] {
        let container = cli.background(options, &["sleep", "1000"])?;
        container.cgroup()?.keeps(&[MEMORY, swap])?;
    }
    Ok(())
}

fn processors_are_given_by_number_period_and_set(cli: &Cli) -> Verdict {
    let by_number = cli.background(
        &["--cpus", "1.5", "--cpuset-cpus", "0", "--cpuset-mems", "0"],
        &["sleep", "1000"],
    )?;
    by_number.cgroup()?.keeps(&[
        limit("cpu", ("cpu.cfs_quota_us", "150000"), ("cpu.max", &["150000 100000"])),
        limit("cpuset", ("cpuset.cpus", "0"), ("cpuset.cpus", &["0"])),
        limit("cpuset", ("cpuset.mems", "0"), ("cpuset.mems", &["0"])),
    ])?;
    by_number.exec(&[], &["nproc"]).says("1\n")?;
    let by_period = cli.background(&["--cpu-period", "50000", "--cpu-quota", "20000"], &["sleep", "1000"])?;
    by_period.cgroup()?.keeps(&[
        limit("cpu", ("cpu.cfs_period_us", "50000"), ("cpu.max", &["20000 50000"])),
        limit("cpu", ("cpu.cfs_quota_us", "20000"), ("cpu.max", &["20000 50000"])),
    ])
}

fn the_oom_killer_and_its_score(cli: &Cli) -> Verdict {
    for score in ["0", "777"] {
        let container = cli.background(&["--oom-score-adj", score], &["sleep", "1000"])?;
        container
            .exec(&[], &["cat", "/proc/1/oom_score_adj"])
            .says(&format!("{score}\n"))?;
    }
    let container = cli.background(&["--memory", "64m", "--oom-kill-disable"], &["sleep", "1000"])?;
    let cgroup = container.cgroup()?;
    if cgroup.has_on_v2("memory") {
        return Err(Failure::Skip("cgroup v2 has no switch for the OOM killer".to_owned()));
    }
    let seen = cgroup.read("memory", ("memory.oom_control", ""))?;
    ensure(seen.contains("oom_kill_disable 1"), || seen)
}

fn impossible_limits_are_refused(cli: &Cli) -> Verdict {
    for (options, word) in [
        (&["--memory", "1m"][..], "Minimum memory limit"),
        (&["--memory", "64m", "--memory-swap", "32m"], "Minimum memoryswap limit"),
        (&["--cpuset-cpus", "4000"], "CPUs"),
        (&["--cpus", "4000"], "CPUs"),
        (&["--memory", "64m", "--memory-reservation", "128m"], "reservation"),
    ] {
        let outcome = cli.run(options, &["true"]).finish()?;
        outcome.ended_with(125)?;
        outcome.said(word)?;
    }
    Ok(())
}

fn an_update_of_some_limits_keeps_the_others(cli: &Cli) -> Verdict {
    let given = [
        "--memory",
        "64m",
        "--cpus",
        "0.5",
        "--pids-limit",
        "33",
        "--cpu-shares",
        "512",
    ];
    let container = cli.background(&given, &["sleep", "1000"])?;
    cli.call(&["update", "--pids-limit", "44", &container.id]).succeed()?;
    cli.call(&["update", "--cpu-shares", "256", &container.id]).succeed()?;
    let changed = [
        MEMORY,
        limit("cpu", ("cpu.cfs_quota_us", "50000"), ("cpu.max", &["50000 100000"])),
        limit("cpu", ("cpu.shares", "256"), ("cpu.weight", &["10", "35"])),
        limit("pids", ("pids.max", "44"), ("pids.max", &["44"])),
    ];
    container.cgroup()?.keeps(&changed)?;
    // Without limit again.
    cli.call(&["update", "--pids-limit", "-1", &container.id]).succeed()?;
    let without = limit("pids", ("pids.max", "max"), ("pids.max", &["max"]));
    container.cgroup()?.keeps(&[without, MEMORY])?;
    container.call(&["restart", "--time", "0"]).succeed()?;
    let without = limit("pids", ("pids.max", "max"), ("pids.max", &["max"]));
    container.cgroup()?.keeps(&[without, MEMORY])
}

fn an_update_of_a_stopped_container_holds_when_it_starts(cli: &Cli) -> Verdict {
    let container = cli.created(&["--memory", "32m"], &["sleep", "1000"])?;
    cli.call(&["update", "--memory", "64m", "--memory-swap", "128m", &container.id])
        .succeed()?;
    container.call(&["start"]).succeed()?;
    container.cgroup()?.keeps(&[MEMORY])?;
    container.shows("{{.HostConfig.Memory}}", "67108864")
}

fn an_update_below_what_is_used_is_told(cli: &Cli) -> Verdict {
    let script = "x=$(head -c 20971520 /dev/zero | tr '\\000' x); echo up; sleep 1000; echo ${#x}";
    let container = cli.background(&["--memory", "64m", "--memory-swap", "64m"], &["sh", "-c", script])?;
    container.logs("up")?;
    if container.cgroup()?.has_on_v2("memory") {
        return Err(Failure::Skip("on cgroup v2 the kernel takes it, and kills".to_owned()));
    }
    let outcome = cli
        .call(&["update", "--memory", "8m", "--memory-swap", "8m", &container.id])
        .finish()?;
    ensure(outcome.code != 0, || outcome.to_string())?;
    container.shows("{{.State.Status}}", "running")?;
    container.cgroup()?.keeps(&[MEMORY])
}

fn several_containers_are_updated_by_one_call(cli: &Cli) -> Verdict {
    let first = cli.background(&[], &["sleep", "1000"])?;
    let second = cli.background(&["--memory", "32m"], &["sleep", "1000"])?;
    cli.call(&[
        "update",
        "--memory",
        "64m",
        "--memory-swap",
        "128m",
        &first.id,
        &second.id,
    ])
    .succeed()?;
    for container in [&first, &second] {
        container.cgroup()?.keeps(&[MEMORY])?;
    }
    Ok(())
}
