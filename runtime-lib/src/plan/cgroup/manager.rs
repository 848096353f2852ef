//! Who makes a container's cgroup.

use serde::{Deserialize, Serialize};

/// Who makes the cgroup and removes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Manager {
    /// The runtime itself, by directories.
    #[default]
    Direct,
}

/// When the cgroup is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comes {
    /// Init is born in it, or joins it before all else.
    BeforeTheClone,
}

impl Manager {
    pub(crate) fn comes(self) -> Comes {
        match self {
            Self::Direct => Comes::BeforeTheClone,
        }
    }

    pub(super) fn is_direct(&self) -> bool {
        matches!(self, Self::Direct)
    }
}
