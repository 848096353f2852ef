//! Handing descriptors to whoever asked for them by a socket's path.

use super::message::send;
use crate::{Error, Failure};
use rustix::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Sends a descriptor, with its name as data, over the unix socket at `path` (the `what`).
pub(crate) fn send_descriptor(path: &Path, what: &str, name: &str, descriptor: BorrowedFd<'_>) -> Result<(), Error> {
    let attempted = || format!("send a descriptor to the {what} {path:?}");
    let socket =
        UnixStream::connect(path).map_err(|error| Failure::io(format!("connect to the {what} {path:?}"), &error))?;
    // A message of no bytes would not carry a descriptor.
    let name = if name.is_empty() { "\0" } else { name };
    send(socket.as_fd(), name.as_bytes(), Some(descriptor)).map_err(|errno| Failure::new(attempted(), errno).into())
}
