//! Where a container's cgroup is, in each hierarchy: known, and written to the state, before anything is made.

use super::unit_name::UnitName;
use super::{Manager, Scope};
use crate::host::{CgroupVersion, Hierarchies, Hierarchy};
use crate::problem::Problem;
use crate::systemd::About;
use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};

/// Whether the config asks for a cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It does, by a path: a hierarchy that can't be written is an error.
    Asked,
    /// It does not, and the caller does not want the container without one: the same.
    Insisted,
    /// It does not: such a hierarchy is left out. So a rootless engine's container runs where nothing can be made.
    NotAsked,
}

/// A container's cgroup in all hierarchies of the host, as its record keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placement {
    #[serde(default, skip_serializing_if = "Manager::is_direct")]
    pub(crate) manager: Manager,
    /// In the unified hierarchy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) v2: Option<Place>,
    /// In the v1 hierarchies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) v1: Vec<Place>,
    /// Cgroups below that of v2, from the outer to the inner: in the last one, if there is any, the container's
    /// processes are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) inner: Vec<Place>,
}

/// A cgroup in one hierarchy. Only `below` is ever made or removed; above it everything belongs to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// `cpu,cpuacct`, `name=systemd`; empty for v2.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) controllers: String,
    /// Where the hierarchy is mounted.
    pub(crate) mount: PathBuf,
    /// The cgroup's directory, relative to `mount`, without `.` and `..`, not empty.
    pub(crate) below: PathBuf,
    /// It was there before the container: then it stays when that is deleted (runtime-spec: runtime.md#delete).
    #[serde(default, rename = "wasThere", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) was_there: bool,
    /// The directory's number, where somebody else may remove it and make another of that name: the kernel gives none
    /// twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) inode: Option<u64>,
}

impl Place {
    /// The directory's absolute path.
    pub(crate) fn path(&self) -> PathBuf {
        self.mount.join(&self.below)
    }

    /// Whether the hierarchy has this controller.
    pub(crate) fn has(&self, controller: &str) -> bool {
        self.controllers.split(',').any(|one| one == controller)
    }

    /// The runtime's own cgroup in the same hierarchy.
    pub(crate) fn of_the_runtime(&self, hierarchies: &Hierarchies) -> Option<PathBuf> {
        let mut all = hierarchies.v2.iter().chain(&hierarchies.v1);
        let hierarchy = all.find(|hierarchy| hierarchy.mount == self.mount)?;
        Some(self.mount.join(relative(hierarchy.own.as_deref()?)))
    }

    /// Whether `below` is what it promises to be: a state file that was tampered with must not lead elsewhere.
    pub(crate) fn is_sound(&self) -> bool {
        self.mount.is_absolute()
            && !self.below.as_os_str().is_empty()
            && self
                .below
                .components()
                .all(|component| matches!(component, Component::Normal(_)))
    }

    /// How many levels it lies below the mount.
    pub(crate) fn depth(&self) -> usize {
        self.below.components().count()
    }
}

impl Placement {
    /// Where the cgroup of container `id` is to be (runtime-spec: config-linux.md#cgroups-path): an absolute
    /// `cgroupsPath` lies below each hierarchy's mount, a relative one below the runtime's own cgroup, none means `id`
    /// below the runtime's own cgroup. On a pure v2 host it is the *parent* of the runtime's own cgroup, which has
    /// processes in it and can give no controllers to its children. All of this as runc does it.
    ///
    /// # Errors
    /// A path that leaves the hierarchy, is its root, or holds a character that no cgroup's name can have.
    pub(crate) fn of(hierarchies: &Hierarchies, cgroups_path: Option<&str>, id: &str) -> Result<Self, Problem> {
        let asked = cgroups_path.filter(|path| !path.is_empty());
        let below = clean(asked.unwrap_or(id)).map_err(|text| Problem::error("linux.cgroupsPath", text))?;
        let absolute = asked.is_some_and(|path| path.starts_with('/'));
        let place = |hierarchy: &Hierarchy| {
            let own = relative(hierarchy.own.as_deref().unwrap_or_default());
            let base = if absolute {
                PathBuf::new()
            } else if hierarchies.is_pure_v2() {
                own.parent().map(Path::to_path_buf).unwrap_or_default()
            } else {
                own
            };
            let (controllers, mount) = (hierarchy.controllers.clone(), hierarchy.mount.clone());
            Place {
                controllers,
                mount,
                below: base.join(&below),
                was_there: false,
                inode: None,
            }
        };
        Ok(Self {
            manager: Manager::Direct,
            v2: hierarchies.v2.as_ref().map(place),
            v1: hierarchies.v1.iter().map(place).collect(),
            inner: Vec::new(),
        })
    }

