//! Freezing a container's processes and thawing them: the v1 freezer where there is one, else v2's own.

use super::directory::Directory;
use super::make::has_line;
use super::nap::Naps;
use super::{Cgroup, processes};
use crate::error::{Error, Failure};
use crate::host::CgroupVersion;
use crate::plan::Placement;
use rustix::io::Errno;
use std::path::Path;
use std::time::Duration;

/// How long the kernel may take to stop all processes.
const PATIENCE: Duration = Duration::from_secs(2);

enum Freezer {
    V1(Directory),
    V2(Directory),
}

impl Freezer {
    /// None if the cgroup, or a freezer, is not there.
    fn open(placement: &Placement) -> Result<Option<Self>, Errno> {
        let Some((version, place)) = placement.with("freezer") else {
            return Ok(None);
        };
        match processes::open(place) {
            Ok(directory) => Ok(Some(match version {
                CgroupVersion::V1 => Self::V1(directory),
                CgroupVersion::V2 => Self::V2(directory),
            })),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn order(&self, frozen: bool) -> Result<(), Errno> {
        match self {
            Self::V1(directory) => directory.write("freezer.state", if frozen { "FROZEN" } else { "THAWED" }),
            Self::V2(directory) => directory.write("cgroup.freeze", if frozen { "1" } else { "0" }),
        }
    }

    fn is_frozen(&self) -> Result<bool, Errno> {
        match self {
            Self::V1(directory) => directory
                .read(Path::new("freezer.state"))
                .map(|text| has_line(&text, "FROZEN")),
            Self::V2(directory) => directory
                .read(Path::new("cgroup.events"))
                .map(|text| has_line(&text, "frozen 1")),
        }
    }

    fn reach(&self, frozen: bool) -> Result<bool, Errno> {
        let mut naps = Naps::new(PATIENCE);
        loop {
            // v1 may miss a process that forks just then: the order is given again.
            self.order(frozen)?;
            if self.is_frozen()? == frozen {
                return Ok(true);
            }
            if !naps.nap() {
                return Ok(false);
            }
        }
    }
}

impl Cgroup {
    /// Whether all processes of the container are frozen, by its own cgroup or by an ancestor's. False if the cgroup
    /// is not there.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn is_frozen(&self) -> Result<bool, Error> {
        let asked = Freezer::open(&self.0).and_then(|freezer| match freezer {
            Some(freezer) => freezer.is_frozen(),
            None => Ok(false),
        });
        match asked {
            Err(Errno::NOENT | Errno::NODEV) => Ok(false),
            asked => asked.map_err(|errno| Failure::new("read the state of the freezer", errno).into()),
        }
    }

    /// Freezes all processes and waits until they are. On failure they are thawed again.
    ///
    /// # Errors
    /// No freezer, or processes that don't stop in time.
    pub(crate) fn freeze(&self) -> Result<(), Error> {
        let Some(freezer) = Freezer::open(&self.0).map_err(|errno| Failure::new("open the freezer", errno))? else {
            return Err(Failure::plain("freeze the container", "it has no cgroup with a freezer").into());
        };
        let outcome = freezer.reach(true);
        if !matches!(outcome, Ok(true)) {
            let _ = freezer.order(false);
        }
        match outcome {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::plain("freeze the container", "its processes did not stop in time").into()),
            Err(errno) => Err(Failure::new("freeze the container", errno).into()),
        }
    }

    /// Thaws all processes. A container without a cgroup is none to thaw.
    ///
    /// # Errors
    /// The kernel refuses, or an ancestor is frozen.
    pub(crate) fn thaw(&self) -> Result<(), Error> {
        let Some(freezer) = Freezer::open(&self.0).map_err(|errno| Failure::new("open the freezer", errno))? else {
            return Ok(());
        };
        match freezer.reach(false) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::plain("thaw the container", "an ancestor of its cgroup is frozen").into()),
            Err(errno) => Err(Failure::new("thaw the container", errno).into()),
        }
    }

    /// Thaws processes that were sent a SIGKILL: frozen ones of v2 die of it, those of v1 when they are thawed. Those
    /// that the signal was not for go on, too.
    pub(crate) fn release_killed(&self) {
        if let Ok(Some(freezer @ Freezer::V1(_))) = Freezer::open(&self.0) {
            // A refusal shows as a container that is still there.
            let _ = freezer.order(false);
        }
    }

    /// Begins to freeze, without waiting: what follows is a kill, which works either way.
    pub(super) fn hold(&self, frozen: bool) {
        if let Ok(Some(freezer)) = Freezer::open(&self.0) {
            // A refusal shows later as processes that are left.
            let _ = freezer.order(frozen);
        }
    }
}
