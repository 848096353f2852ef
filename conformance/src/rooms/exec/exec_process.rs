//! `exec --process`: a process of a file, and what it takes over from the container's own.

use std::fs;

use serde_json::{Value, json};

use super::exec_statuses::waiting;
use super::{probe, report};
use crate::agent::Agent;
use crate::call::{Call, Done};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::deviations::{NOT_IN_CRUN, NOT_IN_RUNC, OLD_CRUN, OLD_RUNC};
use crate::rooms::process::needs_to_raise;
use crate::rooms::seccomp::bare;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(program_and_directory_are_enough),
    test!(environment_is_that_of_the_file_alone),
    test!(
        everything_that_a_process_can_have_is_set,
        (
            "runc",
            "1.1",
            "sets no OOM score, and knows neither scheduler nor I/O priority"
        ),
        ("crun", "1.8", "sets no OOM score, and knows no I/O priority")
    ),
    test!(
        io_priority_is_that_of_every_process,
        ("runc", "1.1", "knows no I/O priority"),
        ("crun", "1.8", "knows no I/O priority")
    ),
    test!(
        limit_on_copies_is_the_processs_alone,
        ("runc", "1.1", "does not take the container's limits over")
    ),
    test!(
        limit_on_copies_is_raised,
        ("runc", "1.1", "does not take the container's limits over")
    ),
    test!(
        program_may_be_found_by_what_the_process_has,
        ("crun", "1.8", "says it with a capital letter")
    ),
    test!(
        home_that_is_longer_than_a_path_is_none,
        ("runc", "1.1", "takes it as it is"),
        ("crun", "1.8", "takes it as it is")
    ),
    test!(
        file_that_is_no_process_is_refused_with_the_place,
        ("crun", "1.8", "names no place")
    ),
    test!(
        unknown_member_is_a_warning,
        ("runc", "1.1", "says nothing"),
        ("crun", "1.8", "says nothing")
    ),
    test!(capabilities_are_the_containers_where_the_file_has_none),
    test!(
        no_new_privileges_of_the_container_hold,
        ("runc", "1.1", "takes the file's word"),
        ("crun", "1.8", "takes the file's word")
    ),
    test!(filter_of_the_container_holds),
    test!(
        profile_that_allows_only_write_close_execve_lets_exec_through,
        ("runc", "1.1", "makes other calls behind the filter"),
        ("crun", "1.8", "makes other calls behind the filter")
    ),
    test!(
        agent_is_told_of_the_process,
        ("runc", "1.1", "does not come to an end"),
        ("crun", "1.8", "tells of it as of the container's own")
    ),
    test!(
        landlock_of_the_container_holds,
        ("runc", "1.1", "knows no Landlock"),
        ("crun", "1.8", "knows no Landlock")
    ),
    test!(memory_policy_and_domain_of_the_container_hold, OLD_RUNC, OLD_CRUN),
    test!(cpus_are_those_that_are_asked_for, OLD_RUNC, OLD_CRUN),
    test!(
        cpus_of_the_caller_are_none_of_the_processes,
        ("runc", "1.1", "keeps them"),
        ("crun", "1.8", "keeps them")
    ),
    test!(
        umask_of_the_container_is_taken_over,
        ("runc", "1.1", "keeps the caller's"),
        ("crun", "1.8", "keeps the caller's")
    ),
    test!(process_is_explained_beforehand, NOT_IN_RUNC, NOT_IN_CRUN),
];

/// `exec` of the process.
fn called<'t>(t: &'t Trial<'_>, id: &str, process: &Value) -> Result<Call<'t>, Failure> {
    let file = t.dir.join("process.json");
    fs::write(&file, process.to_string())?;
    Ok(t.call(&["exec", "--process", &file.to_string_lossy(), id]))
}

fn exec(t: &Trial<'_>, id: &str, process: &Value) -> Result<Done, Failure> {
    called(t, id, process)?.finish()
}

