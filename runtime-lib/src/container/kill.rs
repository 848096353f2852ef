//! `kill`.

use super::Container;
use crate::cgroup;
use crate::store::{Phase, Record};
use crate::{Error, Failure};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

const SIGKILL: i32 = 9;

impl Container {
    /// Sends a signal (its number; 0 only asks whether init is there) to init, or with `all` to every process of its cgroup.
    ///
    /// # Errors
    /// `container not running` if init has ended, except with `all`; a number that is no signal.
    pub fn kill(&self, signal: i32, all: bool) -> Result<(), Error> {
        let entry = self.entry()?;
        let Some(record) = entry.read()? else {
            return Err(super::start::not_whole(self.id()));
        };
        if record.phase == Phase::Creating && !entry.is_unlocked() {
            return Err(Error::Status(
                "cannot kill a container that is being created".to_owned(),
            ));
        }
        let live = super::live(&record)?;
        // Without a pid namespace of its own nothing ends the others when init does.
        let everything = all || (signal == SIGKILL && !record.own_pid_namespace);
        if everything {
            return send_to_all(&record, live.as_ref(), signal, all);
        }
        match live {
            Some(pidfd) => send(&pidfd, signal),
            None => Err(not_running()),
        }
    }
}

fn not_running() -> Error {
    Error::Status("container not running".to_owned())
}

fn send_to_all(record: &Record, live: Option<&OwnedFd>, signal: i32, forgiving: bool) -> Result<(), Error> {
    if signal == SIGKILL {
        cgroup::kill_all(&record.cgroup)?;
    }
    let reached = cgroup::for_each(&record.cgroup, |pidfd| crate::sys::send_signal(pidfd, signal))?;
    match live {
        // Its cgroup may be one that could not be made.
        Some(pidfd) if reached == 0 && signal != SIGKILL => send(pidfd, signal),
        Some(pidfd) if signal == SIGKILL => send(pidfd, signal).or(Ok(())),
        None if reached == 0 && !forgiving => Err(not_running()),
        _ => Ok(()),
    }
}

fn send(pidfd: &OwnedFd, signal: i32) -> Result<(), Error> {
    match crate::sys::send_signal(pidfd.as_fd(), signal) {
        Ok(()) => Ok(()),
        Err(Errno::SRCH) => Err(not_running()),
        Err(errno) => Err(Failure::new(format!("send signal {signal} to the container's init"), errno).into()),
    }
}

/// Kills init and all that is in the container's cgroup, and waits until nothing of it lives.
pub(super) fn kill_everything(record: &Record, init: &OwnedFd) -> Result<(), Error> {
    let _ = pidfd_send_signal(init, Signal::KILL);
    cgroup::kill_all(&record.cgroup)?;
    super::delete::await_end(init)
}
