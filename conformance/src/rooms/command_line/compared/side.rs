//! One of the two runtimes that are compared, with its state root and its containers.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::process::Pid;
use serde_json::Value;

use crate::bundle::Bundle;
use crate::call::{Call, Done};
use crate::failure::{Failure, Verdict, wrong};
use crate::runtime::Runtime;
use crate::trial::Trial;

/// A runtime on which a scenario is played.
pub(super) struct Side<'t, 's> {
    pub(super) t: &'t Trial<'s>,
    runtime: Runtime,
    /// Where it keeps its state.
    pub(super) root: String,
    ids: RefCell<Vec<String>>,
}

/// The host's runc.
///
/// # Errors
/// There is none: the test is skipped.
pub(super) fn host_runc() -> Result<Runtime, Failure> {
    let places = [
        "/usr/sbin/runc",
        "/usr/bin/runc",
        "/usr/local/sbin/runc",
        "/usr/local/bin/runc",
    ];
    let found = places.into_iter().map(Path::new).find(|path| path.exists());
    let runc = found.map(Runtime::new).transpose().map_err(Failure::Wrong)?;
    runc.filter(|runc| runc.name == "runc")
        .ok_or_else(|| Failure::Skip(format!("no runc to compare with in any of {places:?}")))
}

/// The runtime under test, by a link of the name `runc`.
pub(super) fn under_runcs_name(t: &Trial<'_>) -> Result<Runtime, Failure> {
    let folder = t.dir.join("named");
    fs::create_dir_all(&folder)?;
    let path = folder.join("runc");
    if !path.exists() {
        symlink(&t.runtime.path, &path)?;
    }
    Ok(Runtime {
        path,
        ..t.runtime.clone()
    })
}

impl<'t, 's> Side<'t, 's> {
    pub(super) fn new(t: &'t Trial<'s>, runtime: Runtime, name: &str) -> Self {
        let root = t.dir.join(format!("state-of-{name}")).to_string_lossy().into_owned();
        Self {
            t,
            runtime,
            root,
            ids: RefCell::default(),
        }
    }

    /// A call with this side's state root.
    pub(super) fn call(&self, words: &[&str]) -> Call<'_> {
        self.t.call(words).by(&self.runtime).root(&self.root)
    }

    /// A bundle whose probe sleeps. Its cgroup mount is left out, which an old runc puts options of its own on.
    pub(super) fn bundle(&self) -> Result<Bundle, Failure> {
        let bundle = self.t.bundle()?.without_mount("/sys/fs/cgroup").probe("sleep 60");
        self.ids.borrow_mut().push(bundle.id.clone());
        Ok(bundle)
    }

    /// `create` or `run` of a bundle, with further words behind the verb.
    pub(super) fn with_bundle(&self, words: &[&str], bundle: &Bundle) -> Result<Call<'_>, Failure> {
        bundle.save()?;
        let dir = bundle.dir.to_string_lossy().into_owned();
        let (verb, flags) = words.split_first().unwrap_or((&"run", &[]));
        let words: Vec<&str> = [*verb, "--bundle", &dir]
            .into_iter()
            .chain(flags.iter().copied())
            .collect();
        Ok(self.call(&words).word(&bundle.id))
    }

    /// A container that was created, and its id.
    pub(super) fn created(&self, bundle: &Bundle) -> Result<String, Failure> {
        self.with_bundle(&["create"], bundle)?.succeed()?;
        Ok(bundle.id.clone())
    }

    /// A container that runs, and its id.
    pub(super) fn running(&self, bundle: &Bundle) -> Result<String, Failure> {
        let id = self.created(bundle)?;
        self.call(&["start", &id]).succeed()?;
        Ok(id)
    }

    /// A container whose process has ended, and its id.
    pub(super) fn stopped(&self) -> Result<String, Failure> {
        let bundle = self.bundle()?.probe("exit 0");
        let id = self.created(&bundle)?;
        let pid = self.pid(&id)?;
        self.call(&["start", &id]).succeed()?;
        self.t.exit_of(pid)?;
        Ok(id)
    }

    pub(super) fn state(&self, id: &str) -> Result<Value, Failure> {
        self.call(&["state", id]).succeed()?.json()
    }

    pub(super) fn pid(&self, id: &str) -> Result<Pid, Failure> {
        let pid = self.state(id)?["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw)
            .map_or_else(|| wrong("state tells no pid"), Ok)
    }

    /// Ends all processes of a container but its first, whose parent the harness is: a dead one that nobody waits for
    /// keeps the pid namespace.
    pub(super) fn end_others(&self, id: &str) -> Verdict {
        let first = self.pid(id)?;
        let pids = self.call(&["ps", "--format", "json", id]).succeed()?.json()?;
        let pids = pids.as_array().into_iter().flatten().filter_map(Value::as_i64);
        for pid in pids.filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
            if pid != first {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
                self.t.exit_of(pid)?;
            }
        }
        Ok(())
    }

    /// The words of `exec` of the probe, with flags before the id.
    pub(super) fn exec(&self, id: &str, flags: &[&str], actions: &str) -> Call<'_> {
        let words = ["exec"].iter().chain(flags).copied().chain([id, "/probe"]);
        self.call(&words.chain(actions.split(' ')).collect::<Vec<_>>())
    }
}

impl Drop for Side<'_, '_> {
    fn drop(&mut self) {
        for id in self.ids.borrow().iter() {
            if Path::new(&self.root).join(id).exists() {
                let _ = self.call(&["delete", "--force", id]).finish();
            }
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// What a call looks like from outside.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) code: i32,
    /// The first words on stdout: how a wrong call begins.
    out: String,
    /// How many lines stderr has.
    err_lines: usize,
    /// Which of the phrases are on stderr.
    phrases: Vec<String>,
}

impl Seen {
    /// A call of which stdout, if there is something, is help behind its first words.
    pub(super) fn of(done: &Done, phrases: &[&str]) -> Self {
        let first = done.out.lines().next().unwrap_or_default();
        // Flags of the program itself are told without a colon there.
        let words: Vec<&str> = first.split([':', '.']).take(1).collect();
        // As it is said, not as runc's log has it.
        let said = done.err.replace("\\\"", "\"");
        let has = |phrase: &&&str| said.contains(**phrase);
        Self {
            code: done.code,
            out: words.concat(),
            err_lines: done.err.trim_end().lines().count(),
            phrases: phrases.iter().filter(has).map(|&phrase| phrase.to_owned()).collect(),
        }
    }

    /// Fails unless all the phrases are there, too: where both lack one, the test is wrong.
    pub(super) fn has_all(&self, phrases: &[&str]) -> Verdict {
        match phrases
            .iter()
            .find(|phrase| !self.phrases.iter().any(|seen| seen == *phrase))
        {
            Some(phrase) => wrong(format!("harness: nobody says {phrase:?}")),
            None => Ok(()),
        }
    }
}
