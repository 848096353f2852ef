//! What limits and rules of cgroups mean to those who run containers: checks that docker and podman share.

use crate::engines::call::reads;
use crate::engines::cgroup::{Cgroup, Limit};
use crate::engines::check::{Check, checks};
use crate::engines::cli::{Background, Cli};
use crate::engines::place::{has_apparmor, has_systemd};
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    short a_hog_is_killed_and_the_engine_is_told needs "resources",
    long limits_are_in_the_files_and_stay needs "resources",
    long a_share_of_a_processor_is_kept needs "resources",
    long a_limit_of_processes_holds_forks needs "resources",
    long a_limit_that_nobody_delegates_is_refused needs "resources",
    long updated_limits_are_in_the_files_and_stay needs "update",
    long a_restarted_container_has_its_limits needs "resources",
    long statistics_are_those_of_the_container needs "resources",
    long a_paused_container_is_frozen_and_can_be_killed needs "pause",
    long rules_about_devices_allow_and_deny needs "resources",
    long the_parent_cgroup_is_the_one_asked_for needs "resources",
    long cgroup_namespaces_show_or_hide_the_path,
    long the_default_apparmor_profile_is_on,
    long containers_live_on_when_the_daemon_starts_again needs "resources",
];

impl Background<'_> {
    /// Its cgroups, by its first process.
    pub(in crate::engines) fn cgroup(&self) -> Result<Cgroup, Failure> {
        Cgroup::of(&self.inspect("{{.State.Pid}}")?)
    }
}

/// Takes 150 MB at once.
const HOG: &str = "dd if=/dev/zero of=/dev/null bs=150M count=1";

fn a_hog_is_killed_and_the_engine_is_told(cli: &Cli) -> Verdict {
    // Swap as much again, by default.
    let words: Vec<&str> = HOG.split(' ').collect();
    let container = cli.background(&["--memory", "64m"], &words)?;
    container.ended_with("137")?;
    reads("exit code", &container.inspect("{{.State.ExitCode}}")?, "137")?;
    if cli.is_docker {
        in_time("OOMKilled", 5, || {
            let told = container.inspect("{{.State.OOMKilled}}")?;
            Ok((told == "true", told))
        })?;
        let filter = format!("container={}", container.id);
        let mut events = vec!["events", "--since", "10m", "--until", "0s"];
        events.extend(["--filter", "event=oom", "--filter", &filter]);
        in_time("events", 5, || {
            let told = cli.call(&events).succeed()?.out;
            Ok((told.contains("oom"), told))
        })?;
    }
    drop(container);
    // What has enough is not killed.
    let small = HOG.replace("150M", "15M");
    cli.script(&["--memory", "64m"], &small).ends_with(0)
}

/// The device that the root filesystem's kind of disk is, for limits on it.
fn a_disk() -> Option<String> {
    let disks = std::fs::read_dir("/sys/block").ok()?;
    disks.flatten().find_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_disk = ["vd", "sd", "nvme", "xvd"].iter().any(|kind| name.starts_with(kind));
        let node = format!("/dev/{name}");
        (is_disk && std::path::Path::new(&node).exists()).then_some(node)
    })
}

/// The options, and what they are in the files. Converted by the newest runtimes 512 shares are a weight of 59; older
/// ones said 20.
const GIVEN: [&str; 12] = [
    "--memory",
    "64m",
    "--memory-swap",
    "96m",
    "--memory-reservation",
    "32m",
    "--cpus",
    "0.5",
    "--cpu-shares",
    "512",
    "--pids-limit",
    "33",
];
const IN_FILES: &[Limit] = &[
    Limit {
        controller: "memory",
        v1: ("memory.limit_in_bytes", "67108864"),
        v2: ("memory.max", &["67108864"]),
    },
    Limit {
        controller: "memory",
        v1: ("memory.memsw.limit_in_bytes", "100663296"),
        v2: ("memory.swap.max", &["33554432"]),
    },
    Limit {
        controller: "memory",
        v1: ("memory.soft_limit_in_bytes", "33554432"),
        v2: ("memory.low", &["33554432"]),
    },
    Limit {
        controller: "cpu",
        v1: ("cpu.cfs_quota_us", "50000"),
        v2: ("cpu.max", &["50000 100000"]),
    },
    Limit {
        controller: "cpu",
        v1: ("cpu.shares", "512"),
        v2: ("cpu.weight", &["59", "20"]),
    },
    Limit {
        controller: "pids",
        v1: ("pids.max", "33"),
        v2: ("pids.max", &["33"]),
    },
];

