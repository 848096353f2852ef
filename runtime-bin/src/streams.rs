//! Standard input, output and error that stay the caller's: the process has pipes, and what comes by them is copied.

use crate::flow::{Flow, PART, is_ready};
use crate::interrupts::stopped_in_background;
use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;
use orlop::Failure;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::io::Errno;
use rustix::termios::isatty;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// So much is on its way in one direction at most: as much as a pipe holds.
const ROOM: usize = 64 << 10;

/// So long whatever is left of the process may say something more, as the last of a pipeline does.
const PATIENCE: Duration = Duration::from_millis(500);

/// The caller's side of one of the three.
#[derive(Debug)]
enum Own {
    /// A terminal that was opened anew, so that it never makes us wait. Whoever uses it in the background is stopped.
    Terminal(OwnedFd),
    File(BorrowedFd<'static>),
}

impl Own {
    fn of(file: BorrowedFd<'static>) -> Self {
        match isatty(file).then(|| opened_anew(file)) {
            Some(Ok(terminal)) => Self::Terminal(terminal),
            _ => Self::File(file),
        }
    }
}

impl AsFd for Own {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Terminal(terminal) => terminal.as_fd(),
            Self::File(file) => *file,
        }
    }
}

/// The flags of what is open are shared with others, who may want to wait: this is open for us alone.
fn opened_anew(file: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let access = fcntl_getfl(file)? & OFlags::RWMODE;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty())
}

/// One of the three, and the process's pipe.
#[derive(Debug)]
struct Stream {
    own: Own,
    /// So much is written at once to the caller's.
    part: usize,
    pipe: OwnedFd,
    flow: Flow,
}

impl Stream {
    fn open(own: BorrowedFd<'static>, pipe: OwnedFd) -> Result<Self, Errno> {
        let flags = fcntl_getfl(&pipe)?;
        fcntl_setfl(&pipe, flags | OFlags::NONBLOCK)?;
        let is_file = fstat(own).is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == FileType::RegularFile);
        let own = Own::of(own);
        Ok(Self {
            part: match own {
                Own::File(_) if !is_file => PART,
                _ => ROOM,
            },
            own,
            pipe,
            flow: Flow::default(),
        })
    }

    /// What has to be ready for input to get on: its own file, and the pipe, whose reader may also close it.
    fn interests_of_input(&self) -> [PollFd<'_>; 2] {
        let when = |is_wanted, flags| if is_wanted { flags } else { PollFlags::empty() };
        let own = when(self.flow.wants_to_read(), PollFlags::IN);
        let pipe = when(!self.flow.bytes.is_empty(), PollFlags::OUT);
        [(self.own.as_fd(), own), (self.pipe.as_fd(), pipe)].map(|(file, flags)| PollFd::from_borrowed_fd(file, flags))
    }

    fn interest_of_output(&self) -> PollFd<'_> {
        match self.flow.bytes.is_empty() {
            true => PollFd::from_borrowed_fd(self.pipe.as_fd(), PollFlags::IN),
            false => PollFd::from_borrowed_fd(self.own.as_fd(), PollFlags::OUT),
        }
    }

    /// Copies input; whether there may be more.
    fn copy_in(&mut self) -> bool {
        if self.flow.wants_to_read() && is_ready(self.own.as_fd(), PollFlags::IN) {
            let (flow, own) = (&mut self.flow, self.own.as_fd());
            stopped_in_background(|| flow.read(own, ROOM));
        }
        let has_reader = if self.flow.bytes.is_empty() {
            !is_ready(self.pipe.as_fd(), PollFlags::ERR)
        } else {
            self.flow.write(self.pipe.as_fd(), ROOM).is_ok()
        };
        has_reader && !(self.flow.is_closed && self.flow.bytes.is_empty())
    }

    /// Copies output; whether there may be more.
    fn copy_out(&mut self) -> Result<bool, Errno> {
        if self.flow.wants_to_read() {
            self.flow.read(self.pipe.as_fd(), ROOM);
        }
        if !self.flow.bytes.is_empty() && is_ready(self.own.as_fd(), PollFlags::OUT) {
            self.write_out()?;
        }
        Ok(!(self.flow.is_closed && self.flow.bytes.is_empty()))
    }

    fn write_out(&mut self) -> Result<(), Errno> {
        let (part, flow, own) = (self.part, &mut self.flow, self.own.as_fd());
        stopped_in_background(|| flow.write(own, part))
    }

    /// Copies what was written until now, and nothing of what comes later: whoever is left of the process may write
    /// for ever. A caller that does not read is waited for, until a signal says that it is given up.
    fn finish(&mut self, signals: &SignalFd) -> Result<(), Errno> {
        let mut left = rustix::io::ioctl_fionread(&self.pipe)?;
        loop {
            if self.flow.bytes.is_empty() {
                let room = usize::try_from(left).map_or(ROOM, |left| left.min(ROOM));
                if room == 0 {
                    return Ok(());
                }
                self.flow.read(self.pipe.as_fd(), room);
                left -= self.flow.bytes.len() as u64;
                if self.flow.bytes.is_empty() {
                    return Ok(());
                }
            }
            let mut files = [
                PollFd::from_borrowed_fd(self.own.as_fd(), PollFlags::OUT),
                PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
            ];
            match poll(&mut files, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
            let [own, _] = files.map(|file| !file.revents().is_empty());
            if own {
                self.write_out()?;
            } else if has_come(signals) {
                return Ok(());
            }
        }
    }
}

