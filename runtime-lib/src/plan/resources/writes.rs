//! Collecting the writes, each by the version of cgroups that its controller is in.

use super::knob::{Knob, Missing};
use crate::host::{CgroupVersion, Hierarchies};
use crate::problem::{JsonPath, Problems};
use std::borrow::Cow;
use std::fmt::Display;

/// The writes so far, and what is wrong about them.
pub(super) struct Writes<'a> {
    hierarchies: &'a Hierarchies,
    pub(super) knobs: Vec<Knob>,
    pub(super) problems: Problems,
}

/// A file and what is written to it, of a controller that is known elsewhere.
pub(super) struct Write {
    file: Cow<'static, str>,
    value: String,
    missing: Missing,
}

impl Write {
    pub(super) fn new(file: impl Into<Cow<'static, str>>, value: impl Display) -> Self {
        Self {
            file: file.into(),
            value: value.to_string(),
            missing: Missing::Refused,
        }
    }

    /// A file of which there may be none.
    pub(super) fn missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }
}

/// What a resource is on each version; `None` where the version has nothing like it.
pub(super) struct Both {
    pub(super) v1: Option<Write>,
    pub(super) v2: Option<Write>,
}

impl Both {
    pub(super) fn new(v1: Write, v2: Write) -> Self {
        Self {
            v1: Some(v1),
            v2: Some(v2),
        }
    }

    /// A resource that only v1 has.
    pub(super) fn only_v1(v1: Write) -> Self {
        Self { v1: Some(v1), v2: None }
    }

    /// The same file and value on both.
    pub(super) fn same(file: impl Into<Cow<'static, str>>, value: impl Display) -> Self {
        let file = file.into();
        Self::new(Write::new(file.clone(), &value), Write::new(file, &value))
    }
}

impl<'a> Writes<'a> {
    pub(super) fn new(hierarchies: &'a Hierarchies) -> Self {
        Self {
            hierarchies,
            knobs: Vec::new(),
            problems: Problems::default(),
        }
    }

    /// Where the host has this controller.
    pub(super) fn version_of(&self, controller: &str) -> Option<CgroupVersion> {
        self.hierarchies.version_of(controller)
    }

    /// Where the host has the controller, and what is written there.
    fn choose(&self, controller: &str, both: Both) -> Option<(CgroupVersion, Option<Write>)> {
        let version = self.version_of(controller)?;
        let write = match version {
            CgroupVersion::V1 => both.v1,
            CgroupVersion::V2 => both.v2,
        };
        Some((version, write))
    }

    /// A write that is asked for at `path`.
    pub(super) fn put(&mut self, controller: &'static str, path: &JsonPath, both: Both) {
        match self.choose(controller, both) {
            None => self.no_controller(controller, path),
            Some((version, Some(write))) => self.push(controller.into(), version, path, write),
            Some((version, None)) => self.problems.error(
                path.clone(),
                format!("{version} has nothing like it, and this host has its {controller} controller there"),
            ),
        }
    }

    /// The same where the value sets no limit, as a new cgroup has none: a controller that is not there, or knows
    /// nothing like it, is fine.
    pub(super) fn put_unlimited(&mut self, controller: &'static str, path: &JsonPath, both: Both) {
        if let Some((version, Some(write))) = self.choose(controller, both) {
            self.push(controller.into(), version, path, write.missing(Missing::Fulfilled));
        }
    }

    pub(super) fn no_controller(&mut self, controller: &str, path: &JsonPath) {
        let text = format!("this host has no cgroup controller {controller:?}");
        self.problems.error(path.clone(), text);
    }

    pub(super) fn push(
        &mut self,
        controller: Cow<'static, str>,
        version: CgroupVersion,
        path: &JsonPath,
        write: Write,
    ) {
        self.knobs.push(Knob {
            controller,
            version,
            file: write.file,
            value: write.value,
            missing: write.missing,
            origin: Some(path.clone()),
            is_usual: false,
        });
    }
}
