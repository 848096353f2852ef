//! What a thread of the host's that is root by its uid alone, without a capability, reaches of a container's processes
//! from the first instant on, when no hook runs: it tries without a pause.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread::JoinHandle;

use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure};
use crate::rooms::deviations::GIVES_NULL;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(
        process_born_into_a_user_namespace_is_hidden_at_once,
        GIVES_NULL,
        RUNC,
        CRUN
    ),
    test!(process_that_holds_the_maps_of_a_mount_is_hidden_at_once, CRUN),
];

const RUNC: Known = ("runc", "1.1", "is open for moments");
const CRUN: Known = ("crun", "1.8", "is open for moments");

/// So often a container is started: of these, somebody was let in in every other.
const RUNS: usize = 30;

/// As many processes as are started by a runtime, and a few that others start meanwhile.
const NEXT: i32 = 12;

/// Tries to read a file of the host's by way of what a runtime starts.
struct Spy {
    stop: Arc<AtomicBool>,
    runtime: Arc<AtomicI32>,
    thread: Option<JoinHandle<Result<Vec<String>, String>>>,
}

impl Spy {
    fn new(canary: PathBuf) -> Self {
        let (stop, runtime) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI32::new(0)));
        let (told, of) = (Arc::clone(&stop), Arc::clone(&runtime));
        let thread = std::thread::spawn(move || {
            let none = CapabilitySets {
                effective: CapabilitySet::empty(),
                permitted: CapabilitySet::empty(),
                inheritable: CapabilitySet::empty(),
            };
            // Of this thread alone.
            set_capabilities(None, none).map_err(|errno| errno.to_string())?;
            let mut seen = Vec::new();
            while !told.load(Ordering::Relaxed) {
                let parent = of.load(Ordering::Relaxed);
                if parent != 0 {
                    (parent + 1..parent + NEXT).for_each(|pid| seen.extend(read_by(pid, parent, &canary)));
                }
            }
            Ok(seen)
        });
        Self {
            stop,
            runtime,
            thread: Some(thread),
        }
    }

    fn seen(mut self) -> Result<Vec<String>, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        match ended {
            Some(Ok(seen)) => seen.map_err(Failure::Wrong),
            _ => Err(Failure::Wrong("the spy has ended early".into())),
        }
    }
}

impl Drop for Spy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The process, by its name, if the canary could be read through it and it is the runtime's.
fn read_by(pid: i32, parent: i32, canary: &std::path::Path) -> Option<String> {
    let _ = File::open(format!("/proc/{pid}/root{}", canary.display())).ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let is_ours = status.lines().any(|line| line == format!("PPid:\t{parent}"));
    is_ours.then(|| status.lines().next().unwrap_or_default().to_owned())
}

fn shows_nothing(t: &Trial<'_>, bundle: &Bundle) -> Verdict {
    let canary = t.dir.join("canary");
    fs::write(&canary, "")?;
    let spy = Spy::new(canary);
    for _ in 0..RUNS {
        let running = t.with_bundle(&["run"], bundle)?.spawn()?;
        let pid = running.pid().map_or(0, |pid| pid.as_raw_nonzero().get());
        spy.runtime.store(pid, Ordering::Relaxed);
        let done = running.wait()?;
        spy.runtime.store(0, Ordering::Relaxed);
        ensure(done.code == 0, || done.err.clone())?;
    }
    let seen = spy.seen()?;
    ensure(seen.is_empty(), || {
        format!("{} times the host's file was read by {:?}", seen.len(), seen.first())
    })
}

fn process_born_into_a_user_namespace_is_hidden_at_once(t: &Trial<'_>) -> Verdict {
    shows_nothing(t, &mapped(t)?.probe("exit 0"))
}

fn process_that_holds_the_maps_of_a_mount_is_hidden_at_once(t: &Trial<'_>) -> Verdict {
    let source = t.dir.join("mapped");
    fs::create_dir(&source)?;
    let map = json!([{"containerID": 0, "hostID": 100_000, "size": 10}]);
    let mount = json!({"destination": "/data", "type": "bind", "source": source, "options": ["bind"],
        "uidMappings": map, "gidMappings": map});
    shows_nothing(t, &t.bundle()?.set("/mounts/-", mount).probe("exit 0"))
}