const CPUSET: &[Limit] = &[Limit {
    controller: "cpuset",
    v1: ("cpuset.cpus", "0"),
    v2: ("cpuset.cpus", &["0"]),
}];

/// What systemd sets for a unit again, when it reads its configuration again, are the properties that it was given.
fn systemd_reads_again(cli: &Cli) -> Verdict {
    if has_systemd() {
        cli.systemctl(&["daemon-reload"]).succeed()?;
    }
    Ok(())
}

fn limits_are_in_the_files_and_stay(cli: &Cli) -> Verdict {
    let disk = a_disk().filter(|_| !cli.is_rootless);
    let slow = disk.as_ref().map(|disk| format!("{disk}:1mb"));
    let mut options = GIVEN.to_vec();
    if let Some(slow) = &slow {
        options.extend(["--device-write-bps", slow]);
    }
    if !cli.is_rootless {
        options.extend(["--cpuset-cpus", "0"]);
    }
    let container = cli.background(&options, &["sleep", "1000"])?;
    let cgroup = container.cgroup()?;
    for _ in 0..2 {
        cgroup.keeps(IN_FILES)?;
        if !cli.is_rootless {
            cgroup.keeps(CPUSET)?;
        }
        if slow.is_some() {
            let seen = cgroup.read("blkio", ("blkio.throttle.write_bps_device", "io.max"))?;
            ensure(seen.contains("1048576"), || format!("bytes a second: {seen:?}"))?;
        }
        systemd_reads_again(cli)?;
    }
    Ok(())
}

