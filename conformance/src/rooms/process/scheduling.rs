//! `process.scheduler`, `process.ioPriority`, `process.execCPUAffinity` (config.md#linux-process).

use std::fs;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, same};
use crate::host::hierarchies;
use crate::rooms::deviations::{OLD_CRUN, OLD_RUNC};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(batch_policy_with_a_nice_value_is_set, OLD_RUNC, OLD_CRUN),
    test!(real_time_policies_are_set, OLD_RUNC, OLD_CRUN),
    test!(idle_policy_is_set, OLD_RUNC, OLD_CRUN),
    test!(deadline_policy_is_set, OLD_RUNC, OLD_CRUN),
    test!(nice_value_that_a_policy_has_no_use_for_is_no_fault, OLD_RUNC, OLD_CRUN),
    test!(reset_on_fork_is_set, OLD_RUNC, OLD_CRUN),
    test!(policy_that_linux_does_not_have_is_refused, OLD_RUNC, OLD_CRUN),
    test!(scheduling_is_set_for_an_ordinary_user, OLD_RUNC, OLD_CRUN),
    test!(priorities_are_set_in_a_user_namespace, OLD_RUNC, OLD_CRUN),
    test!(policy_without_what_it_needs_is_refused, OLD_RUNC, OLD_CRUN),
    test!(io_priority_is_set_for_the_process_group, OLD_RUNC, OLD_CRUN),
    test!(every_io_priority_class_is_set, OLD_RUNC, OLD_CRUN),
    test!(cpu_affinity_of_exec_is_accepted),
    test!(
        callers_cpu_affinity_stays_outside,
        ("runc", "1.1", "is older than the reset of the affinity"),
        ("crun", "1.8", "is older than the reset of the affinity")
    ),
];

fn scheduler(t: &Trial<'_>, scheduler: Value) -> Result<Value, Failure> {
    let needs_time = ["SCHED_FIFO", "SCHED_RR"].iter().any(|it| scheduler["policy"] == *it);
    let bundle = t.bundle()?.set("/process/scheduler", scheduler);
    let bundle = if needs_time { with_real_time(t, bundle)? } else { bundle };
    let report = t.see_one(&bundle)?;
    Ok(report["scheduling"].clone())
}

/// Of each second, in microseconds, what the harness' cgroup is given for real-time policies, and each container of
/// it. Many harnesses share what the machine has.
const TIME: (u32, u32) = (50_000, 10_000);

/// The file of cgroup v1 that says how much time of each second real-time policies have.
const TIME_FILE: &str = "cpu.rt_runtime_us";

/// On cgroup v1 a new cgroup has no time for real-time policies: the harness' cgroup is given some, and a hook gives
/// of that to the container's.
fn with_real_time(t: &Trial<'_>, bundle: Bundle) -> Result<Bundle, Failure> {
    let Some(root) = hierarchies().into_iter().find(|root| root.join(TIME_FILE).exists()) else {
        return Ok(bundle);
    };
    if fs::read_to_string(root.join(TIME_FILE))?.trim() == "0" {
        let why = "this machine's cgroup has no time for real-time policies";
        return Err(Failure::Skip(why.into()));
    }
    let cgroup = root.join(t.cgroup(&bundle.id).trim_start_matches('/'));
    let parent = cgroup.parent().unwrap_or(&root).join(TIME_FILE);
    // A cgroup that was removed counts until the kernel forgets it: until then it refuses.
    t.until("the time for real-time policies", || {
        Ok(fs::write(&parent, TIME.0.to_string()).is_ok())
    })?;
    let script = format!(
        "until echo {} >{}/{TIME_FILE}; do sleep 0.1; done",
        TIME.1,
        cgroup.display()
    );
    let hook = json!({"path": "/bin/sh", "args": ["sh", "-c", script], "timeout": 20});
    Ok(bundle.set("/hooks/createRuntime", json!([hook])))
}

fn batch_policy_with_a_nice_value_is_set(t: &Trial<'_>) -> Verdict {
    let seen = scheduler(t, json!({"policy": "SCHED_BATCH", "nice": 7}))?;
    same("policy", &seen["policy"], 3)?;
    same("nice", &seen["nice"], 7)?;
    let seen = scheduler(t, json!({"policy": "SCHED_OTHER", "nice": -3}))?;
    same("policy", &seen["policy"], 0)?;
    same("nice", &seen["nice"], -3)
}

fn real_time_policies_are_set(t: &Trial<'_>) -> Verdict {
    for (policy, number, priority) in [("SCHED_FIFO", 1, 5), ("SCHED_RR", 2, 99)] {
        let seen = scheduler(t, json!({"policy": policy, "priority": priority}))?;
        same(policy, &seen["policy"], number)?;
        same("priority", &seen["priority"], priority)?;
    }
    Ok(())
}

fn idle_policy_is_set(t: &Trial<'_>) -> Verdict {
    same("policy", &scheduler(t, json!({"policy": "SCHED_IDLE"}))?["policy"], 5)
}

fn deadline_policy_is_set(t: &Trial<'_>) -> Verdict {
    let seen = scheduler(
        t,
        json!({"policy": "SCHED_DEADLINE", "runtime": 1_000_000, "deadline": 5_000_000, "period": 10_000_000,
            "flags": ["SCHED_FLAG_RECLAIM"]}),
    )?;
    same("policy", &seen["policy"], 6)?;
    same("runtime", &seen["runtime"], 1_000_000)?;
    same("deadline", &seen["deadline"], 5_000_000)?;
    same("period", &seen["period"], 10_000_000)?;
    same("flags", &seen["flags"], 2)
}

