//! What a path of the host lies in, by the magic numbers of linux/magic.h (`man 2 statfs`).

use rustix::fs::StatFs;
use rustix::io::Errno;
use std::fmt;
use std::os::fd::AsFd;
use std::path::Path;

/// Which kind of cgroup hierarchy is mounted somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CgroupVersion {
    /// One of several, each with its own controllers (`CGROUP_SUPER_MAGIC`).
    V1,
    /// The unified one (`CGROUP2_SUPER_MAGIC`).
    V2,
}

impl fmt::Display for CgroupVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V1 => "cgroup v1",
            Self::V2 => "cgroup v2",
        })
    }
}

/// Which kind of cgroup hierarchy `path` lies in; `None` if it is in none, or is not there.
pub(super) fn cgroup_version_at(path: &Path) -> Option<CgroupVersion> {
    cgroup_version(&rustix::fs::statfs(path).ok()?)
}

/// The same of an opened directory.
pub(crate) fn cgroup_version_of(directory: impl AsFd) -> Result<Option<CgroupVersion>, Errno> {
    rustix::fs::fstatfs(directory).map(|status| cgroup_version(&status))
}

fn cgroup_version(status: &StatFs) -> Option<CgroupVersion> {
    match magic(status) {
        0x0027_e0eb => Some(CgroupVersion::V1),
        0x6367_7270 => Some(CgroupVersion::V2),
        _ => None,
    }
}

/// Whether SELinux's filesystem is mounted at `path` (`SELINUX_MAGIC`).
pub(super) fn is_selinux(path: &str) -> bool {
    is(path, 0xf97c_ff8c)
}

/// Whether the resource director's filesystem is mounted at `path` (`RDTGROUP_SUPER_MAGIC`).
pub(super) fn is_resctrl(path: &str) -> bool {
    is(path, 0x0765_5821)
}

fn is(path: &str, wanted: i128) -> bool {
    rustix::fs::statfs(path).is_ok_and(|status| magic(&status) == wanted)
}

// The field's type differs between architectures and C libraries.
fn magic(status: &StatFs) -> i128 {
    status.f_type.into()
}
