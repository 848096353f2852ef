//! Which descriptors a container gets, and what it can do with its stdio.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::{Stage, assert_says, helper, null, quiet, read, with, with_stdio};
use orlop::{Arguments, Io, NamedStdio, Passed};
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

/// A quiet stdio from descriptors above those that are passed on.
fn quiet_above() -> Io {
    let null = || Some(rustix::io::fcntl_dupfd_cloexec(null(), 50).unwrap());
    with_stdio([null(), null(), null()])
}

/// With copies of those of the first `count` descriptors from 3 on that this process passes on.
fn passing(mut io: Io, count: u32) -> Io {
    let passed = (3..3 + count).filter_map(|number| Passed::inherited(number).unwrap());
    io.passed = passed.collect();
    io
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
        let choose = |arguments: &mut Arguments| {
            arguments.preserve_fds = preserve_fds;
            arguments.listen_fds = listen_fds;
        };
        let outcome = stage.create_chosen("greedy", &stage.sleeper(), choose, quiet_above());
        let error = outcome.unwrap_err();
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
    let config = stage.script("read word; echo out $word; echo err $word >&2; ls /proc/self/fd | wc -l");
    // Only the container holds the other ends then: its end is theirs.
    let created = stage.create_with("pipes", &config, with_stdio(stdio)).unwrap();
    created.container.start().unwrap();
    input_end.write_all(b"hello\n").unwrap();
    let (mut said, mut complained) = (String::new(), String::new());
    output_end.read_to_string(&mut said).unwrap();
    error_end.read_to_string(&mut complained).unwrap();
    assert_eq!((said.as_str(), complained.as_str()), ("out hello\n4\n", "err hello\n"));
    assert_eq!(created.init.wait().unwrap().code(), 0);
    created.container.delete().unwrap();
}

#[test]
fn one_descriptor_may_be_all_three() {
    let stage = Stage::new();
    let path = stage.path("all");
    let file = File::create(&path).unwrap();
    let copy = || Some(OwnedFd::from(file.try_clone().unwrap()));
    let config = stage.script("echo one; echo two >&2; echo three");
    stage
        .run_with(&config, with_stdio([Some(null()), copy(), copy()]))
        .unwrap();
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
    let mut io = Io::default();
    io.named_stdio = NamedStdio::Given;
    let ran = stage.run_with(&config, io).unwrap();
    assert_eq!((ran.status, ran.stderr.as_str()), (0, "file\n"), "{ran:?}");
    let (mut end, output) = std::io::pipe().unwrap();
    let ran = stage
        .run_with(&config, with_stdio([None, Some(output.into()), None]))
        .unwrap();
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
            let ran = stage
                .run_chosen(
                    &stage.script("cat <&3; cat <&4; echo; ls /proc/self/fd"),
                    |arguments| arguments.preserve_fds = 2,
                    passing(Io::default(), 2),
                )
                .unwrap();
            assert_eq!(
                ran.stdout, "threefour\n0\n1\n2\n3\n4\n5\n",
                "the last is ls's own: {ran:?}"
            );
            // SAFETY: a number.
            assert!(unsafe { libc::fcntl(5, libc::F_GETFD) } >= 0, "the embedder lost one");
            let outcome = stage.create_chosen(
                "fails",
                &stage.config(&["/missing"]),
                |arguments| arguments.preserve_fds = 3,
                passing(quiet(), 3),
            );
            let error = outcome.unwrap_err();
            assert_says(&error.to_string(), &["/missing"]);
        }
        "listens" => {
            place(&stage, &["socket", "kept"]);
            let choose = |arguments: &mut Arguments| {
                arguments.listen_fds = 1;
                arguments.preserve_fds = 1;
            };
            let config = stage.script("echo $LISTEN_FDS $LISTEN_PID $$; cat <&3; cat <&4; echo; ls /proc/self/fd");
            let config = with(config, "/process/env/-", "LISTEN_FDS=9");
            let ran = stage.run_chosen(&config, choose, passing(Io::default(), 2)).unwrap();
            assert_eq!(ran.stdout, "1 1 1\nsocketkept\n0\n1\n2\n3\n4\n5\n", "{ran:?}");
        }
        "misses-a-preserved-one" => {
            place(&stage, &["three"]);
            // SAFETY: numbers.
            assert_eq!(unsafe { libc::fcntl(3, libc::F_DUPFD, 6) }, 6);
            let ran = stage
                .run_chosen(
                    &stage.script("ls /proc/self/fd"),
                    |arguments| arguments.preserve_fds = 20,
                    passing(Io::default(), 20),
                )
                .unwrap();
            assert_eq!(ran.stdout, "0\n1\n2\n3\n4\n6\n", "4 is ls's own: {ran:?}");
        }
        "misses-a-socket" => {
            // What this process itself has open is not passed on.
            let _own = File::open(stage.rootfs()).unwrap();
            assert!(Passed::inherited(3).unwrap().is_none() && Passed::inherited(4).unwrap().is_none());
            let choose = |arguments: &mut Arguments| arguments.listen_fds = 2;
            let error = stage
                .create_chosen("greedy", &stage.sleeper(), choose, passing(quiet_above(), 2))
                .unwrap_err();
            assert_says(&error.to_string(), &["unable to stat listening socket 0 (of 2)"]);
            stage.assert_empty();
            let choose = |arguments: &mut Arguments| arguments.preserve_fds = 2;
            let created = stage
                .create_chosen("greedy", &stage.sleeper(), choose, passing(quiet_above(), 2))
                .unwrap();
            created.container.start().unwrap();
            for number in [3, 4] {
                let target = std::fs::read_link(format!("/proc/{}/fd/{number}", created.init.pid()));
                assert!(target.is_err(), "it got {target:?}");
            }
            stage.end(&created);
            // A number that the plan has no room for is told.
            let mut io = quiet_above();
            io.passed = vec![Passed {
                file: null(),
                number: 5,
            }];
            let error = stage.create_chosen("greedy", &stage.sleeper(), choose, io).unwrap_err();
            assert_says(&error.to_string(), &["no room for the number 5"]);
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
            let config = stage.config(&["/bin/busybox", "ls", "-l", "/proc/self/fd/"]);
            let outcome = stage
                .create_with("bare", &config, with_stdio([None, Some(out), None]))
                .and_then(|created| {
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
