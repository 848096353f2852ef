//! What a test is given: bundles and calls in a line each, over its [`Setting`].

use std::cell::RefCell;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, WaitOptions, waitpid};
use serde_json::Value;

use crate::bundle::Bundle;
use crate::call::{Call, Done, ends_before, lines_of};
use crate::failure::{Failure, Verdict, wrong};
use crate::setting::Setting;

/// What a test is given.
pub(crate) struct Trial<'a> {
    setting: Setting<'a>,
    tag: &'a str,
    probe: &'a Path,
    number: usize,
    live: RefCell<Vec<String>>,
}

/// A test speaks of its setting as of the trial's own: `t.dir`, `t.root`, `t.until(..)`.
impl<'a> Deref for Trial<'a> {
    type Target = Setting<'a>;

    fn deref(&self) -> &Setting<'a> {
        &self.setting
    }
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

impl Created {
    /// What its process wrote to stdout.
    pub(crate) fn out(&self) -> Result<String, Failure> {
        Ok(fs::read_to_string(&self.out_path)?)
    }

    /// What its probe said, line by line.
    pub(crate) fn lines(&self) -> Result<Vec<Value>, Failure> {
        lines_of(&self.out()?)
    }
}

impl<'a> Trial<'a> {
    pub(crate) fn new(setting: Setting<'a>, number: usize, tag: &'a str, probe: &'a Path) -> Self {
        Self {
            setting,
            tag,
            probe,
            number,
            live: RefCell::default(),
        }
    }

    /// An id nobody else has.
    pub(crate) fn fresh_id(&self) -> String {
        format!("{}-{}-{}", self.tag, self.number, self.fresh_number())
    }

    /// The cgroup of a container, as the default config names it.
    pub(crate) fn cgroup(&self, id: &str) -> String {
        format!("/{}/{id}", self.tag)
    }

    /// The probe on the host.
    pub(crate) fn probe(&self) -> &Path {
        self.probe
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

    /// A folder on the host with a file `inside` in it.
    pub(crate) fn host_folder(&self) -> Result<String, Failure> {
        let folder = self.dir.join("source");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("inside"), "from the host")?;
        Ok(folder.to_string_lossy().into_owned())
    }

    /// Any verb.
    pub(crate) fn call(&'a self, words: &[&str]) -> Call<'a> {
        Call::new(&self.setting, words)
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

    /// `run`, which must succeed: the namespaces that its process reports.
    pub(crate) fn namespaces_inside(&'a self, bundle: &Bundle) -> Result<Value, Failure> {
        Ok(self.see_one(bundle)?["namespaces"].clone())
    }

    /// The bundle must be refused by `run`, with all the phrases in the message.
    pub(crate) fn refused(&'a self, bundle: &Bundle, phrases: &[&str]) -> Verdict {
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

    /// `create` and `start`; the folder of the process' namespaces.
    pub(crate) fn namespaces_of(&'a self, bundle: &Bundle) -> Result<String, Failure> {
        let created = self.launch(bundle)?;
        Ok(format!("/proc/{}/ns", self.pid(&created.id)?.as_raw_nonzero()))
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

    /// `create` and `start`, and the wait for the end; the exit status. The container is stopped, and not deleted.
    pub(crate) fn to_its_end(&'a self, bundle: &Bundle) -> Result<(Created, i32), Failure> {
        let created = self.create(bundle)?;
        let pid = self.pid(&created.id)?;
        self.call(&["start", &created.id]).succeed()?;
        let code = self.exit_of(pid)?;
        Ok((created, code))
    }

    /// Creates, starts, waits for the end and returns the exit status and what the probe said.
    pub(crate) fn full_life(&'a self, bundle: &Bundle) -> Result<(i32, Vec<Value>), Failure> {
        let (created, code) = self.to_its_end(bundle)?;
        let lines = created.lines()?;
        self.call(&["delete", &created.id]).succeed()?;
        Ok((code, lines))
    }
}
