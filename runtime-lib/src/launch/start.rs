//! The socket that a created container waits on.

use super::message::{Channel, Received};
use super::{Agent, broken, failure};
use crate::store::{Entry, Record, START_SOCKET};
use crate::{Error, Failure};
use orlop_init::wire::Message;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, socket_with};

fn socket(flags: SocketFlags) -> Result<OwnedFd, Errno> {
    socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        flags | SocketFlags::CLOEXEC,
        None,
    )
}

/// The listening socket, in the container's folder.
pub(crate) fn listen(entry: &Entry) -> Result<OwnedFd, Error> {
    let attempt = || -> Result<OwnedFd, Errno> {
        let socket = socket(SocketFlags::empty())?;
        bind(&socket, &SocketAddrUnix::new(entry.short_path(START_SOCKET))?)?;
        rustix::net::listen(&socket, 8)?;
        Ok(socket)
    };
    attempt()
        .map_err(|errno| Failure::new(format!("make the socket {:?}", entry.path().join(START_SOCKET)), errno).into())
}

/// Whether init still waits for `start`: it listens until its execve, which closes the socket.
pub(crate) fn is_waiting(entry: &Entry) -> bool {
    let attempt = || -> Result<(), Errno> {
        let socket = socket(SocketFlags::NONBLOCK)?;
        connect(&socket, &SocketAddrUnix::new(entry.short_path(START_SOCKET))?)
    };
    // With a full queue of connections somebody listens, too.
    matches!(attempt(), Ok(()) | Err(Errno::AGAIN))
}

/// Lets init go on to its execve. Comes back when that has succeeded, or with the reason why not. The `agent` is given the listener of the filter.
pub(crate) fn start(entry: &Entry, record: &Record, pidfd: &OwnedFd, mut agent: Option<Agent>) -> Result<(), Error> {
    let failed = |errno| Failure::new("reach the container's init", errno);
    let connection = socket(SocketFlags::empty()).map_err(failed)?;
    let address = SocketAddrUnix::new(entry.short_path(START_SOCKET)).map_err(failed)?;
    match connect(&connection, &address) {
        Ok(()) => {}
        Err(Errno::CONNREFUSED | Errno::NOENT) => return Err(already_running()),
        Err(errno) => return Err(failed(errno).into()),
    }
    match rustix::net::send(&connection, b"G", rustix::net::SendFlags::NOSIGNAL) {
        Ok(_) => {}
        Err(Errno::PIPE | Errno::CONNRESET) => return Err(already_running()),
        Err(errno) => return Err(failed(errno).into()),
    }
    let init = Channel::over(connection);
    while let Received::Message(message, text, descriptor) = init.receive(None)? {
        match (message.kind, descriptor) {
            (Message::FAILED, _) => return Err(failure::of_start(&record.start_steps, &message, &text)),
            (Message::LISTENER, Some(listener)) => {
                let agent = agent.take().ok_or_else(|| broken("a listener that nobody asked for"))?;
                agent.hand_over(listener.as_fd())?;
                init.go(None)?;
            }
            (kind, _) => return Err(broken(&format!("a message of kind {kind}"))),
        }
    }
    let _ = rustix::fs::unlinkat(entry.folder(), START_SOCKET, rustix::fs::AtFlags::empty());
    verify(record.init.as_ref().map_or(0, |init| init.pid), pidfd)
}

fn already_running() -> Error {
    Error::Status("cannot start an already running container".to_owned())
}

/// The end of the connection alone is not success: a filter that kills execve ends it, too. Then what ended still has init's name; where its parent has
/// taken even that away, only a SIGSYS says enough.
fn verify(pid: i32, pidfd: &OwnedFd) -> Result<(), Error> {
    // A process that ends closes its files before its end can be seen, but lets go of its program before both; one that was executed has its new program.
    if let Err(Errno::NOENT) = rustix::fs::readlink(format!("/proc/{pid}/exe"), Vec::new()) {
        let limit = Timespec { tv_sec: 1, tv_nsec: 0 };
        while poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&limit)) == Err(Errno::INTR) {}
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
    if signal == SIGSYS && (was_init || stat.is_none()) {
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
