//! Messages and descriptors over unix sockets.

use crate::{Error, Failure};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, IoSlice};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Sends bytes, and a descriptor with them; tells how many were sent.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8], descriptor: Option<BorrowedFd<'_>>) -> Result<usize, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files = descriptor.map(|file| [file]);
    if let Some(files) = &files {
        control.push(SendAncillaryMessage::ScmRights(files));
    }
    loop {
        match sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL) {
            Ok(sent) => return Ok(sent),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Sends a descriptor, with its name as data, over the unix socket at `path` (the `what`).
pub(crate) fn send_descriptor(path: &Path, what: &str, name: &str, descriptor: BorrowedFd<'_>) -> Result<(), Error> {
    let attempted = || format!("send a descriptor to the {what} {path:?}");
    let socket = connect(path).map_err(|error| Failure::io(format!("connect to the {what} {path:?}"), &error))?;
    // A message of no bytes would not carry a descriptor.
    let name = if name.is_empty() { "\0" } else { name };
    send(socket.as_fd(), name.as_bytes(), Some(descriptor))
        .map(drop)
        .map_err(|errno| Failure::new(attempted(), errno).into())
}

/// Connects to a socket whose path may be longer than the 107 bytes that an address holds: then through its folder's
/// descriptor.
pub(super) fn connect(path: &Path) -> std::io::Result<UnixStream> {
    const LONGEST: usize = 107;
    if path.as_os_str().len() <= LONGEST {
        return UnixStream::connect(path);
    }
    let name = path.file_name().ok_or(std::io::ErrorKind::InvalidInput)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let folder = rustix::fs::open(
        folder,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    UnixStream::connect(
        Path::new("/proc/self/fd")
            .join(folder.as_raw_fd().to_string())
            .join(name),
    )
}