fn reported(t: &Trial<'_>, id: &str, process: &Value) -> Result<Value, Failure> {
    let done = exec(t, id, process)?;
    same("exit status", &done.code, 0).map_err(|_| Failure::Wrong(done.err.clone()))?;
    Ok(done.lines()?.first().cloned().unwrap_or_default())
}

fn reporting() -> Value {
    json!({"args": ["/probe", "report"], "cwd": "/"})
}

fn program_and_directory_are_enough(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let report = reported(t, &id, &reporting())?;
    same("users", &report["uids"], json!([0, 0, 0]))?;
    same("cwd", &report["cwd"], "/")
}

fn environment_is_that_of_the_file_alone(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 600").set("/process/env", json!(["OWN=1"]));
    let id = t.launch(&bundle)?.id;
    let mut process = reporting();
    process["env"] = json!(["HOME=/here", "FILES=1"]);
    same(
        "environment",
        &reported(t, &id, &process)?["env"],
        json!(["HOME=/here", "FILES=1"]),
    )
}

fn everything_that_a_process_can_have_is_set(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let process = json!({
        "args": ["/probe", "report"], "cwd": "/proc", "env": ["A=1"],
        "user": {"uid": 8, "gid": 9, "additionalGids": [10, 11], "umask": 0o27},
        "capabilities": {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"],
            "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]},
        "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 20, "hard": 30}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}],
        "noNewPrivileges": true,
        "oomScoreAdj": 444,
        "scheduler": {"policy": "SCHED_BATCH", "nice": 3},
        "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6},
    });
    let report = reported(t, &id, &process)?;
    same("users", &report["uids"], json!([8, 8, 8]))?;
    same("groups", &report["gids"], json!([9, 9, 9]))?;
    same("supplementary groups", &report["groups"], json!([10, 11]))?;
    same("umask", &report["umask"], 0o27)?;
    same("cwd", &report["cwd"], "/proc")?;
    for set in ["CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb"] {
        same(set, &report["status"][set], "0000000000000020")?;
    }
    same("limit", &report["rlimits"]["RLIMIT_NOFILE"], json!([20, 30]))?;
    same("limit", &report["rlimits"]["RLIMIT_CORE"], json!([0, 0]))?;
    same("no_new_privs", &report["no_new_privs"], 1)?;
    same("OOM score", &report["oom_score_adj"], "444")?;
    same("scheduler", &report["scheduler"], libc::SCHED_BATCH)?;
    same("nice", &report["priority"], 3)?;
    same("I/O priority", &report["ioprio"], (2 << 13) | 6)
}

/// One process alone finds the runtime early or late as it happens.
fn io_priority_is_that_of_every_process(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let mut process = reporting();
    process["ioPriority"] = json!({"class": "IOPRIO_CLASS_BE", "priority": 6});
    for _ in 0..150 {
        same("I/O priority", &reported(t, &id, &process)?["ioprio"], (2 << 13) | 6)?;
    }
    Ok(())
}

/// The kernel counts all processes of a user, those on the way to the program, too.
fn limit_on_copies_is_the_processs_alone(t: &Trial<'_>) -> Verdict {
    const USER: u32 = 64_321;
    let bundle = t
        .bundle()?
        .probe("sleep 600")
        .set("/process/user", json!({"uid": USER, "gid": USER}))
        .set(
            "/process/rlimits",
            json!([{"type": "RLIMIT_NPROC", "soft": 1, "hard": 1}]),
        );
    let id = t.launch(&bundle)?.id;
    let mut process = reporting();
    process["user"] = json!({"uid": USER, "gid": USER});
    let report = reported(t, &id, &process)?;
    same("limit", &report["rlimits"]["RLIMIT_NPROC"], json!([1, 1]))
}

/// By whom the process begins; the process itself may not.
fn limit_on_copies_is_raised(t: &Trial<'_>) -> Verdict {
    needs_to_raise()?;
    let limits = json!([{"type": "RLIMIT_NPROC", "soft": 2000, "hard": 3000}]);
    let bundle = t.bundle()?.probe("sleep 600").set("/process/rlimits", limits.clone());
    let script = "exec prlimit --nproc=1000 \"$0\" \"$@\"";
    let id = t
        .create_with(t.with_bundle(&["create"], &bundle)?.script(script), &bundle)?
        .id;
    t.call(&["start", &id]).succeed()?;
    let mut process = reporting();
    process["rlimits"] = limits;
    for process in [process, reporting()] {
        let done = called(t, &id, &process)?.script(script).succeed()?;
        same(
            "limit",
            &done.lines()?[0]["rlimits"]["RLIMIT_NPROC"],
            json!([2000, 3000]),
        )?;
    }
    Ok(())
}

fn program_may_be_found_by_what_the_process_has(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    for path in ["/proc/self/root/probe", "/proc/thread-self/root/probe"] {
        let done = exec(t, &id, &json!({"args": [path, "exit", "7"], "cwd": "/"}))?;
        same(path, &done.code, 7)?;
    }
    let done = exec(t, &id, &json!({"args": ["/proc/self/root/nothing"], "cwd": "/"}))?;
    same("exit status", &done.code, 255)?;
    ensure(done.err.contains("no such file"), || done.err.clone())
}

fn home_that_is_longer_than_a_path_is_none(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.writable().probe("sleep 600");
    let etc = bundle.rootfs().join("etc");
    fs::create_dir_all(&etc)?;
    let line = format!("root:x:0:0::/{}:/bin/sh\n", "x".repeat(5000));
    fs::write(etc.join("passwd"), line)?;
    let id = t.launch(&bundle)?.id;
    let report = reported(t, &id, &reporting())?;
    same("environment", &report["env"], json!(["HOME=/"]))
}

fn file_that_is_no_process_is_refused_with_the_place(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    for (process, place) in [
        (json!({"args": [], "cwd": "/"}), "args"),
        (json!({"args": ["/probe"], "cwd": "relative"}), "cwd"),
        (json!({"args": ["/probe"]}), "cwd"),
        (json!({"args": ["/probe"], "cwd": "/", "user": {"uid": -1}}), "uid"),
    ] {
        let done = exec(t, &id, &process)?;
        same("exit status", &done.code, 255)?;
        ensure(done.err.to_lowercase().contains(place), || {
            format!("{process}: {}", done.err)
        })?;
    }
    let done = t
        .call(&["exec", "--process", "/no/such/file", &id])
        .refusal(&["o such file"])?;
    same("exit status", &done.code, 255)
}

fn unknown_member_is_a_warning(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let mut process = reporting();
    process["flux"] = json!(1);
    let done = exec(t, &id, &process)?;
    same("exit status", &done.code, 0)?;
    ensure(done.err.contains("flux"), || done.err.clone())
}

fn capabilities_are_the_containers_where_the_file_has_none(t: &Trial<'_>) -> Verdict {
    let id = t
        .launch(&t.bundle()?.probe("sleep 600").capabilities(&["CAP_CHOWN"]))?
        .id;
    same(
        "CapEff",
        &reported(t, &id, &reporting())?["status"]["CapEff"],
        "0000000000000001",
    )
}

fn no_new_privileges_of_the_container_hold(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .probe("sleep 600")
        .set("/process/noNewPrivileges", json!(true));
    let id = t.launch(&bundle)?.id;
    let mut process = reporting();
    process["noNewPrivileges"] = json!(false);
    same("no_new_privs", &reported(t, &id, &process)?["no_new_privs"], 1)
}

fn filter_of_the_container_holds(t: &Trial<'_>) -> Verdict {
    for no_new_privileges in [true, false] {
        let profile = json!({
            "defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": libc::EXDEV}]
        });
        let bundle = t.bundle()?.writable().probe("sleep 600").set("/linux/seccomp", profile);
        let id = t
            .launch(&bundle.set("/process/noNewPrivileges", json!(no_new_privileges)))?
            .id;
        let seen = super::told(t, &id, &[], "mkdir /made")?;
        same("errno", &seen["errno"], libc::EXDEV)?;
        same("mode", &report(t, &id, &[])?["status"]["Seccomp"], "2")?;
    }
    Ok(())
}

