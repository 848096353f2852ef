//! What this build can do, as the runtime-spec's features document tells it (runtime-spec: features.md,
//! features-linux.md).

mod probe;

pub use probe::{Probe, SeccompProbe};

use crate::bundle::mount_option_names;
use crate::bundle::{
    Capability, MemoryPolicyFlag, MemoryPolicyMode, SeccompAction, SeccompArch, SeccompFlag, SeccompOperator,
    UNSAFE_ANNOTATIONS,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the runtime-spec that this library follows. Configs of all versions 1.x are taken.
pub const SPEC_VERSION: &str = "1.3.0";

/// What is built. Serialised, it is the features document. It tells of the build and does not look at the host.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Features {
    /// The oldest `ociVersion` that is taken.
    pub oci_version_min: &'static str,
    /// The newest `ociVersion` that is known.
    pub oci_version_max: &'static str,
    /// The kinds of hooks that are run.
    pub hooks: &'static [&'static str],
    /// The words of `mounts[].options` that are known, other than those of filesystems.
    pub mount_options: Vec<&'static str>,
    /// What is there of `linux`.
    pub linux: LinuxFeatures,
    /// Facts about the program, by name.
    pub annotations: BTreeMap<&'static str, &'static str>,
    /// Annotations of a config that change what is done, so that an engine does not let everybody set them.
    pub potentially_unsafe_config_annotations: &'static [&'static str],
}

/// What is built of the config's `linux` and of `process`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LinuxFeatures {
    /// Namespaces that can be made or joined.
    pub namespaces: &'static [&'static str],
    /// Capabilities that are known by name.
    pub capabilities: &'static [Capability],
    /// Ways to make cgroups.
    pub cgroup: CgroupFeatures,
    /// System call filters.
    pub seccomp: SeccompFeatures,
    /// AppArmor profiles.
    pub apparmor: Enabled,
    /// SELinux labels.
    pub selinux: Enabled,
    /// Intel RDT.
    pub intel_rdt: IntelRdtFeatures,
    /// Memory policies.
    pub memory_policy: MemoryPolicyFeatures,
    /// Extensions of `mounts[]`.
    pub mount_extensions: MountExtensions,
    /// Network devices that are moved in.
    pub net_devices: Enabled,
}

/// Ways to make cgroups.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CgroupFeatures {
    /// cgroup v1, hybrid hosts included.
    pub v1: bool,
    /// cgroup v2.
    pub v2: bool,
    /// By systemd.
    pub systemd: bool,
    /// By a user's systemd.
    pub systemd_user: bool,
    /// RDMA limits.
    pub rdma: bool,
}

/// What can be said in a seccomp profile.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SeccompFeatures {
    /// There are filters.
    pub enabled: bool,
    /// What happens to a system call.
    pub actions: &'static [SeccompAction],
    /// How arguments are compared.
    pub operators: &'static [SeccompOperator],
    /// Architectures whose calls are known.
    pub archs: &'static [SeccompArch],
    /// Flags that are known by name.
    pub known_flags: &'static [SeccompFlag],
    /// Flags that can be asked for.
    pub supported_flags: &'static [SeccompFlag],
}

/// What can be said about Intel RDT.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct IntelRdtFeatures {
    /// Classes can be made and joined.
    pub enabled: bool,
    /// `linux.intelRdt.schemata`.
    pub schemata: bool,
    /// `linux.intelRdt.enableMonitoring`.
    pub monitoring: bool,
}

/// What can be said in a memory policy.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct MemoryPolicyFeatures {
    /// Modes that are known.
    pub modes: &'static [MemoryPolicyMode],
    /// Flags that are known.
    pub flags: &'static [MemoryPolicyFlag],
}

/// Extensions of `mounts[]`.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct MountExtensions {
    /// Mounts with id maps.
    pub idmap: Enabled,
}

/// Whether something is built.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct Enabled {
    /// It is.
    pub enabled: bool,
}

