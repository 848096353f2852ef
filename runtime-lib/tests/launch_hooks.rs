//! Hooks: what they get, what is kept of what they say, and how long they may keep a create.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::host::is_alive;
use launch::{Stage, assert_says, quiet, read, until, with, with_hook};
use orlop::{Error, ExitStatus, HookEnd, Io, Signal, Status};
use serde_json::{Value, json};
use std::io::PipeReader;
use std::time::{Duration, Instant};

const BEFORE_START: [&str; 3] = ["prestart", "createRuntime", "createContainer"];

fn hook_failure(outcome: Result<orlop::Created, Error>) -> orlop::HookFailure {
    match outcome {
        Err(Error::Hook(failure)) => *failure,
        other => panic!("not a hook's failure: {other:?}"),
    }
}

fn cancelled_by(cancel: PipeReader) -> Io {
    let mut io = quiet();
    io.cancel = Some(cancel.into());
    io
}

#[test]
fn every_hook_reads_the_state_on_its_standard_input() {
    let stage = Stage::new();
    let mut config = stage.config(&["/bin/busybox", "true"]);
    config["annotations"] = json!({ "a.key": "a \"value\"" });
    let kinds = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"];
    for kind in kinds {
        config = with_hook(config, kind, &format!("cat > {}", stage.path(kind).display()));
    }
    // This one runs in the container's root.
    config = with_hook(config, "startContainer", "cat > /tmp/state");
    let created = stage.created("told", &config);
    created.container.start().unwrap();
    let pid = created.init.pid().get();
    created.init.wait().unwrap();
    created.container.delete().unwrap();
    let expected = [
        ("prestart", "created"),
        ("createRuntime", "creating"),
        ("createContainer", "creating"),
        ("startContainer", "created"),
        ("poststart", "running"),
        ("poststop", "stopped"),
    ];
    for (kind, status) in expected {
        let path = if kind == "startContainer" {
            stage.rootfs().join("tmp/state")
        } else {
            stage.path(kind)
        };
        let state: Value = serde_json::from_str(&read(&path)).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(state["status"], status, "{kind}");
        assert_eq!(state["id"], "told", "{kind}");
        assert_eq!(state["bundle"], stage.dir.to_str().unwrap(), "{kind}");
        assert!(state["ociVersion"].is_string(), "{kind}: {state}");
        assert_eq!(state["annotations"], config["annotations"], "{kind}");
        match kind {
            "poststop" => assert!(state["pid"].is_null(), "{kind}: {state}"),
            // Inside, the pid is the one that is seen there.
            "createContainer" | "startContainer" => assert_eq!(state["pid"], 1, "{kind}"),
            _ => assert_eq!(state["pid"], pid, "{kind}"),
        }
    }
}

#[test]
fn a_second_hook_reads_the_state_from_its_beginning() {
    let stage = Stage::new();
    let hook = |name: &str| json!({ "path": "/bin/sh", "args": ["sh", "-c", format!("cat > {}", stage.path(name).display())] });
    for kind in BEFORE_START {
        let config = with(
            stage.sleeper(),
            &format!("/hooks/{kind}"),
            json!([hook("first"), hook("second")]),
        );
        let created = stage.created("twice", &config);
        stage.end(&created);
        assert_eq!(read(stage.path("first")), read(stage.path("second")), "{kind}");
    }
}

#[test]
fn a_hook_may_ignore_its_input_or_close_it() {
    let stage = Stage::new();
    for kind in BEFORE_START {
        for script in ["exec 0<&-; exit 0", "exit 0", "head -c 3 >/dev/null"] {
            let created = stage.created("deaf", &with_hook(stage.sleeper(), kind, script));
            stage.end(&created);
        }
    }
}

#[test]
fn a_hooks_environment_is_what_the_config_gives() {
    let stage = Stage::new();
    for kind in BEFORE_START {
        let path = stage.path("environment");
        // Without a shell, which has variables of its own.
        let hook = json!([{ "path": "/bin/busybox", "args": ["busybox", "cp", "/proc/self/environ", path], "env": ["ONLY=this"] }]);
        let created = stage.created("poor", &with(stage.sleeper(), &format!("/hooks/{kind}"), hook));
        stage.end(&created);
        let said = read(path);
        let said: Vec<&str> = said.split_terminator('\0').collect();
        assert_eq!(said, ["ONLY=this"], "{kind}");
    }
}

