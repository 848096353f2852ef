//! Where below the container's cgroup a further process begins.

use super::Placement;
use crate::problem::Problem;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

/// A cgroup below the container's, in the hierarchies of some controllers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubCgroup {
    /// The controllers of v1 whose hierarchies are meant; all hierarchies where there are none.
    pub controllers: Vec<String>,
    /// The way there from the container's cgroup; `/` is that one itself.
    pub path: String,
}

impl SubCgroup {
    /// The cgroup of this path in all hierarchies.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            controllers: Vec::new(),
            path: path.into(),
        }
    }

    /// The same in the hierarchies of v1 with these controllers.
    #[must_use]
    pub fn of<S: Into<String>>(self, controllers: impl IntoIterator<Item = S>) -> Self {
        Self {
            controllers: controllers.into_iter().map(Into::into).collect(),
            ..self
        }
    }
}

/// A text that is no [`SubCgroup`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid cgroup {0:?}: expected [CONTROLLER,...:]PATH")]
pub struct SubCgroupFault(String);

impl FromStr for SubCgroup {
    type Err = SubCgroupFault;

    /// From `PATH` or `CONTROLLER,...:PATH`.
    fn from_str(text: &str) -> Result<Self, SubCgroupFault> {
        let Some((controllers, path)) = text.split_once(':') else {
            return Ok(Self::new(text));
        };
        if controllers.split(',').any(str::is_empty) {
            return Err(SubCgroupFault(text.to_owned()));
        }
        Ok(Self::new(path).of(controllers.split(',')))
    }
}

impl fmt::Display for SubCgroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.controllers.is_empty() {
            write!(formatter, "{}:", self.controllers.join(","))?;
        }
        formatter.write_str(&self.path)
    }
}

/// For each hierarchy of a container's, where below its cgroup a process begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Below {
    v2: Option<PathBuf>,
    v1: Vec<PathBuf>,
}

impl Below {
    /// # Errors
    /// A way out of the container's cgroup, a controller that none of the container's hierarchies has, or one that is
    /// named twice.
    pub(super) fn of(asked: &[SubCgroup], cgroup: &Placement) -> Result<Self, Problem> {
        let wrong = |text: String| Problem::error("cgroup", text);
        let mut below = Self {
            v2: None,
            v1: vec![PathBuf::new(); cgroup.v1.len()],
        };
        let mut seen: Vec<&str> = Vec::new();
        for sub in asked {
            let path = clean(&sub.path).ok_or_else(|| wrong(format!("bad sub cgroup path: {:?}", sub.path)))?;
            if sub.controllers.is_empty() {
                if asked.len() > 1 {
                    let text = format!("{:?} has no CONTROLLER: before it, as it needs beside others", sub.path);
                    return Err(wrong(text));
                }
                below.v1.fill(path.clone());
                below.v2 = Some(path);
                continue;
            }
            for controller in &sub.controllers {
                if seen.contains(&controller.as_str()) {
                    return Err(wrong(format!("controller {controller:?} is given more than once")));
                }
                seen.push(controller);
                let number = cgroup.v1.iter().position(|place| place.has(controller));
                let place = number.and_then(|number| below.v1.get_mut(number));
                let unknown = || {
                    let hint = if cgroup.v1.is_empty() {
                        "; on cgroup v2 all controllers are in one hierarchy: give the path alone"
                    } else {
                        ""
                    };
                    wrong(format!("unknown controller {controller:?}{hint}"))
                };
                path.clone_into(place.ok_or_else(unknown)?);
            }
        }
        Ok(below)
    }

    /// In the v1 hierarchy of this number; the container's cgroup itself where nothing else was asked for.
    pub(super) fn v1(&self, number: usize) -> &Path {
        self.v1.get(number).map_or(Path::new(""), PathBuf::as_path)
    }

    /// In the unified hierarchy, if that was asked for.
    pub(super) fn v2(&self) -> Option<&Path> {
        self.v2.as_deref()
    }
}

/// The path without `.`, relative; `None` if it leads out.
fn clean(path: &str) -> Option<PathBuf> {
    if path.contains('\0') {
        return None;
    }
    let mut clean = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir if clean.pop() => {}
            _ => return None,
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Host;

    fn below(asked: &[&str], host: &Host) -> Result<Below, String> {
        let asked: Vec<SubCgroup> = asked.iter().map(|text| text.parse().unwrap()).collect();
        let placement = Placement::of(&host.hierarchies, None, "box").unwrap();
        Below::of(&asked, &placement).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_path_alone_is_for_all_hierarchies() {
        let found = below(&["/a/./b"], &Host::hybrid()).unwrap();
        assert_eq!(found.v2(), Some(Path::new("a/b")));
        assert_eq!((found.v1(0), found.v1(3)), (Path::new("a/b"), Path::new("a/b")));
        assert_eq!(below(&["/"], &Host::v2()).unwrap().v2(), Some(Path::new("")));
        assert_eq!(below(&[], &Host::v2()).unwrap().v2(), None);
    }

    #[test]
    fn a_controller_means_its_hierarchy() {
        let found = below(&["cpu,memory:x", "pids:y"], &Host::hybrid()).unwrap();
        let all: Vec<&Path> = (0..4).map(|number| found.v1(number)).collect();
        assert_eq!(all, ["x", "", "x", "y"].map(Path::new));
        assert_eq!(found.v2(), None);
    }

    #[test]
    fn what_leads_out_or_is_not_there_is_refused() {
        for (asked, words) in [
            (&["../x"][..], "bad sub cgroup path"),
            (&["a/../../x"], "bad sub cgroup path"),
            (&["flux:x"], "unknown controller"),
            (&["cpu:x", "cpuacct,cpu:y"], "more than once"),
            (&["cpu:x", "y"], "CONTROLLER:"),
        ] {
            let text = below(asked, &Host::hybrid()).unwrap_err();
            assert!(text.contains(words), "{text}");
        }
        let text = below(&["cpu:x"], &Host::v2()).unwrap_err();
        assert!(text.contains("unknown controller") && text.contains("alone"), "{text}");
        assert!("cpu,:x".parse::<SubCgroup>().is_err());
    }
}
