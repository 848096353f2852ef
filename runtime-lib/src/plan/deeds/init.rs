//! Init itself: what it is started with, and which process it is.

use super::Told;
use crate::bundle::IdMapping;
use crate::plan::inherited::Inherited;
use crate::problem::JsonPath;
use orlop_init::linux::namespace;
use orlop_init::wire::Slot;
use std::path::PathBuf;

/// Get a descriptor for init.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenInherited {
    pub(crate) slot: Slot,
    pub(crate) inherited: Inherited,
}

impl Told for OpenInherited {
    fn lines(&self) -> Vec<String> {
        vec![self.inherited.to_string()]
    }
}

/// Start init, in new namespaces and in the v2 cgroup (`man 2 clone3`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StartInit {
    /// `CLONE_NEW*`.
    pub(crate) namespaces: u64,
    /// Nobody with less than the runtime's capabilities may look into init, though the user namespace that it is born
    /// into is new.
    pub(crate) is_hidden: bool,
}

impl Told for StartInit {
    fn lines(&self) -> Vec<String> {
        let new: Vec<&str> = namespace::NAMES
            .iter()
            .filter(|(flag, _)| self.namespaces & flag != 0)
            .map(|(_, name)| *name)
            .collect();
        vec![if new.is_empty() {
            "start init".to_owned()
        } else {
            format!("start init in new namespaces: {}", new.join(", "))
        }]
    }
}

/// Write the id maps of init's new user namespace (`man 7 user_namespaces`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MapIds {
    pub(crate) uids: Vec<IdMapping>,
    pub(crate) gids: Vec<IdMapping>,
}

impl Told for MapIds {
    fn lines(&self) -> Vec<String> {
        let list = |maps: &[IdMapping]| {
            let maps: Vec<String> = maps.iter().map(IdMapping::line).collect();
            maps.join(", ")
        };
        vec![
            format!("map its groups: {}", list(&self.gids)),
            format!("map its users: {}", list(&self.uids)),
        ]
    }

    fn asked_by(&self, line: usize) -> Option<JsonPath> {
        ["linux.gidMappings", "linux.uidMappings"]
            .get(line)
            .copied()
            .map(JsonPath::from)
    }
}

/// Take hold of the process that init goes on as.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FollowInit;

impl Told for FollowInit {
    fn lines(&self) -> Vec<String> {
        vec!["take hold of the process that init goes on as".to_owned()]
    }
}

/// Send init's pidfd over a unix socket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SendPidfd {
    pub(crate) path: PathBuf,
}

impl Told for SendPidfd {
    fn lines(&self) -> Vec<String> {
        vec![format!("send init's pidfd to {:?}", self.path)]
    }
}
