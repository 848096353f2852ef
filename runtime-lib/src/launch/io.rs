//! What the caller gives a container, and gets from it.

use crate::{Error, Failure};
use rustix::fd::{OwnedFd, RawFd};
use std::path::PathBuf;

/// Where the terminal goes, for a config with `process.terminal`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum Console {
    /// No place: a plan with a terminal is refused.
    #[default]
    None,
    /// The pty's master is sent over this unix socket (`SCM_RIGHTS`, with the pty's name as data), which is all an
    /// engine needs.
    Socket(PathBuf),
    /// The pty's master is handed back in [`Created::console`](crate::Created::console). The pty leaves line ends alone
    /// (no `ONLCR`), from the process's first line on: what it shows is for another terminal, which does with them what
    /// its own modes say.
    Return,
}

/// What becomes of standard input, output and error that have a name on the host: terminals, files and named pipes.
/// Pipes and sockets, which nobody finds by a name, become the process's user's in any case, so that it can open
/// `/dev/stdout` anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamedStdio {
    /// The process gets them, and they stay whose they are.
    #[default]
    Kept,
    /// The process gets them, and terminals and files that are written to become its user's, for good: what engines
    /// expect of `create`. One of another user namespace is given none.
    Given,
    /// A terminal, and what is written to and not its user's, stays the caller's alone: in place of it the process gets a
    /// pipe, whose other end comes back in [`Created::stdio`](crate::Created::stdio) or
    /// [`Executed::stdio`](crate::Executed::stdio).
    Returned,
}

/// A descriptor that the container's process gets.
#[derive(Debug)]
pub struct Passed {
    /// The descriptor.
    pub file: OwnedFd,
    /// Its number in the container, from 3 on.
    pub number: u32,
}

impl Passed {
    /// A copy of the caller's own descriptor of this number, for the same number in the container; `None` if it is not
    /// open, or close-on-exec.
    ///
    /// # Errors
    /// There is no room for a further descriptor.
    pub fn inherited(number: u32) -> Result<Option<Self>, Error> {
        let failed = |errno| Failure::new(format!("copy the descriptor {number}"), errno);
        let own = RawFd::try_from(number).map_err(|_| failed(rustix::io::Errno::BADF))?;
        let file = crate::sys::inherited(own).map_err(failed)?;
        Ok(file.map(|file| Self { file, number }))
    }
}

/// What the caller gives a container, and gets from it. The default suits a container whose stdio is the caller's.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Io {
    /// Where the terminal goes.
    pub console: Console,
    /// Standard input, output and error of the container's process, instead of the caller's. Not used with a terminal.
    pub stdio: [Option<OwnedFd>; 3],
    /// What becomes of those that have a name on the host.
    pub named_stdio: NamedStdio,
    /// Descriptors that the process gets, by numbers that the plan has room for
    /// ([`Arguments::listen_fds`](crate::Arguments::listen_fds),
    /// [`Arguments::preserve_fds`](crate::Arguments::preserve_fds)).
    pub passed: Vec<Passed>,
    /// Init's pid is written here: decimal, no newline, atomically.
    pub pid_file: Option<PathBuf>,
    /// Init's pidfd is sent over this unix socket.
    pub pidfd_socket: Option<PathBuf>,
    /// When this becomes readable, the creation is given up and undone: a `signalfd` or a pipe.
    pub cancel: Option<OwnedFd>,
}
