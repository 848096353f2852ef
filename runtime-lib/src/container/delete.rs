//! `delete`.

use super::{Container, Runtime, State, Status};
use crate::bundle::{Hook, HookOutput};
use crate::cgroup;
use crate::launch::{HookState, Watched, is_waiting, run_hooks};
use crate::store::{Entry, Phase, Record, Store};
use crate::{Error, Failure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

impl Container {
    /// Deletes a container that is stopped, or created and not started.
    ///
    /// Gives what the `poststop` hooks failed at, which the caller may tell the user: the spec wants it logged and no more.
    ///
    /// # Errors
    /// `cannot delete container ID that is not stopped: running`; the cgroup cannot be removed.
    pub fn delete(&self) -> Result<Vec<Error>, Error> {
        let entry = self.entry()?;
        let is_creating = entry.read()?.is_some_and(|record| record.phase == Phase::Creating);
        if is_creating && !entry.is_unlocked() {
            // Perhaps one of its own hooks asks, which would wait for itself.
            return Err(Error::Status(format!(
                "cannot delete container {} that is not stopped: creating",
                self.id()
            )));
        }
        // Somebody who is at work on it is waited for; somebody who died is not.
        entry.lock()?;
        let Some(record) = entry.read()? else {
            return Err(super::start::not_whole(self.id()));
        };
        if let Some(pidfd) = super::live(&record)? {
            let waits = record.phase == Phase::Creating || is_waiting(&entry);
            if !waits {
                let status = super::state::status(&entry, &record)?;
                return Err(Error::Status(format!(
                    "cannot delete container {} that is not stopped: {status}",
                    self.id()
                )));
            }
            let _ = pidfd_send_signal(&pidfd, Signal::KILL);
            await_end(&pidfd)?;
        }
        clean(&entry, Some(&record))
    }
}

impl Runtime {
    /// Removes whatever is there of the container `id`, alive or half-made. An id that does not exist is no error.
    ///
    /// Gives what the `poststop` hooks failed at.
    ///
    /// # Errors
    /// A process that does not end, or a cgroup that cannot be removed.
    pub fn delete_by_force(&self, id: &str) -> Result<Vec<Error>, Error> {
        let entry = match Store::new(self.root()).open(id) {
            Ok(entry) => entry,
            Err(Error::NotFound(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        // Killed first, then locked: whoever holds the lock may be waiting for just this container.
        if let Some(record) = entry.read()? {
            kill(&record)?;
        }
        match entry.lock() {
            Ok(()) => {}
            Err(Error::NotFound(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        let record = entry.read()?;
        if let Some(record) = &record {
            kill(record)?;
        }
        clean(&entry, record.as_ref())
    }
}

fn kill(record: &Record) -> Result<(), Error> {
    let live = super::live(record)?;
    if let Some(pidfd) = &live {
        let _ = pidfd_send_signal(pidfd, Signal::KILL);
    }
    cgroup::kill_all(&record.cgroup)?;
    if let Some(pidfd) = &live {
        await_end(pidfd)?;
    }
    Ok(())
}

/// Removes the cgroup and the state, and runs the poststop hooks: when they run, the container is gone.
fn clean(entry: &Entry, record: Option<&Record>) -> Result<Vec<Error>, Error> {
    if let Some(record) = record {
        if !record.own_pid_namespace {
            cgroup::kill_all(&record.cgroup)?;
        }
        cgroup::remove(&record.cgroup)?;
        if let Some(group) = &record.resctrl {
            group.remove()?;
        }
    }
    entry.remove()?;
    Ok(
        match record.filter(|record| record.phase == Phase::Created || record.hooks_began) {
            None => Vec::new(),
            Some(record) => {
                let state = super::state::of(entry.id(), record);
                let output = HookOutput::recorded(&record.annotations);
                run_poststop_hooks(&record.poststop, &state, &output)
            }
        },
    )
}

/// Gives what they failed at: one that fails does not keep the rest from running.
pub(super) fn run_poststop_hooks(hooks: &[Hook], state: &State, output: &HookOutput) -> Vec<Error> {
    let state = HookState::new(state, Status::Stopped, 0);
    let run = |(index, hook)| {
        let outcome = run_hooks(
            "poststop",
            std::slice::from_ref(hook),
            &state,
            output,
            Watched::default(),
        );
        outcome.err().map(|error| error.with_index(index))
    };
    hooks.iter().enumerate().filter_map(run).collect()
}

/// Waits until a process that was killed has ended.
pub(super) fn await_end(pidfd: &OwnedFd) -> Result<(), Error> {
    let limit = Timespec { tv_sec: 10, tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&limit)) {
            Ok(0) => {
                return Err(Failure::new("end the container's init within 10 s of SIGKILL", Errno::TIMEDOUT).into());
            }
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Failure::new("wait for the container's init", errno).into()),
        }
    }
}