fn nice_value_that_a_policy_has_no_use_for_is_no_fault(t: &Trial<'_>) -> Verdict {
    for (wanted, number) in [
        (
            json!({"policy": "SCHED_DEADLINE", "runtime": 1_000_000, "deadline": 5_000_000, "nice": 5}),
            6,
        ),
        (json!({"policy": "SCHED_RR", "priority": 3, "nice": -5}), 2),
        (json!({"policy": "SCHED_IDLE", "nice": 5}), 5),
    ] {
        same("policy", &scheduler(t, wanted)?["policy"], number)?;
    }
    Ok(())
}

fn reset_on_fork_is_set(t: &Trial<'_>) -> Verdict {
    let wanted = json!({"policy": "SCHED_RR", "priority": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK"]});
    same("flags", &scheduler(t, wanted)?["flags"], 1)
}

fn policy_that_linux_does_not_have_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/process/scheduler", json!({"policy": "SCHED_ISO"}));
    t.refused(&bundle, &["SCHED_ISO"])
}

fn scheduling_is_set_for_an_ordinary_user(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/process/user", json!({"uid": 1000, "gid": 1000}))
        .set("/process/scheduler", json!({"policy": "SCHED_FIFO", "priority": 2}))
        .set(
            "/process/ioPriority",
            json!({"class": "IOPRIO_CLASS_RT", "priority": 1}),
        );
    let report = t.see_one(&with_real_time(t, bundle)?)?;
    same("policy", &report["scheduling"]["policy"], 1)?;
    same("I/O priority", &report["ioprio"], 1 << 13 | 1)
}

fn priorities_are_set_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = mapped(t)?
        .set("/process/scheduler", json!({"policy": "SCHED_OTHER", "nice": -4}))
        .set(
            "/process/ioPriority",
            json!({"class": "IOPRIO_CLASS_RT", "priority": 1}),
        );
    let report = t.see_one(&bundle)?;
    same("nice", &report["scheduling"]["nice"], -4)?;
    same("I/O priority", &report["ioprio"], 1 << 13 | 1)
}

fn policy_without_what_it_needs_is_refused(t: &Trial<'_>) -> Verdict {
    for (scheduler, word) in [
        (json!({"policy": "SCHED_FIFO"}), "priority"),
        (json!({"policy": "SCHED_OTHER", "priority": 5}), "priority"),
        (json!({"policy": "SCHED_OTHER", "nice": 30}), "nice"),
        (json!({"policy": "SCHED_OTHER", "runtime": 30}), "runtime"),
        (json!({"policy": "SCHED_SOON"}), "SCHED_SOON"),
        (
            json!({"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_SOON"]}),
            "SCHED_FLAG_SOON",
        ),
    ] {
        t.refused(&t.bundle()?.set("/process/scheduler", scheduler), &[word])?;
    }
    Ok(())
}

fn io_priority_is_set_for_the_process_group(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.set(
        "/process/ioPriority",
        json!({"class": "IOPRIO_CLASS_BE", "priority": 6}),
    ))?;
    same("I/O priority", &report["ioprio"], 2 << 13 | 6)?;
    same("process group", &report["pgid"], report["pid"].clone())
}

fn every_io_priority_class_is_set(t: &Trial<'_>) -> Verdict {
    for (class, number, priority) in [("RT", 1, 0), ("BE", 2, 7), ("IDLE", 3, 0)] {
        let io = json!({"class": format!("IOPRIO_CLASS_{class}"), "priority": priority});
        let report = t.see_one(&t.bundle()?.set("/process/ioPriority", io))?;
        same(class, &report["ioprio"], number << 13 | priority)?;
    }
    t.refused(
        &t.bundle()?.set(
            "/process/ioPriority",
            json!({"class": "IOPRIO_CLASS_BE", "priority": 8}),
        ),
        &["8"],
    )
}

fn cpu_affinity_of_exec_is_accepted(t: &Trial<'_>) -> Verdict {
    let plain = t.see_one(&t.bundle()?)?["status"]["Cpus_allowed_list"].clone();
    let affinity = json!({"initial": "0", "final": "0"});
    let report = t.see_one(&t.bundle()?.set("/process/execCPUAffinity", affinity))?;
    same(
        "CPUs of the first process",
        &report["status"]["Cpus_allowed_list"],
        plain,
    )
}

/// The harness itself is bound to a CPU meanwhile: what it calls inherits that.
fn callers_cpu_affinity_stays_outside(t: &Trial<'_>) -> Verdict {
    let allowed = sched_getaffinity(None)?;
    let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu));
    let mut one = CpuSet::new();
    one.set(first.unwrap_or(0));
    if allowed.count() < 2 {
        return Err(Failure::Skip("there is one CPU alone".into()));
    }
    for bundle in [t.bundle()?, mapped(t)?] {
        sched_setaffinity(None, &one)?;
        let report = t.see_one(&bundle);
        sched_setaffinity(None, &allowed)?;
        let seen = report?["status"]["Cpus_allowed_list"].clone();
        same("CPUs inside", &seen, cpus_of_the_harness()?)?;
    }
    Ok(())
}

fn cpus_of_the_harness() -> Result<String, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    Ok(line.unwrap_or_default().trim().to_owned())
}
