//! A seccomp agent: takes the listener of one container's filter, and answers its notifications.

use std::io::{self, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde_json::Value;

use crate::sys::{Notification, answer_notification, next_notification};

/// An agent in a thread of its own.
pub(crate) struct Agent {
    pub(crate) path: PathBuf,
    thread: JoinHandle<io::Result<Seen>>,
}

/// What an agent saw until the filter's last process was gone.
pub(crate) struct Seen {
    /// The container process state.
    pub(crate) state: Value,
    /// How many descriptors came.
    pub(crate) descriptors: usize,
    /// The calls that it was asked about.
    pub(crate) calls: Vec<Notification>,
}

impl Agent {
    /// Listens at `path`. The call of this number gets the errno, all others are let through.
    pub(crate) fn at(path: &Path, call: i64, errno: i32) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let thread = std::thread::spawn(move || serve(&listener, call, errno));
        Ok(Self {
            path: path.to_owned(),
            thread,
        })
    }

    /// What it saw. Waits until the container has ended.
    pub(crate) fn seen(self) -> io::Result<Seen> {
        // Nobody may have connected: an empty connection ends the wait.
        let _ = std::os::unix::net::UnixStream::connect(&self.path);
        self.thread.join().map_err(|_| io::Error::other("the agent panicked"))?
    }
}

fn serve(listener: &UnixListener, call: i64, errno: i32) -> io::Result<Seen> {
    let (mut stream, _) = listener.accept()?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut text = vec![0; 1 << 16];
    let received = recvmsg(
        &stream,
        &mut [IoSliceMut::new(&mut text)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    text.truncate(received.bytes);
    let files: Vec<OwnedFd> = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => Some(files),
            _ => None,
        })
        .flatten()
        .collect();
    // One state a connection, and then its end.
    stream.read_to_end(&mut text)?;
    let state = serde_json::from_slice(&text).map_err(io::Error::other)?;
    let mut calls = Vec::new();
    if let Some(file) = files.first() {
        while let Some(notification) = next_notification(file)? {
            let refused = notification.call == call;
            answer_notification(file, &notification, refused.then_some(errno))?;
            calls.push(notification);
        }
    }
    Ok(Seen {
        state,
        descriptors: files.len(),
        calls,
    })
}