    /// The cgroup of the unit that systemd is to start for container `id`; and the slice that is to be in.
    ///
    /// # Errors
    /// A path that is no unit's, or a host on which systemd cannot do it.
    pub(crate) fn of_unit(
        hierarchies: &Hierarchies,
        systemd: &About,
        cgroups_path: Option<&str>,
        id: &str,
    ) -> Result<(Self, String), Problem> {
        let problem = |text| Problem::error("linux.cgroupsPath", text);
        let name = UnitName::of(cgroups_path, id, systemd.bus).map_err(problem)?;
        let hierarchy = hierarchies.v2.as_ref().filter(|_| hierarchies.is_pure_v2());
        let mount = hierarchy.ok_or_else(|| problem(NOT_PURE.into()))?.mount.clone();
        let place = Place {
            controllers: String::new(),
            mount,
            below: relative(&systemd.root).join(name.below()),
            was_there: false,
            inode: None,
        };
        if !place.is_sound() {
            return Err(problem(format!(
                "systemd's own cgroup is {:?}, which is no path",
                systemd.root
            )));
        }
        let scope = Scope {
            bus: systemd.bus,
            unit: name.unit,
        };
        let placement = Self {
            manager: Manager::Systemd(scope),
            v2: Some(place),
            v1: Vec::new(),
            inner: Vec::new(),
        };
        Ok((placement, name.slice))
    }

    /// The same whose directory in the unified hierarchy is this one, and no other of its name.
    pub(crate) fn known_as(&self, inode: u64) -> Self {
        let mut known = self.clone();
        if let Some(place) = &mut known.v2 {
            place.inode = Some(inode);
        }
        known
    }

    /// Marks the places that were there before.
    pub(crate) fn mark_as_there(&mut self, there: &[PathBuf]) {
        for place in self.v2.iter_mut().chain(&mut self.v1).chain(&mut self.inner) {
            place.was_there = there.contains(&place.path());
        }
    }

    /// All places, v2 first.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.v2.iter().chain(&self.v1)
    }

    /// The places that are removed with the container, each before those that it is in. With a cgroup goes all that is
    /// below it.
    pub(crate) fn removed(&self) -> impl Iterator<Item = &Place> {
        let stays = self.v2.as_ref().is_some_and(|place| place.was_there);
        let inner = self.inner.iter().rev().filter(move |_| stays);
        inner.chain(self.places()).filter(|place| !place.was_there)
    }

    /// Whether the host has no hierarchy at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.v2.is_none() && self.v1.is_empty()
    }

    /// Where a controller is, if the host has it, and in which version: v2's has all that no hierarchy of v1 has.
    pub(crate) fn with(&self, controller: &str) -> Option<(CgroupVersion, &Place)> {
        let v1 = self.v1_with(controller).map(|place| (CgroupVersion::V1, place));
        v1.or_else(|| self.v2.as_ref().map(|place| (CgroupVersion::V2, place)))
    }

    /// The place in the v1 hierarchy that has this controller.
    pub(crate) fn v1_with(&self, controller: &str) -> Option<&Place> {
        self.v1.iter().find(|place| place.has(controller))
    }
}

/// What is told where systemd is to make cgroups on a host with v1.
pub(super) const NOT_PURE: &str = "cgroups by systemd need a host with nothing but cgroup v2, and this one has hierarchies \
                                   of v1 (systemd.unified_cgroup_hierarchy=1 on the kernel's command line changes that); \
                                   without --systemd-cgroup the runtime makes them itself";

/// The kernel's absolute path of a cgroup, as a relative one.
fn relative(own: &str) -> PathBuf {
    own.trim_start_matches('/').into()
}

