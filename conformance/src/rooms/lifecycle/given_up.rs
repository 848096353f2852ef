//! `run` that is given up while hooks run: the signals by which a user or a supervisor does that end it, and the
//! container with it.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        signal_ends_run_while_a_start_container_hook_runs,
        ("runc", "1.1", "waits for the hook"),
        ("crun", "1.8", "dies at once and leaves the container")
    ),
    test!(
        signal_ends_run_while_a_poststart_hook_runs,
        ("runc", "1.1", "waits for the hook"),
        ("crun", "1.8", "dies at once and leaves the container")
    ),
    test!(
        signal_ends_a_detached_run_while_a_hook_of_the_start_runs,
        ("runc", "1.1", "dies at once and leaves the container"),
        ("crun", "1.8", "dies at once and leaves the container")
    ),
    test!(
        signal_ends_run_while_a_poststop_hook_runs,
        ("runc", "1.1", "waits for the hook"),
        ("crun", "1.8", "waits for the hook")
    ),
];

/// By which a user or a supervisor gives up.
const SIGNALS: [Signal; 4] = [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT];

/// A hook of the host that says that it runs, and goes on for long.
fn host_hook(t: &Trial<'_>) -> Value {
    let script = format!("touch {}; exec sleep 60", t.dir.join("in-hook").display());
    json!({"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"]})
}

/// The same as the container's own.
fn own_hook(t: &Trial<'_>, bundle: Bundle) -> Bundle {
    let folder = t.dir.to_string_lossy().into_owned();
    let flag = format!("{folder}/in-hook");
    let words = ["probe", "hook", &flag, ",", "sleep", "60"];
    bundle
        .mount(&folder, "bind", &folder, &["bind"])
        .hook("startContainer", json!({"path": "/probe", "args": words}))
}

/// Runs it until its hook runs, sends the signal, and sees the end of all.
fn give_up(t: &Trial<'_>, verb: &[&str], bundle: &Bundle, signal: Signal, status: i32) -> Verdict {
    let flag = t.dir.join("in-hook");
    let running = t.with_bundle(verb, bundle)?.spawn()?;
    t.until("the hook", || Ok(flag.exists()))?;
    fs::remove_file(&flag)?;
    running.signal(signal)?;
    let begin = Instant::now();
    let done = running.wait()?;
    ensure(begin.elapsed() < Duration::from_secs(8), || {
        format!("{signal:?}: took {:?}", begin.elapsed())
    })?;
    same("exit status", &done.code, status)?;
    same("state folders", &fs::read_dir(&t.root).map_or(0, Iterator::count), 0)
}

fn each_signal(t: &Trial<'_>, verb: &[&str], bundle: impl Fn() -> Result<Bundle, Failure>) -> Verdict {
    for signal in SIGNALS {
        give_up(t, verb, &bundle()?, signal, 128 + signal.as_raw())?;
    }
    Ok(())
}

fn signal_ends_run_while_a_start_container_hook_runs(t: &Trial<'_>) -> Verdict {
    each_signal(t, &["run"], || Ok(own_hook(t, t.bundle()?.probe("sleep 60"))))
}

fn signal_ends_run_while_a_poststart_hook_runs(t: &Trial<'_>) -> Verdict {
    each_signal(t, &["run"], || {
        Ok(t.bundle()?.probe("sleep 60").hook("poststart", host_hook(t)))
    })
}

fn signal_ends_a_detached_run_while_a_hook_of_the_start_runs(t: &Trial<'_>) -> Verdict {
    let verb = ["run", "--detach"];
    for (kind, signal) in [("poststart", Signal::TERM), ("startContainer", Signal::INT)] {
        let bundle = t.bundle()?.probe("sleep 60");
        let bundle = match kind {
            "poststart" => bundle.hook(kind, host_hook(t)),
            _ => own_hook(t, bundle),
        };
        give_up(t, &verb, &bundle, signal, 128 + signal.as_raw())?;
    }
    Ok(())
}

/// The process has ended, and its status counts.
fn signal_ends_run_while_a_poststop_hook_runs(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 6").hook("poststop", host_hook(t));
    give_up(t, &["run"], &bundle, Signal::TERM, 6)
}
