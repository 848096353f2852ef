//! `kill`.

use super::{Container, live};
use crate::process::{PATIENCE, Signal, await_end};
use crate::store::{Phase, StateRecord};
use crate::{Error, Failure, StatusFault};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;

/// Whom a signal is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The container's init. A SIGKILL reaches all, if nothing else would end the others with init.
    #[default]
    Init,
    /// Every process of the container's cgroup. That there is none is no error.
    All,
}

impl Container {
    /// Sends a signal ([`Signal::NONE`] only asks whether init is there). Does not wait for what it does.
    ///
    /// # Errors
    /// `container not running` if init has ended, except with [`Scope::All`].
    pub fn kill(&self, signal: Signal, scope: Scope) -> Result<(), Error> {
        let entry = self.entry()?;
        let record = self.record(&entry)?;
        if record.phase == Phase::Creating && !entry.is_unlocked() {
            return Err(StatusFault::BeingCreated.into());
        }
        let init = live(record.init.as_ref())?;
        // Without a pid namespace of its own nothing ends the others when init does.
        let everything = scope == Scope::All || (signal == Signal::KILL && !record.own_pid_namespace);
        self.trace.deed("kill", || {
            let whom = if everything {
                "all processes of the container"
            } else {
                "init"
            };
            vec![format!("send {signal} to {whom}")]
        });
        if everything {
            return send_to_all(&record, init.as_ref(), signal, scope);
        }
        let Some(pidfd) = init else {
            return Err(StatusFault::NotRunning.into());
        };
        send(&pidfd, signal)?;
        if signal == Signal::KILL {
            // A process that the v1 freezer holds does not even die.
            record.cgroup.release_killed();
        }
        Ok(())
    }
}

fn send_to_all(record: &StateRecord, init: Option<&OwnedFd>, signal: Signal, scope: Scope) -> Result<(), Error> {
    let kills = signal == Signal::KILL;
    if kills {
        record.cgroup.kill()?;
    }
    let reached = record
        .cgroup
        .for_each_process(|pidfd| crate::sys::send_signal(pidfd, signal.number()))?;
    match init {
        // Its cgroup may be one that could not be made.
        Some(pidfd) if reached == 0 && !kills => send(pidfd, signal),
        Some(pidfd) if kills => send(pidfd, signal).or(Ok(())),
        None if reached == 0 && scope == Scope::Init => Err(StatusFault::NotRunning.into()),
        _ => Ok(()),
    }
}

fn send(pidfd: &OwnedFd, signal: Signal) -> Result<(), Error> {
    match crate::sys::send_signal(pidfd.as_fd(), signal.number()) {
        Ok(()) => Ok(()),
        Err(Errno::SRCH) => Err(StatusFault::NotRunning.into()),
        Err(errno) => {
            let attempted = format!("send signal {} to the container's init", signal.number());
            Err(Failure::new(attempted, errno).into())
        }
    }
}

/// Kills init and all that is in the container's cgroup, and waits until nothing of it lives.
pub(super) fn kill_everything(record: &StateRecord, init: &OwnedFd) -> Result<(), Error> {
    let _ = crate::sys::send_signal(init.as_fd(), Signal::KILL.number());
    record.cgroup.release_killed();
    record.cgroup.kill()?;
    await_end(init, PATIENCE)
}
