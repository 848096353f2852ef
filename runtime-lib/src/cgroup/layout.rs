//! Which cgroup hierarchies the host has, where they are mounted, and where in them we are ourselves.

use super::directory::{Version, read_to_end, version_at};
use crate::error::{Error, Failure};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// Where hierarchies are mounted by everybody.
const USUAL: &str = "/sys/fs/cgroup";

/// The host's hierarchies.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The unified hierarchy: the only one on a v2 host, one more (mostly without controllers) on a hybrid one.
    pub(super) v2: Option<Hierarchy>,
    /// The v1 hierarchies, in the order of their numbers, the newest first, as the kernel lists them.
    pub(super) v1: Vec<Hierarchy>,
}

/// One hierarchy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hierarchy {
    /// `cpu,cpuacct`, `name=systemd`; empty for v2.
    pub(super) controllers: String,
    /// Where it is mounted.
    pub(super) mount: PathBuf,
    /// Our own cgroup, as a path below the mount. `None`: not looked up yet.
    pub(super) own: Option<String>,
}

impl Layout {
    /// Looks at the host. On a pure v2 host this is one statfs; otherwise /proc/self/cgroup is read and one statfs made per
    /// hierarchy; /proc/self/mountinfo is read only if one is not found at its usual place. No hierarchy at all is no error.
    ///
    /// # Errors
    /// A file of /proc that cannot be read.
    pub(crate) fn detect() -> Result<Self, Error> {
        let usual = Path::new(USUAL);
        if version_at(usual) == Some(Version::V2) {
            return Ok(Self {
                v2: Some(Hierarchy::v2(usual.into(), None)),
                v1: Vec::new(),
            });
        }
        let Some(text) = read("/proc/self/cgroup")? else {
            return Ok(Self::default());
        };
        let mut layout = Self::default();
        let mut mounts = Mounts::default();
        for member in memberships(&text) {
            let Some((mount, root)) = member.find(usual, &mut mounts)? else {
                continue; // The kernel has it, nobody mounted it here.
            };
            let own = member.below_mount(&mount, root, &mut mounts)?;
            match member.version() {
                Version::V2 => layout.v2 = Some(Hierarchy::v2(mount, Some(own))),
                Version::V1 => {
                    layout.v1.push(Hierarchy {
                        controllers: member.controllers.into(),
                        mount,
                        own: Some(own),
                    });
                }
            }
        }
        Ok(layout)
    }

    /// Whether this is a host with nothing but the unified hierarchy.
    pub(crate) fn is_pure_v2(&self) -> bool {
        self.v2.is_some() && self.v1.is_empty()
    }

    /// Whether device access is decided by a v1 hierarchy.
    pub(crate) fn has_v1_devices(&self) -> bool {
        self.v1
            .iter()
            .any(|hierarchy| hierarchy.controllers.split(',').any(|name| name == "devices"))
    }
}

#[cfg(any(test, feature = "fuzzing"))]
impl Layout {
    /// A hybrid host with two v1 hierarchies, seen from their roots.
    pub(crate) fn hybrid_for_tests() -> Self {
        let v1 = |controllers: &str| Hierarchy {
            controllers: controllers.into(),
            mount: Path::new(USUAL).join(controllers),
            own: Some("/".into()),
        };
        Self {
            v2: Some(Hierarchy::v2("/sys/fs/cgroup/unified".into(), Some("/".into()))),
            v1: vec![v1("cpu,cpuacct"), v1("devices")],
        }
    }

    /// A host with nothing but v2.
    pub(crate) fn v2_for_tests() -> Self {
        Self {
            v2: Some(Hierarchy::v2(USUAL.into(), None)),
            v1: Vec::new(),
        }
    }
}

impl Hierarchy {
    fn v2(mount: PathBuf, own: Option<String>) -> Self {
        Self {
            controllers: String::new(),
            mount,
            own,
        }
    }

    /// Our own cgroup on a host with nothing but v2.
    ///
    /// # Errors
    /// /proc/self/cgroup cannot be read.
    pub(super) fn own_on_pure_v2(&self) -> Result<String, Error> {
        let text = read("/proc/self/cgroup")?.unwrap_or_default();
        match memberships(&text).find(|member| member.version() == Version::V2) {
            Some(member) => member.below_mount(&self.mount, None, &mut Mounts::default()),
            None => Ok("/".into()),
        }
    }
}

/// A line of /proc/self/cgroup (`man 7 cgroups`).
#[derive(Debug, PartialEq, Eq)]
struct Membership<'a> {
    controllers: &'a str,
    path: &'a str,
}

fn memberships(text: &str) -> impl Iterator<Item = Membership<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Membership { controllers, path })
    })
}

impl Membership<'_> {
    fn version(&self) -> Version {
        if self.controllers.is_empty() {
            Version::V2
        } else {
            Version::V1
        }
    }

    /// Where this hierarchy is mounted, and, if mountinfo had to be read for it, which part of it is.
    fn find(&self, usual: &Path, mounts: &mut Mounts) -> Result<Option<(PathBuf, Option<String>)>, Error> {
        let name = match self.version() {
            Version::V2 => "unified",
            Version::V1 => self.controllers.strip_prefix("name=").unwrap_or(self.controllers),
        };
        let place = usual.join(name);
        if version_at(&place) == Some(self.version()) {
            return Ok(Some((place, None)));
        }
        Ok(mounts
            .find(self.controllers)?
            .map(|mount| (mount.point, Some(mount.root))))
    }

    /// Our own cgroup as a path below the mount. They differ where only a part of the hierarchy is mounted: inside a container
    /// without a cgroup namespace /proc/self/cgroup tells the host's path.
    fn below_mount(&self, mount: &Path, root: Option<String>, mounts: &mut Mounts) -> Result<String, Error> {
        // Outside of our cgroup namespace's root the kernel writes "/.." once per level; there is no way there.
        if self.path == "/" || self.path.starts_with("/..") {
            return Ok("/".into());
        }
        if version_at(&mount.join(self.path.trim_start_matches('/'))).is_some() {
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

/// /proc/self/mountinfo, read at the first need.
#[derive(Default)]
struct Mounts(Option<String>);

#[derive(Debug, PartialEq, Eq)]
struct Mount {
    /// The path inside of the hierarchy that is mounted.
    root: String,
    /// Where.
    point: PathBuf,
}

impl Mounts {
    fn find(&mut self, controllers: &str) -> Result<Option<Mount>, Error> {
        let text = match &mut self.0 {
            Some(text) => text,
            unread => unread.insert(read("/proc/self/mountinfo")?.unwrap_or_default()),
        };
        let version = if controllers.is_empty() {
            Version::V2
        } else {
            Version::V1
        };
        let mut mounts = text.lines().filter_map(|line| mount_of(line, controllers));
        // One that something else is mounted over does not count.
        Ok(mounts.find(|mount| version_at(&mount.point) == Some(version)))
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

/// Undoes the octal escapes (`\040` for a space) of mountinfo.
fn unescape(text: &str) -> String {
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

/// A file of /proc; `None` on a kernel without cgroups.
fn read(path: &str) -> Result<Option<String>, Error> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    match rustix::fs::openat(CWD, path, flags, Mode::empty()).and_then(|file| read_to_end(&file)) {
        Ok(text) => Ok(Some(text)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Failure::new(format!("read {path}"), errno).into()),
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

    #[test]
    fn an_odd_escape_is_kept_as_it_is() {
        assert_eq!(unescape("a\\040b\\134c\\x"), "a b\\c\\x");
        assert_eq!(unescape("plain"), "plain");
    }
}
