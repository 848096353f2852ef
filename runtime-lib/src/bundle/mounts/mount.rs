//! A mount whose options are taken apart.

use super::attribute;
use super::bind::Bind;
use super::changes::Changes;
use super::filesystem::Filesystem;
use super::remount::Remount;
use crate::bundle::Propagation;
use crate::problem::JsonPath;
use std::ffi::CString;

/// A mount, or the change of an earlier one.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// Its place in the config's list.
    pub(crate) index: usize,
    /// Where, below the container's root.
    pub(crate) target: CString,
    pub(crate) kind: MountKind,
    /// Of the mount itself: what is said of a whole tree counts for it, too.
    pub(crate) changes: Changes,
    /// Of all mounts of the tree.
    pub(crate) tree_changes: Changes,
    /// Attributes that no option names, and that end nevertheless where they are not locked.
    pub(crate) cleared_by_the_way: u64,
    /// Carried out one after the other, as `man 7 mount_namespaces` has them.
    pub(crate) propagation: Vec<Propagation>,
}

/// What is mounted.
#[derive(Clone, Debug)]
pub(crate) enum MountKind {
    /// A file or a tree of the host's.
    Bind(Bind),
    Filesystem(Filesystem),
    /// The container's own cgroups, whatever the host's hierarchies are.
    Cgroup,
    /// Nothing new: what an earlier mount put there is changed.
    Remount(Remount),
}

impl Mount {
    pub(crate) fn path(&self) -> JsonPath {
        JsonPath::from("mounts").index(self.index)
    }

    /// The source and what belongs to it, of a bind mount.
    pub(crate) fn as_bind(&self) -> Option<&Bind> {
        match &self.kind {
            MountKind::Bind(bind) => Some(bind),
            MountKind::Filesystem(_) | MountKind::Cgroup | MountKind::Remount(_) => None,
        }
    }

    pub(crate) fn is_remount(&self) -> bool {
        matches!(self.kind, MountKind::Remount(_))
    }

    pub(crate) fn is_on_the_root(&self) -> bool {
        self.target.is_empty()
    }

    /// The type of the filesystem that is mounted anew. Cgroups have a kind of their own.
    pub(crate) fn new_filesystem_type(&self) -> Option<&str> {
        match &self.kind {
            MountKind::Filesystem(filesystem) => Some(&filesystem.name),
            MountKind::Remount(_) | MountKind::Bind(_) | MountKind::Cgroup => None,
        }
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.changes.set & attribute::RDONLY != 0
    }

    /// The type of the filesystem that is mounted, or said to be there by a remount. Cgroups have a kind of their own.
    pub(crate) fn filesystem_type(&self) -> Option<&str> {
        match &self.kind {
            MountKind::Filesystem(filesystem) => Some(&filesystem.name),
            MountKind::Remount(remount) => remount.filesystem.as_deref(),
            MountKind::Bind(_) | MountKind::Cgroup => None,
        }
    }

    /// What is left to do for the mount itself when its tree's changes are made.
    pub(crate) fn changes_after_the_tree(&self) -> Changes {
        self.changes.after(self.tree_changes)
    }
}
