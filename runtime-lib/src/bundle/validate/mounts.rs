//! Mounts (runtime-spec: config.md#mounts): where they are, and their maps. What their options say is looked at where
//! the options are taken apart.

use super::super::mounts::MountEntry;
use super::super::quote::Quoted;
use super::idmap;
use crate::problem::{JsonPath, Problems};

pub(in crate::bundle) fn mounts(mounts: &[MountEntry], problems: &mut Problems) {
    for (index, mount) in mounts.iter().enumerate() {
        let path = || JsonPath::from("mounts").index(index);
        if mount.destination.is_empty() {
            problems.error(path().member("destination"), "is empty");
        } else if !mount.destination.starts_with('/') {
            let text = format!(
                "{} is not absolute; it is taken from the container's root",
                Quoted(&mount.destination)
            );
            problems.warning(path().member("destination"), text);
        }
        if mount.uid_mappings.is_empty() != mount.gid_mappings.is_empty() {
            problems.error(path(), "uidMappings and gidMappings only go together");
        }
        if !mount.uid_mappings.is_empty() || !mount.gid_mappings.is_empty() {
            idmap::ranges(&mount.uid_mappings, &path().member("uidMappings"), problems);
            idmap::ranges(&mount.gid_mappings, &path().member("gidMappings"), problems);
        }
    }
}
