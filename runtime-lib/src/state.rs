//! A container's state, as `state` prints it (runtime-spec: runtime.md#state).

use crate::process::Pid;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where a container is in its life (runtime-spec: runtime.md#state).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct State {
    /// The runtime-spec version that the state complies with.
    pub oci_version: String,
    /// The container's id.
    pub id: String,
    /// Init's pid; none once it is stopped (serialised: 0).
    #[serde(serialize_with = "put_pid", deserialize_with = "take_pid")]
    pub pid: Option<Pid>,
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

fn put_pid<S: Serializer>(pid: &Option<Pid>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i32(pid.map_or(0, Pid::get))
}

fn take_pid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pid>, D::Error> {
    i32::deserialize(deserializer).map(Pid::new)
}