/// Whether a signal has come by which a user or a supervisor gives up.
fn has_come(signals: &SignalFd) -> bool {
    let ending = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
    let mut has_come = false;
    while let Ok(Some(info)) = signals.read_signal() {
        has_come |= ending
            .iter()
            .any(|signal| u32::try_from(*signal as i32) == Ok(info.ssi_signo));
    }
    has_come
}

/// Those of the process's streams that are copied.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    input: Option<Stream>,
    outputs: [Option<Stream>; 2],
    /// What could not be written.
    failure: Option<Failure>,
}

impl Streams {
    /// By the caller's ends of the process's pipes, where it has some.
    pub(crate) fn open([input, out, err]: [Option<OwnedFd>; 3]) -> Result<Self, Failure> {
        let open = |own, pipe: Option<OwnedFd>| pipe.map(|pipe| Stream::open(own, pipe)).transpose();
        let failed = |errno: Errno| Failure::io("copy the process's stdio", &errno.into());
        Ok(Self {
            input: open(rustix::stdio::stdin(), input).map_err(failed)?,
            outputs: [
                open(rustix::stdio::stdout(), out).map_err(failed)?,
                open(rustix::stdio::stderr(), err).map_err(failed)?,
            ],
            failure: None,
        })
    }

    /// What has to be ready for [`Streams::copy`] to get on.
    pub(crate) fn interests(&self) -> impl Iterator<Item = PollFd<'_>> {
        let input = self.input.iter().flat_map(Stream::interests_of_input);
        input.chain(self.outputs.iter().flatten().map(Stream::interest_of_output))
    }

    /// Copies what is there. A stream that has ended is closed on the other side as well.
    pub(crate) fn copy(&mut self) {
        self.input.take_if(|stream| !stream.copy_in());
        for (place, name) in self.outputs.iter_mut().zip(NAMES) {
            let Some(stream) = place else { continue };
            match stream.copy_out() {
                Ok(true) => {}
                Ok(false) => *place = None,
                Err(errno) => {
                    *place = None;
                    self.failure = self.failure.take().or_else(|| lost(name, errno));
                }
            }
        }
    }

    /// Copies what the process has left behind. What could not be written to the caller's files, if anything.
    pub(crate) fn finish(mut self, signals: &SignalFd) -> Option<Failure> {
        self.input = None;
        let end = Instant::now() + PATIENCE;
        while self.outputs.iter().any(Option::is_some) {
            let left = end.saturating_duration_since(Instant::now());
            let Some(left) = Timespec::try_from(left).ok().filter(|_| !left.is_zero()) else {
                break;
            };
            let mut files: Vec<PollFd<'_>> = self.interests().collect();
            files.push(PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN));
            if !matches!(poll(&mut files, Some(&left)), Ok(_) | Err(Errno::INTR)) {
                break;
            }
            self.copy();
            if has_come(signals) {
                break;
            }
        }
        for (stream, name) in self.outputs.iter_mut().zip(NAMES) {
            if let Some(Err(errno)) = stream.as_mut().map(|stream| stream.finish(signals)) {
                self.failure = self.failure.take().or_else(|| lost(name, errno));
            }
        }
        self.failure
    }
}

const NAMES: [&str; 2] = ["output", "error"];

/// What is to be told of a write that failed: nothing where nobody reads any more, as the process will see itself.
fn lost(name: &str, errno: Errno) -> Option<Failure> {
    (!matches!(errno, Errno::PIPE | Errno::IO))
        .then(|| Failure::io(format!("write the process's standard {name}"), &errno.into()))
}
