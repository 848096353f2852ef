//! What a mount's options add up to.

use super::changes::Changes;
use super::entry::MountEntry;
use super::fstab_words;
use super::links::Links;
use super::meant;
use super::parameter::Parameter;
use super::pieces::pieces;
use super::reading::Reading;
use super::words::{Effect, Link, effect};
use super::{attribute, old_flags};
use crate::bundle::{Propagation, Quoted};
use crate::nearest::asked;
use std::borrow::Cow;
use std::ffi::CString;

/// The sum of the words.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) is_bind: bool,
    /// The mounts below are bound, too.
    pub(super) recursive: bool,
    pub(super) is_remount: bool,
    /// Of the mount itself: what is said of a whole tree counts for it, too.
    pub(super) changes: Changes,
    /// Of all mounts of the tree.
    pub(super) tree_changes: Changes,
    /// What words of the mount alone set.
    set_alone: u64,
    pub(super) propagation: Vec<Propagation>,
    pub(super) links: Links,
    pub(super) map_ids: Option<MapIds>,
    pub(super) copy_up: bool,
    pub(super) parameters: Vec<Parameter>,
    /// Whether inodes' versions are counted, if that was said.
    pub(super) versions: Option<bool>,
    /// `MS_*` of the filesystem's flags.
    pub(super) filesystem_flags: u64,
}

/// The option that asks for mapped ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct MapIds {
    /// Its place in the list.
    pub(super) place: usize,
    /// Those of the mounts below, too.
    pub(super) recursive: bool,
}

/// All words of a mount's options, each with the place in the list of the option that has it.
pub(super) fn words(entry: &MountEntry) -> impl Iterator<Item = (usize, Cow<'_, str>)> {
    let places = entry.options.iter().enumerate();
    places.flat_map(|(place, option)| pieces(option).map(move |word| (place, word)))
}

impl Options {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        let entry = reading.entry;
        let kind = entry.fs_type.as_deref();
        let says_bind = |word: &str| matches!(effect(word), Some(Effect::Bind(_)));
        let is_bind = matches!(kind, Some("bind" | "rbind")) || words(entry).any(|(_, word)| says_bind(&word));
        let mut sum = Sum {
            is_tmpfs: kind == Some("tmpfs"),
            reading,
            options: Self {
                is_bind,
                recursive: kind == Some("rbind"),
                ..Self::default()
            },
        };
        for (place, word) in words(entry) {
            match effect(&word) {
                Some(effect) => sum.add(place, &word, effect),
                None => sum.add_unknown(place, &word),
            }
        }
        sum.options
    }

    /// What is not named is cleared too, as soon as the list sets an attribute (as with runc); the times of access
    /// stay. A word that clears names all that it clears: engines write `rw` for every volume, and nobody asks for
    /// its source's `nosuid` to end by that.
    pub(super) fn cleared_by_the_way(&self) -> u64 {
        if self.set_alone != 0 {
            attribute::CLEARED_UNLESS_NAMED & !self.changes.set & !self.changes.clear
        } else {
            0
        }
    }

    fn parameter(&mut self, place: usize, parameter: &str) {
        // The config's texts hold no NUL.
        let text = CString::new(parameter).unwrap_or_default();
        self.parameters.push(Parameter { place, text });
    }
}

/// Options that are being added up.
struct Sum<'a, 'b> {
    is_tmpfs: bool,
    reading: &'a mut Reading<'b>,
    options: Options,
}

impl Sum<'_, '_> {
    fn add(&mut self, place: usize, word: &str, effect: Effect) {
        let is_bind = self.options.is_bind;
        let options = &mut self.options;
        match effect {
            Effect::Nothing => {}
            Effect::Attributes { clear, set } => {
                options.changes.add(Changes { set, clear });
                options.set_alone = options.set_alone & !clear | set;
            }
            Effect::AllAttributes { clear, set } => {
                options.tree_changes.add(Changes { set, clear });
                options.changes.add(Changes { set, clear });
                options.set_alone &= !clear;
            }
            Effect::Propagation(propagation) => options.propagation.push(propagation),
            Effect::Bind(recursive) => options.recursive |= recursive,
            Effect::Filesystem(_) | Effect::Version(_) if is_bind => {
                let text =
                    format!("{word:?} is a flag of the whole filesystem, which a bind mount cannot change; ignored");
                self.reading.warn_of_option(place, text);
            }
            Effect::Filesystem(name) => {
                options.parameter(place, name);
                options.filesystem_flags |= old_flags::of_filesystem(name);
            }
            Effect::Version(counted) => options.versions = Some(counted),
            Effect::CopyUp if is_bind => {
                let text = "a bind mount copies nothing into what it shows; \"tmpcopyup\" is ignored";
                self.reading.warn_of_option(place, text);
            }
            Effect::CopyUp if self.is_tmpfs => options.copy_up = true,
            Effect::CopyUp => self
                .reading
                .refuse_option(place, "\"tmpcopyup\" is for mounts of type tmpfs only"),
            Effect::MapIds(recursive) => options.map_ids = Some(MapIds { place, recursive }),
            Effect::Remount => options.is_remount = true,
            Effect::Link(_) if !is_bind => self
                .reading
                .refuse_option(place, format!("{word:?} is for bind mounts only")),
            Effect::Link(Link::KeepSource) => options.links.keep_source = true,
            Effect::Link(Link::KeepTarget) => options.links.keep_target = true,
            Effect::Link(Link::Copy) => options.links.copy = true,
        }
    }

    /// A word that is the filesystem's, if there is a filesystem that it can be meant for.
    fn add_unknown(&mut self, place: usize, word: &str) {
        if word.is_empty() {
            return;
        }
        if let Some(meaning) = fstab_words::meaning(word, self.options.is_bind) {
            self.reading.notice_option(place, format!("{} {meaning}", Quoted(word)));
        } else if word.starts_with("idmap=") || word.starts_with("ridmap=") {
            let text = "mappings in an option are crun's own; uidMappings and gidMappings of the mount are the spec's";
            self.reading.refuse_option(place, text);
        } else if !self.options.is_bind {
            if let Some(option) = meant::by(word) {
                let text = format!("{} is left to the filesystem{}", Quoted(word), asked(option));
                self.reading.notice_option(place, text);
            }
            self.options.parameter(place, word);
        } else if word.contains('=') {
            let text = format!("a bind mount has no filesystem options; {} is ignored", Quoted(word));
            self.reading.warn_of_option(place, text);
        } else {
            self.reading
                .refuse_option(place, format!("unknown option {}{}", Quoted(word), meant::told(word)));
        }
    }
}
