//! What a program that embeds the library may be, and what it must not notice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::host::{Look, descriptors};
use launch::{Stage, assert_says, helper, null, numbered, quiet, read, until, with, with_hook};
use orlop::{Error, ExitStatus, Io, Scope, Signal};
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Barrier;
use std::time::{Duration, Instant};

#[test]
fn eight_threads_run_ten_containers_each() {
    let stage = Stage::new();
    let begin = Barrier::new(8);
    let look = Look::around();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (stage, begin) = (&stage, &begin);
            scope.spawn(move || {
                begin.wait();
                let before = read("/proc/thread-self/status");
                for number in 0..10 {
                    let id = format!("t{thread}-{number}");
                    let status = thread * 10 + number;
                    let config = stage.script(&format!("exit {status}"));
                    // With a user namespace, the process cannot be dumped for a moment: however many begin and end it.
                    let config = if thread % 2 == 0 {
                        config
                    } else {
                        stage.mapped(config, 100_000)
                    };
                    let created = stage.created(&id, &config);
                    created.container.start().unwrap();
                    assert_eq!(created.init.wait().unwrap().code(), status);
                    created.container.delete().unwrap();
                }
                let signals = |text: &str| text.lines().find(|line| line.starts_with("SigBlk")).unwrap().to_owned();
                assert_eq!(signals(&before), signals(&read("/proc/thread-self/status")));
            });
        }
    });
    look.assert_same();
}

#[test]
fn a_large_parent_creates_about_as_quickly_as_a_small_one() {
    let stage = Stage::new();
    let config = stage.sleeper();
    // The quickest of many: what else the machine does makes some slow.
    let quickest = || {
        let times = (0..20).map(|_| {
            let begin = Instant::now();
            let created = stage.created("timed", &config);
            let time = begin.elapsed();
            stage.end(&created);
            time
        });
        times.min().unwrap()
    };
    let small = quickest();
    let ballast = vec![1u8; 500 << 20];
    let large = quickest();
    assert_eq!(std::hint::black_box(&ballast)[12345], 1);
    println!("create: {small:?} in a small parent, {large:?} in one of 500 MB");
    // A fork would take 16 ms and more.
    assert!(large < small * 3 + Duration::from_millis(2), "{small:?} {large:?}");
}

#[test]
fn the_process_is_as_before_while_containers_wait_and_run_and_after_failures() {
    let stage = Stage::new();
    let before = Look::around();
    let as_before = |children: usize| {
        let now = Look::around();
        // Its children and one pidfd each are all that may be new.
        assert_eq!(now.without_children(), before.without_children());
        assert_eq!(now.children().len(), before.children().len() + children);
    };
    let config = with(
        stage.sleeper(),
        "/process/user",
        serde_json::json!({ "uid": 1000, "gid": 1000, "umask": 63 }),
    );
    let created = stage.created("user", &with(config, "/process/noNewPrivileges", true));
    as_before(1);
    created.container.start().unwrap();
    as_before(1);
    stage.create("fails", &stage.config(&["/missing"])).unwrap_err();
    as_before(1);
    stage.end(&created);
    drop(created);
    let created = stage.created("mapped", &stage.mapped(stage.sleeper(), 100_000));
    as_before(1);
    stage.end(&created);
    drop(created);
    before.assert_same();
}

#[test]
fn a_thread_that_blocks_all_signals_gives_its_container_none_of_that() {
    let stage = Stage::new();
    let before = nix::sys::signal::SigSet::all()
        .thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_SETMASK)
        .unwrap();
    let said = stage.output(&stage.config(&["/bin/busybox", "grep", "Sig", "/proc/self/status"]));
    let still = nix::sys::signal::SigSet::thread_get_mask().unwrap();
    before.thread_set_mask().unwrap();
    assert!(still.contains(nix::sys::signal::Signal::SIGTERM));
    assert_says(&said, &["SigBlk:\t0000000000000000"]);
    assert_says(&said, &["SigIgn:\t0000000000000000"]);
}

#[test]
fn no_descriptor_of_the_embedder_gets_into_a_container() {
    let stage = Stage::new();
    // More than a thousand, none closed on exec.
    let copies: Vec<OwnedFd> = (0..1200)
        .map(|number| {
            let file = File::open(stage.rootfs()).unwrap();
            // SAFETY: numbers; the result is a new descriptor that nobody else has.
            unsafe { OwnedFd::from_raw_fd(libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, 3 + number % 7)) }
        })
        .collect();
    assert!(copies.iter().all(|file| file.as_raw_fd() >= 0));
    let said = stage.output(&stage.script("ls -l /proc/self/fd | wc -l; ls /proc/self/fd"));
    let waiting = stage.created("waiting", &stage.sleeper());
    let held = || -> Vec<String> {
        let held = std::fs::read_dir(format!("/proc/{}/fd", waiting.init.pid())).unwrap();
        let targets = held.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
        targets.map(|target| target.display().to_string()).collect()
    };
    // Its stdio, and the socket that it waits on. It closes the socket to its parent a moment later.
    until("a waiting init holds four descriptors", || held().len() == 4);
    let held = held();
    assert!(!held.iter().any(|target| target.contains("orlop-lib-test")), "{held:?}");
    stage.end(&waiting);
    drop(copies);
    // ls itself opens the folder.
    assert_eq!(
        said.split_whitespace().collect::<Vec<_>>(),
        ["5", "0", "1", "2", "3"],
        "{said}"
    );
}

#[test]
fn an_embedder_that_ignores_sigchld_learns_exit_statuses() {
    let stage = Stage::new();
    stage.help(stage.helper("ignores-sigchld"));
}

