//! Writing knobs.

use super::directory::{Directory, open_to_write, read, write_once};
use super::make::Made;
use super::{Cgroup, processes};
use crate::error::{Error, Failure};
use crate::host::CgroupVersion;
use crate::plan::{Knob, Placement, ordered};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The directories of a cgroup that knobs are written in, each with the number of its place.
pub(super) type Directories = Vec<(usize, Directory)>;

impl Made {
    /// Writes knobs. Gives back those that are not written: their hierarchy was left out, or the runtime is in a user
    /// namespace, where the kernel lets nobody change device rules.
    ///
    /// # Errors
    /// What the kernel refuses: mostly because the parent cgroup does not allow as much.
    pub(crate) fn apply<'a>(&self, knobs: &'a [Knob]) -> Result<Vec<&'a Knob>, Error> {
        apply(knobs, |knob| {
            let number = number_of(&self.placement, knob)?;
            if number == 0 && self.placement.v2.is_some() {
                return self.v2.as_ref().map(AsFd::as_fd);
            }
            let found = self.directories.iter().find(|(of, _)| *of == number);
            found.map(|(_, directory)| directory.as_fd())
        })
    }
}

impl Cgroup {
    /// The same for a cgroup that has processes already.
    ///
    /// # Errors
    /// Those of [`Made::apply`], and a cgroup that cannot be opened.
    #[cfg_attr(not(test), expect(dead_code, reason = "the verb `update` is not built yet"))]
    pub(crate) fn apply<'a>(&self, knobs: &'a [Knob]) -> Result<Vec<&'a Knob>, Error> {
        let mut directories = Directories::new();
        for (number, place) in self.0.places().enumerate() {
            if knobs.iter().any(|knob| number_of(&self.0, knob) == Some(number)) {
                let failed = |errno| Failure::new(format!("open the cgroup {}", place.path().display()), errno);
                directories.push((number, processes::open(place).map_err(failed)?));
            }
        }
        apply(knobs, |knob| {
            let number = number_of(&self.0, knob)?;
            let found = directories.iter().find(|(of, _)| *of == number);
            found.map(|(_, directory)| directory.as_fd())
        })
    }
}

/// The number of the place that a knob's file is in.
pub(super) fn number_of(placement: &Placement, knob: &Knob) -> Option<usize> {
    placement.places().position(|place| match knob.version {
        CgroupVersion::V1 => place.has(&knob.controller),
        CgroupVersion::V2 => place.controllers.is_empty(),
    })
}

fn apply<'a, 'd>(
    knobs: &'a [Knob],
    directory_of: impl Fn(&Knob) -> Option<BorrowedFd<'d>>,
) -> Result<Vec<&'a Knob>, Error> {
    let current = |knob: &Knob| read(directory_of(knob)?, &*knob.file).ok();
    let mut left: Vec<&Knob> = Vec::new();
    let mut files = Files::default();
    let mut are_devices_refused = false;
    for knob in ordered(knobs, current) {
        let is_device = knob.controller == "devices";
        let Some(directory) = directory_of(knob).filter(|_| !(is_device && are_devices_refused)) else {
            left.push(knob);
            continue;
        };
        match files.write(directory, knob) {
            Ok(()) => {}
            Err(Errno::PERM) if is_device && crate::sys::is_in_user_namespace() => {
                are_devices_refused = true;
                left.push(knob);
            }
            Err(errno) => return Err(refused(knob, errno).into()),
        }
    }
    Ok(left)
}

fn refused(knob: &Knob, errno: Errno) -> Failure {
    let failure = Failure::new(format!("write {:?} to {}", knob.value, knob.file), errno).at(knob.place());
    match &*knob.controller {
        "devices" => failure.hint("the parent cgroup may allow less, or the cgroup has cgroups below it"),
        _ => failure,
    }
}

/// Files that are held open, since several knobs may be of the same.
#[derive(Default)]
struct Files<'a>(Vec<(&'a Knob, OwnedFd)>);

impl<'a> Files<'a> {
    fn write(&mut self, directory: BorrowedFd<'_>, knob: &'a Knob) -> Result<(), Errno> {
        let is_same = |other: &Knob| (other.version, &other.file) == (knob.version, &knob.file);
        // The kernel takes one rule a write.
        if let Some((_, file)) = self.0.iter().find(|(other, _)| is_same(other)) {
            return write_once(file, &knob.value);
        }
        let file = open_to_write(directory, &*knob.file)?;
        let outcome = write_once(&file, &knob.value);
        self.0.push((knob, file));
        outcome
    }
}
