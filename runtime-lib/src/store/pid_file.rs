//! The file that the caller wants init's pid in.

use crate::process::Pid;
use crate::{Error, Failure};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What is there and is no regular file is not replaced. A link is, as runc does it, and what it leads to stays as it is:
/// who may put links into the folder must not choose which of the caller's files is written to. A link to what is no
/// file (`/dev/stdout`) is somebody's door, and stays.
///
/// # Errors
/// A device, a FIFO, a socket or a directory is at the path, or where a link there leads; or an open descriptor is.
pub(crate) fn check_pid_file(path: &Path) -> Result<(), Error> {
    let attempted = || format!("write the pid file {path:?}");
    let kind = |flags| match rustix::fs::statat(CWD, path, flags) {
        Ok(status) => Ok(Some(FileType::from_raw_mode(status.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Failure::new(attempted(), errno)),
    };
    let found = match kind(AtFlags::SYMLINK_NOFOLLOW)? {
        Some(FileType::Symlink) if leads_to_a_descriptor(path) => {
            let why = "it leads to an open descriptor, and has to be a regular file, or one that is still to be made";
            return Err(Failure::plain(attempted(), why).into());
        }
        Some(FileType::Symlink) => kind(AtFlags::empty())?,
        found => found,
    };
    let what = match found {
        None | Some(FileType::RegularFile) => return Ok(()),
        Some(FileType::Directory) => "a directory",
        Some(FileType::Fifo) => "a FIFO",
        Some(FileType::Socket) => "a socket",
        Some(_) => "a device",
    };
    let why = format!("it is {what}, and has to be a regular file, or one that is still to be made");
    Err(Failure::plain(attempted(), why).into())
}

/// Whether a link at the path leads through one of procfs's own, as `/dev/stdout` does.
fn leads_to_a_descriptor(path: &Path) -> bool {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return false;
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let opened = rustix::fs::open(
        folder,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    );
    opened.is_ok_and(|folder| {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        rustix::fs::openat2(folder, name, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS).err() == Some(Errno::LOOP)
    })
}

/// Decimal, no newline, and never seen half-written.
pub(crate) fn write_pid_file(path: &Path, pid: Pid) -> Result<(), Error> {
    let failed = |error: std::io::Error| Failure::io(format!("write the pid file {path:?}"), &error);
    check_pid_file(path)?;
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

/// Removes the file of a creation that failed.
pub(crate) fn remove_pid_file(path: &Path) {
    let status = rustix::fs::lstat(path).map(|status| FileType::from_raw_mode(status.st_mode));
    if status == Ok(FileType::RegularFile) {
        let _ = std::fs::remove_file(path);
    }
}
