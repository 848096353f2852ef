//! The foreground terminal: the caller's on one side, the container's pty on the other, and a copy in both directions.

use crate::flow::{Flow, PART, is_ready};
use crate::interrupts::stopped_in_background;
use crate::refusal::Refusal;
use orlop::Failure;
use orlop::bundle::ConsoleSize;
use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize,
};
use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// So much is on its way in one direction at most.
const ROOM: usize = 16 << 10;

/// The caller's terminal, back in its old modes when dropped.
#[derive(Debug)]
struct HostTerminal {
    file: OwnedFd,
    modes: Termios,
    /// Standard input is this terminal.
    has_keys: bool,
    /// Its modes are not its old ones.
    is_raw: Cell<bool>,
}

impl HostTerminal {
    /// The one that the keys come from, or, where standard input is something else, one that is looked at.
    fn find() -> Result<Self, Errno> {
        let of = |file: BorrowedFd<'_>, has_keys| {
            let modes = tcgetattr(file)?;
            let file = rustix::io::fcntl_dupfd_cloexec(file, 3)?;
            Ok(Self {
                file,
                modes,
                has_keys,
                is_raw: Cell::new(false),
            })
        };
        of(rustix::stdio::stdin(), true)
            .or_else(|_: Errno| of(rustix::stdio::stdout(), false))
            .or_else(|_: Errno| of(rustix::stdio::stderr(), false))
            .or_else(|_: Errno| {
                let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
                of(rustix::fs::open("/dev/tty", flags, Mode::empty())?.as_fd(), false)
            })
    }

    /// Every key goes to the container. Output is still processed here, since the container's pty leaves line ends
    /// alone. Where input is from elsewhere, nobody takes keys: then those that interrupt still do.
    fn make_raw(&self) -> Result<(), Errno> {
        if !self.has_keys {
            return Ok(());
        }
        let mut modes = self.modes.clone();
        let output = modes.output_modes;
        modes.make_raw();
        modes.output_modes = output;
        self.is_raw.set(true);
        stopped_in_background(|| tcsetattr(&self.file, OptionalActions::Now, &modes))
    }
}

impl Drop for HostTerminal {
    fn drop(&mut self) {
        if self.is_raw.get() {
            let _ = tcsetattr(&self.file, OptionalActions::Now, &self.modes);
        }
    }
}

/// Who asks for a process's terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    ByConfig,
    ByFlag,
}

/// A process with a terminal is run in the foreground by somebody who sits at one, wherever its input comes from.
pub(crate) fn expect_one(asked: Asked) -> Result<(), Refusal> {
    if HostTerminal::find().is_ok() {
        return Ok(());
    }
    let else_ = "or run from a terminal (`script -qc COMMAND /dev/null` is one), or detached with --console-socket";
    let attempted = "join the process's terminal to the caller's: none of standard input, output and error is a terminal, \
                     and there is no /dev/tty";
    let failure = match asked {
        Asked::ByConfig => Failure::plain(attempted, format!("set it to false, {else_}")).at("process.terminal"),
        Asked::ByFlag => Failure::plain(attempted, format!("leave --tty out, {else_}")),
    };
    Err(failure.into())
}

/// The size of the caller's terminal, if it has one.
pub(crate) fn callers_size() -> Option<ConsoleSize> {
    let size = tcgetwinsize(HostTerminal::find().ok()?.file.as_fd()).ok()?;
    Some(ConsoleSize {
        height: Some(size.ws_row.into()),
        width: Some(size.ws_col.into()),
    })
}

/// A container's terminal in the foreground.
#[derive(Debug)]
pub(crate) struct Session {
    pty: OwnedFd,
    host: HostTerminal,
    input: Flow,
    output: Flow,
}

