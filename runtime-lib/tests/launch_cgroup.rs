//! Launching into cgroups that are frozen, tight, or to be the root of what the container sees.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::host::{hierarchies, kill_cgroups, remove_cgroups};
use launch::{Stage, assert_says, helper, with};
use serde_json::json;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The stage's folder in the hierarchy that has this file.
fn parent(stage: &Stage, hierarchy: &str) -> Option<PathBuf> {
    let found = hierarchies().into_iter().find(|path| path.ends_with(hierarchy));
    if found.is_none() {
        println!("not tried: there is no hierarchy {hierarchy}");
    }
    let path = found?.join(&stage.name);
    std::fs::create_dir_all(&path).unwrap();
    Some(path)
}

#[test]
fn a_frozen_ancestor_is_refused_at_once() {
    let stage = Stage::new();
    for (hierarchy, file, frozen, thawed) in [
        ("freezer", "freezer.state", "FROZEN", "THAWED"),
        ("unified", "cgroup.freeze", "1", "0"),
    ] {
        let Some(path) = parent(&stage, hierarchy) else {
            continue;
        };
        std::fs::write(path.join(file), frozen).unwrap();
        let begin = Instant::now();
        let outcome = stage.create("cold", &stage.sleeper());
        let time = begin.elapsed();
        std::fs::write(path.join(file), thawed).unwrap();
        assert_says(&outcome.unwrap_err().to_string(), &["linux.cgroupsPath", "frozen"]);
        assert!(time < Duration::from_secs(1), "{time:?}");
        stage.assert_empty();
    }
}

#[test]
fn a_memory_limit_that_is_too_small_is_told_and_spares_the_embedder() {
    let stage = Stage::new();
    let Some(path) = parent(&stage, "memory") else {
        return;
    };
    let mut said = Vec::new();
    for limit in [
        4 << 10,
        64 << 10,
        128 << 10,
        200 << 10,
        300 << 10,
        500 << 10,
        1 << 20,
        2 << 20,
        8 << 20,
    ] {
        std::fs::write(path.join("memory.limit_in_bytes"), limit.to_string()).unwrap();
        for _ in 0..3 {
            // The embedder is a process of its own: one that is killed fails the test, and does not end it.
            stage.help(stage.helper("creates-with-little-memory"));
            said.push((limit >> 10, launch::read(stage.path("outcome"))));
            kill_cgroups(&stage.name);
        }
    }
    said.dedup();
    for (limit, said) in &said {
        println!("{limit} KiB: {said}");
        assert!(
            said.starts_with("ran") || said.contains("memory"),
            "{limit} KiB: {said}"
        );
    }
    assert!(said.iter().any(|(_, said)| said == "ran"));
    assert!(said.iter().any(|(_, said)| said != "ran"));
    remove_cgroups(&stage.name);
}

#[test]
fn a_cgroup_namespace_shows_the_containers_cgroup_as_the_root() {
    let stage = Stage::new();
    let config = stage
        .script("cat /proc/self/cgroup; echo; cat /sys/fs/cgroup/*/cgroup.procs | sort -u; echo; ls /sys/fs/cgroup/");
    let config = with(config, "/linux/namespaces/-", json!({ "type": "cgroup" }));
    let config = with(
        config,
        "/mounts/-",
        json!({ "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid", "nodev", "noexec"] }),
    );
    let said = stage.output(&config);
    let mut parts = said.split("\n\n");
    let (own, procs) = (parts.next().unwrap(), parts.next().unwrap());
    assert!(own.lines().all(|line| line.ends_with(":/")), "{own}");
    // The shell, and the two that read.
    let procs: Vec<&str> = procs.lines().collect();
    assert!(
        procs.contains(&"1") && procs.len() <= 4 && !procs.contains(&"0"),
        "{said}"
    );
}

#[test]
fn without_a_cgroup_namespace_the_hosts_path_is_seen() {
    let stage = Stage::new();
    let said = stage.output(&stage.script("cat /proc/self/cgroup"));
    assert!(
        said.lines().all(|line| line.ends_with(&format!("/{}/run", stage.name))),
        "{said}"
    );
}

#[test]
fn a_cgroup_in_use_is_refused() {
    let stage = Stage::new();
    let created = stage.running("first");
    let config = with(stage.sleeper(), "/linux/cgroupsPath", format!("/{}/first", stage.name));
    // In the second case what is in its cgroup is killed when the container goes.
    let shared = with(config.clone(), "/linux/namespaces", json!([{ "type": "mount" }]));
    for config in [config, shared] {
        let error = stage.create("second", &config).unwrap_err().to_string();
        assert_says(&error, &["linux.cgroupsPath", "not empty"]);
        assert!(stage.container("second").is_err());
        assert_eq!(created.container.state().unwrap().status, orlop::Status::Running);
    }
    stage.end(&created);
}

/// Not a test of its own: see `launch::helper`.
#[test]
fn helper() {
    let Some(role) = helper::role() else {
        return;
    };
    assert_eq!(role, "creates-with-little-memory");
    let stage = Stage::of_parent();
    let outcome = match stage.run(&stage.config(&["/bin/busybox", "true"])) {
        Ok(ran) if ran.status == 0 => "ran".to_owned(),
        Ok(ran) => format!("ran, and ended with {}", ran.status),
        Err(error) => {
            let _ = stage.delete_by_force("run");
            error.to_string()
        }
    };
    std::fs::write(stage.path("outcome"), outcome).unwrap();
    helper::done();
}
