//! Reading the kernel's files whole, without asking for their size, which they do not have.

use crate::{Error, Failure};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::path::Path;

/// What is to be done where /proc has no procfs.
pub(crate) const NO_PROCFS: &str = "there is no procfs at /proc, which orlop works by: mount it";

/// Whether this process can be found in /proc.
pub(crate) fn has_procfs() -> bool {
    Path::new("/proc/self/fd").exists()
}

/// A file of the kernel's; `None` on a kernel that does not have it.
pub(super) fn read(path: impl AsRef<Path>) -> Result<Option<String>, Error> {
    let path = path.as_ref();
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    match rustix::fs::openat(CWD, path, flags, Mode::empty()).and_then(|file| read_to_end(&file)) {
        Ok(text) => Ok(Some(text)),
        Err(Errno::NOENT) if has_procfs() => Ok(None),
        Err(errno) => {
            let failure = Failure::new(format!("read {}", path.display()), errno);
            Err(match errno {
                Errno::NOENT => failure.hint(NO_PROCFS),
                _ => failure,
            }
            .into())
        }
    }
}

/// The whole text of a kernel's file.
pub(crate) fn read_to_end(file: &OwnedFd) -> Result<String, Errno> {
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 4096];
    loop {
        match rustix::io::retry_on_intr(|| rustix::io::read(file, &mut buffer))? {
            0 => break,
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
