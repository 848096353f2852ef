//! The file that the caller wants init's pid in.

use crate::process::Pid;
use crate::{Error, Failure};
use rustix::fs::{AtFlags, CWD, FileType, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How the pid comes into the file.
enum Way {
    /// There is none, or a regular one: it is replaced whole.
    Replace,
    /// A link leads to it, and stays.
    Through,
}

/// What is there and is no regular file is neither replaced nor opened.
///
/// # Errors
/// A device, a FIFO, a socket or a directory is at the path, or where a link there leads.
pub(crate) fn check_pid_file(path: &Path) -> Result<(), Error> {
    way(path).map(drop)
}

fn way(path: &Path) -> Result<Way, Error> {
    let attempted = || format!("write the pid file {path:?}");
    let kind = |flags| match rustix::fs::statat(CWD, path, flags) {
        Ok(status) => Ok(Some(FileType::from_raw_mode(status.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Failure::new(attempted(), errno)),
    };
    let (found, way) = match kind(AtFlags::SYMLINK_NOFOLLOW)? {
        Some(FileType::Symlink) => (kind(AtFlags::empty())?, Way::Through),
        found => (found, Way::Replace),
    };
    let what = match found {
        None | Some(FileType::RegularFile) => return Ok(way),
        Some(FileType::Directory) => "a directory",
        Some(FileType::Fifo) => "a FIFO",
        Some(FileType::Socket) => "a socket",
        Some(_) => "a device",
    };
    let why = format!("it is {what}, and has to be a regular file, or one that is still to be made");
    Err(Failure::plain(attempted(), why).into())
}

/// Decimal, no newline, and never seen half-written where no link leads to it.
pub(crate) fn write_pid_file(path: &Path, pid: Pid) -> Result<(), Error> {
    let failed = |error: std::io::Error| Failure::io(format!("write the pid file {path:?}"), &error);
    if matches!(way(path)?, Way::Through) {
        return Ok(write_through(path, pid).map_err(failed)?);
    }
    let name = path
        .file_name()
        .ok_or_else(|| failed(std::io::ErrorKind::InvalidInput.into()))?;
    // A name that nobody else has: what is there already is not ours to remove, and a link would be followed.
    let new = path.with_file_name(format!(".{}.{pid}.orlop", name.to_string_lossy()));
    let attempt = || -> std::io::Result<()> {
        let mut file = File::options().write(true).create_new(true).mode(0o644).open(&new)?;
        file.write_all(pid.to_string().as_bytes())?;
        std::fs::rename(&new, path)
    };
    attempt().map_err(|error| {
        let _ = std::fs::remove_file(&new);
        failed(error).into()
    })
}

fn write_through(path: &Path, pid: Pid) -> std::io::Result<()> {
    // Should it be something else by now, nobody is waited for.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o644);
    let mut file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
    file.write_all(pid.to_string().as_bytes())
}

/// Removes the file of a creation that failed. A link, and what it leads to, stays.
pub(crate) fn remove_pid_file(path: &Path) {
    let status = rustix::fs::lstat(path).map(|status| FileType::from_raw_mode(status.st_mode));
    if status == Ok(FileType::RegularFile) {
        let _ = std::fs::remove_file(path);
    }
}
