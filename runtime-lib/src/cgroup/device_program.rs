//! The program of a cgroup of v2 that decides about devices (`man 2 bpf`).
//!
//! It is attached beside those that others attach, and those of the cgroups above count as well. It lives as long as
//! the cgroup that it is attached to, so that nothing is left of it when that is removed.

use super::directory::Directory;
use super::make::Made;
use super::{Cgroup, processes};
use crate::error::{Error, Failure};
use crate::plan::{DeviceProgram, Place};
use crate::problem::JsonPath;
use crate::sys;
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A program that the kernel has taken.
#[derive(Debug)]
pub(crate) struct LoadedProgram {
    descriptor: OwnedFd,
    /// Its number, by which it is found among those of a cgroup.
    pub(crate) id: u32,
    /// Where its rules stand.
    at: JsonPath,
}

impl LoadedProgram {
    /// # Errors
    /// The kernel refuses it; what its verifier says is told.
    pub(crate) fn load(program: &DeviceProgram) -> Result<Self, Error> {
        let attempted = "load the program of rules about devices";
        let failed = |errno| Failure::new(attempted, errno).at(program.at.clone());
        let loaded = sys::load_device_program(&program.instructions).map_err(|(errno, log)| {
            let failure = failed(errno);
            match (log.as_str(), errno) {
                ("", Errno::PERM) => failure.hint(
                    "it takes CAP_SYS_ADMIN, that nobody keeps bpf(2) from the runtime, and before Linux 5.11 memory \
                     that may be locked (RLIMIT_MEMLOCK)",
                ),
                ("", Errno::INVAL | Errno::NOSYS) => {
                    failure.hint("it takes Linux 5.2 or later, built with CONFIG_CGROUP_BPF")
                }
                ("", _) => failure,
                (log, _) => failure.hint(format!("the kernel's verifier says: {log}")),
            }
        })?;
        let (id, _) = sys::program_info(&loaded).map_err(failed)?;
        Ok(Self {
            descriptor: loaded,
            id,
            at: program.at.clone(),
        })
    }

    fn refused(&self, errno: Errno) -> Failure {
        let failure =
            Failure::new("attach the program of rules about devices to the cgroup", errno).at(self.at.clone());
        match errno {
            Errno::PERM => failure.hint("a cgroup above it has a program that allows no other below it"),
            Errno::TOOBIG => failure.hint("it has as many programs as one can have"),
            _ => failure,
        }
    }
}

impl Made {
    /// Attaches a program. Tells whether there is a cgroup to attach it to.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub(crate) fn attach(&self, program: &LoadedProgram) -> Result<bool, Error> {
        let Some(cgroup) = &self.v2 else { return Ok(false) };
        sys::attach_program(cgroup.as_fd(), program.descriptor.as_fd(), None)
            .map_err(|errno| program.refused(errno))?;
        Ok(true)
    }
}

impl Cgroup {
    /// Puts a program in the place of the one of `ours` that is attached. Tells whether one was: otherwise somebody else
    /// has put another there.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub(crate) fn replace_program(&self, ours: &[u32], program: &LoadedProgram) -> Result<bool, Error> {
        let Some(place) = &self.0.v2 else { return Ok(false) };
        let cgroup = open(place)?;
        let Some(id) = find(&cgroup, place, ours)? else {
            return Ok(false);
        };
        let replaced = match sys::program_by_id(id) {
            Ok(replaced) => replaced,
            Err(Errno::NOENT) => return Ok(false),
            Err(errno) => return Err(program.refused(errno).into()),
        };
        match sys::attach_program(cgroup.as_fd(), program.descriptor.as_fd(), Some(replaced.as_fd())) {
            Ok(()) => Ok(true),
            // Just now.
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(program.refused(errno).into()),
        }
    }

    /// The one of these programs that is attached.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub(crate) fn attached_of(&self, ours: &[u32]) -> Result<Option<u32>, Error> {
        match &self.0.v2 {
            Some(place) => Ok(find(&open(place)?, place, ours)?),
            None => Ok(None),
        }
    }
}

fn open(place: &Place) -> Result<Directory, Failure> {
    processes::open(place).map_err(|errno| processes::not_opened(place, errno))
}

fn find(cgroup: &Directory, place: &Place, ours: &[u32]) -> Result<Option<u32>, Failure> {
    let attached = sys::attached_programs(cgroup.as_fd()).map_err(|errno| {
        let attempted = format!("list the programs of the cgroup {}", place.path().display());
        Failure::new(attempted, errno)
    })?;
    Ok(attached.into_iter().find(|id| ours.contains(id)))
}

/// Detaches what the runtime has attached to a cgroup that stays when its container goes, by its name.
pub(super) fn detach_ours(cgroup: BorrowedFd<'_>) -> Result<(), Errno> {
    for id in sys::attached_programs(cgroup)? {
        let Ok(program) = sys::program_by_id(id) else { continue };
        if sys::program_info(&program)?.1 == sys::PROGRAM_NAME {
            match sys::detach_program(cgroup, program.as_fd()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
    Ok(())
}

/// The same for a place that may be gone.
pub(crate) fn detach_from(place: &Place) -> Result<(), Error> {
    match processes::open(place).and_then(|cgroup| detach_ours(cgroup.as_fd())) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => {
            let attempted = format!(
                "detach the program of rules about devices from {}",
                place.path().display()
            );
            Err(Failure::new(attempted, errno).into())
        }
    }
}
