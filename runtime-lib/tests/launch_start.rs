//! What `start` tells of a process that the kernel does not execute, and of containers that are not to be started.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::{Stage, assert_says, numbered, with};
use orlop::{Error, ExitStatus, Scope, Status};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

fn program(stage: &Stage, name: &str, bytes: &[u8]) {
    let path = stage.rootfs().join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// What start says. The container is stopped then, and can be deleted.
fn start_fails(stage: &Stage, config: &Value) -> String {
    let created = stage.created("fails", config);
    let error = created.container.start().unwrap_err();
    assert!(matches!(error, Error::Exec(_) | Error::Failure(_)), "{error:?}");
    created.init.wait().unwrap();
    assert_eq!(created.container.state().unwrap().status, Status::Stopped);
    assert_says(&created.container.start().unwrap_err().to_string(), &["stopped"]);
    created.container.delete().unwrap();
    println!("{error}");
    error.to_string()
}

#[test]
fn a_file_that_is_no_program_is_told() {
    let stage = Stage::new();
    program(&stage, "text", b"just words\n");
    assert_says(
        &start_fails(&stage, &stage.config(&["/text"])),
        &["exec /text: exec format error"],
    );
    program(&stage, "empty", b"");
    assert_says(
        &start_fails(&stage, &stage.config(&["/empty"])),
        &["exec /empty: exec format error"],
    );
    // Another machine's.
    let mut foreign = std::fs::read("/bin/busybox").unwrap();
    foreign[18] = 0xf3;
    program(&stage, "foreign", &foreign);
    assert_says(
        &start_fails(&stage, &stage.config(&["/foreign"])),
        &["exec /foreign: exec format error"],
    );
}

#[test]
fn a_missing_interpreter_is_told() {
    let stage = Stage::new();
    program(&stage, "script", b"#!/missing/interpreter\n");
    assert_says(
        &start_fails(&stage, &stage.config(&["/script"])),
        &["exec /script: no such file or directory", "interpreter"],
    );
}

#[test]
fn a_program_on_a_noexec_mount_is_told() {
    let stage = Stage::new();
    let mount = json!({ "destination": "/data", "type": "bind", "source": stage.rootfs().join("bin"), "options": ["bind", "noexec"] });
    let config = with(stage.config(&["/data/busybox", "true"]), "/mounts/-", mount);
    assert_says(
        &start_fails(&stage, &config),
        &["exec /data/busybox: permission denied", "noexec"],
    );
}

#[test]
fn arguments_that_are_too_large_are_told() {
    let stage = Stage::new();
    let large = "x".repeat(200_000);
    assert_says(
        &start_fails(&stage, &stage.config(&["/bin/busybox", "true", &large])),
        &["argument list too long"],
    );
}

#[test]
fn a_program_that_is_missing_is_told_by_create_in_the_words_that_engines_match() {
    let stage = Stage::new();
    assert_says(
        &stage.refusal(&stage.config(&["missing"])),
        &["executable file not found in $PATH"],
    );
    assert_says(
        &stage.refusal(&stage.config(&["/missing"])),
        &["no such file or directory"],
    );
    assert_says(&stage.refusal(&stage.config(&["/tmp"])), &["is a directory"]);
    std::fs::write(stage.rootfs().join("plain"), "").unwrap();
    assert_says(&stage.refusal(&stage.config(&["/plain"])), &["permission denied"]);
}

fn filter(default: &str, calls: &[&str], action: &str) -> Value {
    json!({
        "defaultAction": default,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
        "syscalls": [{ "names": calls, "action": action }],
    })
}

#[test]
fn a_filter_that_kills_execve_is_told() {
    let stage = Stage::new();
    for action in ["SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD"] {
        let config = with(
            stage.sleeper(),
            "/linux/seccomp",
            filter("SCMP_ACT_ALLOW", &["execve", "execveat"], action),
        );
        for no_new_privileges in [false, true] {
            let config = with(config.clone(), "/process/noNewPrivileges", no_new_privileges);
            assert_says(&start_fails(&stage, &config), &["linux.seccomp", "SIGSYS"]);
        }
    }
}

#[test]
fn a_filter_that_refuses_execve_is_told() {
    let stage = Stage::new();
    let config = with(
        stage.sleeper(),
        "/linux/seccomp",
        filter("SCMP_ACT_ALLOW", &["execve"], "SCMP_ACT_ERRNO"),
    );
    assert_says(
        &start_fails(&stage, &config),
        &["exec /bin/busybox: operation not permitted"],
    );
}

#[test]
fn a_program_that_dies_of_its_filter_later_is_no_failure_of_start() {
    let stage = Stage::new();
    let config = with(
        stage.script("mkdir /tmp/x"),
        "/linux/seccomp",
        filter("SCMP_ACT_ALLOW", &["mkdir", "mkdirat"], "SCMP_ACT_KILL_PROCESS"),
    );
    for _ in 0..20 {
        let created = stage.created("filtered", &config);
        created.container.start().unwrap();
        let status = created.init.wait().unwrap();
        assert_eq!(status, ExitStatus::Signaled(numbered(libc::SIGSYS)));
        created.container.delete().unwrap();
    }
}

/// A program for x86_64 that prints `hi` and ends with status 5, by the calls write and exit alone.
#[cfg(target_arch = "x86_64")]
fn tiny() -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const CODE: u64 = 64 + 56;
    let code: Vec<u8> = [
        &[0xb8, 1, 0, 0, 0][..],          // mov eax, write
        &[0xbf, 1, 0, 0, 0],              // mov edi, 1
        &[0x48, 0x8d, 0x35, 21, 0, 0, 0], // lea rsi, [rip + text]
        &[0xba, 3, 0, 0, 0],              // mov edx, 3
        &[0x0f, 0x05],                    // syscall
        &[0xb8, 60, 0, 0, 0],             // mov eax, exit
        &[0xbf, 5, 0, 0, 0],              // mov edi, 5
        &[0x0f, 0x05],                    // syscall
        b"\0\0hi\n",
    ]
    .concat();
    let length = CODE + code.len() as u64;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    for number in [BASE + CODE, 64, 0] {
        file.extend(number.to_le_bytes());
    }
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for number in [0, BASE, BASE, length, length, 0x1000] {
        file.extend(number.to_le_bytes());
    }
    file.extend(code);
    file
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_filter_that_allows_little_more_than_execve_is_enough_for_a_start() {
    let stage = Stage::new();
    program(&stage, "tiny", &tiny());
    assert_eq!(stage.run(&stage.config(&["/tiny"])).unwrap().stdout, "hi\n");
    for default in ["SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS"] {
        let profile = filter(default, &["write", "close", "execve", "exit"], "SCMP_ACT_ALLOW");
        let config = with(stage.config(&["/tiny"]), "/linux/seccomp", profile);
        for no_new_privileges in [false, true] {
            let ran = stage
                .run(&with(config.clone(), "/process/noNewPrivileges", no_new_privileges))
                .unwrap();
            assert_eq!(
                (ran.status, ran.stdout.as_str()),
                (5, "hi\n"),
                "{default} {no_new_privileges}"
            );
        }
        // A failure can still be told.
        program(&stage, "text", b"words");
        let said = start_fails(&stage, &with(config, "/process/args/0", "/text"));
        assert_says(&said, &["exec /text: exec format error"]);
    }
}

#[test]
fn a_container_is_started_once() {
    let stage = Stage::new();
    let created = stage.running("once");
    assert_says(
        &created.container.start().unwrap_err().to_string(),
        &["already running"],
    );
    stage.end(&created);
    assert!(matches!(created.container.start(), Err(Error::NotFound(_))));
}

#[test]
fn of_many_who_start_a_container_one_does() {
    let stage = Stage::new();
    for _ in 0..5 {
        let created = stage.created("race", &stage.sleeper());
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| created.container.start())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
            1,
            "{outcomes:?}"
        );
        stage.end(&created);
    }
}

