//! `start`.

use super::cleaning::about;
use super::{Container, live};
use crate::bundle::Hook;
use crate::launch::{self, Cancel, HookState, Watched, run_hooks};
use crate::process::Pid;
use crate::state::Status;
use crate::store::{KeptPlan, Phase, StateRecord};
use crate::{Error, Failure, StatusFault};
use rustix::fd::{AsFd, OwnedFd};

impl Container {
    /// Runs the process of a created container. That it could not be executed is told here, in the words that engines
    /// match.
    ///
    /// **Blocks** until the process is executed: for as long as the `startContainer` and `poststart` hooks take, and
    /// while somebody else is at work on the container.
    ///
    /// # Errors
    /// The container is not in the state to be started, a hook failed, or the kernel does not execute the process;
    /// then the container is stopped.
    pub fn start(&self) -> Result<(), Error> {
        self.start_watched(None)
    }

    /// The same, given up when `cancel` becomes readable, as a `signalfd` or a pipe does: while hooks of the start run,
    /// for example. Then the container is stopped, and nothing of it runs any more.
    ///
    /// **Blocks** as [`Container::start`] does, until then.
    ///
    /// # Errors
    /// As [`Container::start`]; [`Error::Cancelled`] if it was given up.
    pub fn start_unless_cancelled(&self, cancel: impl AsFd) -> Result<(), Error> {
        self.start_watched(Some(cancel.as_fd()))
    }

    fn start_watched(&self, cancel: Cancel<'_>) -> Result<(), Error> {
        let entry = self.entry()?;
        if self.record(&entry)?.phase == Phase::Creating && !entry.is_unlocked() {
            // Perhaps one of its own hooks asks, which would wait for itself.
            return Err(StatusFault::BeingCreated.into());
        }
        if !entry.lock_unless_started()? {
            return Err(StatusFault::AlreadyRunning.into());
        }
        let record = self.record(&entry)?;
        if record.phase == Phase::Creating {
            // Whoever was to make it was killed; its init, if there still is one, ends by itself.
            return Err(StatusFault::StartStopped.into());
        }
        let init = record.init.as_ref().map(|init| init.pid);
        let (Some(pidfd), Some(pid)) = (live(record.init.as_ref())?, init) else {
            return Err(StatusFault::StartStopped.into());
        };
        if !record.startable {
            return Err(Failure::plain("start the container", "its config has no process")
                .at("process")
                .into());
        }
        if !launch::is_waiting(&entry) {
            return Err(StatusFault::AlreadyRunning.into());
        }
        if record.cgroup.is_frozen()? {
            // Init would take the word to go on, and follow it whenever it is thawed.
            return Err(StatusFault::StartPaused.into());
        }
        let Some(kept) = KeptPlan::read(&entry)? else {
            return Err(super::not_whole(self.id()));
        };
        kept.check_start()?;
        let mark = kept.has_start_hooks().then(|| entry.mark_started()).transpose()?;
        if let Err(error) = launch::start(&entry, &kept, (pid, &pidfd), cancel, &self.trace) {
            end_what_is_left(&record, &pidfd, &error);
            return Err(error);
        }
        // A hook may delete the container, which takes the lock.
        drop((mark, entry));
        self.run_poststart(&kept, record, (pid, &pidfd), cancel)
    }

    fn run_poststart(
        &self,
        kept: &KeptPlan,
        record: StateRecord,
        (pid, pidfd): (Pid, &OwnedFd),
        cancel: Cancel<'_>,
    ) -> Result<(), Error> {
        if kept.poststart().is_empty() {
            return Ok(());
        }
        let state = HookState::new(self.id(), &about(record.clone()), Status::Running, Some(pid));
        let output = kept.hook_output();
        let begins = |index, hook: &Hook| self.trace.hook("start", "poststart", index, hook.path.as_str());
        let watched = Watched { cancel, init: None };
        run_hooks("poststart", kept.poststart(), &state, &output, watched, begins).inspect_err(|_| {
            // runtime-spec: runtime.md#lifecycle: a poststart hook that fails stops the container.
            let _ = super::kill::kill_everything(&record, pidfd);
        })
    }
}

/// Ends what a start that failed, or was given up, has left: init, where it still goes on, and what its hooks have
/// started where its end is not the end of all.
fn end_what_is_left(record: &StateRecord, pidfd: &OwnedFd, error: &Error) {
    let has_ended = crate::sys::has_ended(pidfd) == Ok(true);
    if matches!(error, Error::Cancelled) || (has_ended && !record.own_pid_namespace) {
        let _ = super::kill::kill_everything(record, pidfd);
    }
}
