//! What is kept of a plan for exec: the process as the container has it, and where it is.

use super::cgroup::Placement;
use super::compile::Compiler;
use super::namespaces::clone_flag;
use crate::bundle::{MemoryPolicy, Personality, Process};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What exec needs of a container, whose config may have changed or gone by then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ForExec {
    /// The container's own process, whose members are what an exec does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) process: Option<Process>,
    /// `CLONE_NEW*` of the namespaces in which it is not with the runtime.
    pub(crate) namespaces: u64,
    /// It is in the runtime's mount namespace, and its root is a chroot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) chroot: bool,
    /// The process stays in its caller's supplementary groups.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) keep_groups: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) personality: Option<Personality>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memory_policy: Option<MemoryPolicy>,
    pub(crate) cgroup: Arc<Placement>,
    /// `SECCOMP_FILTER_FLAG_*` of the filter, which is kept as bytes.
    #[serde(default)]
    pub(crate) filter_flags: u64,
}

impl ForExec {
    pub(super) fn of(compiler: &Compiler<'_>) -> Self {
        let linux = &compiler.config.linux;
        let namespaces = linux.namespaces.iter();
        Self {
            process: compiler.config.process.clone(),
            namespaces: namespaces.fold(0, |flags, namespace| flags | clone_flag(namespace.kind)),
            chroot: compiler.inherits_mounts(),
            keep_groups: compiler.bundle.annotated().keep_original_groups,
            personality: linux.personality.clone(),
            memory_policy: linux.memory_policy.clone(),
            cgroup: compiler.cgroup.clone(),
            filter_flags: compiler.filter.as_ref().map_or(0, |filter| filter.flags),
        }
    }
}
