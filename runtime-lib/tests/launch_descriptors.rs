//! Which descriptors a container gets, and what it can do with its stdio.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::{Stage, assert_says, helper, null, quiet, read, with};
use orlop::CreateOptions;
use serde_json::json;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};

/// Puts files of these texts on the descriptors from 3 on, not closed on exec.
fn place(stage: &Stage, texts: &[&str]) {
    for (number, text) in (3..).zip(texts) {
        let path = stage.path(text);
        std::fs::write(&path, text).unwrap();
        let file = File::open(&path).unwrap();
        if file.as_raw_fd() == number {
            // SAFETY: numbers.
            assert_eq!(unsafe { libc::fcntl(number, libc::F_SETFD, 0) }, 0);
            std::mem::forget(file);
        } else {
            // SAFETY: numbers; nothing of this process is there, it has just begun.
            assert_eq!(unsafe { libc::dup2(file.as_raw_fd(), number) }, number);
        }
    }
}

/// Options that give a quiet stdio from descriptors above those that are passed on.
fn quiet_above() -> CreateOptions {
    let null = || Some(rustix::io::fcntl_dupfd_cloexec(null(), 50).unwrap());
    CreateOptions {
        stdio: [null(), null(), null()],
        ..CreateOptions::default()
    }
}

#[test]
fn preserved_descriptors_keep_their_numbers_and_nothing_else_comes_along() {
    let stage = Stage::new();
    stage.help(stage.helper("preserves"));
}

#[test]
fn listening_sockets_come_with_their_variables() {
    let stage = Stage::new();
    stage.help(stage.helper("listens"));
}

#[test]
fn descriptors_that_are_missing_are_gaps_among_the_preserved_ones() {
    let stage = Stage::new();
    stage.help(stage.helper("misses-a-preserved-one"));
}

#[test]
fn a_listening_socket_that_is_missing_is_told_and_nothing_of_the_hosts_takes_its_place() {
    let stage = Stage::new();
    stage.help(stage.helper("misses-a-socket"));
}

#[test]
fn counts_beyond_all_reason_are_refused() {
    let stage = Stage::new();
    for (preserve_fds, listen_fds) in [
        (u32::MAX, 0),
        (0, u32::MAX),
        (u32::MAX, u32::MAX),
        (0, 1 << 30),
        (1 << 31, 1 << 31),
    ] {
        let options = CreateOptions {
            preserve_fds,
            listen_fds,
            ..quiet_above()
        };
        let error = stage.create_with("greedy", &stage.sleeper(), &options).unwrap_err();
        println!("{error}");
        stage.assert_empty();
    }
}

#[test]
fn an_embedder_without_stdio_gives_nothing_away() {
    let stage = Stage::new();
    stage.help(stage.helper("has-no-stdio"));
}

#[test]
fn stdio_is_what_the_caller_gives() {
    let stage = Stage::new();
    let (input, mut input_end) = std::io::pipe().unwrap();
    let (mut output_end, output) = std::io::pipe().unwrap();
    let (mut error_end, error) = std::io::pipe().unwrap();
    let stdio = [
        Some(OwnedFd::from(input)),
        Some(OwnedFd::from(output)),
        Some(OwnedFd::from(error)),
    ];
    let options = CreateOptions {
        stdio,
        ..CreateOptions::default()
    };
    let config = stage.script("read word; echo out $word; echo err $word >&2; ls /proc/self/fd | wc -l");
    let created = stage.create_with("pipes", &config, &options).unwrap();
    // Only the container holds the other ends: its end is theirs.
    drop(options);
    created.container.start().unwrap();
    input_end.write_all(b"hello\n").unwrap();
    let (mut said, mut complained) = (String::new(), String::new());
    output_end.read_to_string(&mut said).unwrap();
    error_end.read_to_string(&mut complained).unwrap();
    assert_eq!((said.as_str(), complained.as_str()), ("out hello\n4\n", "err hello\n"));
    assert_eq!(created.init.wait().unwrap(), 0);
    created.container.delete().unwrap();
}

#[test]
fn one_descriptor_may_be_all_three() {
    let stage = Stage::new();
    let path = stage.path("all");
    let file = File::create(&path).unwrap();
    let copy = || Some(OwnedFd::from(file.try_clone().unwrap()));
    let options = CreateOptions {
        stdio: [Some(null()), copy(), copy()],
        ..CreateOptions::default()
    };
    let config = stage.script("echo one; echo two >&2; echo three");
    stage.run_with(&config, options).unwrap();
    assert_eq!(read(path), "one\ntwo\nthree\n");
}

#[test]
fn another_user_can_open_dev_stdout_anew() {
    let stage = Stage::new();
    let user = json!({ "uid": 1000, "gid": 1000 });
    let config = with(
        stage.script("echo file > /dev/stdout; echo file > /dev/stderr; id -u"),
        "/process/user",
        user,
    );
    let ran = stage.run(&config).unwrap();
    assert_eq!((ran.status, ran.stderr.as_str()), (0, "file\n"), "{ran:?}");
    let (mut end, output) = std::io::pipe().unwrap();
    let options = CreateOptions {
        stdio: [None, Some(output.into()), None],
        ..CreateOptions::default()
    };
    let ran = stage.run_with(&config, options).unwrap();
    assert_eq!(ran.status, 0, "{ran:?}");
    let mut said = String::new();
    end.read_to_string(&mut said).unwrap();
    assert_eq!(said, "file\n1000\n");
}