const BUILT: Enabled = Enabled { enabled: true };

impl Features {
    /// What is built.
    pub fn of_this_build() -> Self {
        Self {
            oci_version_min: "1.0.0",
            oci_version_max: SPEC_VERSION,
            hooks: &[
                "prestart",
                "createRuntime",
                "createContainer",
                "startContainer",
                "poststart",
                "poststop",
            ],
            mount_options: mount_option_names().collect(),
            linux: LinuxFeatures {
                namespaces: &["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"],
                capabilities: Capability::ALL,
                cgroup: CgroupFeatures {
                    v1: true,
                    v2: true,
                    systemd: cfg!(feature = "systemd"),
                    systemd_user: cfg!(feature = "systemd"),
                    rdma: false,
                },
                seccomp: SECCOMP,
                apparmor: BUILT,
                selinux: BUILT,
                intel_rdt: IntelRdtFeatures {
                    enabled: true,
                    schemata: true,
                    monitoring: true,
                },
                memory_policy: MemoryPolicyFeatures {
                    modes: MemoryPolicyMode::ALL,
                    flags: MemoryPolicyFlag::ALL,
                },
                mount_extensions: MountExtensions { idmap: BUILT },
                net_devices: BUILT,
            },
            annotations: BTreeMap::from([
                ("org.opencontainers.runc.checkpoint.enabled", "false"),
                ("org.opencontainers.runc.version", env!("CARGO_PKG_VERSION")),
            ]),
            potentially_unsafe_config_annotations: UNSAFE_ANNOTATIONS,
        }
    }
}

const SECCOMP: SeccompFeatures = SeccompFeatures {
    enabled: true,
    actions: &[
        SeccompAction::Allow,
        SeccompAction::Errno,
        SeccompAction::Kill,
        SeccompAction::KillProcess,
        SeccompAction::KillThread,
        SeccompAction::Log,
        SeccompAction::Notify,
        SeccompAction::Trace,
        SeccompAction::Trap,
    ],
    operators: SeccompOperator::ALL,
    archs: &[
        SeccompArch::Aarch64,
        SeccompArch::Arm,
        SeccompArch::Riscv64,
        SeccompArch::X32,
        SeccompArch::X86,
        SeccompArch::X86_64,
    ],
    known_flags: SeccompFlag::ALL,
    supported_flags: SeccompFlag::ALL,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_what_engines_ask_for() {
        let features = serde_json::to_value(Features::of_this_build()).unwrap();
        assert_eq!(features["ociVersionMax"], "1.3.0");
        assert!(features["mountOptions"].as_array().unwrap().contains(&"rro".into()));
        assert!(features["mountOptions"].as_array().unwrap().contains(&"idmap".into()));
        assert_eq!(features["linux"]["capabilities"].as_array().unwrap().len(), 41);
        assert_eq!(features["linux"]["cgroup"]["v2"], true);
        assert_eq!(features["linux"]["mountExtensions"]["idmap"]["enabled"], true);
        assert_eq!(features["linux"]["seccomp"]["archs"][0], "SCMP_ARCH_AARCH64");
    }

    #[test]
    fn other_readers_of_the_document_understand_it() {
        let text = serde_json::to_string(&Features::of_this_build()).unwrap();
        let read: oci_spec::runtime::Features = serde_json::from_str(&text).unwrap();
        let again = serde_json::to_value(&read).unwrap();
        let ours: serde_json::Value = serde_json::from_str(&text).unwrap();
        for member in [
            "hooks",
            "ociVersionMin",
            "potentiallyUnsafeConfigAnnotations",
            "annotations",
        ] {
            assert_eq!(again[member], ours[member], "{member}");
        }
        for member in [
            "namespaces",
            "cgroup",
            "apparmor",
            "selinux",
            "intelRdt",
            "memoryPolicy",
            "mountExtensions",
            "netDevices",
        ] {
            assert_eq!(again["linux"][member], ours["linux"][member], "{member}");
        }
    }
}
