//! A new filesystem.

use super::attribute;
use super::id_maps::IdMaps;
use super::old_flags;
use super::options::Options;
use super::parameter::Parameter;
use super::superblock::Superblock;
use crate::bundle::Text;
use orlop_init::linux::mount_flag;
use std::ffi::{CStr, CString};

/// What is mounted, and how.
#[derive(Clone, Debug)]
pub(crate) struct Filesystem {
    /// The type, by the name that the kernel has for it.
    pub(crate) name: Text,
    pub(crate) source: CString,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) read_only: Option<ReadOnly>,
    /// What is below the mount point is copied into the filesystem.
    pub(crate) copy_up: bool,
    pub(crate) id_maps: Option<IdMaps>,
    /// Whether inodes' versions are counted, if that was said.
    pub(super) versions: Option<bool>,
    /// `MS_*` of the filesystem's flags.
    pub(super) flags: u64,
}

/// What is read-only, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOnly {
    /// The mount alone: there is one superblock for all who mount it.
    Mount,
    /// The mount, when all is in it that is mounted and made below it, as with runc.
    MountInTheEnd,
    /// The filesystem too: a disk that cannot be written refuses to be mounted otherwise.
    Filesystem,
}

impl Filesystem {
    /// All `MS_*` of the filesystem and its mount, where one is asked for that only the old call has.
    pub(crate) fn old_flags(&self, attributes: u64) -> Option<u64> {
        let counted = if self.versions? { mount_flag::I_VERSION } else { 0 };
        Some(old_flags::of_attributes(attributes) | self.flags | counted)
    }

    pub(super) fn new(
        name: &Text,
        source: CString,
        target: &CStr,
        options: &mut Options,
        id_maps: Option<IdMaps>,
    ) -> Self {
        let read_only = (options.changes.set & attribute::RDONLY != 0).then_some(match name.as_str() {
            "tmpfs" if !target.is_empty() => ReadOnly::MountInTheEnd,
            "tmpfs" | "proc" | "sysfs" | "mqueue" | "devpts" => ReadOnly::Mount,
            other if Superblock::of(other) == Superblock::OneForAll => ReadOnly::Mount,
            _ => ReadOnly::Filesystem,
        });
        Self {
            name: name.clone(),
            source,
            parameters: std::mem::take(&mut options.parameters),
            read_only,
            copy_up: options.copy_up,
            id_maps,
            versions: options.versions,
            flags: options.filesystem_flags,
        }
    }
}
