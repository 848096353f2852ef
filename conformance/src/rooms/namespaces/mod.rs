//! Namespaces, new and joined, and what each has of its own.

mod host_names;
mod in_a_chroot;
mod inherited_mounts;
mod joined_namespaces;
mod network_devices;
mod new_namespaces;
mod own_namespaces;
mod sysctl;
mod time_offsets;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![
    new_namespaces,
    inherited_mounts,
    joined_namespaces,
    own_namespaces,
    in_a_chroot,
    host_names,
    time_offsets,
    sysctl,
    network_devices
];
