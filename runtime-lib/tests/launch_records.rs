//! Records that are damaged, cut or lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::{Stage, assert_says};
use orlop::{Error, ExitStatus, Scope, Signal};
use std::path::Path;

type Damage = fn(&Path);

/// Makes records that cannot be read.
const DAMAGED_RECORDS: [(&str, Damage); 4] = [
    ("garbage", |folder| {
        std::fs::write(folder.join("state.json"), b"\xff\0{[").unwrap()
    }),
    ("nothing", |folder| {
        std::fs::write(folder.join("state.json"), b"").unwrap()
    }),
    ("other", |folder| {
        std::fs::write(folder.join("state.json"), b"[1, 2, {}]").unwrap()
    }),
    ("folder", |folder| {
        std::fs::create_dir_all(folder.join("state.json/x")).unwrap()
    }),
];

/// A container whose record cannot be read is told of as such, and nothing else is done with it.
fn assert_is_of_no_use(stage: &Stage, id: &str) {
    let container = stage.container(id).unwrap();
    assert!(
        container.state().is_err() && container.start().is_err() && container.kill(Signal::KILL, Scope::All).is_err(),
        "{id}"
    );
    assert!(container.delete().is_err(), "{id}");
    let listed = stage.runtime().containers().unwrap();
    assert_eq!((listed.states.len(), listed.faults.len()), (0, 1), "{id}");
}

#[test]
fn damaged_state_folders_are_removed_by_force() {
    let stage = Stage::new();
    let root = stage.runtime().root().to_owned();
    for (id, damage) in DAMAGED_RECORDS {
        let folder = root.join(id);
        let created = stage.running(id);
        std::fs::remove_file(folder.join("state.json")).unwrap();
        damage(&folder);
        assert_is_of_no_use(&stage, id);
        // What the container has left is known all the same.
        stage
            .delete_by_force(id)
            .unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(created.init.wait().unwrap(), ExitStatus::Signaled(Signal::KILL), "{id}");
        stage.assert_empty();
    }
    let damages: [(&str, Damage); 4] = [
        ("empty", |_| {}),
        ("unfinished", |folder| {
            std::fs::write(folder.join(".state.json.new"), b"{").unwrap()
        }),
        ("strangers", |folder| {
            std::fs::write(folder.join("something"), b"else").unwrap()
        }),
        ("socket", |folder| std::fs::create_dir(folder.join("start")).unwrap()),
    ];
    for (id, damage) in damages.into_iter().chain(DAMAGED_RECORDS) {
        let folder = root.join(id);
        std::fs::create_dir_all(&folder).unwrap();
        damage(&folder);
        assert_is_of_no_use(&stage, id);
        stage
            .delete_by_force(id)
            .unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(!folder.exists(), "{id}");
    }
    // A link, or a file, is no container.
    std::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
    std::fs::write(root.join("file"), "").unwrap();
    for id in ["link", "file"] {
        assert!(
            matches!(stage.container(id), Err(Error::NotFound(_) | Error::Failure(_))),
            "{id}"
        );
        let _ = stage.delete_by_force(id);
        std::fs::remove_file(root.join(id)).unwrap();
    }
    assert!(Path::new("/etc/passwd").exists());
    stage.delete_by_force("never-there").unwrap();
}

#[test]
fn a_state_cut_short_anywhere_never_panics_and_is_removed_by_force() {
    let stage = Stage::new();
    let path = stage.runtime().root().join("cut/state.json");
    let mut length = 0;
    loop {
        let created = stage.created("cut", &stage.sleeper());
        let text = std::fs::read(&path).unwrap();
        if length >= text.len() {
            stage.end(&created);
            break;
        }
        std::fs::write(&path, &text[..length]).unwrap();
        assert!(created.container.state().is_err());
        stage.delete_by_force("cut").unwrap();
        assert_eq!(created.init.wait().unwrap(), ExitStatus::Signaled(Signal::KILL));
        stage.assert_empty();
        length += 37;
    }
}

#[test]
fn leftovers_cut_short_never_panic_and_what_was_not_written_whole_is_not_there_yet() {
    let stage = Stage::new();
    let created = stage.created("whole", &stage.sleeper());
    let text = std::fs::read(stage.runtime().root().join("whole/leftovers")).unwrap();
    stage.end(&created);
    let folder = stage.runtime().root().join("cut");
    for length in (0..text.len()).step_by(37) {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("leftovers"), &text[..length]).unwrap();
        assert!(stage.container("cut").unwrap().state().is_err());
        stage.delete_by_force("cut").unwrap();
        assert!(!folder.exists());
    }
    // What is not of that form tells nothing, and is kept.
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("leftovers"), "something else\n").unwrap();
    assert_says(&stage.delete_by_force("cut").unwrap_err().to_string(), &["leftovers"]);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn leftovers_that_are_lost_hide_no_container_that_the_state_tells_of() {
    let stage = Stage::new();
    for text in ["", "{"] {
        let created = stage.created("lost", &stage.sleeper());
        std::fs::write(stage.runtime().root().join("lost/leftovers"), text).unwrap();
        stage.delete_by_force("lost").unwrap();
        assert_eq!(created.init.wait().unwrap(), ExitStatus::Signaled(Signal::KILL));
        stage.assert_empty();
    }
}
