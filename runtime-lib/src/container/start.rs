//! `start`.

use super::{Container, Status};
use crate::bundle::HookOutput;
use crate::launch::{self, Agent, HookState, Watched, run_hooks};
use crate::{Error, Failure};

impl Container {
    /// Runs the process of a created container. That it could not be executed is told here, in the words that engines match.
    ///
    /// # Errors
    /// The container is not in the state to be started, a hook failed, or the kernel does not execute the process; then the container is stopped.
    pub fn start(&self) -> Result<(), Error> {
        let entry = self.entry()?;
        entry.lock()?;
        let Some(record) = entry.read()? else {
            return Err(not_whole(self.id()));
        };
        let Some(pidfd) = super::live(&record)? else {
            return Err(Error::Status("cannot start a container that has stopped".to_owned()));
        };
        if !record.startable {
            return Err(Failure::plain("start the container", "its config has no process")
                .at("process")
                .into());
        }
        if !launch::is_waiting(&entry) {
            return Err(Error::Status("cannot start an already running container".to_owned()));
        }
        let pid = record.init.as_ref().map_or(0, |init| init.pid);
        let state = super::state::of(self.id(), &record);
        // Before init is told to go on: without an agent the container stays as it is.
        let agent = record.seccomp_agent.as_ref();
        let agent = agent.map(|agent| Agent::connect(agent, &state, pid)).transpose()?;
        launch::start(&entry, &record, &pidfd, agent)?;
        // A hook may delete the container, which takes the lock.
        drop(entry);
        if !record.poststart.is_empty() {
            let state = HookState::new(&state, Status::Running, pid);
            let output = HookOutput::recorded(&record.annotations);
            if let Err(error) = run_hooks("poststart", &record.poststart, &state, &output, Watched::default()) {
                // runtime-spec: runtime.md#lifecycle: a poststart hook that fails stops the container.
                let _ = super::kill::kill_everything(&record, &pidfd);
                return Err(error);
            }
        }
        Ok(())
    }
}

pub(super) fn not_whole(id: &str) -> Error {
    Failure::plain(
        format!("use container {id:?}"),
        "its state is not whole, its creation may have been interrupted; delete --force removes it",
    )
    .into()
}
