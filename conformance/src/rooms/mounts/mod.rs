//! What the container's mount namespace looks like: the root, mounts with their options, masks.

mod added_mounts;
mod added_with_locks;
mod binds;
mod filesystems;
mod id_mapped_mounts;
mod late_read_only;
mod locked_flags;
mod long_options;
mod masks;
mod mount_changes;
mod mount_options;
mod mount_points;
mod nested;
mod no_pivot;
mod option_order;
mod proc_mounts;
mod propagation;
mod recursive_options;
mod rootfs;
mod rootfs_behind_links;
mod superblocks;
mod taken_off;
mod unlike_ends;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![
    rootfs,
    rootfs_behind_links,
    no_pivot,
    unlike_ends,
    filesystems,
    binds,
    mount_points,
    proc_mounts,
    mount_options,
    recursive_options,
    option_order,
    locked_flags,
    long_options,
    late_read_only,
    propagation,
    mount_changes,
    superblocks,
    id_mapped_mounts,
    masks,
    added_mounts,
    added_with_locks,
    taken_off,
];