impl Session {
    /// The pty whose master this is, and the caller's terminal: its keys come by standard input, what the pty shows goes
    /// to standard output.
    pub(crate) fn open(pty: OwnedFd) -> Result<Self, Refusal> {
        let failed = |errno| Refusal::from(Failure::io("set up the terminal", &Errno::into(errno)));
        let flags = fcntl_getfl(&pty).map_err(failed)?;
        fcntl_setfl(&pty, flags | OFlags::NONBLOCK).map_err(failed)?;
        let host = HostTerminal::find().map_err(failed)?;
        let session = Self {
            pty,
            host,
            input: Flow::default(),
            output: Flow::default(),
        };
        // A size that the config asks for counts until the caller's terminal changes its own.
        let has_size = tcgetwinsize(&session.pty).is_ok_and(|size| size.ws_row != 0 || size.ws_col != 0);
        if !has_size {
            session.resize();
        }
        Ok(session)
    }

    /// Joins the two. Until then a key that interrupts is the caller's, who may give up what comes before the process.
    pub(crate) fn join(&self) -> Result<(), Refusal> {
        let failed = |errno| Refusal::from(Failure::io("set up the terminal", &Errno::into(errno)));
        self.host.make_raw().map_err(failed)
    }

    /// Joins them again after a stop, in which whoever took the terminal has set modes of their own.
    pub(crate) fn rejoin(&self) {
        if self.host.is_raw.get() {
            let _ = self.host.make_raw();
        }
    }

    /// Gives the pty the size of the caller's terminal.
    pub(crate) fn resize(&self) {
        if let Ok(size) = tcgetwinsize(&self.host.file) {
            let _ = tcsetwinsize(&self.pty, size);
        }
    }

    /// What has to be ready for [`Session::copy`] to get on.
    pub(crate) fn interests(&self) -> impl Iterator<Item = PollFd<'_>> {
        let mut of_pty = PollFlags::empty();
        of_pty.set(PollFlags::IN, self.output.wants_to_read());
        of_pty.set(PollFlags::OUT, !self.input.bytes.is_empty());
        let watch = |file, flags: PollFlags| (!flags.is_empty()).then(|| PollFd::from_borrowed_fd(file, flags));
        let when = |is_wanted: bool, flags| if is_wanted { flags } else { PollFlags::empty() };
        [
            watch(self.pty.as_fd(), of_pty),
            watch(rustix::stdio::stdin(), when(self.input.wants_to_read(), PollFlags::IN)),
            watch(
                rustix::stdio::stdout(),
                when(!self.output.bytes.is_empty(), PollFlags::OUT),
            ),
        ]
        .into_iter()
        .flatten()
    }

    /// Copies what is there, in both directions.
    pub(crate) fn copy(&mut self) {
        if self.output.wants_to_read() {
            self.output.read(self.pty.as_fd(), ROOM);
        }
        if !self.output.bytes.is_empty() && is_ready(rustix::stdio::stdout(), PollFlags::OUT) {
            let _ = self.output.write(rustix::stdio::stdout(), PART);
        }
        if self.input.wants_to_read() && is_ready(rustix::stdio::stdin(), PollFlags::IN) {
            match self.host.has_keys {
                true => stopped_in_background(|| self.input.read(rustix::stdio::stdin(), ROOM)),
                false => self.input.read(rustix::stdio::stdin(), ROOM),
            }
            if self.input.is_closed {
                self.input.bytes = self.end_of_input();
            }
        }
        if !self.input.bytes.is_empty() {
            let _ = self.input.write(self.pty.as_fd(), PART);
        }
    }

    /// What a terminal's reader takes for the end of input: the key for it ends the line that was begun, and then an
    /// empty one. A program that takes single keys gets none that nobody has pressed.
    fn end_of_input(&self) -> Vec<u8> {
        match tcgetattr(&self.pty) {
            Ok(modes) if modes.local_modes.contains(LocalModes::ICANON) => {
                vec![modes.special_codes[SpecialCodeIndex::VEOF]; 2]
            }
            _ => Vec::new(),
        }
    }

    /// Writes out what the container has left behind.
    pub(crate) fn finish(&mut self) {
        while !self.output.bytes.is_empty() || is_ready(self.pty.as_fd(), PollFlags::IN) {
            if self.output.bytes.is_empty() {
                self.output.read(self.pty.as_fd(), ROOM);
                if self.output.is_closed || self.output.bytes.is_empty() {
                    break;
                }
            }
            let _ = self.output.write(rustix::stdio::stdout(), PART);
        }
    }
}
