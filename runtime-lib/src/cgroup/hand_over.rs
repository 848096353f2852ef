//! Giving a cgroup of v2 away.

use super::make::Made;
use crate::error::{Error, Failure};
use crate::plan::HandOver;
use rustix::fs::{AtFlags, Gid, Uid, chownat};
use rustix::io::Errno;

/// The files that a delegate needs, as the kernel lists them; these if it has no list (before Linux 4.15).
const DELEGATE: &str = "/sys/kernel/cgroup/delegate";
const ALWAYS: &str = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

impl Made {
    /// Gives the directory of v2 and those files away. A v1 hierarchy is never given away (runtime-spec:
    /// config-linux.md#cgroup-ownership).
    ///
    /// # Errors
    /// The kernel refuses it.
    pub(crate) fn hand_over(&self, to: HandOver) -> Result<(), Error> {
        let Some(directory) = &self.v2 else {
            return Ok(());
        };
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
}
