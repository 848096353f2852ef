//! `linux.seccomp` with an agent: `SCMP_ACT_NOTIFY`, `listenerPath`, `listenerMetadata` (config-linux.md#seccomp,
//! runtime.md).

use serde_json::{Value, json};

use crate::agent::{Agent, Seen};
use crate::bundle::Bundle;
use crate::descriptor::descriptor_from;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(agent_answers_for_a_call),
    test!(agent_gets_the_container_process_state),
    test!(agent_with_metadata_gets_it),
    test!(agent_sees_the_execve_of_the_process),
    test!(
        agent_of_a_container_with_user_and_time_namespaces_works,
        ("runc", "1.1", "does not know time namespaces")
    ),
    test!(
        killable_wait_is_taken,
        ("runc", "1.1", "does not know the flag"),
        ("crun", "1.8", "does not know the flag")
    ),
    test!(
        profile_that_allows_the_runtime_only_write_close_execve_works,
        ("runc", "1.1", "makes other calls behind the filter"),
        ("crun", "1.8", "makes other calls behind the filter")
    ),
    test!(
        profile_with_an_agent_that_allows_only_write_close_execve_works,
        ("runc", "1.1", "makes other calls behind the filter"),
        ("crun", "1.8", "makes other calls behind the filter")
    ),
    test!(missing_agent_is_an_error),
    test!(
        agent_that_hangs_up_leaves_no_running_container,
        ("runc", "1.1", "sends at create"),
        ("crun", "1.8", "sends at create")
    ),
    test!(
        notification_without_an_agents_path_is_refused,
        ("crun", "1.8", "takes it")
    ),
    test!(notification_of_write_is_refused, ("crun", "1.8", "takes it")),
    test!(notification_as_the_default_is_refused, ("crun", "1.8", "takes it")),
    test!(flags_are_taken, ("runc", "1.1", "does not know flags")),
    test!(agent_that_goes_before_the_execve_does_not_block),
];

/// What a static program of the C library calls from its start to its end, apart from write.
const PROGRAM: &[&str] = &[
    "arch_prctl",
    "brk",
    "exit_group",
    "fcntl",
    "futex",
    "getrandom",
    "mmap",
    "mprotect",
    "munmap",
    "poll",
    "prlimit64",
    "readlink",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "sched_getaffinity",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
];

fn notifying(bundle: Bundle, agent: &str, calls: &[&str]) -> Bundle {
    bundle.set(
        "/linux/seccomp",
        json!({
            "defaultAction": "SCMP_ACT_ALLOW",
            "listenerPath": agent,
            "syscalls": [{"names": calls, "action": "SCMP_ACT_NOTIFY"}]
        }),
    )
}

/// An agent that refuses mkdir with EXDEV, and its path.
fn agent(t: &Trial<'_>) -> Result<(Agent, String), Failure> {
    let dir = t.bundle()?.dir;
    std::fs::create_dir_all(&dir)?;
    let agent = Agent::at(&dir.join("agent"), libc::SYS_mkdir, libc::EXDEV)?;
    let path = agent.path.to_string_lossy().into_owned();
    Ok((agent, path))
}

/// Runs a bundle that makes a folder, and tells what its process and the agent saw.
fn told(t: &Trial<'_>, change: impl FnOnce(Bundle) -> Bundle) -> Result<(String, i32, Vec<Value>, Seen), Failure> {
    let (agent, path) = agent(t)?;
    let bundle = notifying(t.bundle()?, &path, &["mkdir"]).probe("mkdir /tmp-of-mine");
    let bundle = change(bundle);
    let life = t.full_life(&bundle);
    let seen = agent.seen();
    let (code, said) = life?;
    Ok((bundle.id, code, said, seen?))
}

fn agent_answers_for_a_call(t: &Trial<'_>) -> Verdict {
    let (_, code, said, seen) = told(t, Bundle::writable)?;
    same("exit code", &code, 0)?;
    same("errno", &said[0]["errno"], libc::EXDEV)?;
    same("descriptors", &seen.descriptors, 1)?;
    same("calls", &seen.calls.len(), 1)
}