#[test]
fn somebody_who_only_asks_for_the_state_starts_nothing() {
    let stage = Stage::new();
    let created = stage.created("asked", &stage.sleeper());
    for _ in 0..200 {
        assert_eq!(created.container.state().unwrap().status, Status::Created);
    }
    created.container.start().unwrap();
    assert_eq!(created.container.state().unwrap().status, Status::Running);
    stage.end(&created);
}

#[test]
fn questions_that_nobody_answers_do_not_keep_a_container_from_its_start() {
    let stage = Stage::new();
    let created = stage.created("stopped", &stage.sleeper());
    created.container.kill(numbered(libc::SIGSTOP), Scope::Init).unwrap();
    // More than the socket's queue holds.
    for _ in 0..40 {
        assert_eq!(created.container.state().unwrap().status, Status::Created);
    }
    created.container.kill(numbered(libc::SIGCONT), Scope::Init).unwrap();
    created.container.start().unwrap();
    assert_eq!(created.container.state().unwrap().status, Status::Running);
    stage.end(&created);
}

#[test]
fn a_container_without_a_process_waits_until_it_is_deleted() {
    let stage = Stage::new();
    let mut config = stage.sleeper();
    config.as_object_mut().unwrap().remove("process");
    let created = stage.created("idle", &config);
    assert_eq!(created.container.state().unwrap().status, Status::Created);
    assert_says(&created.container.start().unwrap_err().to_string(), &["process"]);
    assert_eq!(created.container.state().unwrap().status, Status::Created);
    created.container.delete().unwrap();
    created.init.wait().unwrap();
}

#[test]
fn a_process_that_is_quick_to_end_is_no_failure_of_start() {
    let stage = Stage::new();
    for _ in 0..50 {
        assert_eq!(stage.run(&stage.config(&["/bin/busybox", "false"])).unwrap().status, 1);
    }
}
