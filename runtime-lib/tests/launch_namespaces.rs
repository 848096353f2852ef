//! Joining namespaces by their paths.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::host::is_alive;
use launch::{Stage, assert_says, helper, read, with};
use orlop::{Scope, Signal};
use serde_json::json;
use std::time::{Duration, Instant};

const UNSHARE: [&str; 4] = ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc"];

/// A container that joins namespaces of a running one: it sees them, ends with its status, and leaves the other one
/// alone.
fn join_another(stage: &Stage) {
    let other = stage.running("other");
    let pid = other.init.pid();
    let kinds = [("pid", "pid"), ("ipc", "ipc"), ("uts", "uts")];
    let mut namespaces = vec![json!({ "type": "mount" })];
    namespaces.extend(kinds.map(|(kind, file)| json!({ "type": kind, "path": format!("/proc/{pid}/ns/{file}") })));
    let script = "for kind in pid ipc uts mnt; do readlink /proc/self/ns/$kind; done; test $$ != 1 && exit 7";
    let config = with(stage.script(script), "/linux/namespaces", namespaces);
    let ran = stage.run(&config).unwrap();
    assert_eq!(ran.status, 7, "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let link = |name: &str| {
        std::fs::read_link(format!("/proc/{pid}/ns/{name}"))
            .unwrap()
            .display()
            .to_string()
    };
    assert_eq!(lines[..3], [link("pid"), link("ipc"), link("uts")]);
    assert_ne!(lines[3], link("mnt"));

    // Killing the guest is not the end of its host.
    let sleeper = with(
        stage.sleeper(),
        "/linux/namespaces",
        config["linux"]["namespaces"].clone(),
    );
    let guest = stage.created("guest", &sleeper);
    guest.container.start().unwrap();
    assert_eq!(guest.container.state().unwrap().pid, Some(guest.init.pid()));
    guest.container.kill(Signal::KILL, Scope::Init).unwrap();
    assert_eq!(guest.init.wait().unwrap().code(), 137);
    guest.container.delete().unwrap();
    // One that waits ends by SIGTERM, although it is not pid 1 of its namespace.
    let guest = stage.created("guest", &sleeper);
    guest.container.kill(Signal::TERM, Scope::Init).unwrap();
    assert_eq!(guest.init.wait().unwrap().code(), 143);
    guest.container.delete().unwrap();
    assert!(is_alive(pid.get()));
    // A failure after the move is told as well.
    let error = stage
        .create("guest", &with(sleeper, "/process/args/0", "/missing"))
        .unwrap_err();
    assert_says(&error.to_string(), &["/missing"]);
    stage.end(&other);
}

#[test]
fn a_pid_namespace_is_joined_by_its_path() {
    let stage = Stage::new();
    join_another(&stage);
}

#[test]
fn a_pid_namespace_is_joined_from_inside_a_nested_one() {
    let stage = Stage::new();
    stage.help(stage.helper_under(&UNSHARE, "joins"));
}

#[test]
fn a_nested_embedder_runs_containers() {
    let stage = Stage::new();
    stage.help(stage.helper_under(&UNSHARE, "runs"));
}

#[test]
fn a_network_namespace_of_its_own_has_a_loopback_that_is_up() {
    let stage = Stage::new();
    let config = with(
        stage.script("ip link show lo; ip link | grep -c ^[0-9]"),
        "/linux/namespaces/-",
        json!({ "type": "network" }),
    );
    assert_says(&stage.output(&config), &["LOOPBACK,UP", "\n1\n"]);
}

#[test]
fn a_namespace_of_another_type_is_refused_by_name() {
    let stage = Stage::new();
    std::fs::write(stage.path("file"), "").unwrap();
    nix_mkfifo(&stage.path("fifo"));
    for (kind, path, says) in [
        ("network", "/proc/self/ns/uts", "uts namespace"),
        ("pid", "/proc/self/ns/net", "network namespace"),
        ("ipc", "/proc/self/ns/mnt", "mount namespace"),
        ("cgroup", "/proc/self/ns/ipc", "ipc namespace"),
        ("network", stage.path("file").to_str().unwrap(), "not a namespace"),
        ("network", stage.path("fifo").to_str().unwrap(), "not a namespace"),
        ("network", "/dev/null", "not a namespace"),
        ("network", "/", "not a namespace"),
        ("network", "/missing", "no such file or directory"),
        ("network", "/proc/999999999/ns/net", "no such file or directory"),
    ] {
        let mut config = stage.sleeper();
        let list = config["linux"]["namespaces"].as_array_mut().unwrap();
        list.retain(|namespace| namespace["type"] != kind);
        list.push(json!({ "type": kind, "path": path }));
        let index = list.len() - 1;
        let begin = Instant::now();
        assert_says(
            &stage.refusal(&config),
            &[&format!("linux.namespaces[{index}]"), path, says],
        );
        assert!(begin.elapsed() < Duration::from_secs(1));
    }
}

fn nix_mkfifo(path: &std::path::Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
}

#[test]
fn a_namespace_whose_processes_are_gone_is_told() {
    let stage = Stage::new();
    let other = stage.running("other");
    let held = std::fs::File::open(format!("/proc/{}/ns/pid", other.init.pid())).unwrap();
    stage.end(&other);
    let path = format!(
        "/proc/{}/fd/{}",
        std::process::id(),
        std::os::fd::AsRawFd::as_raw_fd(&held)
    );
    let namespaces = json!([{ "type": "mount" }, { "type": "pid", "path": path }]);
    let error = stage.refusal(&with(stage.sleeper(), "/linux/namespaces", namespaces));
    println!("{error}");
    assert_says(&error, &["linux.namespaces[1]"]);
}

/// Not a test of its own: see `launch::helper`.
#[test]
fn helper() {
    let Some(role) = helper::role() else {
        return;
    };
    assert!(read("/proc/self/stat").starts_with(&format!("{} ", std::process::id())));
    assert!(std::process::id() < 10, "not nested");
    let stage = Stage::of_parent();
    match role.as_str() {
        "joins" => join_another(&stage),
        "runs" => {
            assert_eq!(stage.run(&stage.script("echo $$; exit 3")).unwrap().status, 3);
            let created = stage.running("runs");
            assert_eq!(created.container.state().unwrap().status, orlop::Status::Running);
            stage.end(&created);
        }
        role => panic!("{role}"),
    }
    helper::done();
}
