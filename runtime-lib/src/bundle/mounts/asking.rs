//! Which option asks for a change of an attribute.

use super::attribute::ATIME;
use super::entry::MountEntry;
use super::options::words;
use super::words::{Effect, effect};

impl MountEntry {
    /// The place of the last option that changes one of these `MOUNT_ATTR_*`: ends it, or, of the times of access, sets
    /// others.
    pub(crate) fn option_that_changes(&self, attributes: u64) -> Option<usize> {
        let changes = |word: &str| match effect(word) {
            Some(Effect::Attributes { clear, set } | Effect::AllAttributes { clear, set }) => {
                let times = set & (ATIME | super::attribute::NODIRATIME);
                (clear | times) & attributes != 0
            }
            _ => false,
        };
        let asking = words(self).filter(|(_, word)| changes(word));
        asking.map(|(place, _)| place).last()
    }
}
