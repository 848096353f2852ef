//! The socket that a created container waits on.

use super::channel::{Channel, Received};
use super::{Cancel, broken, failure};
use crate::host::{NO_PROCFS, has_procfs};
use crate::plan::ExplainedAct;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Later, Told};
use crate::process::Pid;
use crate::seccomp::{Native, may_end_init};
use crate::store::{Entry, KeptPlan, START_SOCKET};
use crate::{Error, Failure, StatusFault, Trace};
use orlop_init::step::{Failed, Phrase};
use orlop_init::wire::{Message, Part};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, socket_with};

fn socket(kind: SocketType) -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)
}

/// The listening socket, in the container's folder.
pub(crate) fn listen(entry: &Entry) -> Result<OwnedFd, Error> {
    let attempt = || -> Result<OwnedFd, Errno> {
        let socket = socket(SocketType::SEQPACKET)?;
        bind(&socket, &SocketAddrUnix::new(entry.short_path(START_SOCKET))?)?;
        rustix::net::listen(&socket, 8)?;
        Ok(socket)
    };
    attempt().map_err(|errno| {
        let failure = Failure::new(format!("make the socket {:?}", entry.path().join(START_SOCKET)), errno);
        if errno == Errno::NOENT && !has_procfs() {
            return failure.hint(NO_PROCFS).into();
        }
        failure.into()
    })
}

/// Whether init still waits for `start`: it listens until its execve, which closes the socket.
///
/// Nothing reaches init by this: a socket of another kind is refused by that difference where somebody listens
/// (`EPROTOTYPE`), and as a place without anybody where not (`man 2 connect`).
pub(crate) fn is_waiting(entry: &Entry) -> bool {
    let attempt = || -> Result<(), Errno> {
        let socket = socket(SocketType::DGRAM)?;
        connect(&socket, &SocketAddrUnix::new(entry.short_path(START_SOCKET))?)
    };
    attempt() == Err(Errno::PROTOTYPE)
}

/// Lets init go on to its execve. Comes back when that has succeeded, or with the reason why not.
///
/// # Errors
/// [`Error::Cancelled`] if the caller wants to stop before: then init still goes on.
pub(crate) fn start(
    entry: &Entry,
    kept: &KeptPlan,
    (pid, pidfd): (Pid, &OwnedFd),
    cancel: Cancel<'_>,
    trace: &Trace,
) -> Result<(), Error> {
    trace.deed("start", || Later::LetStart.lines());
    let failed = |errno| Failure::new("reach the container's init", errno);
    let connection = socket(SocketType::SEQPACKET).map_err(failed)?;
    let address = SocketAddrUnix::new(entry.short_path(START_SOCKET)).map_err(failed)?;
    match connect(&connection, &address) {
        Ok(()) => {}
        Err(Errno::CONNREFUSED | Errno::NOENT) => return Err(StatusFault::AlreadyRunning.into()),
        Err(errno) => return Err(failed(errno).into()),
    }
    match rustix::net::send(&connection, b"G", rustix::net::SendFlags::NOSIGNAL) {
        Ok(_) => {}
        Err(Errno::PIPE | Errno::CONNRESET) => return Err(StatusFault::AlreadyRunning.into()),
        Err(errno) => return Err(failed(errno).into()),
    }
    match Channel::over(connection).receive(cancel)? {
        Received::End => {}
        Received::Cancelled => return Err(Error::Cancelled),
        Received::Message(message, text, _) if message.kind == Message::FAILED => {
            tell_steps(kept, trace, message.step as usize);
            await_end_of(pidfd);
            return Err(told(kept, &message, &text));
        }
        Received::Message(message, ..) => return Err(broken(&format!("a message of kind {}", message.kind))),
    }
    let _ = rustix::fs::unlinkat(entry.folder(), START_SOCKET, rustix::fs::AtFlags::empty());
    verify(pid, pidfd, kept.filter())?;
    tell_steps(kept, trace, usize::MAX);
    Ok(())
}

/// Tells of the steps of the start before that of this number.
fn tell_steps(kept: &KeptPlan, trace: &Trace, end: usize) {
    let numbers = kept.numbers().take_while(|number| trace.is_on() && *number < end);
    for (number, step) in numbers.filter_map(|number| Some((number, kept.step(number)?))) {
        trace.tell(&ExplainedAct {
            phase: "start",
            by: "init",
            place: None,
            text: Phrase(step.reads()).to_string(),
            path: kept.origin(number).path(),
        });
    }
}

/// Waits for a process that is about to end: until it has, the container would still seem created. That it ends is not
/// worth waiting for without a limit.
fn await_end_of(pidfd: &OwnedFd) {
    const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
    let mut files = [PollFd::new(pidfd, PollFlags::IN)];
    while poll(&mut files, Some(&PATIENCE)) == Err(Errno::INTR) {}
}

/// A failure of a step of the start, as that of the creation would be told. A plan of another version's is known by
/// its origins only.
fn told(kept: &KeptPlan, message: &Message, text: &str) -> Error {
    let number = message.step as usize;
    let origin = kept.origin(number);
    if let Some(step) = kept.step(number) {
        return failure::of_step(&step, &origin, message, text);
    }
    if matches!(origin, Origin::Element(..)) {
        return failure::of_hook(&origin, None, message, text);
    }
    let failed = Failed {
        part: Part::from_number(message.part),
        errno: message.errno,
        detail: message.detail,
        text,
    };
    if origin.path().is_some_and(|path| path.as_str() == "process.args") {
        return failure::not_executed(kept.program(), &failed).into();
    }
    let mut failure = Failure::new("start the container's process", crate::Errno::from_raw(message.errno));
    failure.path = origin.path();
    failure.into()
}

/// The end of the connection alone is not success: a filter that kills execve ends it, too. Then what ended still has
/// init's name; where its parent has taken even that away, only a SIGSYS from a filter that does so says enough.
pub(super) fn verify(pid: Pid, pidfd: &OwnedFd, filter: &[u8]) -> Result<(), Error> {
    // A process that ends closes its files before its end can be seen, but lets go of its program before both; one
    // that was executed has its new program.
    if let Err(Errno::NOENT) = rustix::fs::readlink(format!("/proc/{pid}/exe"), Vec::new()) {
        await_end_of(pidfd);
    }
    if crate::sys::has_ended(pidfd) != Ok(true) {
        return Ok(());
    }
    const SIGILL: i32 = 4;
    const SIGKILL: i32 = 9;
    const SIGSYS: i32 = 31;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    let (was_init, status) = match &stat {
        Some(stat) => (
            stat.contains("(orlop-init)"),
            stat.split_whitespace().last().and_then(|code| code.parse().ok()),
        ),
        None => (false, crate::sys::exit_status(pidfd).ok().flatten()),
    };
    let signal = status.unwrap_or(0) & 0x7f;
    if signal == SIGSYS && (was_init || stat.is_none() && may_end_init(filter, Native::CURRENT)) {
        let failure = Failure::plain(
            "execute the container's process",
            "it was killed by SIGSYS: the filter does not allow the call",
        );
        return Err(failure.at("linux.seccomp").into());
    }
    if was_init {
        let failure = |why: &str| Failure::plain("execute the container's process", why);
        return Err(match signal {
            // Init ends so when it may neither execute nor tell why not.
            0 | SIGILL => failure("it failed, and the filter does not even allow init to tell why").at("linux.seccomp"),
            SIGKILL => failure("init was killed before (SIGKILL); a memory limit may be too small"),
            signal => failure(&format!("init was ended by signal {signal} before")),
        }
        .into());
    }
    Ok(())
}
