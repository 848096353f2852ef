//! SIGINT and its like, held back while a container is made, so that nothing of it is left when the user gives up.

use crate::refusal::Refusal;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use orlop::Failure;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The signals by which a user or a supervisor gives up.
#[derive(Debug)]
pub(crate) struct Interrupts {
    file: SignalFd,
}

impl Interrupts {
    /// Holds them back from now on.
    pub(crate) fn hold() -> Result<Self, Refusal> {
        let set: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT]
            .into_iter()
            .collect();
        Ok(Self { file: listen(&set)? })
    }

    /// The same file, to be waited on.
    pub(crate) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// What has come up to now is not for what follows.
    pub(crate) fn forget(&self) {
        while self.status().is_some() {}
    }

    /// A descriptor that is readable once one has come.
    pub(crate) fn descriptor(&self) -> Option<OwnedFd> {
        self.file.as_fd().try_clone_to_owned().ok()
    }

    /// The exit status of a program that ends of the signal that has come, if one has.
    pub(crate) fn status(&self) -> Option<u8> {
        let info = self.file.read_signal().ok().flatten()?;
        u8::try_from(128 + info.ssi_signo).ok()
    }
}

/// Holds back what would end this program: from the moment at which a process runs it is that process's, to which
/// [`take_signals`](crate::foreground::take_signals) has it passed on. What only stops this program does so meanwhile.
pub(crate) fn hold_for_process() -> Result<(), Refusal> {
    let mut set = SigSet::all();
    for stopping in [Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU] {
        set.remove(stopping);
    }
    set.thread_block()
        .map_err(|errno| Failure::io("hold signals back", &errno.into()).into())
}

/// Blocks the signals of the set and makes them readable.
pub(crate) fn listen(set: &SigSet) -> Result<SignalFd, Refusal> {
    set.thread_block()
        .and_then(|()| SignalFd::with_flags(set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK))
        .map_err(|errno| Failure::io("listen for signals", &errno.into()).into())
}

/// Uses the terminal as other programs do: one that is in the background is stopped by that, until it is brought to the
/// foreground. Whoever has the signal for it blocked is taken to be allowed (`man 3 tcsetattr`, `man 2 read`).
pub(crate) fn stopped_in_background<T>(usage: impl FnOnce() -> T) -> T {
    let stopping: SigSet = [Signal::SIGTTOU, Signal::SIGTTIN].into_iter().collect();
    let before = stopping.thread_swap_mask(SigmaskHow::SIG_UNBLOCK);
    let outcome = usage();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    outcome
}
