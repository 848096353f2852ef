//! Applying knobs to a cgroup: to one that was just made, and to one that has processes.

use super::directory::Directory;
use super::knobs::{Directories, number_of, write};
use super::make::Made;
use super::{Cgroup, controllers, processes};
use crate::error::Error;
use crate::plan::Knob;
use std::os::fd::AsFd;
use std::path::Path;

impl Made {
    /// Writes knobs. Gives back those that are not written: their hierarchy was left out, or they are rules about
    /// devices, and the caller has not the right over the whole machine that those take.
    ///
    /// # Errors
    /// What the kernel refuses: mostly because the parent cgroup does not allow as much.
    pub(crate) fn apply<'a>(&self, knobs: &'a [Knob]) -> Result<Vec<&'a Knob>, Error> {
        write(knobs, |knob| {
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
    pub(crate) fn apply<'a>(&self, knobs: &'a [Knob]) -> Result<Vec<&'a Knob>, Error> {
        let mut directories = Directories::new();
        for (number, place) in self.0.places().enumerate() {
            if knobs.iter().any(|knob| number_of(&self.0, knob) == Some(number)) {
                let failed = |errno| processes::not_opened(place, errno);
                if place.controllers.is_empty() {
                    let root = Directory::mount(&place.mount).map_err(failed)?;
                    controllers::pass_on(&root, place, knobs, false)?;
                }
                directories.push((number, processes::open(place).map_err(failed)?));
            }
        }
        write(knobs, |knob| {
            let number = number_of(&self.0, knob)?;
            let found = directories.iter().find(|(of, _)| *of == number);
            found.map(|(_, directory)| directory.as_fd())
        })
    }

    /// The text of a file of the cgroup that has this controller; `None` where there is none.
    pub(crate) fn read(&self, controller: &str, file: &str) -> Option<String> {
        let (_, place) = self.0.with(controller)?;
        processes::open(place).ok()?.read(Path::new(file)).ok()
    }
}
