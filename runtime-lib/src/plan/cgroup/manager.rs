//! Who makes a container's cgroup.

use crate::systemd::Bus;
use serde::{Deserialize, Serialize};

/// Who makes the cgroup and removes it, as the container's record keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Manager {
    /// The runtime itself, by directories; or there is none.
    #[default]
    Direct,
    /// systemd, as that of a unit.
    Systemd(Scope),
}

/// A unit of systemd that holds processes which somebody else has started (`man 5 systemd.scope`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scope {
    pub(crate) bus: Bus,
    /// `libpod-1234.scope`.
    pub(crate) unit: String,
}

/// When the cgroup is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comes {
    /// Init is born in it, or joins it before all else.
    BeforeTheClone,
    /// Init waits for it: systemd makes none without a process.
    AtATurn,
}

impl Manager {
    pub(crate) fn comes(&self) -> Comes {
        match self {
            Self::Direct => Comes::BeforeTheClone,
            Self::Systemd(_) => Comes::AtATurn,
        }
    }

    pub(super) fn is_direct(&self) -> bool {
        matches!(self, Self::Direct)
    }

    /// The unit, if there is one.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        match self {
            Self::Direct => None,
            Self::Systemd(scope) => Some(scope),
        }
    }
}