fn agent_gets_the_container_process_state(t: &Trial<'_>) -> Verdict {
    let (id, _, _, seen) = told(t, |bundle| {
        bundle.set("/annotations", json!({"org.example.key": "value"}))
    })?;
    same("fds", &seen.state["fds"], json!(["seccompFd"]))?;
    ensure(seen.state["ociVersion"].is_string(), || {
        format!("no ociVersion: {}", seen.state)
    })?;
    same("pid", &seen.state["pid"], u64::from(seen.calls[0].pid))?;
    let state = &seen.state["state"];
    same("id", &state["id"], id)?;
    same("state's pid", &state["pid"], seen.state["pid"].clone())?;
    same("annotations", &state["annotations"]["org.example.key"], "value")?;
    ensure(
        ["creating", "created"].contains(&state["status"].as_str().unwrap_or("")),
        || format!("status {}", state["status"]),
    )?;
    ensure(state["bundle"].is_string(), || format!("no bundle: {state}"))
}

fn agent_with_metadata_gets_it(t: &Trial<'_>) -> Verdict {
    let (.., seen) = told(t, |bundle| {
        bundle.set("/linux/seccomp/listenerMetadata", json!("a word\nfor the agent"))
    })?;
    same("metadata", &seen.state["metadata"], "a word\nfor the agent")
}

fn agent_sees_the_execve_of_the_process(t: &Trial<'_>) -> Verdict {
    let (_, code, _, seen) = told(t, |bundle| {
        bundle.set("/linux/seccomp/syscalls/0/names", json!(["execve", "mkdir"]))
    })?;
    same("exit code", &code, 0)?;
    let calls: Vec<i64> = seen.calls.iter().map(|call| call.call).collect();
    same("calls", &calls, vec![libc::SYS_execve, libc::SYS_mkdir])
}

fn agent_of_a_container_with_user_and_time_namespaces_works(t: &Trial<'_>) -> Verdict {
    let map = json!([{"containerID": 0, "hostID": 0, "size": 65536}]);
    let (_, code, said, seen) = told(t, |bundle| {
        bundle.new_namespace("user").new_namespace("time").id_maps(map)
    })?;
    same("exit code", &code, 0)?;
    same("errno", &said[0]["errno"], libc::EXDEV)?;
    same("calls", &seen.calls.len(), 1)
}

fn killable_wait_is_taken(t: &Trial<'_>) -> Verdict {
    let (_, code, said, _) = told(t, |bundle| {
        bundle.set(
            "/linux/seccomp/flags",
            json!(["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_TSYNC"]),
        )
    })?;
    same("exit code", &code, 0)?;
    same("errno", &said[0]["errno"], libc::EXDEV)
}

/// Everything else ends the process.
pub(in crate::rooms) fn bare() -> Value {
    json!({
        "defaultAction": "SCMP_ACT_KILL_PROCESS",
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [
            {"names": ["write", "close", "execve"], "action": "SCMP_ACT_ALLOW"},
            {"names": PROGRAM, "action": "SCMP_ACT_ALLOW"}
        ]
    })
}

fn profile_that_allows_the_runtime_only_write_close_execve_works(t: &Trial<'_>) -> Verdict {
    for no_new_privileges in [true, false] {
        let bundle = t
            .bundle()?
            .set("/linux/seccomp", bare())
            .set("/process/noNewPrivileges", json!(no_new_privileges));
        let done = t.run(&bundle.probe("stdout well"))?;
        same("exit code", &done.code, 0)?;
        ensure(done.out.starts_with("well"), || done.out.clone())?;
    }
    Ok(())
}

