//! Waiting for a container's process: signals are passed on, the terminal is copied, strays are reaped.

use crate::call::Refusal;
use crate::interrupts::listen;
use crate::terminal::Session;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use orlop::{Container, Failure, Process};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::os::fd::AsFd;

/// Takes all signals but those that the processor raises for a fault of our own.
pub(crate) fn take_signals() -> Result<SignalFd, Refusal> {
    let mut set = SigSet::all();
    for fault in [
        Signal::SIGSEGV,
        Signal::SIGBUS,
        Signal::SIGILL,
        Signal::SIGFPE,
        Signal::SIGTRAP,
        Signal::SIGABRT,
    ] {
        set.remove(fault);
    }
    listen(&set)
}

/// Waits for the end of a container's init, and gives its exit status, or 128 and the signal's number.
pub(crate) fn wait(
    init: &Process,
    container: &Container,
    signals: &SignalFd,
    mut session: Option<&mut Session>,
    reap: bool,
) -> Result<u8, Refusal> {
    loop {
        let copied = {
            let mut files = vec![
                PollFd::from_borrowed_fd(init.pidfd(), PollFlags::IN),
                PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
            ];
            if let Some(session) = session.as_deref() {
                files.extend(session.interests());
            }
            match poll(&mut files, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::new("wait for the container", errno).into()),
            }
            if !files[0].revents().is_empty() {
                break;
            }
            files.iter().skip(2).any(|file| !file.revents().is_empty())
        };
        while let Ok(Some(info)) = signals.read_signal() {
            pass_on(info.ssi_signo, init, container, session.as_deref(), reap);
        }
        if let Some(session) = session.as_deref_mut().filter(|_| copied) {
            session.copy();
        }
    }
    let status = init.wait()?;
    if let Some(session) = session {
        session.finish();
    }
    Ok(u8::try_from(status).unwrap_or(u8::MAX))
}

fn pass_on(number: u32, init: &Process, container: &Container, session: Option<&Session>, reap: bool) {
    let Ok(number) = i32::try_from(number) else { return };
    match Signal::try_from(number) {
        Ok(Signal::SIGCHLD) if reap => reap_strays(init.pid()),
        Ok(Signal::SIGWINCH) => {
            if let Some(session) = session {
                session.resize();
            }
        }
        // The one is the end of our own output, the other is sent by runtimes of languages to themselves.
        Ok(Signal::SIGCHLD | Signal::SIGPIPE | Signal::SIGURG) => {}
        // The container may have ended meanwhile; then there is nobody to tell.
        _ => drop(container.kill(number, false)),
    }
}

/// Reaps children that we only have as a subreaper. Init is left to whoever waits for it.
fn reap_strays(init: i32) {
    let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    while let Ok(Some(ended)) = waitid(Id::All, peek).map(|status| status.pid()) {
        if ended.as_raw() == init || waitpid(ended, Some(WaitPidFlag::WNOHANG)).is_err() {
            break;
        }
    }
}