fn profile_that_allows_only_write_close_execve_lets_exec_through(t: &Trial<'_>) -> Verdict {
    let mut profile = bare();
    // What the container's own process sleeps by.
    let sleep = json!({"names": ["clock_nanosleep", "nanosleep"], "action": "SCMP_ACT_ALLOW"});
    profile["syscalls"]
        .as_array_mut()
        .into_iter()
        .for_each(|calls| calls.push(sleep.clone()));
    let bundle = t.bundle()?.probe("sleep 600").set("/linux/seccomp", profile);
    let id = t.launch(&bundle)?.id;
    let done = probe(t, &id, &[], "stdout well").finish()?;
    ensure(done.code == 0 && done.out.contains("well"), || {
        format!("{}: {}", done.code, done.err)
    })?;
    let done = t
        .call(&["exec", &id, "/missing"])
        .refusal(&["no such file or directory"])?;
    same("exit status", &done.code, 255)
}

fn agent_is_told_of_the_process(t: &Trial<'_>) -> Verdict {
    let dir = t.bundle()?.dir;
    fs::create_dir_all(&dir)?;
    let agent = |name: &str| Agent::at(&dir.join(name), libc::SYS_mkdir, libc::EXDEV);
    let first = agent("agent")?;
    let path = first.path.clone();
    let bundle = t.bundle()?.writable().probe("sleep 600").set(
        "/linux/seccomp",
        json!({
            "defaultAction": "SCMP_ACT_ALLOW",
            "listenerPath": path.to_string_lossy(),
            "listenerMetadata": "about it",
            "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]
        }),
    );
    let id = t.launch(&bundle)?.id;
    fs::rename(&path, dir.join("agent-of-the-first"))?;
    let second = agent("agent")?;
    let seen = super::told(t, &id, &[], "mkdir /made")?;
    let told = second.seen()?;
    let pid = t.pid(&id)?;
    t.call(&["kill", &id, "KILL"]).succeed()?;
    t.exit_of(pid)?;
    let _ = std::os::unix::net::UnixStream::connect(dir.join("agent-of-the-first"));
    drop(first);
    same("errno", &seen["errno"], libc::EXDEV)?;
    same("metadata", &told.state["metadata"], "about it")?;
    same("status", &told.state["state"]["status"], "running")?;
    same(
        "pid of the container",
        &told.state["state"]["pid"],
        pid.as_raw_nonzero().get(),
    )?;
    same("pid of the process", &told.state["pid"], u64::from(told.calls[0].pid))
}

