//! Id-mapped mounts: `mounts[].uidMappings`, `gidMappings`, and the options `idmap` and `ridmap`.

use super::options::Options;
use super::reading::Reading;
use crate::bundle::{IdMapping, NamespaceType, Text};

/// How the ids of a mount are mapped.
#[derive(Clone, Debug)]
pub(crate) struct IdMaps {
    pub(crate) of: MapsOf,
    /// Those of the mounts below, too.
    pub(crate) recursive: bool,
}

/// Where the maps are.
#[derive(Clone, Debug)]
pub(crate) enum MapsOf {
    /// In the config: the mount's own, or those of the container's new user namespace.
    Config { uids: Vec<IdMapping>, gids: Vec<IdMapping> },
    /// In the user namespace that the container joins, by the path of its file.
    Joined(Text),
}

impl IdMaps {
    /// The maps that a mount asks for.
    pub(super) fn read(reading: &mut Reading<'_>, options: &Options) -> Option<Self> {
        let (entry, linux) = (reading.entry, &reading.config.linux);
        let has_maps = !entry.uid_mappings.is_empty() || !entry.gid_mappings.is_empty();
        let recursive = options.map_ids.is_some_and(|asked| asked.recursive);
        if has_maps {
            let (uids, gids) = (entry.uid_mappings.clone(), entry.gid_mappings.clone());
            let of = MapsOf::Config { uids, gids };
            return Some(Self { of, recursive });
        }
        let place = options.map_ids?.place;
        let Some(user) = linux.namespace(NamespaceType::User) else {
            let text = "there are no mappings: neither has the mount uidMappings and gidMappings, nor is there a user namespace";
            reading.refuse_option(place, text);
            return None;
        };
        let of = match &user.path {
            Some(joined) => MapsOf::Joined(joined.clone()),
            None => MapsOf::Config {
                uids: linux.uid_mappings.clone(),
                gids: linux.gid_mappings.clone(),
            },
        };
        Some(Self { of, recursive })
    }
}
