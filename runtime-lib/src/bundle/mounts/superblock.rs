//! Whose superblock a filesystem has that is mounted: what it is told to be, it is for all who have it mounted.

/// Who shares the superblock with a new mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Superblock {
    /// Nobody: each mount that is new has one of its own.
    New,
    /// Everybody: the kernel has one. To mount it once more sets its options anew, for the host as well (Linux:
    /// fs/super.c, `mount_single`; in newer versions each filesystem's own `get_tree`).
    OneForAll,
    /// Those who mount the same disk, or whatever the filesystem goes by.
    Other,
}

impl Superblock {
    /// Of a filesystem that is new in the container. Cgroups have a room of their own.
    pub(crate) fn of(filesystem: &str) -> Self {
        match filesystem {
            "bpf" | "devpts" | "hugetlbfs" | "overlay" | "proc" | "ramfs" | "tmpfs" => Self::New,
            "binfmt_misc" | "configfs" | "debugfs" | "devtmpfs" | "efivarfs" | "fusectl" | "pstore" | "resctrl"
            | "securityfs" | "selinuxfs" | "smackfs" | "tracefs" => Self::OneForAll,
            _ => Self::Other,
        }
    }
}
