//! Processes that this library started.

use crate::process::{ExitStatus, Pid, Signal, try_wait, wait};
use crate::{Error, Failure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A process that this library started for the caller, who is its parent. Dropping it neither ends nor reaps it.
#[derive(Debug)]
pub struct Process {
    pub(crate) pid: Pid,
    pub(crate) pidfd: Arc<OwnedFd>,
}

impl Process {
    /// Its pid as the caller sees it.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Its pidfd: readable once it has ended (`man 2 pidfd_open`).
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Sends it a signal. Does not wait for what that does.
    ///
    /// # Errors
    /// It has ended, or another part of the program has given it another user and the caller may not.
    pub fn kill(&self, signal: Signal) -> Result<(), Error> {
        crate::sys::send_signal(self.pidfd(), signal.number())
            .map_err(|errno| Failure::new(format!("send {signal} to process {}", self.pid), errno).into())
    }

    /// Waits for its end and reaps it. **Blocks** until then: an asynchronous program waits for [`Process::pidfd`] to
    /// become readable instead, and calls [`Process::try_wait`].
    ///
    /// # Errors
    /// The kernel does not tell: the caller ignores SIGCHLD or has reaped the process itself, and Linux is older than
    /// 6.15.
    pub fn wait(&self) -> Result<ExitStatus, Error> {
        wait(self.pidfd())
    }

    /// Reaps it if it has ended; `None` if it has not. Does not block.
    ///
    /// # Errors
    /// Those of [`Process::wait`].
    pub fn try_wait(&self) -> Result<Option<ExitStatus>, Error> {
        try_wait(self.pidfd())
    }

    /// Waits for its end, at most so long, and reaps it; `None` if it has not ended then. **Blocks** for as long.
    ///
    /// # Errors
    /// Those of [`Process::wait`].
    pub fn wait_timeout(&self, limit: Duration) -> Result<Option<ExitStatus>, Error> {
        let end = Instant::now().checked_add(limit);
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let time = left.map(|left| Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            });
            match poll(&mut [PollFd::new(&*self.pidfd, PollFlags::IN)], time.as_ref()) {
                Ok(0) => return Ok(None),
                Ok(_) => return self.wait().map(Some),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::new("wait for a process", errno).into()),
            }
        }
    }
}
