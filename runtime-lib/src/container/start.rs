//! `start`.

use super::cleaning::about;
use super::{Container, live};
use crate::bundle::Hook;
use crate::launch::{self, HookState, Watched, run_hooks};
use crate::state::Status;
use crate::store::{KeptPlan, Phase};
use crate::{Error, Failure, StatusFault};

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
        let entry = self.entry()?;
        if self.record(&entry)?.phase == Phase::Creating && !entry.is_unlocked() {
            // Perhaps one of its own hooks asks, which would wait for itself.
            return Err(StatusFault::BeingCreated.into());
        }
        entry.lock()?;
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
        let Some(kept) = KeptPlan::read(&entry)? else {
            return Err(super::not_whole(self.id()));
        };
        kept.check_start()?;
        launch::start(&entry, &kept, pid, &pidfd, &self.trace)?;
        // A hook may delete the container, which takes the lock.
        drop(entry);
        if !kept.poststart().is_empty() {
            let state = HookState::new(self.id(), &about(record.clone()), Status::Running, Some(pid));
            let output = kept.hook_output();
            let begins = |index, hook: &Hook| self.trace.hook("start", "poststart", index, hook.path.as_str());
            let outcome = run_hooks(
                "poststart",
                kept.poststart(),
                &state,
                &output,
                Watched::default(),
                begins,
            );
            if let Err(error) = outcome {
                // runtime-spec: runtime.md#lifecycle: a poststart hook that fails stops the container.
                let _ = super::kill::kill_everything(&record, &pidfd);
                return Err(error);
            }
        }
        Ok(())
    }
}
