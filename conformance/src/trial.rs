//! The world of one test: a folder, a state root, a runtime, a deadline.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions, waitpid};
use serde_json::Value;

use crate::bundle::Bundle;
use crate::call::{Call, Done, ends_before, lines_of};
use crate::failure::{Failure, Verdict, wrong};
use crate::runtime::Runtime;

/// What a test is given.
pub(crate) struct Trial<'a> {
    /// The binary under test.
    pub(crate) runtime: &'a Runtime,
    /// A folder of the test's own.
    pub(crate) dir: PathBuf,
    /// The runtime's state folder.
    pub(crate) root: PathBuf,
    /// When the test must have ended.
    pub(crate) deadline: Instant,
    tag: &'a str,
    probe: &'a Path,
    number: usize,
    serial: Cell<u32>,
    live: RefCell<Vec<String>>,
    notes: RefCell<Vec<String>>,
}

/// A container that `create` made.
pub(crate) struct Created {
    /// Its id.
    pub(crate) id: String,
    /// Where its stdout goes.
    pub(crate) out_path: PathBuf,
    /// Where its stderr goes.
    pub(crate) err_path: PathBuf,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(
        runtime: &'a Runtime,
        dir: PathBuf,
        number: usize,
        tag: &'a str,
        probe: &'a Path,
        limit: Duration,
    ) -> std::io::Result<Self> {
        fs::create_dir_all(dir.join("streams"))?;
        Ok(Self {
            runtime,
            root: dir.join("state"),
            dir,
            deadline: Instant::now() + limit,
            tag,
            probe,
            number,
            serial: Cell::new(0),
            live: RefCell::default(),
            notes: RefCell::default(),
        })
    }

    fn next(&self) -> u32 {
        self.serial.set(self.serial.get() + 1);
        self.serial.get()
    }

    /// An id nobody else has.
    pub(crate) fn fresh_id(&self) -> String {
        format!("{}-{}-{}", self.tag, self.number, self.next())
    }

    /// The cgroup of a container, as the default config names it.
    pub(crate) fn cgroup(&self, id: &str) -> String {
        format!("/{}/{id}", self.tag)
    }

    pub(crate) fn fresh_streams(&self) -> (PathBuf, PathBuf) {
        let number = self.next();
        let path = |kind| self.dir.join("streams").join(format!("{number}.{kind}"));
        (path("out"), path("err"))
    }

    /// The probe on the host.
    pub(crate) fn probe(&self) -> &Path {
        self.probe
    }

