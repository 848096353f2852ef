//! Creates that fail, ids, signals, and deletes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::host::is_alive;
use launch::{Stage, assert_says, create, numbered, quiet, read, with};
use orlop::{Console, Error, ExitStatus, Id, Io, Runtime, Scope, Signal, Status};
use serde_json::{Value, json};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

#[test]
fn a_create_that_fails_at_any_step_leaves_nothing() {
    let stage = Stage::new();
    let base = || stage.config(&["/bin/busybox", "true"]);
    let mount = |value: Value| with(base(), "/mounts/-", value);
    std::fs::write(stage.rootfs().join("etc/file"), "").unwrap();
    let cases: Vec<(Value, &[&str])> = vec![
        (
            mount(json!({ "destination": "/mnt", "type": "bind", "source": "/missing/source", "options": ["bind"] })),
            &["mounts[2]", "/missing/source", "no such file"],
        ),
        (
            mount(json!({ "destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["size=banana"] })),
            &["mounts[2]", "size=banana"],
        ),
        (
            mount(json!({ "destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["nonsense=1"] })),
            &["mounts[2]", "nonsense"],
        ),
        (
            mount(json!({ "destination": "/mnt", "type": "nosuchfs", "source": "none" })),
            &["mounts[2]", "nosuchfs"],
        ),
        (
            mount(json!({ "destination": "/etc/file/below", "type": "tmpfs", "source": "tmpfs" })),
            &["mounts[2]", "not a directory"],
        ),
        (with(base(), "/process/args/0", "/missing"), &["/missing"]),
        (with(base(), "/process/cwd", "/etc/file"), &["process.cwd"]),
        (
            with(
                base(),
                "/process/rlimits",
                json!([{ "type": "RLIMIT_NOFILE", "soft": 4_000_000_000_u64, "hard": 4_000_000_000_u64 }]),
            ),
            &["process.rlimits[0]"],
        ),
        (
            with(base(), "/linux/sysctl", json!({ "net.no.such.thing": "1" })),
            &["net.no.such.thing"],
        ),
        (
            with(
                base(),
                "/linux/devices",
                json!([{ "path": "/etc/file/node", "type": "c", "major": 1, "minor": 3 }]),
            ),
            &["linux.devices[0]"],
        ),
        (
            with(base(), "/linux/cgroupsPath", "/../escape/\u{0}"),
            &["linux.cgroupsPath"],
        ),
        (
            with(base(), "/root/path", "/missing/rootfs"),
            &["root.path", "no such file"],
        ),
        (
            with(base(), "/root/path", "/etc/passwd"),
            &["root.path", "not a directory"],
        ),
        (
            with(base(), "/hooks/createContainer", json!([{ "path": "/bin/false" }])),
            &["createContainer", "exit status 1"],
        ),
        (with(base(), "/process/terminal", true), &["process.terminal"]),
    ];
    for (config, parts) in cases {
        // Some are refused before they are a bundle.
        let linux = &config["linux"];
        let mut text = config.clone();
        if linux.get("cgroupsPath").is_none() {
            text["linux"]["cgroupsPath"] = format!("/{}/fails", stage.name).into();
        }
        let outcome = orlop::Bundle::parse(&stage.dir, &text.to_string())
            .and_then(|bundle| create(&stage.runtime(), "fails", &bundle, quiet()));
        let error = outcome
            .map(|created| stage.end(&created))
            .expect_err(parts[0])
            .to_string();
        println!("{error}");
        assert_says(&error, parts);
        stage.assert_empty();
    }
}

#[test]
fn what_is_asked_for_after_init_is_ready_fails_without_a_trace() {
    let stage = Stage::new();
    let folder = stage.path("pids");
    std::fs::create_dir(&folder).unwrap();
    let fails = |pid_file: Option<PathBuf>, pidfd_socket: Option<PathBuf>| {
        let mut io = quiet();
        io.pid_file = pid_file;
        io.pidfd_socket = pidfd_socket;
        let error = stage
            .create_with("fails", &stage.sleeper(), io)
            .unwrap_err()
            .to_string();
        println!("{error}");
        stage.assert_empty();
        error
    };
    assert_says(&fails(Some(stage.path("missing/pid")), None), &["pid file"]);
    std::fs::create_dir_all(folder.join("taken/x")).unwrap();
    assert_says(&fails(Some(folder.join("taken")), None), &["pid file"]);
    assert_eq!(folder.read_dir().unwrap().count(), 1, "a half-written pid file is left");
    let socket = || Some(stage.path("missing.sock"));
    assert_says(&fails(None, socket()), &["pidfd socket"]);
    assert_says(&fails(Some(folder.join("pid")), socket()), &["pidfd socket"]);
    assert!(
        !folder.join("pid").exists(),
        "the pid file of a container that is not there is left"
    );
}

#[test]
fn a_console_socket_that_is_missing_is_told() {
    let stage = Stage::new();
    let mut config = with(stage.sleeper(), "/process/terminal", true);
    config["mounts"].as_array_mut().unwrap().push(json!({
        "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666", "mode=0620"]
    }));
    let console = |console| {
        let mut io = Io::default();
        io.console = console;
        io
    };
    let socket = console(Console::Socket(stage.path("missing.sock")));
    let error = stage.create_with("fails", &config, socket).unwrap_err().to_string();
    assert_says(&error, &["console socket", "missing.sock"]);
    stage.assert_empty();
    let created = stage.create_with("works", &config, console(Console::Return)).unwrap();
    assert!(rustix::termios::isatty(created.console.as_ref().unwrap()));
    stage.end(&created);
}

#[test]
fn run_plans_creates_and_starts_and_leaves_nothing_of_a_start_that_fails() {
    let stage = Stage::new();
    let id = Id::new("short").unwrap();
    let config = with(stage.script("exit 3"), "/process/unknown", true);
    let created = stage
        .runtime()
        .run(&id, &stage.bundle("short", &config), quiet())
        .unwrap();
    let warnings: Vec<String> = created.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["process.unknown: unknown member, ignored"]);
    let status = created.init.wait_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(status, Some(ExitStatus::Exited(3)));
    created.container.delete().unwrap();
    let created = stage
        .runtime()
        .run(&id, &stage.bundle("short", &stage.sleeper()), quiet())
        .unwrap();
    assert_eq!(created.container.state().unwrap().status, Status::Running);
    assert_eq!(created.init.try_wait().unwrap(), None);
    assert_eq!(created.init.wait_timeout(Duration::from_millis(5)).unwrap(), None);
    stage.end(&created);
    let config = launch::with_hook(stage.sleeper(), "startContainer", "exit 7");
    let error = stage
        .runtime()
        .run(&id, &stage.bundle("short", &config), quiet())
        .unwrap_err();
    assert_says(&error.to_string(), &["startContainer", "exit status 7"]);
    stage.assert_empty();
}

/// The descriptor that comes over a socket, and the bytes with it.
fn received(socket: &UnixListener) -> (OwnedFd, String) {
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    let (connection, _) = socket.accept().unwrap();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut buffer = [0; 100];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let length = recvmsg(
        &connection,
        &mut [std::io::IoSliceMut::new(&mut buffer)],
        &mut control,
        flags,
    )
    .unwrap()
    .bytes;
    let file = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    (file.unwrap(), String::from_utf8_lossy(&buffer[..length]).into_owned())
}

#[test]
fn terminal_and_pidfd_are_sent_over_sockets_even_of_long_paths() {
    let stage = Stage::new();
    let folder = stage.path(&"long/".repeat(40));
    std::fs::create_dir_all(&folder).unwrap();
    // What is too long to bind is bound beside, and moved.
    let bound = |name: &str| {
        let socket = UnixListener::bind(stage.path(name)).unwrap();
        std::fs::rename(stage.path(name), folder.join(name)).unwrap();
        socket
    };
    let (console, pidfd) = (bound("console.sock"), bound("pidfd.sock"));
    let mut config = with(stage.sleeper(), "/process/terminal", true);
    config["mounts"].as_array_mut().unwrap().push(json!({
        "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666", "mode=0620"]
    }));
    let mut io = Io::default();
    io.console = Console::Socket(folder.join("console.sock"));
    io.pidfd_socket = Some(folder.join("pidfd.sock"));
    io.pid_file = Some(folder.join("pid"));
    let created = stage.create_with("sent", &config, io).unwrap();
    let (terminal, name) = received(&console);
    assert!(rustix::termios::isatty(&terminal), "{name}");
    let (held, _) = received(&pidfd);
    assert_says(
        &read(format!("/proc/self/fdinfo/{}", held.as_raw_fd())),
        &[&format!("Pid:\t{}\n", created.init.pid())],
    );
    assert_eq!(read(folder.join("pid")), created.init.pid().to_string());
    stage.end(&created);
}

#[test]
fn a_state_root_that_cannot_be_written_is_told() {
    let stage = Stage::new();
    let bundle = stage.bundle("fails", &stage.sleeper());
    std::fs::write(stage.path("file"), "").unwrap();
    for root in [
        stage.path("file/state"),
        "/sys/kernel/orlop".into(),
        "/proc/orlop".into(),
    ] {
        let error = create(&Runtime::new(&root), "fails", &bundle, quiet())
            .unwrap_err()
            .to_string();
        println!("{error}");
        assert_says(&error, &["state folder"]);
        stage.assert_empty();
    }
}

#[test]
fn a_long_state_root_is_no_problem() {
    let stage = Stage::new();
    let root = stage.path(&"long/".repeat(100));
    let runtime = Runtime::new(&root);
    let id = "x".repeat(240);
    let created = create(&runtime, &id, &stage.bundle("long", &stage.sleeper()), quiet()).unwrap();
    assert_eq!(created.container.state().unwrap().status, Status::Created);
    created.container.start().unwrap();
    assert_eq!(created.container.state().unwrap().status, Status::Running);
    runtime.delete_by_force(created.container.id()).unwrap();
    created.init.wait().unwrap();
}

#[test]
fn an_id_has_at_most_240_bytes_and_no_path_in_it() {
    let stage = Stage::new();
    let id = "i".repeat(240);
    let created = stage.created(&id, &stage.sleeper());
    created.container.start().unwrap();
    stage.end(&created);
    for id in [&*"i".repeat(241), "", ".", "..", "a/b", "../a", "a\0b", "é", "a b"] {
        let config = with(stage.sleeper(), "/linux/cgroupsPath", format!("/{}/never", stage.name));
        let error = stage.create(id, &config).unwrap_err();
        assert!(matches!(error, Error::InvalidId(_)), "{id:?}: {error}");
        assert!(Id::new(id).is_err(), "{id:?}");
        stage.assert_empty();
    }
}

#[test]
fn of_many_who_create_one_id_one_does() {
    let stage = Stage::new();
    for _ in 0..5 {
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| stage.create("same", &stage.sleeper())))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 1, "{refused:?}");
        for error in refused {
            assert_says(
                &error.unwrap_err().to_string(),
                &["container with given ID already exists"],
            );
        }
        let created = made.into_iter().next().unwrap().unwrap();
        created.container.start().unwrap();
        stage.end(&created);
    }
}

