//! The state of a container, as `state` prints it.

use super::Container;
use crate::Error;
use crate::bundle::Bundle;
use crate::cgroup;
use crate::launch::is_waiting;
use crate::store::{Entry, Phase, Record};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where a container is in its life (runtime-spec: runtime.md#state).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being created.
    Creating,
    /// Ready, its process not started.
    Created,
    /// Its process runs.
    Running,
    /// Its processes are frozen (not of the spec; engines know it).
    Paused,
    /// Its process has ended.
    Stopped,
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Creating => "creating",
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        })
    }
}

/// A container's state. Serialised, the members come in the order that runc's `state` gives them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The runtime-spec version that the state complies with.
    pub oci_version: String,
    /// The container's id.
    pub id: String,
    /// Init's pid; 0 once it is stopped.
    pub pid: i32,
    /// Where it is in its life.
    pub status: Status,
    /// The bundle's folder, absolute.
    pub bundle: PathBuf,
    /// The rootfs, absolute.
    pub rootfs: PathBuf,
    /// When it was created, RFC 3339 with nanoseconds, UTC.
    pub created: String,
    /// The config's annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Who created it: empty in `state`, a user's name or `#uid` in `list`.
    pub owner: String,
}

impl Container {
    /// Its state now. What is going on is asked of the kernel, not of a file.
    ///
    /// # Errors
    /// It does not exist, or its state folder cannot be read.
    pub fn state(&self) -> Result<State, Error> {
        let entry = self.entry()?;
        let Some(record) = entry.read()? else {
            return Err(Error::NotFound(self.id().to_owned()));
        };
        let status = status(&entry, &record)?;
        let mut state = of(self.id(), &record);
        state.status = status;
        if status != Status::Stopped {
            state.pid = record.init.as_ref().map_or(0, |init| init.pid);
        }
        Ok(state)
    }
}

/// What the record knows of the state; its status and pid are the kernel's to tell.
pub(super) fn of(id: &str, record: &Record) -> State {
    State {
        oci_version: record.oci_version.clone(),
        id: id.to_owned(),
        pid: 0,
        status: Status::Creating,
        bundle: record.bundle.clone(),
        rootfs: record.rootfs.clone(),
        created: record.created.clone(),
        annotations: record.annotations.clone(),
        owner: String::new(),
    }
}

/// The state of a container whose creation did not succeed, of which nothing is left.
pub(super) fn before_its_time(id: &str, bundle: &Bundle) -> State {
    let config = bundle.config();
    let annotations = config.annotations.iter();
    State {
        oci_version: config.oci_version.to_string(),
        id: id.to_owned(),
        pid: 0,
        status: Status::Stopped,
        bundle: bundle.dir().to_owned(),
        rootfs: bundle.rootfs().to_owned(),
        created: String::new(),
        annotations: annotations
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        owner: String::new(),
    }
}

pub(super) fn status(entry: &Entry, record: &Record) -> Result<Status, Error> {
    if record.phase == Phase::Creating {
        // One in the making that nobody is making any more is as good as stopped.
        return Ok(if entry.is_unlocked() {
            Status::Stopped
        } else {
            Status::Creating
        });
    }
    if super::live(record)?.is_none() {
        return Ok(Status::Stopped);
    }
    if is_waiting(entry) {
        return Ok(Status::Created);
    }
    Ok(if cgroup::is_frozen(&record.cgroup)? {
        Status::Paused
    } else {
        Status::Running
    })
}
