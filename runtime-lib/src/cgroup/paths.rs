//! Where a container's cgroup is, in each hierarchy: known, and written to the state, before anything is made.

use super::layout::{Hierarchy, Layout};
use crate::error::Error;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};

/// A container's cgroup in all hierarchies of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Paths {
    /// In the unified hierarchy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) v2: Option<Place>,
    /// In the v1 hierarchies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) v1: Vec<Place>,
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

    /// Whether `below` is what it promises to be: a state file that was tampered with must not lead elsewhere.
    pub(super) fn is_sound(&self) -> bool {
        self.mount.is_absolute()
            && !self.below.as_os_str().is_empty()
            && self
                .below
                .components()
                .all(|component| matches!(component, Component::Normal(_)))
    }

    /// How many levels it lies below the mount.
    pub(super) fn depth(&self) -> usize {
        self.below.components().count()
    }
}

impl Paths {
    /// Marks the places that were there before.
    pub(crate) fn mark_as_there(&mut self, there: &[PathBuf]) {
        for place in self.v2.iter_mut().chain(&mut self.v1) {
            place.was_there = there.contains(&place.path());
        }
    }

    /// All places, v2 first.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.v2.iter().chain(&self.v1)
    }

    /// Whether the host has no hierarchy at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.v2.is_none() && self.v1.is_empty()
    }

    /// The place in the v1 hierarchy that has this controller.
    pub(crate) fn v1_with(&self, controller: &str) -> Option<&Place> {
        self.v1.iter().find(|place| place.has(controller))
    }
}

impl Layout {
    /// The runtime's own cgroup in the hierarchy of a place.
    pub(crate) fn own(&self, place: &Place) -> Option<PathBuf> {
        let hierarchy = self
            .v2
            .iter()
            .chain(&self.v1)
            .find(|hierarchy| hierarchy.mount == place.mount)?;
        Some(hierarchy.mount.join(relative(hierarchy.own.as_deref()?)))
    }

    /// Where the cgroup of container `id` is to be (runtime-spec: config-linux.md#cgroups-path): an absolute `cgroupsPath` lies
    /// below each hierarchy's mount, a relative one below our own cgroup, none means `id` below our own cgroup. On a pure v2
    /// host it is the *parent* of our own cgroup: ours has processes in it, so it can give no controllers to its children.
    /// All of this as runc does it.
    ///
    /// # Errors
    /// A path that leaves the hierarchy, is its root, or holds a character that no cgroup's name can have.
    pub(crate) fn paths(&self, cgroups_path: Option<&str>, id: &str) -> Result<Paths, Error> {
        let asked = cgroups_path.filter(|path| !path.is_empty());
        let below = clean(asked.unwrap_or(id)).map_err(|text| Problem::error("linux.cgroupsPath", text))?;
        let absolute = asked.is_some_and(|path| path.starts_with('/'));
        let place = |hierarchy: &Hierarchy| -> Result<Place, Error> {
            let base = match &hierarchy.own {
                _ if absolute => PathBuf::new(),
                Some(own) => relative(own),
                None => {
                    let own = hierarchy.own_on_pure_v2()?;
                    relative(&own).parent().map(Path::to_path_buf).unwrap_or_default()
                }
            };
            let (controllers, mount) = (hierarchy.controllers.clone(), hierarchy.mount.clone());
            Ok(Place {
                controllers,
                mount,
                below: base.join(&below),
                was_there: false,
            })
        };
        Ok(Paths {
            v2: self.v2.as_ref().map(place).transpose()?,
            v1: self.v1.iter().map(place).collect::<Result<_, _>>()?,
        })
    }
}

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

    fn hybrid() -> Layout {
        Layout {
            v2: Some(hierarchy("", "/sys/fs/cgroup/unified", Some("/"))),
            v1: vec![
                hierarchy("cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", Some("/")),
                hierarchy("memory", "/sys/fs/cgroup/memory", Some("/session/7")),
            ],
        }
    }

    fn all(layout: &Layout, path: Option<&str>) -> Vec<String> {
        let paths = layout.paths(path, "box").unwrap();
        assert!(paths.places().all(Place::is_sound));
        paths
            .places()
            .map(|place| place.path().to_string_lossy().into_owned())
            .collect()
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
            let error = hybrid().paths(Some(bad), "box").unwrap_err().to_string();
            assert!(error.starts_with("linux.cgroupsPath: "), "{error}");
        }
    }

    #[test]
    fn on_pure_v2_an_absolute_path_needs_no_look_at_proc() {
        let layout = Layout {
            v2: Some(hierarchy("", "/sys/fs/cgroup", None)),
            v1: vec![],
        };
        assert!(layout.is_pure_v2());
        assert_eq!(all(&layout, Some("/docker/x")), ["/sys/fs/cgroup/docker/x"]);
    }

    #[test]
    fn a_host_without_cgroups_gives_no_paths() {
        assert!(Layout::default().paths(None, "box").unwrap().is_empty());
    }

    #[test]
    fn paths_survive_the_state_file() {
        let paths = hybrid().paths(None, "box").unwrap();
        let text = serde_json::to_string(&paths).unwrap();
        assert_eq!(serde_json::from_str::<Paths>(&text).unwrap(), paths);
        let hostile = Place {
            controllers: String::new(),
            mount: "/sys/fs/cgroup".into(),
            below: "../../../home".into(),
            was_there: false,
        };
        assert!(!hostile.is_sound());
    }
}