fn profile_with_an_agent_that_allows_only_write_close_execve_works(t: &Trial<'_>) -> Verdict {
    let (_, code, said, seen) = told(t, |bundle| {
        let path = bundle.config["linux"]["seccomp"]["listenerPath"].clone();
        bundle
            .set("/linux/seccomp", bare())
            .set("/linux/seccomp/listenerPath", path)
            .set(
                "/linux/seccomp/syscalls/2",
                json!({"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}),
            )
    })?;
    same("exit code", &code, 0)?;
    same("errno", &said[0]["errno"], libc::EXDEV)?;
    same("calls", &seen.calls.len(), 1)
}

fn missing_agent_is_an_error(t: &Trial<'_>) -> Verdict {
    let bundle = notifying(t.bundle()?, "/no/such/agent", &["mkdir"]);
    t.refused(&bundle, &["seccomp"])?;
    // Not only when the filter is loaded.
    t.with_bundle(&["create"], &bundle)?.refuse(&["seccomp"])
}

fn agent_that_hangs_up_leaves_no_running_container(t: &Trial<'_>) -> Verdict {
    let dir = t.bundle()?.dir;
    std::fs::create_dir_all(&dir)?;
    let path = dir.join("agent");
    let listener = std::os::unix::net::UnixListener::bind(&path)?;
    let thread = std::thread::spawn(move || listener.accept().map(drop));
    let bundle = notifying(t.bundle()?, &path.to_string_lossy(), &["mkdir"]);
    let created = t.create(&bundle.set(
        "/hooks/startContainer",
        json!([{"path": "/probe", "args": ["probe", "sleep", "0.3"]}]),
    ))?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).refuse(&["seccomp agent"])?;
    let _ = thread.join();
    t.exit_of(pid)?;
    same("status", &t.status(&created.id)?, "stopped")
}

fn notification_without_an_agents_path_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = notifying(t.bundle()?, "", &["mkdir"]).remove("/linux/seccomp", "listenerPath");
    t.refused(&bundle, &["istener"])
}

fn notification_of_write_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = notifying(t.bundle()?, "/no/such/agent", &["write"]);
    t.refused(&bundle, &["SCMP_ACT_NOTIFY cannot be used for the write syscall"])
}

fn notification_as_the_default_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = notifying(t.bundle()?, "/no/such/agent", &["mkdir"])
        .set("/linux/seccomp/defaultAction", json!("SCMP_ACT_NOTIFY"));
    t.refused(&bundle, &["default"])
}

fn flags_are_taken(t: &Trial<'_>) -> Verdict {
    for flags in [
        json!(["SECCOMP_FILTER_FLAG_LOG"]),
        json!(["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]),
        json!(["SECCOMP_FILTER_FLAG_TSYNC"]),
        json!([
            "SECCOMP_FILTER_FLAG_TSYNC",
            "SECCOMP_FILTER_FLAG_LOG",
            "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
        ]),
    ] {
        let profile = json!({
            "defaultAction": "SCMP_ACT_ALLOW",
            "flags": flags,
            "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": libc::EXDEV}]
        });
        let bundle = t.bundle()?.set("/linux/seccomp", profile).probe("report , mkdir /here");
        let said = t.see(&bundle)?;
        same("Seccomp", &said[0]["status"]["Seccomp"], "2")?;
        same("errno", &said[1]["errno"], libc::EXDEV)?;
    }
    Ok(())
}

fn agent_that_goes_before_the_execve_does_not_block(t: &Trial<'_>) -> Verdict {
    let path = t.dir.join("agent");
    let listener = std::os::unix::net::UnixListener::bind(&path)?;
    let agent = std::thread::spawn(move || descriptor_from(&listener).map(drop));
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": path.to_string_lossy(),
        "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_NOTIFY"}]});
    let begin = std::time::Instant::now();
    let done = t.run(&t.bundle()?.set("/linux/seccomp", profile))?;
    let _ = agent.join();
    ensure(done.code != 0 && begin.elapsed().as_secs() < 15, || {
        format!("{} {:?}", done.err, begin.elapsed())
    })
}
