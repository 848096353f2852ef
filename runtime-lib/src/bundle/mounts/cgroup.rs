//! Filesystems of type `cgroup` and `cgroup2`: those of the host, of which the container sees its own part.

use super::id_maps::IdMaps;
use super::mount::{Mount, MountKind};
use super::options::Options;
use super::reading::Reading;

/// Whether the type is one of theirs.
pub(super) fn is_cgroup(filesystem: &str) -> bool {
    matches!(filesystem, "cgroup" | "cgroup2")
}

/// What cannot be asked of them is refused; what the host has given them already is warned of.
pub(super) fn read(reading: &mut Reading<'_>, options: &Options, id_maps: Option<&IdMaps>) -> Option<MountKind> {
    if id_maps.is_some() {
        let text = "the ids of a cgroup filesystem cannot be mapped";
        reading.problems.error(reading.path.clone(), text);
        return None;
    }
    // The hierarchies are the host's: a container does not change them by mounting its part.
    let text = "the hierarchies of cgroups have the options that the host gave them; ignored";
    for parameter in &options.parameters {
        reading.warn_of_option(parameter.place, text);
    }
    if options.versions.is_some() {
        reading.problems.warning(reading.path.member("options"), text);
    }
    Some(MountKind::Cgroup)
}

impl Mount {
    /// Whether the container may write to its cgroups by this mount.
    pub(crate) fn has_writable_cgroups(&self) -> bool {
        let has_cgroups = matches!(self.kind, MountKind::Cgroup) || self.filesystem_type().is_some_and(is_cgroup);
        has_cgroups && !self.is_read_only()
    }
}
