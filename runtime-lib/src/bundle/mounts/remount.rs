//! `remount`: it changes what an earlier mount put there.

use super::lengths;
use super::options::Options;
use super::parameter::Parameter;
use super::reading::Reading;
use crate::bundle::Text;

/// What changes beside the attributes of the mount.
#[derive(Clone, Debug)]
pub(crate) struct Remount {
    /// The type that the filesystem is said to have. Of a bind mount none is known.
    pub(crate) filesystem: Option<Text>,
    /// Parameters of the filesystem.
    pub(crate) parameters: Vec<Parameter>,
}

impl Remount {
    pub(super) fn read(reading: &mut Reading<'_>, options: &mut Options) -> Option<Self> {
        lengths::of_remount(reading, &options.parameters);
        let entry = reading.entry;
        let has_mappings = !entry.uid_mappings.is_empty() || !entry.gid_mappings.is_empty();
        let is_for_new_mounts =
            options.copy_up || options.versions.is_some() || options.map_ids.is_some() || !options.links.are_followed();
        if is_for_new_mounts || has_mappings {
            let text = "\"remount\" cannot be combined with \"tmpcopyup\", \"iversion\", \"idmap\", words on links, or mappings: they are for new mounts";
            reading.refuse_options(text);
            return None;
        }
        Some(Self {
            filesystem: entry.fs_type.clone().filter(|_| !options.is_bind),
            parameters: std::mem::take(&mut options.parameters),
        })
    }
}
