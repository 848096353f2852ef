//! What a container leaves on the host. It is written down before it is made, so that whoever finds the record can
//! undo it.

use super::cgroup::{Place, Placement};
use crate::process::Identity;
use crate::resctrl::Group;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Something that is to be undone at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Leftover {
    /// A cgroup.
    Cgroup(CgroupLeft),
    /// A place in resctrl.
    Resctrl(Group),
    /// Init.
    Init(Identity),
    /// Hooks have run, or the container was created: the poststop hooks are due.
    Poststop,
}

/// A cgroup, and what may be in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CgroupLeft {
    pub(crate) placement: Arc<Placement>,
    /// Init's end is not the end of all: there is no pid namespace of the container's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) has_strays: bool,
    /// Somebody else is to make it, and has not said yet that it is made: what is there may be another's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_promised: bool,
    /// A program of rules about devices is attached to that of v2. It goes with the cgroup, unless that stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) has_program: bool,
}

impl CgroupLeft {
    /// The cgroup that stays and whose program is to be detached.
    pub(crate) fn keeps_program(&self) -> Option<&Place> {
        self.placement
            .v2
            .as_ref()
            .filter(|place| self.has_program && place.was_there)
    }
}

impl Leftover {
    /// How its undoing reads.
    pub(crate) fn undoing(&self) -> Vec<String> {
        match self {
            Self::Cgroup(left) => {
                let kill = left
                    .has_strays
                    .then(|| "kill what is left in the cgroup".to_owned())
                    .into_iter();
                let stop = left.placement.manager.scope();
                let stop = stop.map(|scope| format!("stop the unit {:?}", scope.unit));
                let kill = kill.chain(stop);
                let detach = left
                    .keeps_program()
                    .map(|place| format!("detach the program of rules about devices from {:?}", place.path()));
                let remove = left
                    .placement
                    .removed()
                    .map(|place| format!("remove the cgroup {:?}", place.path()));
                kill.chain(detach).chain(remove).collect()
            }
            Self::Resctrl(group) => vec![group.undoing()],
            Self::Init(_) | Self::Poststop => Vec::new(),
        }
    }
}
