//! What else a process is given: scheduling, priority for input and output, execution domain, memory policy, security labels, Intel RDT
//! (runtime-spec: config.md#linux-process, config-linux.md#personality, #memory-policy, #intelrdt, #mount-label).

use std::path::Path;

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::suite::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(batch_policy_with_a_nice_value_is_set, OLD_RUNC, OLD_CRUN),
    test!(real_time_policies_are_set, OLD_RUNC, OLD_CRUN),
    test!(idle_policy_is_set, OLD_RUNC, OLD_CRUN),
    test!(deadline_policy_is_set, OLD_RUNC, OLD_CRUN),
    test!(reset_on_fork_is_set, OLD_RUNC, OLD_CRUN),
    test!(policy_that_linux_does_not_have_is_refused, OLD_RUNC, OLD_CRUN),
    test!(scheduling_is_set_for_an_ordinary_user, OLD_RUNC, OLD_CRUN),
    test!(priorities_are_set_in_a_user_namespace, OLD_RUNC, OLD_CRUN),
    test!(policy_without_what_it_needs_is_refused, OLD_RUNC, OLD_CRUN),
    test!(io_priority_is_set_for_the_process_group, OLD_RUNC, OLD_CRUN),
    test!(every_io_priority_class_is_set, OLD_RUNC, OLD_CRUN),
    test!(cpu_affinity_of_exec_is_accepted),
    test!(execution_domain_of_32_bits_is_set, OLD_RUNC),
    test!(plain_execution_domain_is_set),
    test!(flag_of_an_execution_domain_is_refused, OLD_RUNC, OLD_CRUN),
    test!(memory_policy_is_set, OLD_RUNC, OLD_CRUN),
    test!(memory_policy_with_a_flag_is_set, OLD_RUNC, OLD_CRUN),
    test!(memory_policy_of_a_node_that_is_not_there_is_refused, OLD_RUNC, OLD_CRUN),
    test!(memory_policy_that_contradicts_itself_is_refused, OLD_RUNC, OLD_CRUN),
    test!(apparmor_profile_that_cannot_be_set_is_refused),
    test!(apparmor_profile_is_given_to_the_kernel),
    test!(
        selinux_label_that_cannot_be_set_is_refused,
        ("crun", "1.8", "says: write to /proc/self/attr/keycreate")
    ),
    test!(
        mount_label_without_selinux_is_no_failure,
        ("runc", "1.1", "gives the label to the kernel, which refuses it")
    ),
    test!(resource_director_that_is_not_there_is_refused, OLD_CRUN),
    test!(class_that_is_no_folder_is_refused, OLD_RUNC, OLD_CRUN),
    test!(selinux_label_that_cannot_be_set_is_an_error),
];

const OLD_RUNC: (&str, &str, &str) = ("runc", "1.1", "is older than this property, and ignores it");
const OLD_CRUN: (&str, &str, &str) = ("crun", "1.8", "is older than this property, and ignores it");

fn scheduler(t: &Trial<'_>, scheduler: Value) -> Result<Value, Failure> {
    let bundle = t.bundle()?.set("/process/scheduler", scheduler);
    let cgroup = t.cgroup(&bundle.id);
    let report = t.see_one(&with_real_time(bundle, &cgroup))?;
    Ok(report["scheduling"].clone())
}

/// On cgroup v1 a new cgroup has no time for real-time policies: a hook gives it some.
fn with_real_time(bundle: Bundle, cgroup: &str) -> Bundle {
    let parent = Path::new(cgroup).parent().unwrap_or(Path::new("/")).display();
    // A cgroup that was removed counts a moment longer: then the kernel refuses, and is asked again.
    let script = format!(
        "for root in /sys/fs/cgroup/cpu /sys/fs/cgroup/cpu,cpuacct; do \
            [ -e $root{parent}/cpu.rt_runtime_us ] || continue; \
            for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do \
                echo 200000 >$root{parent}/cpu.rt_runtime_us && echo 20000 >$root{cgroup}/cpu.rt_runtime_us && exit 0; \
                sleep 0.1; \
            done; exit 1; \
        done"
    );
    let hook = json!({"path": "/bin/sh", "args": ["sh", "-c", script]});
    bundle.set("/hooks/createRuntime", json!([hook]))
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

fn reset_on_fork_is_set(t: &Trial<'_>) -> Verdict {
    let wanted = json!({"policy": "SCHED_RR", "priority": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK"]});
    same("flags", &scheduler(t, wanted)?["flags"], 1)
}

fn policy_that_linux_does_not_have_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/process/scheduler", json!({"policy": "SCHED_ISO"}));
    t.refused(&bundle, &["SCHED_ISO"]).map(drop)
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
    let cgroup = t.cgroup(&bundle.id);
    let report = t.see_one(&with_real_time(bundle, &cgroup))?;
    same("policy", &report["scheduling"]["policy"], 1)?;
    same("I/O priority", &report["ioprio"], 1 << 13 | 1)
}

fn priorities_are_set_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = super::users::mapped(t)?
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
    .map(drop)
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

fn execution_domain_of_32_bits_is_set(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.set("/linux/personality", json!({"domain": "LINUX32"})))?;
    same("personality", &report["personality"], 8)?;
    ensure(report["machine"] != std::env::consts::ARCH, || {
        format!("the machine is still {}", report["machine"])
    })
}

fn plain_execution_domain_is_set(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.set("/linux/personality", json!({"domain": "LINUX"})))?;
    same("personality", &report["personality"], 0)
}

