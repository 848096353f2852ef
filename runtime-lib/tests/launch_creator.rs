//! A container and the process that created it: which of them may end when.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::host::{cgroups_below, is_alive};
use launch::{Stage, create, helper, numbered, quiet, read, until, with_hook};
use orlop::{Scope, Signal, Status};
use std::process::Child;
use std::time::Duration;

/// Processes in the stage's cgroups.
fn members(stage: &Stage) -> Vec<i32> {
    let texts = cgroups_below(&stage.name)
        .into_iter()
        .map(|folder| std::fs::read_to_string(folder.join("cgroup.procs")));
    let texts: Vec<String> = texts.map(Result::unwrap_or_default).collect();
    texts
        .iter()
        .flat_map(|text| text.lines())
        .map(|pid| pid.parse().unwrap())
        .collect()
}

fn kill(pid: i32) {
    // SAFETY: two numbers.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

/// A helper that creates the container `id` with a hook that tells its pid and hangs.
fn hanging_creator(stage: &Stage, role: &str) -> (Child, i32) {
    let creator = stage.helper(role).spawn().unwrap();
    let told = stage.path("hook.pid");
    until("the hook runs", || {
        std::fs::read_to_string(&told).is_ok_and(|text| text.ends_with('\n'))
    });
    let pid = read(&told).trim().parse().unwrap();
    (creator, pid)
}

#[test]
fn init_dies_with_a_creator_that_is_killed_while_a_hook_runs() {
    let stage = Stage::new();
    let (mut creator, hook) = hanging_creator(&stage, "hangs-in-createRuntime");
    assert_eq!(
        stage.container("one").unwrap().state().unwrap().status,
        Status::Creating
    );
    let inside = members(&stage);
    assert!(!inside.is_empty());
    creator.kill().unwrap();
    creator.wait().unwrap();
    until("init is gone", || !inside.iter().any(|pid| is_alive(*pid)));
    kill(hook);
    let container = stage.container("one").unwrap();
    assert_eq!(container.state().unwrap().status, Status::Stopped);
    stage.delete_by_force("one").unwrap();
    stage.assert_empty();
}

#[test]
fn init_in_a_user_namespace_dies_with_its_creator_too() {
    let stage = Stage::new();
    for role in ["hangs-mapped-in-createRuntime", "hangs-as-user-in-createContainer"] {
        let (mut creator, hook) = hanging_creator(&stage, role);
        let inside = members(&stage);
        assert!(!inside.is_empty());
        creator.kill().unwrap();
        creator.wait().unwrap();
        until("init is gone", || !inside.iter().any(|pid| is_alive(*pid)));
        if role.ends_with("Runtime") {
            kill(hook);
        }
        stage.delete_by_force("one").unwrap();
        stage.assert_empty();
        std::fs::remove_file(stage.path("hook.pid")).unwrap();
    }
}

#[test]
fn init_and_its_hook_die_with_a_creator_that_is_killed() {
    let stage = Stage::new();
    let (mut creator, _) = hanging_creator(&stage, "hangs-in-createContainer");
    let inside = members(&stage);
    assert!(inside.len() >= 2);
    creator.kill().unwrap();
    creator.wait().unwrap();
    until("they are gone", || !inside.iter().any(|pid| is_alive(*pid)));
    stage.delete_by_force("one").unwrap();
    stage.assert_empty();
}

#[test]
fn a_creator_killed_at_any_instant_leaves_what_delete_by_force_removes() {
    let stage = Stage::new();
    let mut seen = Vec::new();
    for round in 0..40 {
        let mut creator = stage.helper("creates-on-word").spawn().unwrap();
        let ready = stage.path("ready");
        until("the helper is ready", || ready.exists());
        std::fs::remove_file(&ready).unwrap();
        std::thread::sleep(Duration::from_micros(round * 80));
        creator.kill().unwrap();
        creator.wait().unwrap();
        let status = stage
            .container("one")
            .and_then(|container| container.state())
            .map(|state| state.status);
        seen.push(status.ok());
        let inside = members(&stage);
        if status_is_unfinished(&seen) {
            until("init is gone", || !inside.iter().any(|pid| is_alive(*pid)));
        }
        stage.delete_by_force("one").unwrap();
        stage.assert_empty();
        assert!(!inside.iter().any(|pid| is_alive(*pid)));
    }
    println!("found {seen:?}");
}

fn status_is_unfinished(seen: &[Option<Status>]) -> bool {
    matches!(seen.last(), Some(None | Some(Status::Stopped)))
}

#[test]
fn a_created_container_survives_the_exit_of_its_creator() {
    let stage = Stage::new();
    for round in 0..50 {
        stage.help(stage.helper(if round % 5 == 0 { "creates-as-user" } else { "creates" }));
        let container = stage.container("one").unwrap();
        let state = container.state().unwrap();
        assert_eq!(state.status, Status::Created);
        // Long enough for a signal of its parent's end, had one been on its way.
        std::thread::sleep(Duration::from_millis(1));
        assert!(is_alive(state.pid.unwrap().get()));
        container.delete().unwrap();
    }
}

#[test]
fn another_process_starts_what_one_has_created() {
    let stage = Stage::new();
    stage.help(stage.helper("creates"));
    let container = stage.container("one").unwrap();
    container.start().unwrap();
    let state = container.state().unwrap();
    assert_eq!(state.status, Status::Running);
    assert!(!read(format!("/proc/{}/comm", state.pid.unwrap())).contains("orlop"));
    container.kill(Signal::KILL, Scope::Init).unwrap();
    until("it is stopped", || container.state().unwrap().status == Status::Stopped);
    assert_eq!(container.state().unwrap().pid, None);
    container.delete().unwrap();
}

#[test]
fn sigterm_and_sigint_end_a_created_container() {
    let stage = Stage::new();
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGKILL] {
        let created = stage.created("waiting", &stage.sleeper());
        created.container.kill(numbered(signal), Scope::Init).unwrap();
        let status = created.init.wait().unwrap();
        println!("signal {signal}: {status}");
        // A process that waits for its start as pid 1 ends by itself, with the status of one that a signal has ended.
        assert_eq!(i32::from(status.code()), 128 + signal);
        created.container.delete().unwrap();
    }
}

/// Not a test of its own: see `launch::helper`.
#[test]
fn helper() {
    let Some(role) = helper::role() else {
        return;
    };
    let stage = Stage::of_parent();
    match role.as_str() {
        "creates" | "creates-as-user" => {
            let mut config = stage.sleeper();
            if role == "creates-as-user" {
                config["process"]["user"] = serde_json::json!({ "uid": 1000, "gid": 1000 });
            }
            let created = stage.created("one", &config);
            std::mem::forget(created);
        }
        "creates-on-word" => {
            let bundle = stage.bundle("one", &stage.sleeper());
            std::fs::write(stage.path("ready"), "").unwrap();
            std::mem::forget(create(&stage.runtime(), "one", &bundle, quiet()));
            // The killer decides when.
            std::thread::sleep(Duration::from_secs(10));
        }
        role => {
            let (_, kind) = role.split_once("in-").unwrap();
            let script = format!("echo $$ > {}; exec sleep 1000", stage.path("hook.pid").display());
            let mut config = stage.sleeper();
            if role.contains("mapped") {
                config = stage.mapped(config, 100_000);
            }
            if role.contains("as-user") {
                config["process"]["user"] = serde_json::json!({ "uid": 1000, "gid": 1000 });
            }
            let error = stage.create("one", &with_hook(config, kind, &script));
            panic!("the hook should have hung: {error:?}");
        }
    }
    helper::done();
}