#[test]
fn the_hosts_null_device_keeps_its_owner() {
    use std::os::unix::fs::MetadataExt;
    let stage = Stage::new();
    // Others on this machine may have changed it, other runtimes do: what counts is that it stays as it is.
    let owner = || {
        let status = std::fs::metadata("/dev/null").unwrap();
        (status.uid(), status.gid(), status.mode())
    };
    let user = |id: u32| json!({ "uid": id, "gid": id });
    let program = stage.config(&["/bin/busybox", "true"]);
    for config in [
        program.clone(),
        stage.mapped(program.clone(), 0),
        stage.mapped(program, 100_000),
    ] {
        for id in [1000, 0] {
            let before = owner();
            let created = stage.created("null", &with(config.clone(), "/process/user", user(id)));
            stage.end(&created);
            assert_eq!(owner(), before);
        }
    }
}

/// Not a test of its own: see `launch::helper`.
#[test]
fn helper() {
    let Some(role) = helper::role() else {
        return;
    };
    // Descriptors of whoever runs the tests are not the matter here.
    // SAFETY: numbers.
    unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    let stage = Stage::of_parent();
    match role.as_str() {
        "preserves" => {
            place(&stage, &["three", "four", "five"]);
            // One above, not closed on exec either.
            // SAFETY: numbers.
            assert!(unsafe { libc::fcntl(3, libc::F_DUPFD, 30) } >= 30);
            let options = CreateOptions {
                preserve_fds: 2,
                ..CreateOptions::default()
            };
            let ran = stage
                .run_with(&stage.script("cat <&3; cat <&4; echo; ls /proc/self/fd"), options)
                .unwrap();
            assert_eq!(
                ran.stdout, "threefour\n0\n1\n2\n3\n4\n5\n",
                "the last is ls's own: {ran:?}"
            );
            // SAFETY: a number.
            assert!(unsafe { libc::fcntl(5, libc::F_GETFD) } >= 0, "the embedder lost one");
            let options = CreateOptions {
                preserve_fds: 3,
                ..quiet()
            };
            let error = stage
                .create_with("fails", &stage.config(&["/missing"]), &options)
                .unwrap_err();
            assert_says(&error.to_string(), &["/missing"]);
        }
        "listens" => {
            place(&stage, &["socket", "kept"]);
            let options = CreateOptions {
                listen_fds: 1,
                preserve_fds: 1,
                ..CreateOptions::default()
            };
            let config = stage.script("echo $LISTEN_FDS $LISTEN_PID $$; cat <&3; cat <&4; echo; ls /proc/self/fd");
            let config = with(config, "/process/env/-", "LISTEN_FDS=9");
            let ran = stage.run_with(&config, options).unwrap();
            assert_eq!(ran.stdout, "1 1 1\nsocketkept\n0\n1\n2\n3\n4\n5\n", "{ran:?}");
        }
        "misses-a-preserved-one" => {
            place(&stage, &["three"]);
            // SAFETY: numbers.
            assert_eq!(unsafe { libc::fcntl(3, libc::F_DUPFD, 6) }, 6);
            let options = CreateOptions {
                preserve_fds: 20,
                ..CreateOptions::default()
            };
            let ran = stage.run_with(&stage.script("ls /proc/self/fd"), options).unwrap();
            assert_eq!(ran.stdout, "0\n1\n2\n3\n4\n6\n", "4 is ls's own: {ran:?}");
        }
        "misses-a-socket" => {
            let options = CreateOptions {
                listen_fds: 2,
                ..quiet_above()
            };
            match stage.create_with("greedy", &stage.sleeper(), &options) {
                Err(error) => assert_says(&error.to_string(), &["listening socket 0 (of 2)"]),
                Ok(created) => {
                    created.container.start().unwrap();
                    let target = std::fs::read_link(format!("/proc/{}/fd/3", created.init.pid()));
                    stage.end(&created);
                    panic!("it got {target:?}");
                }
            }
            stage.assert_empty();
        }
        "has-no-stdio" => {
            let (out, err) = (
                File::create(stage.path("out")).unwrap(),
                File::create(stage.path("err")).unwrap(),
            );
            let above = |file: File| rustix::io::fcntl_dupfd_cloexec(&file, 20).unwrap();
            let (out, _err) = (above(out), above(err));
            // SAFETY: numbers.
            unsafe { libc::syscall(libc::SYS_close_range, 0, 2, 0) };
            let options = CreateOptions {
                stdio: [None, Some(out), None],
                ..CreateOptions::default()
            };
            let config = stage.config(&["/bin/busybox", "ls", "-l", "/proc/self/fd/"]);
            let outcome = stage.create_with("bare", &config, &options).and_then(|created| {
                created.container.start()?;
                created.init.wait()?;
                created.container.delete()
            });
            let said = read(stage.path("out"));
            let fail = |why: &str| -> ! {
                std::fs::write(stage.path("helper.txt"), format!("{why}: {outcome:?} {said}")).unwrap();
                std::process::exit(1)
            };
            if outcome.is_err() {
                fail("it failed");
            }
            for line in said.lines().filter(|line| line.contains(" -> ")) {
                let target = line.rsplit(" -> ").next().unwrap();
                if !(target.ends_with("/null") || target.ends_with("/out") || target.starts_with("/proc/")) {
                    fail("a descriptor of the host's");
                }
            }
        }
        role => panic!("{role}"),
    }
    helper::done();
}
