//! Giving a cgroup of v2 away.

use super::make::Made;
use crate::error::{Error, Failure};
use crate::plan::{HandOver, Place};
use rustix::fs::{AtFlags, Gid, Uid, chownat};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

/// The files that a delegate needs, as the kernel lists them; these if it has no list (before Linux 4.15).
const DELEGATE: &str = "/sys/kernel/cgroup/delegate";
const ALWAYS: &str = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

impl Made {
    /// Gives the directories of v2 at these places and those files away. A v1 hierarchy is never given away (runtime-spec:
    /// config-linux.md#cgroup-ownership).
    ///
    /// # Errors
    /// The kernel refuses it.
    pub(crate) fn hand_over(&self, to: HandOver, places: &[PathBuf]) -> Result<(), Error> {
        let own = self.placement.v2.iter().map(Place::path);
        let own = own.zip(self.v2.iter().map(AsFd::as_fd));
        let inner = self.inner.iter();
        let inner = inner.map(|inner| (inner.place.path(), inner.directory.as_fd()));
        for (place, directory) in own.chain(inner) {
            if places.contains(&place) {
                give(directory, to)?;
            }
        }
        Ok(())
    }
}

fn give(directory: BorrowedFd<'_>, to: HandOver) -> Result<(), Error> {
    let uid = Some(Uid::from_raw(to.uid));
    let failed = |errno| {
        let attempted = format!("give the cgroup to user {}", to.uid);
        Failure::new(attempted, errno).at("linux.cgroupsPath")
    };
    let no_group: Option<Gid> = None;
    match chownat(directory, "", uid, no_group, AtFlags::EMPTY_PATH) {
        // A runtime without privileges has given the container what it may, its own ids.
        Err(Errno::PERM) => return Ok(()),
        outcome => outcome.map_err(failed)?,
    }
    let list = std::fs::read_to_string(DELEGATE).unwrap_or_else(|_| ALWAYS.to_owned());
    for name in list.lines().filter(|name| !name.contains('/')) {
        match chownat(directory, name, uid, no_group, AtFlags::SYMLINK_NOFOLLOW) {
            // The list has files of controllers that are not enabled here.
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed(errno).into()),
        }
    }
    Ok(())
}