/// The path without `.`, `..` and doubled slashes, relative.
fn clean(path: &str) -> Result<PathBuf, String> {
    if path.contains(['\0', '\n']) {
        return Err(format!("{path:?} has a character that a cgroup's name cannot have"));
    }
    let mut names = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => match names.pop() {
                Some(_) => {}
                None => return Err(format!("{path:?} leaves the cgroup hierarchy")),
            },
            name => names.push(name),
        }
    }
    if names.is_empty() {
        return Err(format!(
            "{path:?} is the root of the hierarchy, a container needs a cgroup of its own"
        ));
    }
    Ok(names.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hierarchy(controllers: &str, mount: &str, own: Option<&str>) -> Hierarchy {
        Hierarchy {
            controllers: controllers.into(),
            mount: mount.into(),
            own: own.map(Into::into),
        }
    }

    fn hybrid() -> Hierarchies {
        Hierarchies {
            v2: Some(hierarchy("", "/sys/fs/cgroup/unified", Some("/"))),
            v1: vec![
                hierarchy("cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", Some("/")),
                hierarchy("memory", "/sys/fs/cgroup/memory", Some("/session/7")),
            ],
            ..Hierarchies::default()
        }
    }

    fn all(layout: &Hierarchies, path: Option<&str>) -> Vec<String> {
        let paths = Placement::of(layout, path, "box").unwrap();
        assert!(paths.places().all(Place::is_sound));
        paths
            .places()
            .map(|place| place.path().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn what_is_below_a_cgroup_goes_with_it_or_alone_where_that_stays() {
        let place = |below: &str, was_there| Place {
            controllers: String::new(),
            mount: "/cgroup".into(),
            below: below.into(),
            was_there,
            inode: None,
        };
        let removed = |outer, a, b| {
            let placement = Placement {
                v2: Some(place("c", outer)),
                inner: vec![place("c/a", a), place("c/a/b", b)],
                ..Placement::default()
            };
            let removed = placement
                .removed()
                .map(|place| place.below.to_string_lossy().into_owned());
            removed.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(removed(false, false, false), "c");
        assert_eq!(removed(true, false, false), "c/a/b c/a");
        assert_eq!(removed(true, true, false), "c/a/b");
        assert_eq!(removed(true, true, true), "");
    }

    #[test]
    fn an_absolute_path_lies_below_each_mount() {
        let expected = [
            "/sys/fs/cgroup/unified/docker/x",
            "/sys/fs/cgroup/cpu,cpuacct/docker/x",
            "/sys/fs/cgroup/memory/docker/x",
        ];
        assert_eq!(all(&hybrid(), Some("/docker//./x/")), expected);
    }

    #[test]
    fn a_relative_path_and_none_lie_below_our_own_cgroup() {
        let paths = all(&hybrid(), Some("a/b"));
        assert_eq!(
            paths[1..],
            ["/sys/fs/cgroup/cpu,cpuacct/a/b", "/sys/fs/cgroup/memory/session/7/a/b"]
        );
        assert_eq!(all(&hybrid(), None)[2], "/sys/fs/cgroup/memory/session/7/box");
        assert_eq!(all(&hybrid(), Some(""))[2], "/sys/fs/cgroup/memory/session/7/box");
    }

    #[test]
    fn a_name_in_systemds_form_is_taken_as_it_is() {
        assert_eq!(
            all(&hybrid(), Some("test.slice:cri:box"))[0],
            "/sys/fs/cgroup/unified/test.slice:cri:box"
        );
    }

    #[test]
    fn dots_stay_inside_or_are_refused() {
        assert_eq!(all(&hybrid(), Some("/a/../b"))[0], "/sys/fs/cgroup/unified/b");
        for bad in ["/..", "../x", "/a/../../x", "/", ".", "/a/..", "a\0b", "a\nb"] {
            let error = Placement::of(&hybrid(), Some(bad), "box").unwrap_err().to_string();
            assert!(error.starts_with("linux.cgroupsPath: "), "{error}");
        }
    }

    #[test]
    fn on_pure_v2_a_relative_path_lies_beside_our_own_cgroup() {
        let at = |own| Hierarchies {
            v2: Some(hierarchy("", "/sys/fs/cgroup", own)),
            ..Hierarchies::default()
        };
        assert_eq!(all(&at(None), Some("/docker/x")), ["/sys/fs/cgroup/docker/x"]);
        assert_eq!(all(&at(Some("/session/7")), Some("a")), ["/sys/fs/cgroup/session/a"]);
        assert_eq!(all(&at(Some("/")), None), ["/sys/fs/cgroup/box"]);
    }

    #[test]
    fn a_host_without_cgroups_gives_no_paths() {
        assert!(Placement::of(&Hierarchies::default(), None, "box").unwrap().is_empty());
    }

    #[test]
    fn a_placement_survives_the_record() {
        let placement = Placement::of(&hybrid(), None, "box").unwrap();
        let text = serde_json::to_string(&placement).unwrap();
        assert_eq!(serde_json::from_str::<Placement>(&text).unwrap(), placement);
        let earlier = r#"{"v1":[{"controllers":"devices","mount":"/sys/fs/cgroup/devices","below":"a/b"}]}"#;
        let read: Placement = serde_json::from_str(earlier).unwrap();
        assert_eq!(read.manager, Manager::Direct);
        assert_eq!(serde_json::to_string(&read).unwrap(), earlier);
        let hostile = Place {
            controllers: String::new(),
            mount: "/sys/fs/cgroup".into(),
            below: "../../../home".into(),
            was_there: false,
            inode: None,
        };
        assert!(!hostile.is_sound());
    }
}
