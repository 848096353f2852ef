//! What `state.json` keeps of the rules about devices.

use crate::bundle::DeviceRule;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The rules that are in force, and those that an update is about to put in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeviceRecord {
    #[serde(flatten)]
    pub(crate) now: DevicesInForce,
    /// Written before they are put in force. If they are still here afterwards, whoever did it was killed, and either
    /// may be in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<DevicesInForce>,
}

/// Rules, as the config has them, and by what they are in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DevicesInForce {
    #[serde(with = "list")]
    pub(crate) rules: Arc<[DeviceRule]>,
    /// The id of the program, on cgroup v2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) program: Option<u32>,
}

impl DeviceRecord {
    pub(crate) fn new(rules: Arc<[DeviceRule]>, program: Option<u32>) -> Self {
        Self {
            now: DevicesInForce { rules, program },
            next: None,
        }
    }

    /// The ids of the programs that may be in force.
    pub(crate) fn programs(&self) -> Vec<u32> {
        let all = [&self.now].into_iter().chain(&self.next);
        all.filter_map(|devices| devices.program).collect()
    }
}

mod list {
    use super::{Arc, Deserialize, DeviceRule};
    use serde::{Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(rules: &Arc<[DeviceRule]>, serializer: S) -> Result<S::Ok, S::Error> {
        rules.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[DeviceRule]>, D::Error> {
        Vec::deserialize(deserializer).map(Into::into)
    }
}
