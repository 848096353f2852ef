//! Where the host has mounted the filesystems of which the kernel has one superblock for all.

use super::mountinfo::unescape;
use super::proc_file::read;
use crate::Error;
use crate::bundle::{Bundle, NamespaceType, Superblock};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Types that the bundle mounts, and where the host has each.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedFilesystems(Vec<(String, PathBuf)>);

impl SharedFilesystems {
    /// Reads /proc/self/mountinfo if the bundle has a mount of such a type. In a user namespace they cannot be mounted
    /// anyway, but for those that have a superblock for each.
    ///
    /// # Errors
    /// /proc/self/mountinfo cannot be read.
    pub(super) fn look(bundle: &Bundle) -> Result<Self, Error> {
        if bundle.config().linux.namespace(NamespaceType::User).is_some() {
            return Ok(Self::default());
        }
        let types = bundle.mounts().iter().filter_map(|mount| mount.new_filesystem_type());
        let wanted: Vec<&str> = types
            .filter(|kind| Superblock::of(kind) == Superblock::OneForAll)
            .collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let text = read("/proc/self/mountinfo")?.unwrap_or_default();
        let whole = text.lines().filter_map(whole_filesystem);
        let found = whole.filter(|found| wanted.contains(&found.kind) && found.is_uppermost());
        Ok(Self(found.map(|found| (found.kind.to_owned(), found.point)).collect()))
    }

    /// Where the host has the filesystem.
    pub(crate) fn place_of(&self, kind: &str) -> Option<&Path> {
        let found = self.0.iter().find(|(one, _)| one == kind);
        found.map(|(_, place)| place.as_path())
    }
}

/// A mount of a filesystem's root.
struct Whole<'a> {
    kind: &'a str,
    point: PathBuf,
    /// Major and minor number, as mountinfo has them.
    device: &'a str,
}

impl Whole<'_> {
    /// Whether nothing else is mounted over it.
    fn is_uppermost(&self) -> bool {
        std::fs::metadata(&self.point).is_ok_and(|there| {
            let (major, minor) = (rustix::fs::major(there.dev()), rustix::fs::minor(there.dev()));
            format!("{major}:{minor}") == self.device
        })
    }
}

/// The mount of one line of mountinfo (`man 5 proc_pid_mountinfo`), if it shows all of its filesystem.
fn whole_filesystem(line: &str) -> Option<Whole<'_>> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(2);
    let (device, root, point) = (mount.next()?, mount.next()?, mount.next()?);
    (root == "/").then(|| Whole {
        kind: filesystem.split(' ').next().unwrap_or_default(),
        point: unescape(point).into(),
        device,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_of_a_part_is_not_the_filesystem() {
        let whole = "30 23 0:7 / /sys/kernel/debug\\040here rw - debugfs debugfs rw";
        let found = whole_filesystem(whole).unwrap();
        assert_eq!((found.kind, found.device), ("debugfs", "0:7"));
        assert_eq!(found.point, Path::new("/sys/kernel/debug here"));
        assert!(whole_filesystem("30 23 0:7 /part /x rw - debugfs debugfs rw").is_none());
    }
}
