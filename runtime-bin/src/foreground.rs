//! Waiting for a container's process: signals are passed on, the terminal is copied, strays are reaped.

use crate::call::Call;
use crate::interrupts::listen;
use crate::refusal::Refusal;
use crate::streams::Streams;
use crate::terminal::Session;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use orlop::{Container, Error, Failure, Pid, Process, Readiness, Scope};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::os::fd::AsFd;

/// Takes all signals. One that the processor raises for a fault of our own ends the program all the same: the kernel
/// heeds no mask then (`man 7 signal`), nor does `abort`.
pub(crate) fn take_signals() -> Result<SignalFd, Refusal> {
    listen(&SigSet::all())
}

/// Whom signals are passed on to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told<'a> {
    /// The container, which may have ended meanwhile, and another of its id be there.
    Container(&'a Container),
    /// The process that is waited for.
    Process,
}

/// A process whose end is waited for, and what goes on meanwhile.
pub(crate) struct Waiting<'a> {
    pub(crate) process: &'a Process,
    pub(crate) told: Told<'a>,
    pub(crate) signals: &'a SignalFd,
    pub(crate) session: Option<&'a mut Session>,
    /// Those of its standard input, output and error that are copied.
    pub(crate) streams: Streams,
    /// Until the process has said that it is ready.
    pub(crate) readiness: Option<Readiness>,
    /// Strays are reaped.
    pub(crate) reap: bool,
}

impl Waiting<'_> {
    /// Waits for the end of the process, and gives its exit status, or 128 and the signal's number. That not all of its
    /// output could be written is told besides.
    pub(crate) fn wait(mut self, call: &mut Call<'_>) -> Result<u8, Refusal> {
        while let Some(copied) = self.wait_for_something()? {
            while let Ok(Some(info)) = self.signals.read_signal() {
                self.pass_on(info.ssi_signo);
            }
            if copied {
                if let Some(session) = self.session.as_deref_mut() {
                    session.copy();
                }
                self.streams.copy();
            }
            // For the service manager it is this program that runs. A manager that is gone is told no more.
            if let Some(Ok(true) | Err(_)) = self.readiness.as_ref().map(|readiness| readiness.relay(Pid::own())) {
                self.readiness = None;
            }
        }
        let status = self.process.wait()?;
        if let Some(session) = self.session.as_deref_mut() {
            session.finish();
        }
        if let Some(failure) = self.streams.finish(self.signals) {
            call.warn(&Error::from(failure));
            call.log.tell_warnings();
        }
        Ok(status.code())
    }

    /// Whether there is something to copy; `None` when the process has ended.
    fn wait_for_something(&self) -> Result<Option<bool>, Refusal> {
        let mut files = vec![
            PollFd::from_borrowed_fd(self.process.pidfd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.signals.as_fd(), PollFlags::IN),
        ];
        if let Some(session) = self.session.as_deref() {
            files.extend(session.interests());
        }
        files.extend(self.streams.interests());
        let own = files.len();
        if let Some(readiness) = &self.readiness {
            files.push(PollFd::from_borrowed_fd(readiness.as_fd(), PollFlags::IN));
        }
        match poll(&mut files, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(Failure::io("wait for the container", &errno.into()).into()),
        }
        let is_up = |file: &PollFd<'_>| !file.revents().is_empty();
        let speaks = files.get(own).is_some_and(is_up);
        if !speaks && files.first().is_some_and(is_up) {
            return Ok(None);
        }
        Ok(Some(files.iter().take(own).skip(2).any(is_up)))
    }

    fn pass_on(&self, number: u32) {
        let Ok(number) = i32::try_from(number) else { return };
        match Signal::try_from(number) {
            Ok(Signal::SIGCHLD) if self.reap => reap_strays(self.process.pid()),
            // The one is the end of our own output, the other is sent by runtimes of languages to themselves.
            Ok(Signal::SIGCHLD | Signal::SIGPIPE | Signal::SIGURG) => {}
            Ok(Signal::SIGWINCH) if self.session.is_some() => {
                if let Some(session) = self.session.as_deref() {
                    session.resize();
                }
            }
            Ok(Signal::SIGCONT) => {
                self.tell(number);
                if let Some(session) = self.session.as_deref() {
                    session.rejoin();
                }
            }
            _ => self.tell(number),
        }
    }

    /// Sends a signal to whoever it is for, who may have ended meanwhile; then there is nobody to tell.
    fn tell(&self, number: i32) {
        if let Some(signal) = orlop::Signal::new(number) {
            let _ = match self.told {
                Told::Container(container) => container.kill(signal, Scope::Init),
                Told::Process => self.process.kill(signal),
            };
        }
    }
}

/// Reaps children that we only have as a subreaper. Init is left to whoever waits for it.
fn reap_strays(init: Pid) {
    let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    while let Ok(Some(ended)) = waitid(Id::All, peek).map(|status| status.pid()) {
        if ended.as_raw() == init.get() || waitpid(ended, Some(WaitPidFlag::WNOHANG)).is_err() {
            break;
        }
    }
}
