//! Hooks past their time, or given up, that have started more: the whole of it ends (config.md#posix-platform-hooks,
//! `timeout`).

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Verdict, ensure};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        create_runtime_hook_past_its_time_ends_with_its_children,
        ("runc", "1.1", "leaves them"),
        ("crun", "1.8", "leaves them")
    ),
    test!(
        poststart_hook_past_its_time_ends_with_its_children,
        ("runc", "1.1", "leaves them"),
        ("crun", "1.8", "leaves them")
    ),
    test!(
        poststop_hook_past_its_time_ends_with_its_children,
        ("runc", "1.1", "leaves them"),
        ("crun", "1.8", "leaves them")
    ),
    test!(
        hook_of_the_container_past_its_time_ends_with_its_children,
        ("runc", "1.1", "leaves them"),
        ("crun", "1.8", "leaves them")
    ),
    test!(
        hook_that_is_given_up_ends_with_its_children,
        ("runc", "1.1", "dies at once and leaves all"),
        ("crun", "1.8", "dies at once and leaves all")
    ),
    test!(
        hook_that_ends_may_leave_a_daemon,
        ("crun", "1.8", "waits for the daemon")
    ),
];

/// Seconds to sleep that no other process on this machine sleeps, by which the hook's processes are found.
fn seconds(bundle: &Bundle) -> String {
    let number = bundle
        .id
        .bytes()
        .fold(7_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 900_000);
    (1_000_000 + number).to_string()
}

/// The processes with this word in their command lines.
fn sleepers(seconds: &str) -> Vec<String> {
    let commands = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            Some(String::from_utf8_lossy(&line).replace('\0', " "))
        });
    commands.filter(|line| line.contains(seconds)).collect()
}

/// Ends those that are left.
fn kill_sleepers(seconds: &str) {
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| Pid::from_raw(name.parse().ok()?));
        if let (Some(pid), true) = (pid, String::from_utf8_lossy(&line).contains(seconds)) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// All of the hook ends soon.
fn ends(seconds: &str) -> Verdict {
    let begin = Instant::now();
    while !sleepers(seconds).is_empty() && begin.elapsed() < Duration::from_secs(3) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let left = sleepers(seconds);
    kill_sleepers(seconds);
    ensure(left.is_empty(), || format!("still there: {left:?}"))
}

/// A child in the background, one in a session of its own whose parent is gone, and one that the hook waits for.
fn tree(seconds: &str) -> Value {
    let script = format!("sleep {seconds} & (setsid sleep {seconds} &); sleep {seconds}; true");
    json!({"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"], "timeout": 1})
}

fn in_time(begin: Instant) -> Verdict {
    ensure(begin.elapsed() < Duration::from_secs(8), || {
        format!("took {:?}", begin.elapsed())
    })
}

fn create_runtime_hook_past_its_time_ends_with_its_children(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    let seconds = seconds(&bundle);
    let begin = Instant::now();
    t.with_bundle(&["create"], &bundle.hook("createRuntime", tree(&seconds)))?
        .refuse(&[])?;
    in_time(begin)?;
    ends(&seconds)
}

fn poststart_hook_past_its_time_ends_with_its_children(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let seconds = seconds(&bundle);
    let created = t.create(&bundle.hook("poststart", tree(&seconds)))?;
    let begin = Instant::now();
    t.call(&["start", &created.id]).finish()?;
    in_time(begin)?;
    ends(&seconds)
}

fn poststop_hook_past_its_time_ends_with_its_children(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let seconds = seconds(&bundle);
    let created = t.create(&bundle.hook("poststop", tree(&seconds)))?;
    let begin = Instant::now();
    t.call(&["delete", "--force", &created.id]).finish()?;
    in_time(begin)?;
    ends(&seconds)
}

fn hook_of_the_container_past_its_time_ends_with_its_children(t: &Trial<'_>) -> Verdict {
    for kind in ["createContainer", "startContainer"] {
        // Without a pid namespace, whose end would be the end of all in it.
        let bundle = t.bundle()?.without_namespace("pid").probe("sleep 60");
        let seconds = seconds(&bundle);
        let script = format!("leave {seconds} session , leave {seconds} , sleep {seconds}");
        let words: Vec<&str> = std::iter::once("probe").chain(script.split(' ')).collect();
        let probe = t.probe().to_string_lossy().into_owned();
        let path = if kind == "startContainer" { "/probe" } else { &probe };
        let bundle = bundle.hook(kind, json!({"path": path, "args": words, "timeout": 1}));
        let begin = Instant::now();
        let done = t.with_bundle(&["create"], &bundle)?.finish()?;
        if done.code == 0 {
            t.adopt(&bundle.id);
            t.call(&["start", &bundle.id]).refuse(&[])?;
        }
        in_time(begin)?;
        ends(&seconds)?;
    }
    Ok(())
}

fn hook_that_is_given_up_ends_with_its_children(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    let seconds = seconds(&bundle);
    let script = format!("sleep {seconds} & sleep {seconds}; true");
    let hook = json!({"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"]});
    let running = t.with_bundle(&["run"], &bundle.hook("createRuntime", hook))?.spawn()?;
    t.until("the hook", || Ok(sleepers(&seconds).len() >= 3))?;
    running.signal(Signal::TERM)?;
    let waited = running.wait();
    ends(&seconds)?;
    let done = waited?;
    ensure(done.code != 0, || "run ended well".into())
}

fn hook_that_ends_may_leave_a_daemon(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    let seconds = seconds(&bundle);
    let script = format!("(setsid sleep {seconds} >/dev/null 2>&1 </dev/null &)");
    let hook = json!({"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"], "timeout": 20});
    t.run(&bundle.hook("createRuntime", hook))?;
    let left = sleepers(&seconds);
    kill_sleepers(&seconds);
    ensure(left.len() == 1, || format!("of the daemon there is {left:?}"))
}
