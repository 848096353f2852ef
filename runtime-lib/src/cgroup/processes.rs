//! The processes of a cgroup and of all cgroups below it.

use super::Cgroup;
use super::directory::Directory;
use crate::error::{Error, Failure};
use crate::plan::{Place, Placement};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::collections::BTreeSet;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

impl Cgroup {
    /// The pids of all processes, sorted. A cgroup that is not there has none.
    ///
    /// A process of another pid namespace, which the kernel shows as 0, is left out.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub(crate) fn processes(&self) -> Result<Vec<Pid>, Error> {
        let mut found = BTreeSet::new();
        for place in judges(&self.0) {
            match open(place).and_then(|directory| below(&directory)) {
                Ok(pids) => found.extend(pids.into_iter().filter(|pid| *pid > 0)),
                Err(Errno::NOENT | Errno::NODEV) => {}
                Err(errno) => {
                    return Err(
                        Failure::new(format!("list the processes of {}", place.path().display()), errno).into(),
                    );
                }
            }
        }
        Ok(found.into_iter().filter_map(Pid::from_raw).collect())
    }

    /// Calls `send` with the pidfd of every process, for a signal to all of them.
    ///
    /// # Errors
    /// Those of [`Cgroup::processes`], and the first of `send`. A process that is gone meanwhile is none.
    pub(crate) fn for_each_process(
        &self,
        mut send: impl FnMut(BorrowedFd<'_>) -> Result<(), Errno>,
    ) -> Result<usize, Error> {
        use std::os::fd::AsFd;
        let held: Vec<(Pid, OwnedFd)> = self
            .processes()?
            .into_iter()
            .filter_map(|pid| pidfd_open(pid, PidfdFlags::empty()).ok().map(|pidfd| (pid, pidfd)))
            .collect();
        // Between the list and the pidfd a pid may have passed to a stranger. One that is still listed now is ours.
        let still: BTreeSet<i32> = self.processes()?.into_iter().map(Pid::as_raw_pid).collect();
        let mut reached = 0;
        for (pid, pidfd) in held.iter().filter(|(pid, _)| still.contains(&pid.as_raw_pid())) {
            match send(pidfd.as_fd()) {
                Ok(()) => reached += 1,
                Err(Errno::SRCH) => {}
                Err(errno) => return Err(Failure::new(format!("signal process {}", pid.as_raw_pid()), errno).into()),
            }
        }
        Ok(reached)
    }
}

/// The pids in a cgroup and below it. Iterative: a container may have made a tree of any depth.
pub(super) fn below(top: &Directory) -> Result<Vec<i32>, Errno> {
    let mut pids = Vec::new();
    super::tree::for_each(top, |directory| {
        match directory.read(Path::new("cgroup.procs")) {
            Ok(text) => pids.extend(text.lines().filter_map(|line| line.parse::<i32>().ok())),
            // In a threaded cgroup of v2 the domain's file has its processes; NODEV: removed meanwhile.
            Err(Errno::OPNOTSUPP | Errno::NODEV | Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
        Ok(())
    })?;
    Ok(pids)
}

/// Why a container's directory cannot be opened.
pub(super) fn not_opened(place: &Place, errno: Errno) -> Failure {
    Failure::new(format!("open the cgroup {}", place.path().display()), errno)
}

/// The container's directory in one hierarchy. Another of that name is none.
pub(super) fn open(place: &Place) -> Result<Directory, Errno> {
    if !place.is_sound() {
        return Err(Errno::INVAL);
    }
    let directory = Directory::mount(&place.mount)?.open(&place.below)?;
    match place.inode {
        Some(inode) if directory.inode()? != inode => Err(Errno::NOENT),
        _ => Ok(directory),
    }
}

/// The hierarchies that are asked who is there: v2, where every child of a container is born, and one of v1, which is
/// asked as well on a hybrid host, as a process may have come by v1 alone.
fn judges(placement: &Placement) -> impl Iterator<Item = &Place> {
    let v1 = placement
        .v1_with("freezer")
        .or_else(|| placement.v1_with("devices"))
        .or(placement.v1.first());
    placement.v2.iter().chain(v1)
}