fn landlock_of_the_container_holds(t: &Trial<'_>) -> Verdict {
    let rules =
        json!({"filesystem": {"handled": ["make_dir"], "allowed": [{"paths": ["/may"], "access": ["make_dir"]}]}});
    let bundle = t
        .bundle()?
        .writable()
        .folder("may")?
        .folder("not")?
        .probe("sleep 600")
        .set("/annotations", json!({"org.orlop.landlock": rules.to_string()}));
    let id = t.launch(&bundle)?.id;
    same(
        "allowed",
        &super::told(t, &id, &[], "mkdir /may/made")?["errno"],
        Value::Null,
    )?;
    same(
        "denied",
        &super::told(t, &id, &[], "mkdir /not/made")?["errno"],
        libc::EACCES,
    )
}

fn memory_policy_and_domain_of_the_container_hold(t: &Trial<'_>) -> Verdict {
    const PER_LINUX32: u64 = 8;
    let bundle = t
        .bundle()?
        .probe("sleep 600")
        .set("/linux/memoryPolicy", json!({"mode": "MPOL_BIND", "nodes": "0"}))
        .set("/linux/personality", json!({"domain": "LINUX32"}));
    let id = t.launch(&bundle)?.id;
    let own = report(t, &id, &[])?;
    same("domain", &own["personality"], PER_LINUX32)?;
    same("policy", &own["memory_policy"]["mode"], 2)
}

/// The CPUs that the harness may use.
fn own_cpus() -> Vec<usize> {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = text.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let ranges = list.unwrap_or_default().trim().split(',');
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        first.parse::<usize>().ok().zip(last.parse::<usize>().ok())
    };
    ranges
        .filter_map(range)
        .flat_map(|(first, last)| first..=last)
        .collect()
}

