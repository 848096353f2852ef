//! What is kept of a plan for exec: the process as the container has it, and where it is.

use super::cgroup::Placement;
use super::compile::Compiler;
use super::namespaces::clone_flag;
use crate::JsonPath;
use crate::bundle::{Landlock, MemoryPolicy, NamespaceType, Personality, Process};
use orlop_init::linux::namespace;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
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
    /// Its mount namespace is another's, which it was told to join.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) joins_mounts: bool,
    /// The SELinux label of what is mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mount_label: Option<String>,
    /// The process stays in its caller's supplementary groups.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) keep_groups: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) personality: Option<Personality>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memory_policy: Option<MemoryPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) landlock: Option<Landlock>,
    #[serde(default)]
    pub(crate) keyring: Keyring,
    /// Who is told of what the filter has to ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<FilterAgent>,
    pub(crate) cgroup: Arc<Placement>,
    /// `SECCOMP_FILTER_FLAG_*` of the filter, which is kept as bytes.
    #[serde(default)]
    pub(crate) filter_flags: u64,
}

/// The container's session keyring (`man 7 session-keyring`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Keyring {
    /// One of its own, made in its user namespace. Names are looked up by user namespaces.
    #[default]
    Own,
    /// One of its own, made before its user namespace was entered.
    OwnOutside,
    /// That of whoever created it.
    Callers,
}

/// The agent of a filter (runtime-spec: config-linux.md#seccomp).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FilterAgent {
    pub(crate) path: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<String>,
}

impl ForExec {
    pub(super) fn of(compiler: &Compiler<'_>) -> Self {
        let linux = &compiler.config.linux;
        let namespaces = linux.namespaces.iter();
        Self {
            process: compiler.config.process.clone(),
            namespaces: namespaces.fold(0, |flags, namespace| flags | clone_flag(namespace.kind)),
            chroot: compiler.inherits_mounts(),
            joins_mounts: linux
                .namespace(NamespaceType::Mount)
                .is_some_and(|namespace| namespace.path.is_some()),
            mount_label: linux.mount_label.as_ref().map(ToString::to_string),
            keep_groups: compiler.bundle.annotated().keep_original_groups,
            personality: linux.personality.clone(),
            memory_policy: linux.memory_policy.clone(),
            landlock: compiler.bundle.landlock().cloned(),
            keyring: compiler.keyring(),
            agent: compiler.filter_agent(),
            cgroup: compiler.cgroup.clone(),
            filter_flags: compiler.filter.as_ref().map_or(0, |filter| filter.flags),
        }
    }

    /// Whether it is in another user namespace than the runtime.
    pub(crate) fn is_in_user_namespace(&self) -> bool {
        self.namespaces & namespace::NEWUSER != 0
    }

    /// A further process, with what it does not say and the container's own has: it is not to have more by saying less.
    pub(crate) fn filled(&self, process: &Process) -> Process {
        fn fill<T: Clone>(place: &mut Option<T>, own: &Option<T>) {
            if place.is_none() {
                place.clone_from(own);
            }
        }
        let mut process = process.clone();
        let Some(own) = &self.process else {
            return process;
        };
        fill(&mut process.capabilities, &own.capabilities);
        fill(&mut process.apparmor_profile, &own.apparmor_profile);
        fill(&mut process.selinux_label, &own.selinux_label);
        fill(&mut process.oom_score_adj, &own.oom_score_adj);
        fill(&mut process.scheduler, &own.scheduler);
        fill(&mut process.io_priority, &own.io_priority);
        fill(&mut process.exec_cpu_affinity, &own.exec_cpu_affinity);
        fill(&mut process.user.umask, &own.user.umask);
        if process.rlimits.is_empty() {
            process.rlimits.clone_from(&own.rlimits);
        }
        process.no_new_privileges |= own.no_new_privileges;
        process
    }

    /// Whether a problem of this place is one that the creation has told of: the process has there what the container's
    /// own has.
    pub(crate) fn has_told(&self, path: &JsonPath, process: &Process) -> bool {
        let Some(own) = &self.process else {
            return false;
        };
        let is_below = |member: &str| {
            let rest = path.as_str().strip_prefix(member);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        (is_below("process.capabilities") && process.capabilities == own.capabilities)
            || (is_below("process.user") && process.user == own.user)
            || (is_below("process.env") && process.env == own.env)
    }
}
