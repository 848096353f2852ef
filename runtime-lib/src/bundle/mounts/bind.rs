//! A file or a tree of the host's.

use super::id_maps::IdMaps;
use super::options::{Options, words};
use super::read::Reading;
use crate::problem::Problem;

/// What is bound, and how.
#[derive(Clone, Debug)]
pub(crate) struct Bind {
    /// The path on the host, absolute.
    pub(crate) source: String,
    /// With the mounts below it.
    pub(crate) recursive: bool,
    pub(crate) links: Links,
    pub(crate) id_maps: Option<IdMaps>,
}

/// Which links of a bind's paths are not followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Links {
    /// A source that is a link is bound as such.
    pub(crate) keep_source: bool,
    /// What a target that is a link points to is left alone.
    pub(crate) keep_target: bool,
    /// A link like the source is made.
    pub(crate) copy: bool,
}

impl Links {
    pub(crate) fn are_followed(self) -> bool {
        self == Self::default()
    }
}

impl Bind {
    pub(super) fn read(reading: &mut Reading<'_>, options: &Options, id_maps: Option<IdMaps>) -> Option<Self> {
        let Some(source) = reading.entry.source.as_deref() else {
            let text = "missing: a bind mount needs one";
            reading.problems.error(reading.path.member("source"), text);
            return None;
        };
        let says_more = |word: &str| !matches!(word, "" | "bind" | "rbind" | "copy-symlink");
        if options.links.copy && words(reading.entry).any(|(_, word)| says_more(&word)) {
            let text = "a source that is a link is copied, and not mounted: then the other options have no effect";
            let problem = Problem::warning(reading.path.member("options"), text);
            reading.problems.push(problem.into_notice());
        }
        Some(Self {
            source: reading.dir.join(source).to_string_lossy().into_owned(),
            recursive: options.recursive,
            links: options.links,
            id_maps,
        })
    }
}
