//! The socket between init and its parent: messages of one piece, and descriptors with them.

use super::sending::send;
use super::{Cancel, broken};
use crate::process::Pid;
use crate::{Error, Failure, sys};
use orlop_init::wire::Message;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

/// The runtime's end.
///
/// A process of a container that is joined may be able to take the other end from init, and to speak there in its
/// place. So it is the kernel's word who has sent a message.
#[derive(Debug)]
pub(super) struct Channel(OwnedFd);

/// What came.
pub(super) enum Received {
    Message(Message, String, Option<OwnedFd>),
    /// The other end is closed.
    End,
    /// The caller wants to stop.
    Cancelled,
}

/// Whose turns count, and whose own end is one here, too, if it is given (a pidfd).
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) pid: Pid,
    pub(super) end: Option<BorrowedFd<'a>>,
}

impl Channel {
    /// The runtime's end, and init's.
    pub(super) fn pair() -> Result<(Self, OwnedFd), Error> {
        let failed = |errno| Failure::new("make a socket to init", errno);
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(failed)?;
        set_socket_passcred(&ours, true).map_err(failed)?;
        Ok((Self(ours), theirs))
    }

    /// The runtime's end, that is connected already.
    pub(super) fn over(connection: OwnedFd) -> Self {
        Self(connection)
    }

    /// Waits for a message.
    pub(super) fn receive(&self, cancel: Cancel<'_>) -> Result<Received, Error> {
        match self.await_message(None, cancel, false)? {
            Some(received) => Ok(received),
            None => self.take().map(|(received, _)| received),
        }
    }

    /// The same from init. What is said to be its turn by another process is not.
    pub(super) fn receive_from(&self, sender: Sender<'_>, cancel: Cancel<'_>) -> Result<Received, Error> {
        // Who is not init and goes on talking does not keep the caller from stopping.
        let mut has_stranger = false;
        loop {
            if let Some(received) = self.await_message(sender.end, cancel, has_stranger)? {
                return Ok(received);
            }
            match self.take()? {
                (Received::Message(message, ..), from) if message.kind == Message::TURN && from != sender.pid.get() => {
                    has_stranger = true;
                }
                (received, _) => return Ok(received),
            }
        }
    }

    /// Waits until there is a message; gives what there is instead of one.
    fn await_message(
        &self,
        end: Option<BorrowedFd<'_>>,
        cancel: Cancel<'_>,
        heeds_cancel_first: bool,
    ) -> Result<Option<Received>, Error> {
        if end.is_none() && cancel.is_none() {
            return Ok(None);
        }
        let readable = |file| PollFd::from_borrowed_fd(file, PollFlags::IN);
        // `poll` looks at one after the other. What a sender has said before its end is there once that is seen.
        let mut files: Vec<PollFd<'_>> = end.into_iter().chain(cancel).map(readable).collect();
        files.push(readable(self.0.as_fd()));
        loop {
            match poll(&mut files, None) {
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::new("wait for init", errno).into()),
            }
        }
        let is_ready = |at: usize| files.get(at).is_some_and(|file| !file.revents().is_empty());
        let is_cancelled = cancel.is_some() && is_ready(usize::from(end.is_some()));
        // What was said counts before the end, and before the wish to stop, which then comes too late: who is told that a
        // process runs may send it a signal at once.
        if is_ready(files.len() - 1) && !(is_cancelled && heeds_cancel_first) {
            return Ok(None);
        }
        Ok(Some(if is_cancelled {
            Received::Cancelled
        } else {
            Received::End
        }))
    }

    /// What came, and from whom: a pid, or 0.
    fn take(&self) -> Result<(Received, i32), Error> {
        let mut buffer = [0; Message::SIZE + Message::TEXT];
        let heard = loop {
            match sys::hear(self.0.as_fd(), &mut buffer) {
                Ok(heard) => break heard,
                Err(Errno::INTR) => {}
                Err(Errno::CONNRESET) => return Ok((Received::End, 0)),
                Err(errno) => return Err(Failure::new("hear from init", errno).into()),
            }
        };
        if heard.length == 0 {
            return Ok((Received::End, 0));
        }
        let bytes = buffer.get(..heard.length).unwrap_or_default();
        let (message, text) = Message::from_bytes(bytes).map_err(|_| broken("a message that is not whole"))?;
        let text = String::from_utf8_lossy(text).into_owned();
        Ok((Received::Message(message, text, heard.file), heard.sender))
    }

    /// Tells init that this turn is over.
    pub(super) fn go(&self, turn: u32, descriptor: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        let message = Message::of_turn(Message::GO, turn, 0);
        send(self.0.as_fd(), &message.to_bytes(), descriptor)
            .map(drop)
            .map_err(|errno| Failure::new("tell init to go on", errno).into())
    }
}
