//! Waiting for processes, and what /proc tells of them.

use super::unreaped::Unreaped;
use super::{ExitStatus, Pid};
use crate::{Error, Failure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use std::time::{Duration, Instant};

/// Waits for a child's end, and reaps it.
pub(crate) fn wait(pidfd: BorrowedFd<'_>) -> Result<ExitStatus, Error> {
    loop {
        if let Some(status) = reap(pidfd, WaitIdOptions::EXITED)? {
            return Ok(status);
        }
    }
}

/// Reaps a child that has ended; `None` if it has not.
pub(crate) fn try_wait(pidfd: BorrowedFd<'_>) -> Result<Option<ExitStatus>, Error> {
    reap(pidfd, WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
}

/// Whether a process is a child of the caller's, or has been.
pub(crate) fn is_child(pidfd: BorrowedFd<'_>) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    // One that has ended and that somebody else in this process has reaped is nobody's child any more.
    let found = waitid(WaitId::PidFd(pidfd), options);
    !matches!(found, Err(Errno::CHILD)) || crate::sys::has_ended(pidfd) == Ok(true)
}

fn reap(pidfd: BorrowedFd<'_>, options: WaitIdOptions) -> Result<Option<ExitStatus>, Error> {
    match waitid(WaitId::PidFd(pidfd), options) {
        Ok(Some(status)) => Ok(Some(match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => ExitStatus::Exited(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
            (None, Some(signal)) => ExitStatus::of_signal(signal),
            (None, None) => ExitStatus::Exited(u8::MAX),
        })),
        Ok(None) | Err(Errno::INTR) => Ok(None),
        // Somebody else in this process waits for any child, or ignores SIGCHLD.
        Err(Errno::CHILD) if options.contains(WaitIdOptions::NOHANG) && crate::sys::has_ended(pidfd) == Ok(false) => {
            Ok(None)
        }
        Err(Errno::CHILD) => reaped(pidfd).map(Some),
        Err(errno) => Err(Failure::new("wait for a process", errno).into()),
    }
}

fn reaped(pidfd: BorrowedFd<'_>) -> Result<ExitStatus, Error> {
    let mut files = [PollFd::from_borrowed_fd(pidfd, PollFlags::IN)];
    while poll(&mut files, None) == Err(Errno::INTR) {}
    // Whoever reaps it takes it from the list of children first, and leaves its status with the pidfd a moment later.
    let patience = Instant::now() + Duration::from_secs(1);
    loop {
        match crate::sys::exit_status(pidfd) {
            Ok(Some(status)) => return Ok(ExitStatus::from_wait_status(status)),
            Ok(None) if Instant::now() < patience => nap(),
            Ok(None) | Err(_) => {
                let hint =
                    "it was reaped by another part of the program, which may ignore SIGCHLD or wait for any child";
                return Err(Failure::new("learn how a process ended", Errno::CHILD)
                    .hint(hint)
                    .into());
            }
        }
    }
}

/// Lets a moment go by. (The standard library's sleep panics where the call is refused.)
fn nap() {
    let moment = Timespec {
        tv_sec: 0,
        tv_nsec: 50_000,
    };
    let _ = rustix::thread::nanosleep(&moment);
}

/// So long a process may take to end that was killed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until an init that was killed has ended. That may take for ever: it is not waited for longer than that.
pub(crate) fn await_end(pidfd: &OwnedFd, patience: Duration) -> Result<(), Error> {
    let end = Instant::now() + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let limit = Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&limit)) {
            Ok(0) => return Err(hangs(pidfd, patience).into()),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Failure::new("wait for the container's init", errno).into()),
        }
    }
}

fn hangs(pidfd: &OwnedFd, patience: Duration) -> Failure {
    let number = told_number(pidfd);
    let which = number.map(|pid| format!(", process {pid},")).unwrap_or_default();
    let zombie = number.and_then(Unreaped::beside).map(|unreaped| unreaped.hint());
    let in_kernel = "it cannot be killed: it hangs in the kernel, perhaps in a filesystem that does not answer, as that of the rootfs or of a mount; when it is gone, delete the container by force";
    let seconds = patience.as_secs();
    Failure::plain(
        format!("end the container's init{which} within {seconds} s of SIGKILL"),
        zombie.as_deref().unwrap_or(in_kernel),
    )
}

/// A process's number in the procfs that is mounted here, which may be another pid namespace's than ours: `/proc/PID`
/// would be somebody else.
pub(crate) fn number_in_proc(pidfd: impl AsFd, pid: Pid) -> Pid {
    told_number(pidfd).unwrap_or(pid)
}

fn told_number(pidfd: impl AsFd) -> Option<Pid> {
    let file = format!("/proc/self/fdinfo/{}", pidfd.as_fd().as_raw_fd());
    let about = std::fs::read_to_string(file).unwrap_or_default();
    let number = about
        .lines()
        .find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok());
    number.and_then(Pid::new)
}

/// A process's pid as it sees itself: the last one of `NSpid` (`man 5 proc_pid_status`).
pub(crate) fn pid_inside(pid: Pid) -> Pid {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let inner = line.and_then(|pids| pids.split_whitespace().last()?.parse().ok());
    inner.and_then(Pid::new).unwrap_or(pid)
}
