//! A cgroup's directory by descriptor: nothing below a hierarchy's mount is reached by following a link.

use crate::host::{cgroup_version_of, read_to_end};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, ResolveFlags};
use rustix::io::Errno;
use std::ffi::{CStr, CString, OsStr};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// How often openat2 is asked again after EAGAIN, which it says when something is renamed meanwhile (`man 2 openat2`).
const RENAME_RETRIES: u32 = 16;

/// A directory of a cgroup hierarchy, opened `O_PATH`.
#[derive(Debug)]
pub(super) struct Directory(OwnedFd);

impl Directory {
    /// The root of the hierarchy mounted at `mount`.
    ///
    /// # Errors
    /// Those of open, and ENOENT if no cgroup hierarchy is mounted there (any more): a path that was written to disk
    /// earlier must not make us touch another file system.
    pub(super) fn mount(mount: &Path) -> Result<Self, Errno> {
        let root = Self::mount_unchecked(mount)?;
        match cgroup_version_of(&root.0)? {
            Some(_) => Ok(root),
            None => Err(Errno::NOENT),
        }
    }

    /// The same where [`Host::look`](crate::Host::look) has told that a hierarchy is mounted there.
    pub(super) fn mount_unchecked(mount: &Path) -> Result<Self, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(CWD, mount, flags, Mode::empty()).map(Self)
    }

    /// The directory `below` this one, of any depth.
    pub(super) fn open(&self, below: &Path) -> Result<Self, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        let mut answer = Err(Errno::AGAIN);
        for _ in 0..RENAME_RETRIES {
            answer = rustix::fs::openat2(&self.0, below, flags, Mode::empty(), resolve);
            if !matches!(answer, Err(Errno::AGAIN)) {
                break;
            }
        }
        answer.map(Self)
    }

    /// The child of this name.
    pub(super) fn child(&self, name: &CStr) -> Result<Self, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.0, name, flags, Mode::empty()).map(Self)
    }

    /// The parent. The caller sees to it that it does not climb above where it began.
    pub(super) fn parent(&self) -> Result<Self, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.0, c"..", flags, Mode::empty()).map(Self)
    }

    /// Whether there are cgroups below it: a link of each leads up to it.
    pub(super) fn has_children(&self) -> bool {
        rustix::fs::fstat(&self.0).is_ok_and(|found| found.st_nlink > 2)
    }

    /// Makes the directory `below` this one; its parents are there.
    pub(super) fn make(&self, below: &Path) -> Result<(), Errno> {
        rustix::fs::mkdirat(&self.0, below, Mode::from_raw_mode(0o755))
    }

    /// Makes a directory in another, unless it is there, and opens it.
    pub(super) fn make_in(above: BorrowedFd<'_>, name: &OsStr) -> Result<Self, Errno> {
        match rustix::fs::mkdirat(above, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(above, name, flags, Mode::empty()).map(Self)
    }

    /// Removes the directory `below` this one.
    pub(super) fn remove(&self, below: impl rustix::path::Arg) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.0, below, AtFlags::REMOVEDIR)
    }

    /// Opens a file of this cgroup, or of one below it, to be written.
    pub(super) fn writer(&self, file: &Path) -> Result<OwnedFd, Errno> {
        open_to_write(&self.0, file)
    }

    /// Writes a knob: one open, one write, as the kernel takes a value whole.
    pub(super) fn write(&self, file: &str, text: &str) -> Result<(), Errno> {
        write_once(self.writer(Path::new(file))?, text)
    }

    /// The text of a file of this cgroup, or of one below it.
    pub(super) fn read(&self, file: &Path) -> Result<String, Errno> {
        read(&self.0, file)
    }

    /// The names of the cgroups directly below this one.
    pub(super) fn children(&self) -> Result<Vec<CString>, Errno> {
        self.entries(FileType::Directory)
    }

    /// The names of its files.
    pub(super) fn files(&self) -> Result<Vec<String>, Errno> {
        let names = self.entries(FileType::RegularFile)?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }

    fn entries(&self, kind: FileType) -> Result<Vec<CString>, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let listed = rustix::fs::openat(&self.0, c".", flags, Mode::empty())?;
        let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
        let mut entries = RawDir::new(&listed, &mut buffer);
        let mut names = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry?;
            if entry.file_type() == kind && !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                names.push(entry.file_name().to_owned());
            }
        }
        Ok(names)
    }

    /// Its number in the hierarchy.
    pub(super) fn inode(&self) -> Result<u64, Errno> {
        rustix::fs::fstat(&self.0).map(|status| status.st_ino)
    }

    /// The descriptor itself, for `CLONE_INTO_CGROUP`.
    pub(super) fn into_fd(self) -> OwnedFd {
        self.0
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Opens a file of a cgroup, or of one below it, to be written.
pub(super) fn open_to_write(directory: impl AsFd, file: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(directory, file, flags, Mode::empty())
}

/// The text of a file of a cgroup, or of one below it.
pub(super) fn read(directory: impl AsFd, file: impl rustix::path::Arg) -> Result<String, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    read_to_end(&rustix::fs::openat(directory, file, flags, Mode::empty())?)
}

/// Writes a value in one call; a short write would be another value.
pub(super) fn write_once(file: impl AsFd, text: &str) -> Result<(), Errno> {
    match rustix::io::retry_on_intr(|| rustix::io::write(&file, text.as_bytes()))? {
        written if written == text.len() => Ok(()),
        _ => Err(Errno::IO),
    }
}
