//! A file or a tree of the host's.

use super::id_maps::IdMaps;
use super::links::Links;
use super::options::{Options, words};
use super::reading::Reading;
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