#[test]
fn a_hook_gets_no_descriptor_of_ours() {
    let stage = Stage::new();
    for kind in BEFORE_START {
        let path = stage.path("descriptors");
        let hook = json!([{ "path": "/bin/busybox", "args": ["busybox", "ls", "-l", "/proc/self/fd/"] }]);
        let config = with(stage.sleeper(), &format!("/hooks/{kind}"), hook.clone());
        let created = stage.created("closed", &config);
        stage.end(&created);
        let script = format!("exec /bin/busybox ls /proc/self/fd > {}", path.display());
        let created = stage.created("closed", &with_hook(stage.sleeper(), kind, &script));
        stage.end(&created);
        assert_eq!(
            read(path).split_whitespace().collect::<Vec<_>>(),
            ["0", "1", "2", "3"],
            "{kind}"
        );
    }
}

#[test]
fn a_failing_hook_is_told_with_its_place_its_status_and_its_words() {
    let stage = Stage::new();
    for kind in BEFORE_START {
        let config = with(
            stage.sleeper(),
            &format!("/hooks/{kind}"),
            json!([
                { "path": "/bin/true" },
                { "path": "/bin/sh", "args": ["sh", "-c", "echo why >&2; exit 3"] },
                { "path": "/bin/sh", "args": ["sh", "-c", format!("touch {}", stage.path("third").display())] },
            ]),
        );
        let failure = hook_failure(stage.create("fails", &config));
        assert_eq!(
            (
                failure.index,
                failure.end.to_string().as_str(),
                failure.stderr.trim_end()
            ),
            (1, "exit status 3", "why"),
            "{kind}"
        );
        assert!(!stage.path("third").exists());
        stage.assert_empty();
        let config = with_hook(stage.sleeper(), kind, "kill -9 $$");
        let failure = hook_failure(stage.create("fails", &config));
        assert_eq!(failure.end, HookEnd::Ended(ExitStatus::Signaled(Signal::KILL)));
        assert_says(&failure.to_string(), &["signal: killed (SIGKILL)"]);
        let config = with(
            stage.sleeper(),
            &format!("/hooks/{kind}"),
            json!([{ "path": "/missing/hook" }]),
        );
        let error = stage.create("fails", &config).unwrap_err().to_string();
        assert_says(&error, &["no such file or directory"]);
        stage.assert_empty();
    }
}

#[test]
fn what_a_hook_says_is_bounded_and_does_not_stop_it() {
    let stage = Stage::new();
    for kind in BEFORE_START {
        let script = "echo beginning >&2; head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 4";
        let failure = hook_failure(stage.create("loud", &with_hook(stage.sleeper(), kind, script)));
        assert_eq!(failure.end, HookEnd::Ended(ExitStatus::Exited(4)));
        assert!(failure.stderr.starts_with("beginning"), "{kind}: {:?}", failure.stderr);
        assert!(failure.stderr.len() <= 4096, "{kind}: {}", failure.stderr.len());
        // And one that says as much and succeeds.
        let script = "head -c 3000000 /dev/zero >&2";
        let created = stage.created("loud", &with_hook(stage.sleeper(), kind, script));
        stage.end(&created);
    }
}

#[test]
fn a_daemon_that_keeps_standard_error_open_keeps_nobody_waiting() {
    let stage = Stage::new();
    for kind in BEFORE_START {
        let pid = stage.path("daemon.pid");
        let script = format!("sleep 1000 & echo $! > {}; exit 0", pid.display());
        let begin = Instant::now();
        let created = stage.created("left", &with_hook(stage.sleeper(), kind, &script));
        assert!(begin.elapsed() < Duration::from_secs(2), "{kind}");
        stage.end(&created);
        if kind != "createContainer" {
            let daemon = read(pid).trim().parse().unwrap();
            assert!(is_alive(daemon), "a daemon that a hook leaves behind is its own affair");
            // SAFETY: two numbers.
            unsafe { libc::kill(daemon, libc::SIGKILL) };
        }
    }
}

#[test]
fn a_hook_that_takes_longer_than_its_timeout_is_killed() {
    let stage = Stage::new();
    for kind in ["createRuntime", "createContainer"] {
        let pid = stage.path("hook.pid");
        let script = format!(
            "echo late >&2; readlink /proc/self > {}; exec sleep 1000",
            pid.display()
        );
        let hook = json!([{ "path": "/bin/sh", "args": ["sh", "-c", script], "timeout": 1 }]);
        let begin = Instant::now();
        let failure = hook_failure(stage.create("late", &with(stage.sleeper(), &format!("/hooks/{kind}"), hook)));
        let time = begin.elapsed();
        assert_eq!(
            (failure.end.to_string().as_str(), failure.stderr.trim_end()),
            ("timed out after 1 s", "late"),
            "{kind}"
        );
        assert!(
            time >= Duration::from_millis(990) && time < Duration::from_secs(3),
            "{kind}: {time:?}"
        );
        stage.assert_empty();
    }
}

