//! Where a hierarchy is mounted, if it is not where everybody mounts it.

use super::filesystem::{CgroupVersion, cgroup_version_at};
use super::proc_file::read;
use crate::Error;
use std::path::PathBuf;

/// /proc/self/mountinfo, read at the first need.
#[derive(Default)]
pub(super) struct Mounts(pub(super) Option<String>);

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// The path inside of the hierarchy that is mounted.
    pub(super) root: String,
    /// Where.
    pub(super) point: PathBuf,
}

impl Mounts {
    pub(super) fn find(&mut self, controllers: &str) -> Result<Option<Mount>, Error> {
        let text = match &mut self.0 {
            Some(text) => text,
            unread => unread.insert(read("/proc/self/mountinfo")?.unwrap_or_default()),
        };
        let version = if controllers.is_empty() {
            CgroupVersion::V2
        } else {
            CgroupVersion::V1
        };
        let mut mounts = text.lines().filter_map(|line| mount_of(line, controllers));
        // One that something else is mounted over does not count.
        Ok(mounts.find(|mount| cgroup_version_at(&mount.point) == Some(version)))
    }
}

/// The mount of one line of mountinfo (`man 5 proc_pid_mountinfo`), if it is of the hierarchy with these controllers.
fn mount_of(line: &str, controllers: &str) -> Option<Mount> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let mut filesystem = filesystem.split(' ');
    let kind = filesystem.next()?;
    let options = filesystem.nth(1)?;
    let fits = match kind {
        "cgroup2" => controllers.is_empty(),
        "cgroup" => {
            !controllers.is_empty()
                && controllers
                    .split(',')
                    .all(|one| options.split(',').any(|option| option == one))
        }
        _ => false,
    };
    let mut mount = mount.split(' ').skip(3);
    let (root, point) = (mount.next()?, mount.next()?);
    fits.then(|| Mount {
        root: unescape(root),
        point: unescape(point).into(),
    })
}

/// Directories of procfs that are empty by nature: a mount on one of them hides nothing (Linux:
/// `register_sysctl_mount_point`, `proc_create_mount_point`).
const EMPTY_IN_PROC: [&str; 3] = ["/sys/fs/binfmt_misc", "/fs/nfsd", "/openprom"];

/// Where the procfs of these mounts is covered, if each is: then a new user namespace may mount none (Linux:
/// `mount_too_revealing` of fs/namespace.c).
pub(super) fn covered_procfs(mountinfo: &str) -> Option<String> {
    struct Line<'a> {
        id: &'a str,
        parent: &'a str,
        point: &'a str,
        is_procfs: bool,
    }
    let lines = mountinfo.lines().filter_map(|line| {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut mount = mount.split(' ');
        let (id, parent) = (mount.next()?, mount.next()?);
        let (root, point) = (mount.nth(1)?, mount.next()?);
        let is_procfs = root == "/" && filesystem.starts_with("proc ");
        Some(Line {
            id,
            parent,
            point,
            is_procfs,
        })
    });
    let lines: Vec<Line<'_>> = lines.collect();
    let cover = |procfs: &Line<'_>| {
        let covers = |line: &&Line<'_>| {
            let below = line.point.strip_prefix(procfs.point);
            line.parent == procfs.id && !below.is_some_and(|below| EMPTY_IN_PROC.contains(&below))
        };
        lines.iter().find(covers).map(|line| unescape(line.point))
    };
    let mut covers = lines.iter().filter(|line| line.is_procfs).map(cover);
    let first = covers.next()??;
    covers.all(|cover| cover.is_some()).then_some(first)
}

/// Undoes the octal escapes (`\040` for a space) of mountinfo.
pub(super) fn unescape(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[3..]);
            }
            None => {
                bytes.push(b'\\');
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hierarchy_is_found_in_mountinfo_whatever_the_order_of_its_controllers() {
        let line = "35 31 0:32 /docker/abc /somewhere\\040else rw,relatime shared:9 - cgroup cgroup rw,cpuacct,cpu";
        let expected = Some(Mount {
            root: "/docker/abc".into(),
            point: "/somewhere else".into(),
        });
        assert_eq!(mount_of(line, "cpu,cpuacct"), expected);
        assert_eq!(mount_of(line, "cpu,memory"), None);
        assert_eq!(mount_of(line, ""), None);
    }

    #[test]
    fn the_unified_hierarchy_is_not_taken_for_one_of_v1() {
        let line = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate";
        assert_eq!(
            mount_of(line, ""),
            Some(Mount {
                root: "/".into(),
                point: "/sys/fs/cgroup/unified".into()
            })
        );
        assert_eq!(mount_of(line, "nsdelegate"), None);
    }

    #[test]
    fn a_procfs_is_covered_if_something_hides_a_part_of_it() {
        let proc = "25 30 0:23 / /proc rw - proc proc rw\n";
        let empty = "40 25 0:40 / /proc/sys/fs/binfmt_misc rw - binfmt_misc none rw\n";
        let elsewhere = "41 30 0:41 / /proc/kcore rw - tmpfs none rw\n";
        let masked = "42 25 0:6 /null /proc/kcore rw - devtmpfs none rw\n";
        let other = "50 30 0:50 / /other/proc rw - proc proc rw\n";
        let part = "51 30 0:50 /sys /other/sys rw - proc proc rw\n";
        for (lines, covered) in [
            (&[proc, empty, elsewhere][..], None),
            (&[proc, empty, masked], Some("/proc/kcore")),
            (&[proc, masked, other], None),
            (&[proc, masked, part], Some("/proc/kcore")),
        ] {
            assert_eq!(covered_procfs(&lines.concat()).as_deref(), covered, "{lines:?}");
        }
    }

    #[test]
    fn an_odd_escape_is_kept_as_it_is() {
        assert_eq!(unescape("a\\040b\\134c\\x"), "a b\\c\\x");
        assert_eq!(unescape("plain"), "plain");
    }
}
