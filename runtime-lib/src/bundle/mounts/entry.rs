//! A mount as it stands in the config.

use super::super::ids::IdMapping;
use super::super::text::Text;

object! {
    /// One entry of the list of mounts (runtime-spec: config.md#mounts).
    pub struct MountEntry {
        /// Where, in the container. A relative path is taken from the container's root.
        destination: Text = "destination",
        /// The filesystem's type, or nothing for a bind mount.
        fs_type: Option<Text> = "type",
        /// A device's name, a file or folder to bind (relative to the bundle), or a word without meaning.
        source: Option<Text> = "source",
        /// Options as in fstab.
        options: Vec<Text> = "options",
        /// How the mount's users are seen in the container.
        uid_mappings: Vec<IdMapping> = "uidMappings",
        /// How the mount's groups are seen in the container.
        gid_mappings: Vec<IdMapping> = "gidMappings",
    }
}

object! {
    /// A list of mounts by itself, as it stands in a config.
    pub struct MountList {
        /// The mounts, in their order.
        mounts: Vec<MountEntry> = "mounts",
    }
}