#[test]
fn an_embedder_that_waits_for_any_child_learns_exit_statuses() {
    let stage = Stage::new();
    stage.help(stage.helper("waits-for-any"));
}

#[test]
fn wait_gives_128_and_the_signals_number() {
    let stage = Stage::new();
    for (signal, status) in [(9, 137), (15, 143), (34, 162), (64, 192)] {
        let created = stage.running("signalled");
        // As pid 1 of its namespace it sees no signal but SIGKILL that it has no handler for.
        if signal == 9 {
            created.container.kill(Signal::KILL, Scope::Init).unwrap();
            let ended = created.init.wait().unwrap();
            assert_eq!(ended, ExitStatus::Signaled(numbered(signal)));
            assert_eq!(ended.code(), status);
        }
        stage.end(&created);
        let script = format!("(trap - TERM; kill -{signal} $$) ");
        let config = with(
            stage.script(&script),
            "/linux/namespaces",
            serde_json::json!([{ "type": "mount" }]),
        );
        assert_eq!(stage.run(&config).unwrap().status, status, "signal {signal}");
    }
}

#[test]
fn a_thread_that_created_a_container_may_end() {
    let stage = Stage::new();
    let created = std::thread::scope(|scope| {
        scope
            .spawn(|| stage.created("orphan", &stage.sleeper()))
            .join()
            .unwrap()
    });
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(created.container.state().unwrap().status, orlop::Status::Created);
    created.container.start().unwrap();
    stage.end(&created);
}

#[test]
fn an_unset_umask_is_inherited_and_a_set_one_is_not() {
    let stage = Stage::new();
    let set = |mask| rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
    let before = set(0o027);
    let inherited = stage.run(&stage.script("umask"));
    let chosen = stage.run(&with(stage.script("umask"), "/process/user/umask", 0o077));
    set(before.as_raw_mode());
    assert_eq!(inherited.unwrap().stdout, "0027\n");
    assert_eq!(chosen.unwrap().stdout, "0077\n");
}

#[test]
fn a_session_keyring_is_new_unless_the_callers_is_kept() {
    const JOIN_SESSION_KEYRING: i32 = 1;
    const SETPERM: i32 = 5;
    const ONLY_WHO_HOLDS_IT: u32 = 0x3f00_0000;
    let stage = Stage::new();
    let sees_ours = |no_new_keyring| {
        let ran = stage.run_chosen(
            &stage.script("cat /proc/keys"),
            |arguments| arguments.no_new_keyring = no_new_keyring,
            Io::default(),
        );
        ran.unwrap().stdout.contains("orlop-embedder")
    };
    // A keyring belongs to the thread.
    std::thread::scope(|scope| {
        let threads = scope.spawn(|| {
            // SAFETY: the name ends in zero and outlives the call; the others are numbers.
            unsafe {
                let ours = libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, c"orlop-embedder".as_ptr());
                assert!(ours > 0);
                assert_eq!(libc::syscall(libc::SYS_keyctl, SETPERM, ours, ONLY_WHO_HOLDS_IT), 0);
            }
            assert!(!sees_ours(false));
            assert!(sees_ours(true));
            let still = read("/proc/keys");
            assert!(
                still.contains("orlop-embedder"),
                "the embedder's own was replaced: {still}"
            );
        });
        threads.join().unwrap();
    });
}

#[test]
fn many_creates_leave_no_descriptor() {
    let stage = Stage::new();
    let before = descriptors();
    for _ in 0..20 {
        let config = with_hook(stage.sleeper(), "createRuntime", "exit 0");
        let created = stage.create_with("again", &config, quiet()).unwrap();
        stage.end(&created);
        drop(created);
        stage
            .create("again", &with_hook(stage.sleeper(), "createRuntime", "exit 1"))
            .unwrap_err();
    }
    assert_eq!(before, descriptors());
}

/// Not a test of its own: see `launch::helper`.
#[test]
fn helper() {
    let Some(role) = helper::role() else {
        return;
    };
    match role.as_str() {
        "ignores-sigchld" => {
            // SAFETY: no handler is installed.
            unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
            learn_statuses(&Stage::of_parent());
        }
        "waits-for-any" => {
            std::thread::spawn(|| {
                loop {
                    // SAFETY: a null pointer is allowed.
                    if unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) } < 0 {
                        std::thread::yield_now();
                    }
                }
            });
            learn_statuses(&Stage::of_parent());
        }
        role => panic!("{role}"),
    }
    helper::done();
}

fn learn_statuses(stage: &Stage) {
    for status in 0..40 {
        let config = with_hook(stage.script(&format!("exit {status}")), "createRuntime", "exit 0");
        assert_eq!(stage.run(&config).unwrap().status, status);
    }
    assert_eq!(
        stage
            .run(&stage.script("kill -9 $$; sleep 1"))
            .map(|ran| ran.status)
            .ok(),
        Some(0)
    );
    let killed = stage.running("killed");
    killed.container.kill(Signal::KILL, Scope::Init).unwrap();
    assert_eq!(killed.init.wait().unwrap().code(), 137);
    stage.end(&killed);
    for number in 0..20 {
        let config = with_hook(
            stage.sleeper(),
            "createRuntime",
            &format!("echo no {number} >&2; exit 7"),
        );
        let Err(Error::Hook(failure)) = stage.create("fails", &config) else {
            panic!("the hook's status got lost");
        };
        assert_eq!(
            (failure.end.to_string().as_str(), failure.stderr.trim_end()),
            ("exit status 7", format!("no {number}").as_str())
        );
    }
    // What init itself ends with is not needed to undo a create.
    let error = stage
        .create("missing", &stage.config(&["/missing"]))
        .unwrap_err()
        .to_string();
    assert_says(&error, &["/missing", "no such file or directory"]);
    let _ = null();
}
