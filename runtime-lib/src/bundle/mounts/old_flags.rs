//! `MS_*`: what the old call has for attributes of mounts and for flags of filesystems (`man 2 mount`).

use super::attribute;
use orlop_init::linux::mount_flag;

/// Those of a mount.
pub(super) fn of_attributes(attributes: u64) -> u64 {
    let pairs = [
        (attribute::RDONLY, mount_flag::RDONLY),
        (attribute::NOSUID, mount_flag::NOSUID),
        (attribute::NODEV, mount_flag::NODEV),
        (attribute::NOEXEC, mount_flag::NOEXEC),
        (attribute::NODIRATIME, mount_flag::NODIRATIME),
        (attribute::NOSYMFOLLOW, mount_flag::NOSYMFOLLOW),
    ];
    let flags = pairs
        .iter()
        .filter(|(attribute, _)| attributes & attribute != 0)
        .fold(0, |flags, (_, flag)| flags | flag);
    flags
        | match attributes & attribute::ATIME {
            attribute::NOATIME => mount_flag::NOATIME,
            attribute::STRICTATIME => mount_flag::STRICTATIME,
            _ => mount_flag::RELATIME,
        }
}

/// The flag of a filesystem, by the name that `fsconfig` has for it.
pub(super) fn of_filesystem(name: &str) -> u64 {
    match name {
        "sync" => mount_flag::SYNCHRONOUS,
        "mand" => mount_flag::MANDLOCK,
        "dirsync" => mount_flag::DIRSYNC,
        "lazytime" => mount_flag::LAZYTIME,
        _ => 0,
    }
}
