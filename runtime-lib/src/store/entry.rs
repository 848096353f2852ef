//! The folders below the state root.

use super::kept_plan::PLAN;
use super::leftovers::LEFTOVERS;
use super::state_record::{NEW_STATE, STATE};
use crate::{Error, Failure, Id};
use rustix::fs::{AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags, flock, mkdirat, openat, unlinkat};
use rustix::io::Errno;
use std::cell::Cell;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The socket that `start` connects to, in the container's folder.
pub(crate) const START_SOCKET: &str = "start";

/// The folder that is mounted into a container whose process tells when it is ready, in the container's folder.
pub(crate) const NOTIFY_FOLDER: &str = "notify";

/// The state root.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
}

/// One container's folder, open.
#[derive(Debug)]
pub(crate) struct Entry {
    id: Id,
    path: PathBuf,
    folder: OwnedFd,
    is_locked: Cell<bool>,
}

impl Drop for Entry {
    /// Gives the lock back, rather than to leave that to the close: where a close fails, the same program would wait
    /// for itself at its next verb.
    fn drop(&mut self) {
        if self.is_locked.get() {
            let _ = flock(&self.folder, FlockOperation::Unlock);
        }
    }
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Store {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Takes the id: makes its folder, and the root if it is missing, and holds the lock.
    pub(crate) fn reserve(&self, id: &Id) -> Result<Entry, Error> {
        let path = self.path.join(id.as_str());
        let private = Mode::from_raw_mode(0o700);
        let mut made = mkdirat(CWD, &path, private);
        if made == Err(Errno::NOENT) {
            self.make_root().map_err(|error| self.cannot_make(&self.path, error))?;
            made = mkdirat(CWD, &path, private);
        }
        match made {
            Ok(()) => {}
            Err(Errno::EXIST) => return Err(Error::Exists(id.clone())),
            Err(errno) => return Err(self.cannot_make(&path, errno.into()).into()),
        }
        let entry = self.open_folder(id, path)?;
        entry.lock()?;
        // The folder that was made may have been removed again, and this one be somebody else's.
        match rustix::fs::statat(&entry.folder, STATE, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(entry),
            _ => Err(Error::Exists(id.clone())),
        }
    }

    /// Sticky, which keeps those who age an ordinary user's runtime folder off it (the XDG Base Directory
    /// Specification; `man 5 tmpfiles.d`).
    fn make_root(&self) -> std::io::Result<()> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.path.parent().unwrap_or(&self.path))?;
        match std::fs::DirBuilder::new().mode(0o1700).create(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            outcome => outcome,
        }
    }

    fn cannot_make(&self, path: &Path, error: std::io::Error) -> Failure {
        Self::hinted(Failure::io(format!("make the state folder {path:?}"), &error))
    }

    /// Whoever may not use this root has to have another one.
    fn hinted(failure: Failure) -> Failure {
        if failure
            .errno
            .is_some_and(|errno| errno.raw() == Errno::ACCESS.raw_os_error())
        {
            failure.hint("an ordinary user needs a state root of its own: XDG_RUNTIME_DIR, or --root")
        } else {
            failure
        }
    }

    /// Where the folder is, absolute, that will be mounted into the container.
    pub(crate) fn notify_folder(&self, id: &Id) -> Result<PathBuf, Error> {
        let path = self.path.join(id.as_str()).join(NOTIFY_FOLDER);
        std::path::absolute(&path).map_err(|error| Failure::io(format!("find the folder {path:?}"), &error).into())
    }

    /// The folder of a container that exists.
    pub(crate) fn open(&self, id: &Id) -> Result<Entry, Error> {
        self.open_folder(id, self.path.join(id.as_str()))
    }

    fn open_folder(&self, id: &Id, path: PathBuf) -> Result<Entry, Error> {
        match openat(CWD, &path, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(folder) => Ok(Entry {
                id: id.clone(),
                path,
                folder,
                is_locked: Cell::new(false),
            }),
            Err(Errno::NOENT | Errno::NOTDIR) => Err(Error::NotFound(id.clone())),
            Err(errno) => Err(Self::hinted(Failure::new(format!("open the state folder {path:?}"), errno)).into()),
        }
    }

    /// The ids of all containers, sorted.
    pub(crate) fn ids(&self) -> Result<Vec<Id>, Error> {
        let failed = |errno| Self::hinted(Failure::new(format!("read the state root {:?}", self.path), errno));
        let root = match openat(CWD, &self.path, FOLDER, Mode::empty()) {
            Ok(root) => root,
            Err(Errno::NOENT) => return Ok(Vec::new()),
            Err(errno) => return Err(failed(errno).into()),
        };
        let mut ids = Vec::new();
        for entry in Dir::new(root).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = Id::new(entry.file_name().to_string_lossy());
            let may_be_folder = matches!(entry.file_type(), FileType::Directory | FileType::Unknown);
            if let (true, Ok(id)) = (may_be_folder, name) {
                ids.push(id);
            }
        }
        ids.sort();
        Ok(ids)
    }
}