    /// Remembers what was done, for the report of a failure.
    pub(crate) fn note(&self, text: &str) {
        let mut notes = self.notes.borrow_mut();
        if notes.last().is_none_or(|last| last != text) {
            notes.push(text.to_owned());
        }
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// Containers that exist because a `create` or `run --detach` succeeded.
    pub(crate) fn live(&self) -> Vec<String> {
        self.live.borrow().clone()
    }

    /// Says that a container exists and is to be deleted after the test.
    pub(crate) fn adopt(&self, id: &str) {
        self.live.borrow_mut().push(id.to_owned());
    }

    /// A default bundle.
    pub(crate) fn bundle(&self) -> Result<Bundle, Failure> {
        let id = self.fresh_id();
        Ok(Bundle::new(
            &id,
            &self.dir.join(format!("bundle-{id}")),
            self.probe,
            &self.cgroup(&id),
        )?)
    }

    /// Any verb.
    pub(crate) fn call(&'a self, words: &[&str]) -> Call<'a> {
        Call::new(self, words)
    }

    /// A verb that takes the bundle: `create`, `run`.
    pub(crate) fn with_bundle(&'a self, verb: &[&str], bundle: &Bundle) -> Result<Call<'a>, Failure> {
        bundle.save()?;
        let dir = bundle.dir.to_string_lossy().into_owned();
        Ok(self.call(verb).word("--bundle").word(&dir).word(&bundle.id))
    }

    /// `run` in the foreground, to its end.
    pub(crate) fn run(&'a self, bundle: &Bundle) -> Result<Done, Failure> {
        self.with_bundle(&["run"], bundle)?.finish()
    }

    /// `run`, which must succeed; what the probe said.
    pub(crate) fn see(&'a self, bundle: &Bundle) -> Result<Vec<Value>, Failure> {
        let done = self.run(bundle)?;
        if done.code != 0 {
            return wrong(format!("`run` ended with {}: {}", done.code, done.err.trim()));
        }
        done.lines()
    }

    /// `run` of a probe with one action, which must succeed: its only line.
    pub(crate) fn see_one(&'a self, bundle: &Bundle) -> Result<Value, Failure> {
        self.see(bundle)?
            .into_iter()
            .next()
            .ok_or_else(|| Failure::Wrong("the probe said nothing".into()))
    }

    /// The bundle must be refused by `run`, with all the phrases in the message.
    pub(crate) fn refused(&'a self, bundle: &Bundle, phrases: &[&str]) -> Result<Done, Failure> {
        self.with_bundle(&["run"], bundle)?.refuse(phrases)
    }

    /// `create`, which must succeed.
    pub(crate) fn create(&'a self, bundle: &Bundle) -> Result<Created, Failure> {
        let call = self.with_bundle(&["create"], bundle)?;
        self.create_with(call, bundle)
    }

    /// A `create` with flags of its own, which must succeed.
    pub(crate) fn create_with(&'a self, call: Call<'a>, bundle: &Bundle) -> Result<Created, Failure> {
        let running = call.spawn()?;
        let (out_path, err_path) = (running.out_path.clone(), running.err_path.clone());
        let done = running.wait()?;
        if done.code != 0 {
            return wrong(format!("`create` ended with {}: {}", done.code, done.err.trim()));
        }
        self.adopt(&bundle.id);
        Ok(Created {
            id: bundle.id.clone(),
            out_path,
            err_path,
        })
    }

    /// `create` and `start`.
    pub(crate) fn launch(&'a self, bundle: &Bundle) -> Result<Created, Failure> {
        let created = self.create(bundle)?;
        self.call(&["start", &created.id]).succeed()?;
        Ok(created)
    }

    /// `state`, as JSON.
    pub(crate) fn state(&'a self, id: &str) -> Result<Value, Failure> {
        self.call(&["state", id]).succeed()?.json()
    }

    /// The `status` that `state` tells.
    pub(crate) fn status(&'a self, id: &str) -> Result<String, Failure> {
        Ok(self.state(id)?["status"].as_str().unwrap_or_default().to_owned())
    }

    /// The `pid` that `state` tells.
    pub(crate) fn pid(&'a self, id: &str) -> Result<Pid, Failure> {
        let pid = self.state(id)?["pid"]
            .as_i64()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw);
        pid.ok_or_else(|| Failure::Wrong("state tells no pid".into()))
    }

    /// Waits for the end of a container's process, whose parent the harness is; 128 and the number for a signal.
    pub(crate) fn exit_of(&self, pid: Pid) -> Result<i32, Failure> {
        if !ends_before(pid, self.deadline)? {
            return wrong("the time limit was reached while the container ran");
        }
        let Some((_, status)) = waitpid(Some(pid), WaitOptions::empty())? else {
            return wrong("harness: no status");
        };
        Ok(status
            .exit_status()
            .or(status.terminating_signal().map(|signal| 128 + signal))
            .unwrap_or(-1))
    }

    /// Creates, starts, waits for the end and returns the exit status and what the probe said.
    pub(crate) fn full_life(&'a self, bundle: &Bundle) -> Result<(i32, Vec<Value>), Failure> {
        let created = self.create(bundle)?;
        let pid = self.pid(&created.id)?;
        self.call(&["start", &created.id]).succeed()?;
        let code = self.exit_of(pid)?;
        let lines = lines_of(&fs::read_to_string(&created.out_path)?)?;
        self.call(&["delete", &created.id]).succeed()?;
        Ok((code, lines))
    }

    /// Polls until the condition holds.
    pub(crate) fn until(&self, what: &str, mut condition: impl FnMut() -> Result<bool, Failure>) -> Verdict {
        let end = self.deadline.min(Instant::now() + Duration::from_secs(4));
        while !condition()? {
            if Instant::now() > end {
                return wrong(format!("waited in vain for {what}"));
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        Ok(())
    }
}
