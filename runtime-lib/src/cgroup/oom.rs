//! Being told when the kernel ends a process of a cgroup for want of memory.

use super::directory::{Directory, open_to_write, write_once};
use super::statistics::fields::value;
use super::{Cgroup, processes};
use crate::error::{Error, Failure};
use crate::host::CgroupVersion;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::{Mode, OFlags, inotify};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// A watch on a cgroup's memory.
#[derive(Debug)]
pub(crate) struct OomWatch(Watch);

#[derive(Debug)]
enum Watch {
    /// An eventfd that v1 counts up before it looks for a process to end (Linux: cgroup-v1/memory.rst, "OOM Control").
    V1 {
        /// What is counted up.
        counter: OwnedFd,
        /// The cgroup: when it is removed, the eventfd is counted up as well.
        directory: Directory,
    },
    /// An inotify instance that sees changes of `memory.events` (Linux: cgroup-v2.rst).
    V2 {
        /// Where the changes come.
        changes: OwnedFd,
        /// The cgroup.
        directory: Directory,
        /// How many were ended so far.
        seen: u64,
    },
}

const V2_FILE: &str = "memory.events";

impl OomWatch {
    /// Begins to watch; `None` if no controller counts the container's memory.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub(crate) fn new(cgroup: &Cgroup) -> Result<Option<Self>, Error> {
        let failed = |errno| Failure::new("watch the cgroup's memory", errno);
        let Some((version, place)) = cgroup.0.with("memory") else {
            return Ok(None);
        };
        let opened = processes::open(place).and_then(|directory| match version {
            CgroupVersion::V1 => Self::v1(directory).map(Some),
            CgroupVersion::V2 => Self::v2(directory),
        });
        match opened {
            Err(Errno::NOENT) => Ok(None),
            opened => opened.map_err(|errno| failed(errno).into()),
        }
    }

    fn v1(directory: Directory) -> Result<Self, Errno> {
        let counter = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let control = rustix::fs::openat(&directory, "memory.oom_control", flags, Mode::empty())?;
        let order = format!("{} {}", counter.as_raw_fd(), control.as_raw_fd());
        write_once(open_to_write(&directory, "cgroup.event_control")?, &order)?;
        Ok(Self(Watch::V1 { counter, directory }))
    }

    fn v2(directory: Directory) -> Result<Option<Self>, Errno> {
        let changes = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        // inotify takes no descriptor: the one of the directory is named, so that no path is followed anew.
        let file = format!("/proc/self/fd/{}/{V2_FILE}", directory.as_fd().as_raw_fd());
        match inotify::add_watch(&changes, file, inotify::WatchFlags::MODIFY) {
            Ok(_) => {}
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(errno),
        }
        let seen = killed(&directory)?;
        Ok(Some(Self(Watch::V2 {
            changes,
            directory,
            seen,
        })))
    }

    /// How many times there was too little memory since the last call; never waits. On v2 the processes that were
    /// ended are counted, on v1 how often the kernel looked for one.
    ///
    /// # Errors
    /// The kernel's file cannot be read.
    pub(crate) fn take(&mut self) -> Result<u64, Error> {
        let failed = |errno| Failure::new("read the cgroup's memory events", errno);
        match &mut self.0 {
            Watch::V1 { counter, directory } => {
                let mut count = [0; 8];
                match rustix::io::retry_on_intr(|| rustix::io::read(&*counter, &mut count)) {
                    Err(Errno::AGAIN) => Ok(0),
                    Err(errno) => Err(failed(errno).into()),
                    // A removed cgroup has no files any more.
                    Ok(_) if directory.read(Path::new("memory.oom_control")).is_err() => Ok(0),
                    Ok(_) => Ok(u64::from_ne_bytes(count)),
                }
            }
            Watch::V2 {
                changes,
                directory,
                seen,
            } => {
                drain(changes).map_err(failed)?;
                let now = match killed(directory) {
                    // It is removed.
                    Err(Errno::NOENT | Errno::NODEV) => *seen,
                    answer => answer.map_err(failed)?,
                };
                let more = now.saturating_sub(*seen);
                *seen = now;
                Ok(more)
            }
        }
    }
}

impl AsFd for OomWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.0 {
            Watch::V1 { counter, .. } => counter.as_fd(),
            Watch::V2 { changes, .. } => changes.as_fd(),
        }
    }
}

fn killed(directory: &Directory) -> Result<u64, Errno> {
    let text = directory.read(Path::new(V2_FILE))?;
    Ok(value(&text, "oom_kill"))
}

/// What inotify has said is that something has changed, and no more.
fn drain(changes: &OwnedFd) -> Result<(), Errno> {
    let mut buffer = [MaybeUninit::<u8>::uninit(); 1024];
    loop {
        match rustix::io::read(changes, &mut buffer) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(()),
            Err(errno) => return Err(errno),
        }
    }
}
