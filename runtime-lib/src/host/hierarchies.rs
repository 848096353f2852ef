//! Which cgroup hierarchies the host has, where they are mounted, and where in them the runtime itself is.

use super::filesystem::{CgroupVersion, cgroup_version_at};
use super::membership::memberships;
use super::mountinfo::Mounts;
use super::proc_file::read;
use crate::Error;
use std::path::{Path, PathBuf};

/// Where hierarchies are mounted by everybody.
const USUAL: &str = "/sys/fs/cgroup";

/// The host's hierarchies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hierarchies {
    /// The unified hierarchy: the only one on a v2 host, one more (mostly without controllers) on a hybrid one.
    pub(crate) v2: Option<Hierarchy>,
    /// The v1 hierarchies, in the order of their numbers, the newest first, as the kernel lists them.
    pub(crate) v1: Vec<Hierarchy>,
    /// The controllers of the unified hierarchy. Looked at only if the bundle limits something; `None`: not looked at.
    pub(crate) unified: Option<Vec<String>>,
}

/// One hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    /// `cpu,cpuacct`, `name=systemd`; empty for v2.
    pub(crate) controllers: String,
    /// Where it is mounted.
    pub(crate) mount: PathBuf,
    /// The runtime's own cgroup, as a path below the mount. `None`: nothing depends on it.
    pub(crate) own: Option<String>,
}

impl Hierarchies {
    /// Looks at the host, for a container whose `linux.cgroupsPath` is `asked`. On a pure v2 host this is one statfs
    /// if the path is absolute. Otherwise /proc/self/cgroup is read and one statfs made per hierarchy;
    /// /proc/self/mountinfo is read only if one is not found at its usual place. No hierarchy at all is no error.
    ///
    /// # Errors
    /// A file of /proc that cannot be read.
    pub(crate) fn look(asked: Option<&str>) -> Result<Self, Error> {
        let usual = Path::new(USUAL);
        if cgroup_version_at(usual) == Some(CgroupVersion::V2) {
            let is_absolute = asked.is_some_and(|path| path.starts_with('/'));
            let own = (!is_absolute).then(|| own_on_pure_v2(usual)).transpose()?;
            return Ok(Self {
                v2: Some(Hierarchy::v2(usual.into(), own)),
                ..Self::default()
            });
        }
        let Some(text) = read("/proc/self/cgroup")? else {
            return Ok(Self::default());
        };
        let mut hierarchies = Self::default();
        let mut mounts = Mounts::default();
        for member in memberships(&text) {
            let Some((mount, root)) = member.find(usual, &mut mounts)? else {
                continue; // The kernel has it, nobody mounted it here.
            };
            let own = member.below_mount(&mount, root, &mut mounts)?;
            match member.version() {
                CgroupVersion::V2 => hierarchies.v2 = Some(Hierarchy::v2(mount, Some(own))),
                CgroupVersion::V1 => {
                    hierarchies.v1.push(Hierarchy {
                        controllers: member.controllers.into(),
                        mount,
                        own: Some(own),
                    });
                }
            }
        }
        Ok(hierarchies)
    }

    /// The same, which knows the controllers of its unified hierarchy, too.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn with_controllers(self) -> Result<Self, Error> {
        let Some(hierarchy) = &self.v2 else {
            return Ok(self);
        };
        let path = hierarchy.mount.join("cgroup.controllers");
        let text = read(&path)?.unwrap_or_default();
        let names = text.split_whitespace().map(Into::into).collect();
        Ok(Self {
            unified: Some(names),
            ..self
        })
    }

    /// Where a controller is; `None` if the host does not have it. What every cgroup of v2 has counts as the controller
    /// `cgroup`.
    pub(crate) fn version_of(&self, controller: &str) -> Option<CgroupVersion> {
        if self.is_on_v1(controller) {
            return Some(CgroupVersion::V1);
        }
        self.v2.as_ref()?;
        let is_there = |names: &Vec<String>| names.iter().any(|name| name == controller);
        let found = controller == "cgroup" || self.unified.as_ref().is_some_and(is_there);
        found.then_some(CgroupVersion::V2)
    }

    /// Whether this is a host with nothing but the unified hierarchy.
    pub(crate) fn is_pure_v2(&self) -> bool {
        self.v2.is_some() && self.v1.is_empty()
    }

    /// Whether a controller is in a v1 hierarchy.
    pub(crate) fn is_on_v1(&self, controller: &str) -> bool {
        let mut controllers = self.v1.iter().flat_map(|hierarchy| hierarchy.controllers.split(','));
        controllers.any(|name| name == controller)
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
}

/// The runtime's own cgroup on a host with nothing but v2.
fn own_on_pure_v2(mount: &Path) -> Result<String, Error> {
    let text = read("/proc/self/cgroup")?.unwrap_or_default();
    match memberships(&text).find(|member| member.version() == CgroupVersion::V2) {
        Some(member) => member.below_mount(mount, None, &mut Mounts::default()),
        None => Ok("/".into()),
    }
}
