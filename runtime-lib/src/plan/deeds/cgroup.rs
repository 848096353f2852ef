//! The container's cgroup.

use super::Told;
use crate::plan::cgroup::{HandOver, Need, Place, Placement};
use crate::plan::leftover::{CgroupLeft, Leftover};
use crate::plan::resources::{Asked, Knob};
use crate::problem::JsonPath;
use std::path::PathBuf;
use std::sync::Arc;

/// Make the cgroup, in each hierarchy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MakeCgroup {
    pub(crate) placement: Arc<Placement>,
    pub(crate) need: Need,
    /// Init's end is not the end of all that is in it.
    pub(crate) has_strays: bool,
    /// A program will be attached to it.
    pub(crate) has_program: bool,
}

impl Told for MakeCgroup {
    fn lines(&self) -> Vec<String> {
        let places = self.placement.places();
        places
            .map(|place| format!("make the cgroup {:?}", place.path()))
            .collect()
    }

    fn leaves(&self) -> Option<Leftover> {
        Some(Leftover::Cgroup(CgroupLeft {
            placement: self.placement.clone(),
            has_strays: self.has_strays,
            is_promised: false,
            has_program: self.has_program,
        }))
    }
}

/// Have systemd start a unit with init in it, whose cgroup is the container's (`man 5 systemd.scope`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StartUnit {
    pub(crate) placement: Arc<Placement>,
    /// What the unit is given, besides its processes.
    pub(crate) properties: Vec<Asked>,
    /// Init's end is not the end of all that is in it.
    pub(crate) has_strays: bool,
}

impl Told for StartUnit {
    fn lines(&self) -> Vec<String> {
        let scope = self.placement.manager.scope().into_iter();
        let start = scope.map(|scope| format!("have systemd start the unit {:?}, with init in it", scope.unit));
        let properties = self.properties.iter();
        start
            .chain(properties.map(|asked| format!("give the unit {}", asked.property)))
            .collect()
    }

    fn asked_by(&self, line: usize) -> Option<JsonPath> {
        self.properties.get(line.checked_sub(1)?)?.origin.clone()
    }

    fn leaves(&self) -> Option<Leftover> {
        Some(Leftover::Cgroup(CgroupLeft {
            placement: self.placement.clone(),
            has_strays: self.has_strays,
            is_promised: true,
            // The unit's cgroup never stays.
            has_program: false,
        }))
    }
}

/// Give the cgroup to whom may write to it in the container (runtime-spec: config-linux.md#cgroup-ownership).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HandOverCgroup {
    pub(crate) to: HandOver,
    /// The cgroups, each below the one before it.
    pub(crate) places: Vec<PathBuf>,
}

impl Told for HandOverCgroup {
    fn lines(&self) -> Vec<String> {
        let uid = self.to.uid;
        match &self.places[..] {
            [_] => vec![format!("give the cgroup to user {uid}")],
            places => places
                .iter()
                .map(|place| format!("give the cgroup {place:?} to user {uid}"))
                .collect(),
        }
    }
}

/// A cgroup below the container's, and who asks for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Inner {
    pub(crate) place: Place,
    pub(crate) asked_by: JsonPath,
}

/// Make cgroups below the container's, each below the one before it. They are removed with the container's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MakeInnerCgroups {
    pub(crate) inner: Vec<Inner>,
}

impl Told for MakeInnerCgroups {
    fn lines(&self) -> Vec<String> {
        let inner = self.inner.iter();
        inner
            .map(|inner| format!("make the cgroup {:?}", inner.place.path()))
            .collect()
    }

    fn asked_by(&self, line: usize) -> Option<JsonPath> {
        Some(self.inner.get(line)?.asked_by.clone())
    }
}

/// Put init into a cgroup below the container's, and have the one above pass its controllers on: it may, now that no
/// process is in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EnterCgroup {
    pub(crate) place: Place,
}

impl Told for EnterCgroup {
    fn lines(&self) -> Vec<String> {
        let place = self.place.path();
        vec![
            format!("put init into the cgroup {place:?}"),
            format!("have the controllers passed on to the cgroup {place:?}"),
        ]
    }
}

/// Write to files of the cgroup.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WriteKnobs {
    /// In an order in which those that bound each other can be written.
    pub(crate) knobs: Vec<Knob>,
}

impl Told for WriteKnobs {
    fn lines(&self) -> Vec<String> {
        self.knobs.iter().map(Knob::to_string).collect()
    }

    fn asked_by(&self, line: usize) -> Option<JsonPath> {
        self.knobs.get(line)?.origin.clone()
    }
}
