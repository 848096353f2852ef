//! Further processes, and further mounts, of containers that a program with threads has created.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::host::Look;
use launch::{Stage, quiet, read, with};
use orlop::bundle::{MountList, Process, parse_mounts, parse_process};
use orlop::{Error, ExitStatus, NamedStdio};
use serde_json::json;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::Barrier;

fn shell(script: &str) -> Process {
    let process = json!({ "args": ["/bin/busybox", "sh", "-c", script], "cwd": "/" });
    parse_process(&process.to_string()).unwrap().0
}

fn tmpfs(destination: &str) -> MountList {
    let list = json!({ "mounts": [{ "destination": destination, "type": "tmpfs" }] });
    parse_mounts(&list.to_string()).unwrap().0
}

#[test]
fn files_stay_whose_they_are_unless_they_are_given() {
    let stage = Stage::new();
    let plain = stage.running("plain");
    let process = json!({
        "args": ["/bin/busybox", "echo", "said"], "cwd": "/", "user": { "uid": 1000, "gid": 1000 },
    });
    let process = parse_process(&process.to_string()).unwrap().0;
    let choices = [
        (NamedStdio::Kept, 0),
        (NamedStdio::Given, 1000),
        (NamedStdio::Returned, 0),
    ];
    for (named, owner) in choices {
        let out = stage.path(&format!("out-{named:?}"));
        let mut io = quiet();
        io.named_stdio = named;
        io.stdio[1] = Some(File::create(&out).unwrap().into());
        let mut executed = plain.container.exec(&process, io).unwrap();
        let pipe = executed.stdio[1].take();
        assert_eq!(pipe.is_some(), named == NamedStdio::Returned);
        let copied = pipe.map_or_else(String::new, |pipe| std::io::read_to_string(File::from(pipe)).unwrap());
        assert_eq!(executed.process.wait().unwrap().code(), 0);
        assert_eq!(out.metadata().unwrap().uid(), owner, "{named:?}");
        assert_eq!(copied + &read(out), "said\n");
    }
    stage.end(&plain);
}

#[test]
fn eight_threads_execute_in_two_containers_at_once() {
    let stage = Stage::new();
    let plain = stage.running("plain");
    let mapped = stage.created("mapped", &stage.mapped(stage.sleeper(), 100_000));
    mapped.container.start().unwrap();
    let begin = Barrier::new(8);
    let look = Look::around();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (begin, stage) = (&begin, &stage);
            let container = [&plain.container, &mapped.container][thread % 2].clone();
            scope.spawn(move || {
                begin.wait();
                for number in 0..12 {
                    let status = u8::try_from(thread * 12 + number).unwrap();
                    let out = stage.path(&format!("out-{thread}"));
                    let mut io = quiet();
                    io.stdio[1] = Some(File::create(&out).unwrap().into());
                    let script = format!("echo $$ {status}; exit {status}");
                    let executed = container.exec(&shell(&script), io).unwrap();
                    assert_eq!(executed.process.wait().unwrap().code(), status);
                    assert!(read(out).ends_with(&format!(" {status}\n")));
                }
            });
        }
    });
    look.assert_same();
    stage.end(&plain);
    stage.end(&mapped);
}

#[test]
fn threads_mount_and_execute_in_one_container_at_once() {
    let stage = Stage::new();
    let created = stage.running("busy");
    let look = Look::around();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let container = &created.container;
            scope.spawn(move || {
                for number in 0..8 {
                    let place = format!("/mnt/{thread}-{number}");
                    container.add_mounts(&tmpfs(&place).mounts, None).unwrap();
                    let script = format!("/bin/busybox grep -q ' {place} tmpfs ' /proc/mounts");
                    let executed = container.exec(&shell(&script), quiet()).unwrap();
                    assert_eq!(executed.process.wait().unwrap(), ExitStatus::Exited(0), "{place}");
                    container.remove_mounts(&tmpfs(&place).mounts, None).unwrap();
                }
            });
        }
    });
    look.assert_same();
    let mounts = read(format!("/proc/{}/mountinfo", created.init.pid()));
    assert!(!mounts.contains(" /mnt/"), "{mounts}");
    stage.end(&created);
}

#[test]
fn what_fails_leaves_nothing_to_whoever_called() {
    let stage = Stage::new();
    let created = stage.running("refusing");
    let look = Look::around();
    let missing = parse_process(r#"{"args": ["/missing"], "cwd": "/"}"#).unwrap().0;
    let error = created.container.exec(&missing, quiet()).unwrap_err();
    assert!(matches!(error, Error::Exec(_)), "{error}");
    let error = created.container.add_mounts(&tmpfs("/bin/busybox/below").mounts, None);
    assert!(error.unwrap_err().to_string().starts_with("mounts[0].destination: "));
    look.assert_same();
    stage.end(&created);
}

#[test]
fn a_wish_to_stop_ends_a_call_that_waits() {
    let stage = Stage::new();
    let created = stage.created("waiting", &with(stage.sleeper(), "/linux/resources", json!({})));
    created.container.start().unwrap();
    let look = Look::around();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(writer);
    let cancel = Some(reader.try_clone().unwrap().into());
    let error = created
        .container
        .add_mounts(&tmpfs("/mnt/never").mounts, cancel)
        .unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
    let mut io = quiet();
    io.cancel = Some(reader.into());
    let error = created.container.exec(&shell("exit 0"), io).unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
    look.assert_same();
    stage.end(&created);
}