#[test]
fn a_pid_that_was_given_anew_fools_no_verb() {
    let stage = Stage::new();
    let mut stranger = Command::new("/bin/busybox").args(["sleep", "1000"]).spawn().unwrap();
    let pid = i32::try_from(stranger.id()).unwrap();
    let created = stage.running("stopped");
    created.container.kill(Signal::KILL, Scope::Init).unwrap();
    created.init.wait().unwrap();
    let path = stage.runtime().root().join("stopped/state.json");
    let mut record: Value = serde_json::from_str(&read(&path)).unwrap();
    assert_eq!(record["init"]["pid"], created.init.pid().get());
    record["init"]["pid"] = pid.into();
    std::fs::write(&path, record.to_string()).unwrap();
    let container = &created.container;
    assert_eq!(container.state().unwrap().status, Status::Stopped);
    assert_eq!(container.state().unwrap().pid, None);
    assert_says(&container.start().unwrap_err().to_string(), &["stopped"]);
    assert_says(
        &container.kill(Signal::KILL, Scope::Init).unwrap_err().to_string(),
        &["not running"],
    );
    container.kill(Signal::KILL, Scope::All).unwrap();
    assert!(is_alive(pid));
    container.delete().unwrap();
    assert!(is_alive(pid));
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn signals_are_sent_by_number_known_or_not() {
    let stage = Stage::new();
    let script = "trap 'echo got >> /tmp/signals' USR1; while :; do sleep 0.01; done";
    let created = stage.created("signalled", &stage.script(script));
    created.container.start().unwrap();
    let container = &created.container;
    let caught = || {
        let status = read(format!("/proc/{}/status", created.init.pid()));
        let line = status
            .lines()
            .find(|line| line.starts_with("SigCgt:"))
            .unwrap()
            .to_owned();
        u64::from_str_radix(line["SigCgt:".len()..].trim(), 16).unwrap() >> (libc::SIGUSR1 - 1) & 1 == 1
    };
    launch::until("the shell has its handler", caught);
    container.kill(Signal::NONE, Scope::Init).unwrap();
    container.kill(numbered(libc::SIGUSR1), Scope::Init).unwrap();
    let signals = stage.rootfs().join("tmp/signals");
    launch::until("the signal has arrived", || signals.exists());
    // As pid 1 it does not see those that it has no handler for, realtime ones among them.
    for signal in [34, 40, 64] {
        container.kill(numbered(signal), Scope::Init).unwrap();
    }
    for signal in [65, 1000, -1, i32::MAX, i32::MIN] {
        assert_eq!(Signal::new(signal), None);
    }
    assert_eq!(container.state().unwrap().status, Status::Running);
    container.kill(Signal::KILL, Scope::Init).unwrap();
    assert_eq!(created.init.wait().unwrap().code(), 137);
    assert_says(
        &container.kill(Signal::TERM, Scope::Init).unwrap_err().to_string(),
        &["container not running"],
    );
    assert_says(
        &container.kill(Signal::NONE, Scope::Init).unwrap_err().to_string(),
        &["container not running"],
    );
    container.kill(Signal::TERM, Scope::All).unwrap();
    container.delete().unwrap();
}

#[test]
fn all_processes_get_the_signal_and_in_a_shared_pid_namespace_sigkill_reaches_them_anyway() {
    let stage = Stage::new();
    let namespaces = json!([{ "type": "mount" }]);
    let members = || -> Vec<i32> {
        let text = read(format!("/sys/fs/cgroup/pids/{}/many/cgroup.procs", stage.name));
        text.lines().map(|pid| pid.parse().unwrap()).collect()
    };
    let config = with(
        stage.script("sleep 1000 & sleep 1000 & wait"),
        "/linux/namespaces",
        namespaces,
    );
    for (signal, scope) in [
        (Signal::TERM, Scope::All),
        (Signal::KILL, Scope::All),
        (Signal::KILL, Scope::Init),
    ] {
        let created = stage.created("many", &config);
        created.container.start().unwrap();
        launch::until("all run", || members().len() == 3);
        let pids = members();
        created.container.kill(signal, scope).unwrap();
        assert_eq!(created.init.wait().unwrap(), ExitStatus::Signaled(signal));
        launch::until("all are gone", || !pids.iter().any(|pid| is_alive(*pid)));
        created.container.delete().unwrap();
    }
    // Init alone; the delete ends the rest.
    let created = stage.created("many", &config);
    created.container.start().unwrap();
    launch::until("all run", || members().len() == 3);
    let pids = members();
    created.container.kill(Signal::TERM, Scope::Init).unwrap();
    created.init.wait().unwrap();
    assert_eq!(pids.iter().filter(|pid| is_alive(**pid)).count(), 2);
    assert_eq!(created.container.state().unwrap().status, Status::Stopped);
    created.container.delete().unwrap();
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
}

#[test]
fn a_running_container_is_not_deleted_but_by_force() {
    let stage = Stage::new();
    let created = stage.running("busy");
    let error = created.container.delete().unwrap_err().to_string();
    assert_eq!(error, "cannot delete container busy that is not stopped: running");
    assert_eq!(created.container.state().unwrap().status, Status::Running);
    stage.delete_by_force("busy").unwrap();
    assert_eq!(created.init.wait().unwrap().code(), 137);
    assert!(matches!(stage.container("busy"), Err(Error::NotFound(_))));
    assert!(matches!(created.container.state(), Err(Error::NotFound(_))));
    // One that only waits may be deleted.
    let created = stage.created("busy", &stage.sleeper());
    created.container.delete().unwrap();
    assert_eq!(created.init.wait().unwrap().code(), 137);
}

#[test]
fn containers_are_listed_with_their_states() {
    let stage = Stage::new();
    assert!(stage.runtime().containers().unwrap().states.is_empty());
    let (second, first) = (stage.running("b"), stage.created("a", &stage.sleeper()));
    let states = stage.runtime().containers().unwrap().states;
    let seen: Vec<_> = states
        .iter()
        .map(|state| {
            (
                state.id.as_str(),
                state.status,
                state.pid.unwrap(),
                state.owner.as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("a", Status::Created, first.init.pid(), "root"),
            ("b", Status::Running, second.init.pid(), "root")
        ]
    );
    stage.end(&first);
    stage.end(&second);
}
