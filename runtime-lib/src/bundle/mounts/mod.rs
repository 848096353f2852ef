//! What is mounted: each entry of the config's list with its options taken apart (runtime-spec: config.md#mounts).
//!
//! The options are looked at here and nowhere else.

mod asking;
pub(crate) mod attribute;
mod bind;
mod cgroup;
mod changes;
mod entry;
mod filesystem;
mod fstab_words;
mod id_maps;
mod lengths;
mod links;
mod meant;
mod mount;
mod old_flags;
mod options;
mod parameter;
mod pieces;
mod read;
mod reading;
mod remount;
mod superblock;
mod words;

#[cfg(test)]
mod tests;

pub use entry::{MountEntry, MountList};

pub(crate) use bind::Bind;
pub(crate) use changes::Changes;
pub(crate) use filesystem::{Filesystem, ReadOnly};
pub(crate) use id_maps::{IdMaps, MapsOf};
pub(crate) use lengths::too_long;
pub(crate) use meant::told as meant_option;
pub(crate) use mount::{Mount, MountKind};
pub(crate) use parameter::Parameter;
pub(super) use read::mounts;
pub(crate) use remount::Remount;
pub(crate) use superblock::Superblock;
pub(crate) use words::option_names;