/// A counter of a file of numbers with names.
fn counter(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

fn a_share_of_a_processor_is_kept(cli: &Cli) -> Verdict {
    let container = cli.background(&["--cpus", "0.2"], &["sh", "-c", "while :; do :; done"])?;
    let cgroup = container.cgroup()?;
    in_time("cpu.stat", 5, || {
        let seen = cgroup.read("cpu", ("cpu.stat", "cpu.stat"))?;
        Ok((counter(&seen, "nr_throttled") > 2, seen))
    })
}

fn a_limit_of_processes_holds_forks(cli: &Cli) -> Verdict {
    let script = "n=0; while [ $n -lt 12 ]; do sleep 5 & n=$((n+1)); done; wait";
    let outcome = cli.script(&["--pids-limit", "8"], script).finish()?;
    ensure(outcome.code != 0, || outcome.to_string())?;
    outcome.said("can't fork")?;
    // And no others.
    cli.script(&["--pids-limit", "24"], &script.replace("sleep 5", "sleep 1"))
        .ends_with(0)
}

fn a_limit_that_nobody_delegates_is_refused(cli: &Cli) -> Verdict {
    if !cli.is_rootless {
        return Err(Failure::Skip("root has every controller that there is".to_owned()));
    }
    let container = cli.background(&[], &["sleep", "1000"])?;
    let is_delegated = container.cgroup()?.has_on_v2("cpuset");
    drop(container);
    let outcome = cli.run(&["--cpuset-cpus", "0"], &["echo", "started"]).finish()?;
    if is_delegated {
        return outcome.out_has("started");
    }
    ensure(outcome.code != 0 && !outcome.out.contains("started"), || {
        outcome.to_string()
    })?;
    outcome.said("cpuset")
}

fn updated_limits_are_in_the_files_and_stay(cli: &Cli) -> Verdict {
    let mut options = vec![
        "--memory",
        "96m",
        "--memory-swap",
        "128m",
        "--memory-reservation",
        "48m",
    ];
    options.extend(["--cpus", "0.7", "--cpu-shares", "1024"]);
    // podman 4.3 cannot update it.
    let pids = if cli.is_docker { "44" } else { "33" };
    if cli.is_docker {
        options.extend(["--pids-limit", pids]);
    }
    if !cli.is_rootless {
        options.extend(["--cpuset-cpus", "0"]);
    }
    let container = cli.background(&GIVEN, &["sleep", "1000"])?;
    let cgroup = container.cgroup()?;
    cgroup.keeps(IN_FILES)?;
    cli.call(&["update"]).args(&options).args([&container.id]).succeed()?;
    let one = |controller, v1, v2| Limit { controller, v1, v2 };
    let pids_on_v2: &[&str] = if cli.is_docker { &["44"] } else { &["33"] };
    let changed = [
        one(
            "memory",
            ("memory.limit_in_bytes", "100663296"),
            ("memory.max", &["100663296"]),
        ),
        one(
            "memory",
            ("memory.memsw.limit_in_bytes", "134217728"),
            ("memory.swap.max", &["33554432"]),
        ),
        one(
            "memory",
            ("memory.soft_limit_in_bytes", "50331648"),
            ("memory.low", &["50331648"]),
        ),
        one("cpu", ("cpu.cfs_quota_us", "70000"), ("cpu.max", &["70000 100000"])),
        one("cpu", ("cpu.shares", "1024"), ("cpu.weight", &["100", "39"])),
        one("pids", ("pids.max", pids), ("pids.max", pids_on_v2)),
    ];
    for _ in 0..2 {
        cgroup.keeps(&changed)?;
        if !cli.is_rootless {
            cgroup.keeps(CPUSET)?;
        }
        systemd_reads_again(cli)?;
    }
    Ok(())
}

fn a_restarted_container_has_its_limits(cli: &Cli) -> Verdict {
    let container = cli.background(&GIVEN, &["sleep", "1000"])?;
    let first = container.inspect("{{.State.Pid}}")?;
    container.call(&["restart", "--time", "0"]).succeed()?;
    let second = container.inspect("{{.State.Pid}}")?;
    ensure(first != second, || format!("the process is still {first}"))?;
    Cgroup::of(&second)?.keeps(IN_FILES)
}

fn statistics_are_those_of_the_container(cli: &Cli) -> Verdict {
    // Two processes, and some memory of a process' own: that of files podman leaves out.
    let script = "x=$(head -c 8388608 /dev/zero | tr '\\000' x); echo up; sleep 1000; echo ${#x}";
    let container = cli.background(&["--memory", "64m", "--pids-limit", "33"], &["sh", "-c", script])?;
    container.logs("up")?;
    let outcome = container.call(&["stats", "--no-stream"]).succeed()?;
    let line = outcome.out.lines().nth(1).unwrap_or_default().to_owned();
    // docker counts by 1024, podman by 1000.
    ensure(line.contains("/ 64MiB") || line.contains("/ 67.11MB"), || {
        outcome.to_string()
    })?;
    let words: Vec<&str> = line.split_whitespace().collect();
    ensure(words.contains(&"2"), || format!("no two processes: {outcome}"))?;
    let used = words
        .iter()
        .position(|word| *word == "/")
        .and_then(|at| words.get(at - 1));
    let number = used.and_then(|used| used.strip_suffix("MiB").or_else(|| used.strip_suffix("MB")));
    let number: f64 = number.and_then(|number| number.parse().ok()).unwrap_or(0.0);
    ensure((8.0..60.0).contains(&number), || {
        format!("8 MiB, and a shell, use {used:?}: {outcome}")
    })
}

fn a_paused_container_is_frozen_and_can_be_killed(cli: &Cli) -> Verdict {
    let container = cli.background(&["--memory", "64m"], &["sleep", "1000"])?;
    let cgroup = container.cgroup()?;
    let frozen = || cgroup.read("freezer", ("freezer.state", "cgroup.freeze"));
    container.call(&["pause"]).succeed()?;
    reads("state", &container.inspect("{{.State.Status}}")?, "paused")?;
    let seen = frozen()?;
    ensure(["1", "FROZEN"].contains(&seen.as_str()), || format!("paused: {seen:?}"))?;
    // Who looks need not wait for it.
    container
        .call(&["stats", "--no-stream"])
        .mentions("64MiB")
        .or_else(|_| container.call(&["stats", "--no-stream"]).mentions("67.11MB"))?;
    container.call(&["unpause"]).succeed()?;
    let seen = frozen()?;
    ensure(["0", "THAWED"].contains(&seen.as_str()), || {
        format!("unpaused: {seen:?}")
    })?;
    container.call(&["pause"]).succeed()?;
    container.call(&["kill"]).succeed()?;
    container.ended_with("137")?;
    // And one that is paused goes by force.
    container.call(&["start"]).succeed()?;
    container.call(&["pause"]).succeed()?;
    container.call(&["rm", "--force"]).succeed()?;
    Ok(())
}

/// /dev/fuse is 10:229.
const OPEN: &str = "exec 3<>/tmp/node && echo opened";

fn rules_about_devices_allow_and_deny(cli: &Cli) -> Verdict {
    let given = "exec 3<>/dev/fuse && echo opened";
    cli.script(&["--device", "/dev/fuse"], given).mentions("opened")?;
    if cli.is_rootless {
        // Nobody but root makes device nodes.
        return Ok(());
    }
    let script = format!("mknod /tmp/node c 10 229 && {OPEN}");
    let may_make = ["--cap-add", "MKNOD"];
    let allowed = [&may_make[..], &["--device-cgroup-rule", "c 10:229 rmw"]].concat();
    cli.script(&allowed, &script).mentions("opened")?;
    let other = [&may_make[..], &["--device-cgroup-rule", "c 10:228 rmw"]].concat();
    let outcome = cli.script(&other, &script).finish()?;
    ensure(outcome.code != 0 && !outcome.out.contains("opened"), || {
        outcome.to_string()
    })?;
    outcome.said("Operation not permitted")
}

/// Removes a parent cgroup that a check has named, once the last monitor in it has ended.
fn remove_parent() -> Verdict {
    in_time("the parent cgroup", 10, || {
        let hierarchies = std::fs::read_dir("/sys/fs/cgroup")?.flatten().map(|entry| entry.path());
        let mut left = Vec::new();
        for hierarchy in hierarchies.chain(["/sys/fs/cgroup".into()]) {
            // podman's monitors have one of their own below it.
            for folder in ["orlop-fleet/conmon", "orlop-fleet"].map(|name| hierarchy.join(name)) {
                let _ = std::fs::remove_dir(&folder);
                left.extend(folder.exists().then_some(folder));
            }
        }
        Ok((left.is_empty(), format!("{left:?}")))
    })
}

fn the_parent_cgroup_is_the_one_asked_for(cli: &Cli) -> Verdict {
    let parent = if has_systemd() {
        "orlop-fleet.slice"
    } else {
        "/orlop-fleet"
    };
    let container = cli.background(&["--cgroup-parent", parent, "--pids-limit", "33"], &["sleep", "1000"])?;
    let cgroup = container.cgroup()?;
    ensure(cgroup.has(&format!("{}/", parent.trim_start_matches('/'))), || {
        format!("{cgroup:?}")
    })?;
    cgroup.keeps(&IN_FILES[IN_FILES.len() - 1..])?;
    drop(container);
    // The parent is whose who named it.
    if has_systemd() {
        cli.systemctl(&["stop", parent]).succeed()?;
        cli.systemctl(&["stop", "orlop.slice"]).succeed()?;
    } else {
        remove_parent()?;
    }
    Ok(())
}

fn cgroup_namespaces_show_or_hide_the_path(cli: &Cli) -> Verdict {
    let script = &["cat", "/proc/self/cgroup"];
    let place = |text: &str| -> String {
        let line = text
            .lines()
            .find(|line| line.contains(":memory:") || line.starts_with("0::"));
        line.and_then(|line| line.rsplit(':').next())
            .unwrap_or_default()
            .to_owned()
    };
    let private = cli.run(&["--cgroupns", "private"], script).succeed()?.out;
    reads("in a namespace of its own", &place(&private), "/")?;
    let host = cli.run(&["--cgroupns", "host"], script).succeed()?.out;
    ensure(place(&host).len() > 1, || format!("in the host's namespace: {host:?}"))
}

fn the_default_apparmor_profile_is_on(cli: &Cli) -> Verdict {
    if !has_apparmor() {
        return Err(Failure::Skip("the kernel has no AppArmor".to_owned()));
    }
    let wanted = match (cli.is_docker, cli.is_rootless) {
        (true, _) => "docker-default (enforce)",
        (false, false) => "containers-default-",
        // An ordinary user loads no profiles.
        (false, true) => "unconfined",
    };
    cli.run(&[], &["cat", "/proc/self/attr/current"]).mentions(wanted)
}

fn containers_live_on_when_the_daemon_starts_again(cli: &Cli) -> Verdict {
    if !cli.is_docker {
        return Err(Failure::Skip("podman has no daemon".to_owned()));
    }
    let script = "trap 'exit 5' TERM; while :; do sleep 0.2; done";
    let container = cli.background(&GIVEN, &["sh", "-c", script])?;
    let pid = container.inspect("{{.State.Pid}}")?;
    cli.service.restart(&cli.call(&["version"]))?;
    reads("state", &container.inspect("{{.State.Status}}")?, "running")?;
    reads("process", &container.inspect("{{.State.Pid}}")?, &pid)?;
    Cgroup::of(&pid)?.keeps(IN_FILES)?;
    cli.call(&["update", "--pids-limit", "44", &container.id]).succeed()?;
    container.call(&["top"]).mentions("trap")?;
    container.call(&["pause"]).succeed()?;
    container.call(&["unpause"]).succeed()?;
    container.call(&["stop", "--time", "20"]).succeed()?;
    container.ended_with("5")
}
