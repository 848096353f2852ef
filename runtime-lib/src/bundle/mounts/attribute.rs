//! `MOUNT_ATTR_*`: what a mount, other than its filesystem, can have (`man 2 mount_setattr`).

pub(crate) use orlop_init::linux::mount_attribute::{
    ATIME, NOATIME, NODEV, NODIRATIME, NOEXEC, NOSUID, NOSYMFOLLOW, RDONLY, RELATIME, STRICTATIME,
};

/// What a list of options for a bind mount clears unless it names it.
pub(crate) const CLEARED_UNLESS_NAMED: u64 = RDONLY | NOSUID | NODEV | NOEXEC | NOSYMFOLLOW;
