//! Which systemd is asked.

use serde::{Deserialize, Serialize};

/// Whose systemd it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Bus {
    /// The machine's.
    System,
    /// An ordinary user's.
    User,
}

impl Bus {
    /// That of the calling process: root has the machine's, unless it is an ordinary user who is root only in a user
    /// namespace.
    pub(crate) fn of_the_caller() -> Self {
        if rustix::process::geteuid().is_root() && !crate::sys::is_in_user_namespace() {
            Self::System
        } else {
            Self::User
        }
    }
}
