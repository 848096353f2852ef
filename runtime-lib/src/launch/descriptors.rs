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
