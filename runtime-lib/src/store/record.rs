//! `state.json`: what has to be known to tell a container's state, to start it, and to clean up after it.

use super::Identity;
use crate::bundle::Hook;
use crate::cgroup::Paths;
use crate::resctrl::Group;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How far the making of a container got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// In the making: what is recorded is what has to be cleaned.
    Creating,
    /// Made. Whether it is started, running or stopped is asked of the kernel.
    Created,
}

/// The record of one container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// The format's version.
    pub(crate) version: u32,
    pub(crate) phase: Phase,
    pub(crate) oci_version: String,
    pub(crate) bundle: PathBuf,
    pub(crate) rootfs: PathBuf,
    pub(crate) created: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    /// The container's cgroup; written before it is made.
    #[serde(default, skip_serializing_if = "Paths::is_empty")]
    pub(crate) cgroup: Paths,
    /// Its place in resctrl; written before it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resctrl: Option<Group>,
    /// Whether hooks have run, or begun to: then the poststop hooks run at the end, even if the creation did not succeed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hooks_began: bool,
    /// Init, as soon as there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) init: Option<Identity>,
    /// Whether there is a process to start.
    pub(crate) startable: bool,
    /// Whether init is in a pid namespace of its own, so that its end is the end of all.
    pub(crate) own_pid_namespace: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) poststart: Vec<Hook>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) poststop: Vec<Hook>,
    /// The phrases and paths of the steps that `start` carries out, for its errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) start_steps: Vec<StartStep>,
    /// Who answers the notifications of the system call filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seccomp_agent: Option<SeccompAgent>,
}

/// `linux.seccomp.listenerPath` and `listenerMetadata`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SeccompAgent {
    pub(crate) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<String>,
}

/// A step that init carries out after `start`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StartStep {
    pub(crate) index: u32,
    pub(crate) phrase: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
}

impl Record {
    pub(crate) const VERSION: u32 = 1;
}
