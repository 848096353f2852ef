//! `state.json`: what `state` and `list` tell of a container.

use super::{DeviceRecord, Entry};
use crate::cgroup::Cgroup;
use crate::plan::AddedMount;
use crate::process::Identity;
use crate::{Error, Failure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(super) const STATE: &str = "state.json";
pub(super) const NEW_STATE: &str = ".state.json.new";

/// How far the making of a container got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// In the making.
    Creating,
    /// Made. Whether it is started, running or stopped is asked of the kernel.
    Created,
}

/// The record of one container. Version 1 had these members, and more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StateRecord {
    /// The form's version.
    pub(crate) version: u32,
    pub(crate) phase: Phase,
    pub(crate) oci_version: String,
    pub(crate) bundle: PathBuf,
    pub(crate) rootfs: PathBuf,
    pub(crate) created: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    /// The container's cgroup, which may be frozen.
    #[serde(default, skip_serializing_if = "Cgroup::is_nowhere")]
    pub(crate) cgroup: Cgroup,
    /// The rules about devices, as soon as they are in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) devices: Option<DeviceRecord>,
    /// The mounts that were added since it exists, in their order: written before they have their places, so that
    /// some may never have had them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) added_mounts: Vec<AddedMount>,
    /// Init, as soon as there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) init: Option<Identity>,
    /// Whether there is a process to start.
    pub(crate) startable: bool,
    /// Whether init is in a pid namespace of its own, so that its end is the end of all.
    pub(crate) own_pid_namespace: bool,
}

impl StateRecord {
    pub(crate) const VERSION: u32 = 2;

    /// The record that these bytes are.
    ///
    /// # Errors
    /// Why they are none.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        match serde_json::from_slice(text) {
            Ok(Form { version }) if version > Self::VERSION => Err(format!(
                "it is of version {version}, and this program knows {}",
                Self::VERSION
            )),
            _ => serde_json::from_slice(text).map_err(|error| error.to_string()),
        }
    }
}

/// The first thing to be known of a record.
#[derive(Deserialize)]
pub(super) struct Form {
    pub(super) version: u32,
}

impl Entry {
    /// The record; `None` if none is written yet.
    ///
    /// # Errors
    /// What is there cannot be read as one.
    pub(crate) fn read_state(&self) -> Result<Option<StateRecord>, Error> {
        let Some(text) = self.read_file(STATE)? else {
            return Ok(None);
        };
        let wrong = |why| Failure::plain(format!("read {:?}", self.path().join(STATE)), why);
        Ok(Some(StateRecord::parse(&text).map_err(wrong)?))
    }

    /// Replaces the record, whole or not at all.
    pub(crate) fn write_state(&self, record: &StateRecord) -> Result<(), Error> {
        let text = serde_json::to_vec(record).map_err(|error| {
            let attempted = format!("write {:?}", self.path().join(STATE));
            Failure::plain(attempted, error.to_string())
        })?;
        self.replace_file(STATE, NEW_STATE, &text)
    }
}
