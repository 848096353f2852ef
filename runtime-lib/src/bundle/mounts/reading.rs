//! An entry of the config's list that is being read.

use super::entry::MountEntry;
use crate::bundle::Config;
use crate::problem::{JsonPath, Problem, Problems};
use std::path::Path;

/// An entry that is being read.
pub(super) struct Reading<'a> {
    /// The bundle's folder.
    pub(super) dir: &'a Path,
    pub(super) config: &'a Config,
    pub(super) entry: &'a MountEntry,
    /// Where the entry is in the config.
    pub(super) path: JsonPath,
    pub(super) problems: &'a mut Problems,
}

impl Reading<'_> {
    /// Tells of the option at a place of the list.
    pub(super) fn warn_of_option(&mut self, place: usize, text: impl Into<String>) {
        self.problems.warning(self.path.member("options").index(place), text);
    }

    /// Tells whoever checks the bundle of the option at a place of the list.
    pub(super) fn notice_option(&mut self, place: usize, text: impl Into<String>) {
        let problem = Problem::warning(self.path.member("options").index(place), text);
        self.problems.push(problem.into_notice());
    }

    /// Refuses the option at a place of the list.
    pub(super) fn refuse_option(&mut self, place: usize, text: impl Into<String>) {
        self.problems.error(self.path.member("options").index(place), text);
    }

    /// Refuses the options for what they are together.
    pub(super) fn refuse_options(&mut self, text: impl Into<String>) {
        self.problems.error(self.path.member("options"), text);
    }
}
