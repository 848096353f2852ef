//! Descriptors at numbers that do not get in the container's way.

use crate::{Error, Failure};
use rustix::fd::{AsRawFd, OwnedFd, RawFd};

/// The descriptor, at a number that is not below `first`: those belong to the container's process.
pub(super) fn above(file: OwnedFd, first: RawFd) -> Result<OwnedFd, Error> {
    if file.as_raw_fd() >= first {
        return Ok(file);
    }
    rustix::io::fcntl_dupfd_cloexec(&file, first).map_err(|errno| Failure::new("move a descriptor", errno).into())
}

/// A copy of a descriptor that is none of stdio's.
pub(super) fn copy_above(file: &OwnedFd) -> Result<OwnedFd, Error> {
    rustix::io::fcntl_dupfd_cloexec(file, 3).map_err(|errno| Failure::new("copy a descriptor", errno).into())
}
