//! A mount that was added to a container that exists, as it is written down.

use orlop_init::step::mounts::KnownMount;
use serde::{Deserialize, Serialize};

/// A mount that was added, and what it is known by: only that one is taken off again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddedMount {
    /// Where it was mounted, as the caller has said.
    pub(crate) destination: String,
    /// Its id, which another mount may have when this one is gone.
    pub(crate) id: u64,
    /// The id that no other mount ever has; none before Linux 6.8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unique_id: Option<u64>,
    /// The device of its root's filesystem, major and minor.
    pub(crate) device: (u32, u32),
    /// Its root's inode.
    pub(crate) inode: u64,
}

impl AddedMount {
    /// Whether it was mounted on this destination, however that is written.
    pub(crate) fn is_at(&self, destination: &str) -> bool {
        crate::bundle::below_root(&self.destination) == crate::bundle::below_root(destination)
    }

    /// As init knows it again.
    pub(super) fn known(&self) -> KnownMount {
        KnownMount {
            id: self.id,
            unique: self.unique_id.unwrap_or_default(),
            device: self.device,
            inode: self.inode,
        }
    }
}
