//! The cgroup of a container, seen from outside of it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Verdict, ensure, wrong};

const MOUNTED: &str = "/sys/fs/cgroup";

/// The cgroups of a process.
#[derive(Debug)]
pub(super) struct Cgroup {
    /// What `/proc/PID/cgroup` says (`man 7 cgroups`).
    text: String,
}

/// A limit, and where it is to be read.
pub(super) struct Limit {
    pub(super) controller: &'static str,
    /// File and value on a host where v1 has the controller.
    pub(super) v1: (&'static str, &'static str),
    /// File and value on v2; more than one value where runtimes convert differently.
    pub(super) v2: (&'static str, &'static [&'static str]),
}

impl Cgroup {
    pub(super) fn of(pid: &str) -> Result<Self, Failure> {
        let text = fs::read_to_string(format!("/proc/{pid}/cgroup"))?;
        Ok(Self { text })
    }

    /// Whether any of its places has this part.
    pub(super) fn has(&self, part: &str) -> bool {
        self.text.contains(part)
    }

    /// The folder of v1 that has the controller, if any.
    fn on_v1(&self, controller: &str) -> Option<PathBuf> {
        self.text.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) = (parts.next()?, parts.next()?);
            let is_it = controllers.split(',').any(|name| name == controller);
            is_it.then(|| Path::new(MOUNTED).join(controllers).join(path.trim_start_matches('/')))
        })
    }

    /// The folder of v2.
    fn on_v2(&self) -> Option<PathBuf> {
        let path = self.text.lines().find_map(|line| line.strip_prefix("0::/"))?;
        Some(Path::new(MOUNTED).join(path))
    }

    /// Whether v2 has the controller, as far as it is passed on to this cgroup.
    pub(super) fn has_on_v2(&self, controller: &str) -> bool {
        let controllers = self.on_v2().map(|folder| folder.join("cgroup.controllers"));
        let text = controllers.and_then(|file| fs::read_to_string(file).ok());
        text.is_some_and(|text| text.split_whitespace().any(|name| name == controller))
    }

    /// The content of a controller's file: the name on v1, and the one on v2.
    pub(super) fn read(&self, controller: &str, (on_v1, on_v2): (&str, &str)) -> Result<String, Failure> {
        let file = match (self.on_v1(controller), self.on_v2()) {
            (Some(folder), _) => folder.join(on_v1),
            (None, Some(folder)) => folder.join(on_v2),
            (None, None) => return wrong(format!("no cgroup of {controller}: {:?}", self.text)),
        };
        let text = fs::read_to_string(&file).map_err(|error| Failure::Wrong(format!("{}: {error}", file.display())))?;
        Ok(text.trim_end().to_owned())
    }

    /// Fails unless the files have the limits. One of a controller that v2 does not pass on is left out.
    pub(super) fn keeps(&self, limits: &[Limit]) -> Verdict {
        for limit in limits {
            let is_v1 = self.on_v1(limit.controller).is_some();
            if !is_v1 && !self.has_on_v2(limit.controller) {
                continue;
            }
            let seen = self.read(limit.controller, (limit.v1.0, limit.v2.0))?;
            let (file, wanted) = if is_v1 {
                (limit.v1.0, std::slice::from_ref(&limit.v1.1))
            } else {
                limit.v2
            };
            ensure(wanted.contains(&seen.as_str()), || {
                format!("{file}: {seen:?}, wanted {wanted:?}")
            })?;
        }
        Ok(())
    }
}
