//! The runtime's own cgroups, as /proc/self/cgroup tells them.

use super::filesystem::{CgroupVersion, cgroup_version_at};
use super::mountinfo::Mounts;
use crate::Error;
use std::path::{Path, PathBuf};

/// A line of /proc/self/cgroup (`man 7 cgroups`).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Membership<'a> {
    pub(super) controllers: &'a str,
    path: &'a str,
}

pub(super) fn memberships(text: &str) -> impl Iterator<Item = Membership<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Membership { controllers, path })
    })
}

impl Membership<'_> {
    pub(super) fn version(&self) -> CgroupVersion {
        if self.controllers.is_empty() {
            CgroupVersion::V2
        } else {
            CgroupVersion::V1
        }
    }

    /// Where this hierarchy is mounted, and, if mountinfo had to be read for it, which part of it is.
    pub(super) fn find(&self, usual: &Path, mounts: &mut Mounts) -> Result<Option<(PathBuf, Option<String>)>, Error> {
        let name = match self.version() {
            CgroupVersion::V2 => "unified",
            CgroupVersion::V1 => self.controllers.strip_prefix("name=").unwrap_or(self.controllers),
        };
        let place = usual.join(name);
        if cgroup_version_at(&place) == Some(self.version()) {
            return Ok(Some((place, None)));
        }
        Ok(mounts
            .find(self.controllers)?
            .map(|mount| (mount.point, Some(mount.root))))
    }

    /// The runtime's own cgroup as a path below the mount. They differ where only a part of the hierarchy is mounted:
    /// inside a container without a cgroup namespace /proc/self/cgroup tells the host's path.
    pub(super) fn below_mount(&self, mount: &Path, root: Option<String>, mounts: &mut Mounts) -> Result<String, Error> {
        // Outside of its cgroup namespace's root the kernel writes "/.." once per level; there is no way there.
        if self.path == "/" || self.path.starts_with("/..") {
            return Ok("/".into());
        }
        if cgroup_version_at(&mount.join(self.path.trim_start_matches('/'))).is_some() {
            return Ok(self.path.into());
        }
        let root = match root {
            Some(root) => root,
            None => mounts
                .find(self.controllers)?
                .map(|mount| mount.root)
                .unwrap_or_default(),
        };
        Ok(match self.path.strip_prefix(root.trim_end_matches('/')) {
            Some(rest) if rest.starts_with('/') => rest.into(),
            _ => "/".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_self_cgroup_keeps_colons_in_its_path() {
        let text = "12:cpu,cpuacct:/a\n1:name=systemd:/x:y:z\n0::/\nbroken\n";
        let found: Vec<_> = memberships(text)
            .map(|member| (member.controllers, member.path))
            .collect();
        assert_eq!(found, [("cpu,cpuacct", "/a"), ("name=systemd", "/x:y:z"), ("", "/")]);
    }

    #[test]
    fn our_own_cgroup_is_told_below_a_mount_that_shows_a_part() {
        let own = |path, root: &str| {
            let member = Membership {
                controllers: "devices",
                path,
            };
            member
                .below_mount(
                    Path::new("/nowhere"),
                    Some(root.into()),
                    &mut Mounts(Some(String::new())),
                )
                .unwrap()
        };
        assert_eq!(own("/docker/abc/inner", "/docker/abc"), "/inner");
        assert_eq!(own("/docker/abc", "/docker/abc"), "/");
        assert_eq!(own("/docker/abcd", "/docker/abc"), "/");
        assert_eq!(own("/../other", "/"), "/");
    }
}
