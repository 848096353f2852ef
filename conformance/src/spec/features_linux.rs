//! features-linux.md.

use super::register::{Document, Section, tested};

pub(super) const FEATURES_LINUX: Document = Document {
    name: "features-linux.md",
    sections: &[
        Section {
            anchor: "namespaces",
            entries: &[tested(
                "namespaces: all, and what is told is taken",
                &[
                    "features: every_kind_of_namespace_is_told",
                    "features: every_kind_of_namespace_that_is_told_is_taken",
                ],
            )],
        },
        Section {
            anchor: "capabilities",
            entries: &[tested(
                "capabilities: all of the kernel, and what is told is taken",
                &[
                    "features: every_capability_of_the_kernel_is_told",
                    "features: every_capability_that_is_told_is_taken",
                ],
            )],
        },
        Section {
            anchor: "cgroup",
            entries: &[
                tested("v1, v2", &["features: cgroup_version_one_and_two_are_told"]),
                tested(
                    "systemd, systemdUser",
                    &["features: cgroup_managers_of_systemd_are_told"],
                ),
                tested("rdma", &["features: cgroup_of_rdma_is_told"]),
            ],
        },
        Section {
            anchor: "seccomp",
            entries: &[
                tested("enabled", &["features: seccomp_is_told"]),
                tested(
                    "actions: what is told is taken",
                    &["features: every_seccomp_action_that_is_told_is_taken"],
                ),
                tested(
                    "operators: what is told is taken",
                    &["features: every_seccomp_operator_that_is_told_is_taken"],
                ),
                tested(
                    "archs: what is told is taken",
                    &["features: every_seccomp_architecture_that_is_told_is_taken"],
                ),
                tested(
                    "knownFlags: what is told is taken",
                    &["features: every_seccomp_flag_that_is_known_is_taken"],
                ),
                tested(
                    "supportedFlags: among the known ones",
                    &["features: every_seccomp_flag_that_is_supported_is_known"],
                ),
            ],
        },
        Section {
            anchor: "apparmor",
            entries: &[tested("enabled", &["features: apparmor_is_told"])],
        },
        Section {
            anchor: "selinux",
            entries: &[tested("enabled", &["features: selinux_is_told"])],
        },
        Section {
            anchor: "intel-rdt",
            entries: &[
                tested("enabled", &["features: resource_director_is_told"]),
                tested("schemata", &["features: schemata_of_the_resource_director_are_told"]),
                tested("monitoring", &["features: monitoring_by_the_resource_director_is_told"]),
            ],
        },
        Section {
            anchor: "memorypolicy",
            entries: &[
                tested(
                    "modes: what is told is taken",
                    &["features: every_memory_policy_that_is_told_is_taken"],
                ),
                tested(
                    "flags: what is told is taken",
                    &["features: every_memory_policy_flag_that_is_told_is_taken"],
                ),
            ],
        },
        Section {
            anchor: "mountextensions",
            entries: &[tested("idmap: enabled", &["features: mapped_mounts_are_told"])],
        },
        Section {
            anchor: "netdevices",
            entries: &[tested("enabled", &["features: network_devices_are_told"])],
        },
    ],
};
