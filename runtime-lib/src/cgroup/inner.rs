//! Cgroups below the container's own, in which its processes are.

use super::controllers;
use super::directory::{Directory, open_to_write, write_once};
use super::make::{Made, of_a_taken_name};
use crate::error::Failure;
use crate::plan::Place;
use crate::process::Pid;
use rustix::io::Errno;
use std::os::fd::AsFd;

/// One that was made, or was there in a cgroup that was there.
#[derive(Debug)]
pub(super) struct MadeInner {
    pub(super) place: Place,
    pub(super) directory: Directory,
}

impl Made {
    /// Makes the next cgroup, which is below the last one that was made.
    ///
    /// # Errors
    /// What the kernel refuses; and that there is no cgroup that it could be below.
    pub(crate) fn make_inner(&mut self, place: &Place) -> Result<(), Failure> {
        let attempted = format!("make the cgroup {}", place.path().display());
        let failed = |errno| of_a_taken_name(Failure::new(attempted.clone(), errno), errno);
        let last = self.inner.last().map(|inner| inner.directory.as_fd());
        let Some(above) = last.or_else(|| self.v2.as_ref().map(AsFd::as_fd)) else {
            let why = "the container has no cgroup: its hierarchy is read-only or another user's";
            return Err(Failure::plain(attempted, why));
        };
        let name = place.below.file_name().ok_or(Errno::INVAL).map_err(failed)?;
        let directory = Directory::make_in(above, name).map_err(failed)?;
        self.inner.push(MadeInner {
            place: place.clone(),
            directory,
        });
        Ok(())
    }

    /// Puts a process into one of those that were made, and has the cgroups above pass their controllers on to it:
    /// a cgroup with processes of its own passes none on (Linux: `Documentation/admin-guide/cgroup-v2.rst`, "No Internal
    /// Process Constraint").
    ///
    /// # Errors
    /// The kernel refuses it.
    pub(crate) fn enter(&self, place: &Place, pid: Pid) -> Result<(), Failure> {
        let attempted = format!("put init into the cgroup {}", place.path().display());
        let failed = |errno| Failure::new(attempted.clone(), errno);
        let entered = self.inner.iter().find(|inner| inner.place.below == place.below);
        let entered = entered.ok_or(Errno::NOENT).map_err(failed)?;
        let moved =
            open_to_write(&entered.directory, c"cgroup.procs").and_then(|file| write_once(file, &pid.to_string()));
        moved.map_err(failed)?;
        let root = Directory::mount(&place.mount).map_err(failed)?;
        controllers::pass_on(&root, place, &[], true)
    }
}