fn cpus_are_those_that_are_asked_for(t: &Trial<'_>) -> Verdict {
    let cpus = own_cpus();
    let Some(last) = cpus.last().filter(|_| cpus.len() > 1) else {
        return Err(Failure::Skip("there is one CPU".into()));
    };
    let id = waiting(t)?.id;
    for (affinity, wanted) in [
        (json!({"initial": cpus[0].to_string(), "final": last.to_string()}), last),
        (json!({"final": last.to_string()}), last),
    ] {
        let mut process = reporting();
        process["execCPUAffinity"] = affinity;
        let report = reported(t, &id, &process)?;
        same("CPUs", &report["status"]["Cpus_allowed_list"], wanted.to_string())?;
    }
    // What becomes of the initial ones alone is the kernel's to say, which before Linux 6.2 forgets them in another cgroup.
    let mut process = reporting();
    process["execCPUAffinity"] = json!({"initial": last.to_string()});
    let seen = reported(t, &id, &process)?["status"]["Cpus_allowed_list"].clone();
    let all = report(t, &id, &[])?["status"]["Cpus_allowed_list"].clone();
    let own = last.to_string();
    ensure(seen == own.as_str() || seen == all, || format!("CPUs: {seen}"))?;
    process["execCPUAffinity"] = json!({"final": "8000"});
    let done = exec(t, &id, &process)?;
    ensure(done.code == 255 && done.err.contains("execCPUAffinity.final"), || {
        done.err.clone()
    })
}

fn cpus_of_the_caller_are_none_of_the_processes(t: &Trial<'_>) -> Verdict {
    let cpus = own_cpus();
    if cpus.len() < 2 {
        return Err(Failure::Skip("there is one CPU".into()));
    }
    let id = waiting(t)?.id;
    let unbound = report(t, &id, &[])?["status"]["Cpus_allowed_list"].clone();
    let script = format!("exec taskset -c {} \"$0\" \"$@\"", cpus[0]);
    let done = probe(t, &id, &[], "report").script(&script).succeed()?;
    let report = done.lines()?.first().cloned().unwrap_or_default();
    same("CPUs", &report["status"]["Cpus_allowed_list"], unbound)
}

fn umask_of_the_container_is_taken_over(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 600").set("/process/user/umask", json!(0o77));
    let id = t.launch(&bundle)?.id;
    same("umask", &report(t, &id, &[])?["umask"], 0o77)
}

/// What is explained is what a `--debug` tells of the exec itself.
fn process_is_explained_beforehand(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 600");
    let dir = bundle.dir.to_string_lossy().into_owned();
    let id = t.launch(&bundle)?.id;
    let file = t.dir.join("process.json");
    let process =
        json!({"args": ["/probe", "exit", "0"], "cwd": "/", "oomScoreAdj": 421, "user": {"uid": 3, "gid": 4}});
    std::fs::write(&file, process.to_string())?;
    let file = file.to_string_lossy();
    let explain = ["explain", "--json", "--process", &file, "--bundle", &dir];
    let acts = t.call(&explain).succeed()?.json()?;
    let acts = acts.as_array().cloned().unwrap_or_default();
    let texts: Vec<&str> = acts.iter().filter_map(|act| act["text"].as_str()).collect();
    ensure(texts.len() > 10, || format!("{texts:?}"))?;
    ensure(acts.iter().all(|act| act["phase"] == "exec"), || format!("{texts:?}"))?;
    let asked = acts.iter().find(|act| act["path"] == "process.oomScoreAdj");
    ensure(asked.is_some(), || "nobody asked for the score".into())?;
    let done = t
        .call(&["exec", "--process", &file, &id])
        .global(&["--debug"])
        .succeed()?;
    // The id is the container's own here.
    for text in texts.iter().filter(|text| !text.contains("_ses.")) {
        ensure(done.err.contains(text), || {
            format!("{text:?} was not done: {}", done.err)
        })?;
    }
    Ok(())
}