#[test]
fn a_create_that_hangs_in_a_hook_is_cancelled_and_undone() {
    let stage = Stage::new();
    for kind in BEFORE_START {
        let pid = stage.path("hook.pid");
        let _ = std::fs::remove_file(&pid);
        let script = format!("echo $$ > {}; exec sleep 1000", pid.display());
        let config = with_hook(stage.sleeper(), kind, &script);
        let (cancel, cancel_end) = std::io::pipe().unwrap();
        let io = cancelled_by(cancel);
        let outcome = std::thread::scope(|scope| {
            let create = scope.spawn(|| stage.create_with("hangs", &config, io));
            until("the hook runs", || pid.exists());
            // Nobody waits for the one who is at work.
            let begin = Instant::now();
            let state = stage.container("hangs").unwrap().state().unwrap();
            assert_eq!(state.status, Status::Creating);
            if kind != "createContainer" {
                assert!(is_alive(state.pid.unwrap().get()));
            }
            assert_eq!(stage.runtime().containers().unwrap().states.len(), 1);
            assert!(begin.elapsed() < Duration::from_millis(500));
            drop(cancel_end);
            create.join().unwrap()
        });
        assert!(matches!(outcome, Err(Error::Cancelled)), "{kind}: {outcome:?}");
        stage.assert_empty();
        if kind != "createContainer" {
            until("the hook is gone", || !is_alive(read(&pid).trim().parse().unwrap()));
        }
    }
}

#[test]
fn a_cancel_that_was_given_before_leaves_nothing() {
    let stage = Stage::new();
    let (cancel, cancel_end) = std::io::pipe().unwrap();
    drop(cancel_end);
    let outcome = stage.create_with("never", &stage.sleeper(), cancelled_by(cancel));
    assert!(matches!(outcome, Err(Error::Cancelled)), "{outcome:?}");
    stage.assert_empty();
    let (cancel, _cancel_end) = std::io::pipe().unwrap();
    let created = stage
        .create_with("still", &stage.sleeper(), cancelled_by(cancel))
        .unwrap();
    stage.end(&created);
}

#[test]
fn delete_by_force_of_a_container_in_a_hook_ends_both() {
    let stage = Stage::new();
    let pid = stage.path("hook.pid");
    let config = with_hook(
        stage.sleeper(),
        "createRuntime",
        &format!("echo $$ > {}; exec sleep 1", pid.display()),
    );
    let outcome = std::thread::scope(|scope| {
        let create = scope.spawn(|| stage.create("doomed", &config));
        until("the hook runs", || pid.exists());
        stage.delete_by_force("doomed").unwrap();
        create.join().unwrap()
    });
    println!("{}", outcome.as_ref().unwrap_err());
    stage.assert_empty();
}

#[test]
fn a_poststart_hook_that_fails_ends_the_container() {
    let stage = Stage::new();
    let config = with_hook(stage.sleeper(), "poststart", "echo after >&2; exit 9");
    let created = stage.created("ends", &config);
    let error = created.container.start().unwrap_err();
    assert_says(&error.to_string(), &["poststart", "exit status 9", "after"]);
    assert_eq!(created.init.wait().unwrap().code(), 137);
    assert_eq!(created.container.state().unwrap().status, Status::Stopped);
    created.container.delete().unwrap();
}

#[test]
fn a_start_container_hook_that_fails_is_told_by_start() {
    let stage = Stage::new();
    let config = with_hook(stage.sleeper(), "startContainer", "echo inside >&2; exit 6");
    let created = stage.created("ends", &config);
    let error = created.container.start().unwrap_err();
    assert_says(&error.to_string(), &["startContainer", "exit status 6", "inside"]);
    created.init.wait().unwrap();
    assert_eq!(created.container.state().unwrap().status, Status::Stopped);
    created.container.delete().unwrap();
}

#[test]
fn poststop_hooks_that_fail_are_told_and_the_rest_runs() {
    let stage = Stage::new();
    let mark = stage.path("ran");
    let config = with(
        stage.sleeper(),
        "/hooks/poststop",
        json!([
            { "path": "/bin/false" },
            { "path": "/bin/sh", "args": ["sh", "-c", format!("touch {}", mark.display())] },
            { "path": "/missing" },
        ]),
    );
    let created = stage.created("gone", &config);
    let warnings = created.container.delete().unwrap();
    created.init.wait().unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_says(&warnings[1].to_string(), &["2", "/missing"]);
    assert!(mark.exists());
    // A create that fails ran none of them.
    std::fs::remove_file(&mark).unwrap();
    let error = stage
        .create("gone", &with(config, "/process/args/0", "/missing"))
        .unwrap_err();
    assert_says(&error.to_string(), &["/missing"]);
    assert!(!mark.exists());
}
