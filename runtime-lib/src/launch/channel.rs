//! The socket between init and its parent: messages of one piece, and descriptors with them.

use super::sending::send;
use super::{Cancel, broken};
use crate::{Error, Failure};
use orlop_init::wire::Message;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, IoSliceMut};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, SocketType, recvmsg, socketpair,
};
use std::mem::MaybeUninit;

/// The runtime's end.
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

impl Channel {
    /// The runtime's end, and init's.
    pub(super) fn pair() -> Result<(Self, OwnedFd), Error> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(|errno| Failure::new("make a socket to init", errno))?;
        Ok((Self(ours), theirs))
    }

    /// The runtime's end, that is connected already.
    pub(super) fn over(connection: OwnedFd) -> Self {
        Self(connection)
    }

    /// Waits for a message.
    pub(super) fn receive(&self, cancel: Cancel<'_>) -> Result<Received, Error> {
        self.receive_from(None, cancel)
    }

    /// The same from a process whose own end is one here, too, if it is given (a pidfd).
    pub(super) fn receive_from(&self, sender: Option<BorrowedFd<'_>>, cancel: Cancel<'_>) -> Result<Received, Error> {
        if sender.is_none() && cancel.is_none() {
            return self.take();
        }
        let readable = |file| PollFd::from_borrowed_fd(file, PollFlags::IN);
        let mut files = vec![readable(self.0.as_fd())];
        files.extend(cancel.into_iter().chain(sender).map(readable));
        loop {
            match poll(&mut files, None) {
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::new("wait for init", errno).into()),
            }
        }
        let is_ready = |at: usize| files.get(at).is_some_and(|file| !file.revents().is_empty());
        if cancel.is_some() && is_ready(1) {
            return Ok(Received::Cancelled);
        }
        // What the sender has said before its end counts.
        if is_ready(0) { self.take() } else { Ok(Received::End) }
    }

    fn take(&self) -> Result<Received, Error> {
        let mut buffer = [0; Message::SIZE + Message::TEXT];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let length = loop {
            match recvmsg(
                &self.0,
                &mut [IoSliceMut::new(&mut buffer)],
                &mut control,
                RecvFlags::CMSG_CLOEXEC,
            ) {
                Ok(received) => break received.bytes,
                Err(Errno::INTR) => {}
                Err(Errno::CONNRESET) => return Ok(Received::End),
                Err(errno) => return Err(Failure::new("hear from init", errno).into()),
            }
        };
        if length == 0 {
            return Ok(Received::End);
        }
        let descriptor = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        });
        let bytes = buffer.get(..length).unwrap_or_default();
        let (message, text) = Message::from_bytes(bytes).map_err(|_| broken("a message that is not whole"))?;
        Ok(Received::Message(
            message,
            String::from_utf8_lossy(text).into_owned(),
            descriptor,
        ))
    }

    /// Tells init that this turn is over.
    pub(super) fn go(&self, turn: u32, descriptor: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        let message = Message::of_turn(Message::GO, turn, 0);
        send(self.0.as_fd(), &message.to_bytes(), descriptor)
            .map(drop)
            .map_err(|errno| Failure::new("tell init to go on", errno).into())
    }
}
