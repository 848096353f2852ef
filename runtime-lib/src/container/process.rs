//! Processes that this library started.

use crate::{Error, Failure};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use std::time::{Duration, Instant};

/// A process that this library started for the caller, who is its parent.
#[derive(Debug)]
pub struct Process {
    pub(crate) pid: i32,
    pub(crate) pidfd: OwnedFd,
}

impl Process {
    /// Its pid as the caller sees it.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Its pidfd: readable once it has ended (`man 2 pidfd_open`).
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Waits for its end and reaps it: the exit status, or 128 and the signal's number.
    ///
    /// # Errors
    /// The kernel does not tell: the caller ignores SIGCHLD or has reaped the process itself, and Linux is older than 6.15.
    pub fn wait(&self) -> Result<i32, Error> {
        wait_for(self.pidfd())
    }
}

/// Waits for a child's end: the exit status, or 128 and the signal's number.
pub(crate) fn wait_for(pidfd: BorrowedFd<'_>) -> Result<i32, Error> {
    loop {
        match waitid(WaitId::PidFd(pidfd), WaitIdOptions::EXITED) {
            Ok(Some(status)) => {
                let signal = status.terminating_signal().map(|signal| 128 + signal);
                return Ok(status.exit_status().or(signal).unwrap_or(255));
            }
            Ok(None) | Err(Errno::INTR) => {}
            // Somebody else in this process waits for any child, or ignores SIGCHLD.
            Err(Errno::CHILD) => return reaped(pidfd),
            Err(errno) => return Err(Failure::new("wait for a process", errno).into()),
        }
    }
}

fn reaped(pidfd: BorrowedFd<'_>) -> Result<i32, Error> {
    let mut files = [rustix::event::PollFd::from_borrowed_fd(
        pidfd,
        rustix::event::PollFlags::IN,
    )];
    while rustix::event::poll(&mut files, None) == Err(Errno::INTR) {}
    // Whoever reaps it takes it from the list of children first, and leaves its status with the pidfd a moment later.
    let patience = Instant::now() + Duration::from_secs(1);
    let status = loop {
        match crate::sys::exit_status(pidfd) {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < patience => std::thread::sleep(Duration::from_micros(50)),
            Ok(None) | Err(_) => {
                let hint =
                    "it was reaped by another part of the program, which may ignore SIGCHLD or wait for any child";
                return Err(Failure::new("learn how a process ended", Errno::CHILD)
                    .hint(hint)
                    .into());
            }
        }
    };
    let signal = status & 0x7f;
    Ok(if signal == 0 { status >> 8 & 0xff } else { 128 + signal })
}
