//! The stack of init's second thread, which hands the listener of a filter to an agent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::{Stage, read, until, with};
use serde_json::json;
use std::os::unix::net::UnixListener;

/// More than a socket holds that nobody reads from: so long the thread is there.
const MUCH: usize = 1 << 20;

/// A line of /proc/PID/maps: "7f0000000000-7f0000010000 ---p ...".
fn mapping(line: &str) -> (usize, usize, &str) {
    let (range, rest) = line.split_once(' ').unwrap();
    let (from, to) = range.split_once('-').unwrap();
    let number = |text| usize::from_str_radix(text, 16).unwrap();
    (number(from), number(to), rest.split(' ').next().unwrap())
}

#[test]
fn below_the_stack_of_the_second_thread_is_what_nobody_can_touch() {
    let stage = Stage::new();
    let agent = stage.path("agent");
    let listener = UnixListener::bind(&agent).unwrap();
    let seccomp = json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "listenerPath": agent,
        "listenerMetadata": "x".repeat(MUCH),
        "syscalls": [{ "names": ["mkdir"], "action": "SCMP_ACT_NOTIFY" }]
    });
    let created = stage.created("thread", &with(stage.sleeper(), "/linux/seccomp", seccomp));
    let pid = created.init.pid();
    let (stack, maps) = std::thread::scope(|scope| {
        let starting = scope.spawn(|| created.container.start());
        let mut second = None;
        until("the second thread", || {
            let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
            let names = threads.map(|thread| thread.unwrap().file_name().into_string().unwrap());
            second = names.into_iter().find(|name| *name != pid.to_string());
            // In its call: number, arguments, stack pointer, instruction pointer.
            second.is_some() && call_of(pid.get(), second.as_deref().unwrap()).len() > 2
        });
        let call = call_of(pid.get(), &second.unwrap());
        let stack = call.get(call.len() - 2).unwrap().trim_start_matches("0x").to_owned();
        let maps = read(format!("/proc/{pid}/maps"));
        // Nobody will read the rest, and the process would have nobody to ask.
        drop(listener);
        starting.join().unwrap().unwrap_err();
        (usize::from_str_radix(&stack, 16).unwrap(), maps)
    });
    let maps: Vec<_> = maps.lines().map(mapping).collect();
    let own = maps.iter().position(|(from, to, _)| (*from..*to).contains(&stack));
    let own = own.unwrap_or_else(|| panic!("{stack:x} is not mapped: {maps:x?}"));
    let (from, to, used) = maps[own];
    assert_eq!((used, to - from), ("rw-p", 64 << 10), "{maps:x?}");
    let (begin, end, guard) = maps[own.checked_sub(1).unwrap()];
    assert_eq!((guard, end), ("---p", from), "{maps:x?}");
    assert!(end - begin >= 64 << 10, "{maps:x?}");
    stage.end(&created);
}

/// What the kernel tells of the call that a thread is in.
fn call_of(pid: i32, thread: &str) -> Vec<String> {
    let call = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/syscall")).unwrap_or_default();
    call.split_whitespace().map(str::to_owned).collect()
}