impl Entry {
    pub(crate) fn id(&self) -> &Id {
        &self.id
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self) -> &OwnedFd {
        &self.folder
    }

    /// Makes the folder that is mounted into the container.
    pub(crate) fn make_notify_folder(&self) -> Result<(), Error> {
        let path = self.path.join(NOTIFY_FOLDER);
        let failed = |errno| Failure::new(format!("make the folder {path:?}"), errno);
        mkdirat(&self.folder, NOTIFY_FOLDER, Mode::from_raw_mode(0o755)).map_err(failed)?;
        // Whatever the caller's umask: the process may be any user.
        let mode = Mode::from_raw_mode(0o755);
        rustix::fs::chmodat(&self.folder, NOTIFY_FOLDER, mode, AtFlags::empty()).map_err(failed)?;
        Ok(())
    }

    /// A path to something in the folder that is short, however long the state root's path is: a socket's has 108
    /// bytes.
    pub(crate) fn short_path(&self, name: &str) -> PathBuf {
        use std::os::fd::AsRawFd;
        format!("/proc/self/fd/{}/{name}", self.folder.as_raw_fd()).into()
    }

    /// Waits for the exclusive lock; it is held as long as the entry lives. Fails if the folder was removed meanwhile.
    pub(crate) fn lock(&self) -> Result<(), Error> {
        loop {
            match flock(&self.folder, FlockOperation::LockExclusive) {
                Ok(()) => break,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::new(format!("lock {:?}", self.path), errno).into()),
            }
        }
        self.is_locked_for_good()
    }

    /// Whether what is locked is still the container's folder.
    fn is_locked_for_good(&self) -> Result<(), Error> {
        self.is_locked.set(true);
        let links = rustix::fs::fstat(&self.folder).map_or(0, |status| status.st_nlink);
        if links == 0 {
            Err(Error::NotFound(self.id.clone()))
        } else {
            Ok(())
        }
    }

    /// The same, but `false` at once if the hooks of a start run, one of which may be asking: it would wait for itself.
    pub(crate) fn lock_unless_started(&self) -> Result<bool, Error> {
        if flock(&self.folder, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return self.is_locked_for_good().map(|()| true);
        }
        if matches!(self.mark(FlockOperation::NonBlockingLockShared), Err(Errno::WOULDBLOCK)) {
            return Ok(false);
        }
        self.lock().map(|()| true)
    }

    /// Marks the start as one whose hooks run, as long as the file lives. A container of version 1 has nothing to put
    /// the mark on.
    pub(crate) fn mark_started(&self) -> Result<Option<OwnedFd>, Error> {
        match self.mark(FlockOperation::NonBlockingLockExclusive) {
            Ok(mark) => Ok(Some(mark)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(Failure::new(format!("lock {:?}", self.path.join(PLAN)), errno).into()),
        }
    }

    /// The mark is a lock on the plan, which the start is carried out by.
    fn mark(&self, operation: FlockOperation) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let plan = openat(&self.folder, PLAN, flags, Mode::empty())?;
        flock(&plan, operation)?;
        Ok(plan)
    }

    /// Whether nobody holds the lock: then nobody is at work on this container.
    pub(crate) fn is_unlocked(&self) -> bool {
        let free = flock(&self.folder, FlockOperation::NonBlockingLockShared).is_ok();
        if free {
            let _ = flock(&self.folder, FlockOperation::Unlock);
        }
        free
    }

    /// Removes the folder with all that is in it. What is gone already is no error.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        let failed = |errno| Failure::new(format!("remove the state folder {:?}", self.path), errno);
        // What has to be cleaned goes last: until then a verb that was killed here can be repeated.
        for name in [START_SOCKET, NEW_STATE, PLAN, STATE, LEFTOVERS] {
            match unlinkat(&self.folder, name, AtFlags::empty()) {
                // A folder of that name is not ours: it goes with what else there is.
                Ok(()) | Err(Errno::NOENT | Errno::ISDIR) => {}
                Err(errno) => return Err(failed(errno).into()),
            }
        }
        match unlinkat(CWD, &self.path, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::NOTEMPTY) => {
                // Somebody put something there, or a later version did.
                std::fs::remove_dir_all(&self.path)
                    .map_err(|error| Failure::io(format!("remove the state folder {:?}", self.path), &error).into())
            }
            Err(errno) => Err(failed(errno).into()),
        }
    }

    /// The uid of whoever created the container.
    pub(crate) fn owner(&self) -> u32 {
        rustix::fs::fstat(&self.folder).map_or(0, |status| status.st_uid)
    }
}