fn flag_of_an_execution_domain_is_refused(t: &Trial<'_>) -> Verdict {
    let personality = json!({"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]});
    t.refused(
        &t.bundle()?.set("/linux/personality", personality),
        &["ADDR_NO_RANDOMIZE"],
    )
    .map(drop)
}

fn memory_policy(t: &Trial<'_>, policy: Value) -> Result<Value, Failure> {
    if !Path::new("/sys/devices/system/node").exists() {
        return Err(Failure::Skip("the kernel is built without NUMA".into()));
    }
    let report = t.see_one(&t.bundle()?.set("/linux/memoryPolicy", policy))?;
    Ok(report["memory_policy"].clone())
}

fn memory_policy_is_set(t: &Trial<'_>) -> Verdict {
    for (mode, number) in [
        ("MPOL_PREFERRED", 1),
        ("MPOL_BIND", 2),
        ("MPOL_INTERLEAVE", 3),
        ("MPOL_PREFERRED_MANY", 5),
        ("MPOL_WEIGHTED_INTERLEAVE", 6),
    ] {
        let seen = memory_policy(t, json!({"mode": mode, "nodes": "0"}))?;
        same(mode, &seen["mode"], number)?;
        same("nodes", &seen["nodes"], 1)?;
    }
    same("local", &memory_policy(t, json!({"mode": "MPOL_LOCAL"}))?["mode"], 4)?;
    same(
        "default",
        &memory_policy(t, json!({"mode": "MPOL_DEFAULT"}))?["mode"],
        0,
    )
}

fn memory_policy_with_a_flag_is_set(t: &Trial<'_>) -> Verdict {
    for (flag, bit) in [("MPOL_F_STATIC_NODES", 1 << 15), ("MPOL_F_RELATIVE_NODES", 1 << 14)] {
        let seen = memory_policy(t, json!({"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": [flag]}))?;
        same(flag, &seen["mode"], 3 | bit)?;
    }
    Ok(())
}

fn memory_policy_of_a_node_that_is_not_there_is_refused(t: &Trial<'_>) -> Verdict {
    let policy = json!({"mode": "MPOL_BIND", "nodes": "1023"});
    t.refused(&t.bundle()?.set("/linux/memoryPolicy", policy), &["MPOL_BIND"])
        .map(drop)
}

fn memory_policy_that_contradicts_itself_is_refused(t: &Trial<'_>) -> Verdict {
    for (policy, phrase) in [
        (
            json!({"mode": "MPOL_DEFAULT", "nodes": "0-7"}),
            "mode requires 0 nodes but got 8",
        ),
        (json!({"mode": "MPOL_BIND"}), "MPOL_BIND"),
        (json!({"mode": "MPOL_FAR", "nodes": "0"}), "invalid memory policy mode"),
        (
            json!({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_FAR"]}),
            "invalid memory policy flag",
        ),
        (
            json!({"mode": "MPOL_BIND", "nodes": "0-9876543210"}),
            "invalid memory policy node",
        ),
    ] {
        t.refused(&t.bundle()?.set("/linux/memoryPolicy", policy), &[phrase])?;
    }
    Ok(())
}

/// Up to the kernel's refusal: with AppArmor, of a profile that nobody loaded.
fn apparmor_profile_that_cannot_be_set_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/process/apparmorProfile", json!("orlop-not-loaded"));
    t.refused(&bundle, &[]).map(drop)
}

/// Where the kernel has no AppArmor: the runtime is shown a host that says it has, and the kernel refuses what is written.
fn apparmor_profile_is_given_to_the_kernel(t: &Trial<'_>) -> Verdict {
    if Path::new("/sys/module/apparmor").exists() {
        return Err(Failure::Skip("the host has AppArmor".into()));
    }
    let script = "unshare --mount --propagation private sh -c 'mount -t tmpfs tmpfs /sys/module && \
        mkdir -p /sys/module/apparmor/parameters && echo Y >/sys/module/apparmor/parameters/enabled && \
        exec \"$0\" \"$@\"' \"$0\" \"$@\"";
    let bundle = t
        .bundle()?
        .set("/process/user", json!({"uid": 1000, "gid": 1000}))
        .set("/process/apparmorProfile", json!("orlop-not-loaded"));
    let call = t.with_bundle(&["run"], &bundle)?.script(script);
    call.refuse(&["/attr/"]).map(drop)
}

/// Up to the kernel's refusal: with SELinux, of a label that no policy knows.
fn selinux_label_that_cannot_be_set_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/process/selinuxLabel", json!("orlop_u:orlop_r:orlop_t:s0"));
    t.refused(&bundle, &["elinux"]).map(drop)
}

fn mount_label_without_selinux_is_no_failure(t: &Trial<'_>) -> Verdict {
    if Path::new("/sys/fs/selinux/enforce").exists() {
        return Err(Failure::Skip("the host has SELinux".into()));
    }
    let label = json!("system_u:object_r:svirt_sandbox_file_t:s0:c715,c811");
    t.see(&t.bundle()?.set("/linux/mountLabel", label)).map(drop)
}

fn resource_director_that_is_not_there_is_refused(t: &Trial<'_>) -> Verdict {
    if Path::new("/sys/fs/resctrl/schemata").exists() {
        return Err(Failure::Skip("the host has a resource director".into()));
    }
    let rdt = json!({"closID": "orlop-test", "l3CacheSchema": "L3:0=f"});
    t.refused(&t.bundle()?.set("/linux/intelRdt", rdt), &["RDT"]).map(drop)
}

fn class_that_is_no_folder_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.set("/linux/intelRdt", json!({"closID": "../x"})),
        &["closID"],
    )
    .map(drop)
}

fn selinux_label_that_cannot_be_set_is_an_error(t: &Trial<'_>) -> Verdict {
    let label = json!("orlop_u:orlop_r:orlop_t:s0");
    t.refused(&t.bundle()?.set("/process/selinuxLabel", label), &[])
        .map(drop)
}
