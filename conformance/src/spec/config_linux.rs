//! config-linux.md.

use super::config_linux_devices::{DEVICES, NETWORK_DEVICES};
use super::config_linux_seccomp::SECCOMP;
use super::register::{Document, Section, partly, tested, untested};

const LIMITS: &str = "what is written is tested without a kernel; few hosts have what takes it";
const NO_DIRECTOR: &str =
    "no machine with Intel RDT is at hand: tested up to the refusal that a host without it calls for";
const NO_DIRECTOR_UNTESTED: &str =
    "no machine with Intel RDT is at hand; unit tests cover it with a folder in place of resctrl";
const NO_SELINUX: &str =
    "this kernel has no SELinux: tested is that the label is no failure then, as all engines expect";
const ENGINES: &str =
    "the config lists them, and the runtime makes what it lists; without them in the config there is none";

pub(super) const CONFIG_LINUX: Document = Document {
    name: "config-linux.md",
    sections: &[
        Section {
            anchor: "default-filesystems",
            entries: &[partly(
                "/proc, /sys, /dev/pts, /dev/shm",
                &[
                    "filesystems: default_mounts_are_there_with_their_options",
                    "filesystems: devpts_is_an_instance_of_its_own",
                ],
                ENGINES,
            )],
        },
        NAMESPACES,
        Section {
            anchor: "user-namespace-mappings",
            entries: &[
                tested(
                    "uidMappings: containerID, hostID, size",
                    &["user_namespaces: new_user_namespace_maps_ids"],
                ),
                tested("gidMappings", &["user_namespaces: several_ranges_are_mapped"]),
                tested("several entries", &["user_namespaces: several_ranges_are_mapped"]),
                tested(
                    "no owner of a file changes",
                    &["user_namespaces: mapping_changes_no_owner_on_the_host"],
                ),
                tested(
                    "without a user namespace they are an error",
                    &["user_namespaces: mappings_without_user_namespace_are_refused"],
                ),
                tested(
                    "an ordinary user maps itself",
                    &["ordinary_user: ordinary_user_runs_a_container"],
                ),
                tested(
                    "an ordinary user's container has the same: mounts, devices, masks",
                    &[
                        "ordinary_user: binds_take_their_flags",
                        "ordinary_user: filesystems_in_memory_take_their_options",
                        "ordinary_user: default_devices_can_be_used",
                        "ordinary_user: paths_are_masked",
                        "ordinary_user: paths_are_read_only",
                    ],
                ),
                tested(
                    "an ordinary user's container has the same: filter, limits, hooks, sysctl",
                    &[
                        "ordinary_user: filter_is_loaded",
                        "ordinary_user: limits_are_set",
                        "ordinary_user: hooks_of_every_kind_run",
                        "ordinary_user: sysctl_of_the_network_is_set",
                    ],
                ),
                tested(
                    "an ordinary user maps the ranges it was granted",
                    &[
                        "subordinate_ids: ordinary_user_maps_the_ranges_it_was_granted",
                        "subordinate_ids: process_of_an_ordinary_user_can_be_another_user",
                    ],
                ),
                tested(
                    "an ordinary user maps nothing else",
                    &[
                        "ordinary_user: ordinary_user_cannot_map_what_is_not_its_own",
                        "subordinate_ids: range_that_was_not_granted_is_refused",
                    ],
                ),
                tested(
                    "groups in an ordinary user's container",
                    &[
                        "subordinate_ids: groups_are_set_in_an_ordinary_users_container",
                        "subordinate_ids: terminals_of_an_ordinary_users_container_get_their_group",
                    ],
                ),
            ],
        },
        Section {
            anchor: "offset-for-time-namespace",
            entries: &[
                tested(
                    "timeOffsets: monotonic, boottime",
                    &[
                        "time_offsets: clocks_are_shifted_in_a_time_namespace",
                        "time_offsets: offsets_of_both_clocks_are_exact",
                    ],
                ),
                tested("secs: also below zero", &["time_offsets: negative_offsets_are_set"]),
                tested("nanosecs", &["time_offsets: offsets_of_both_clocks_are_exact"]),
                tested(
                    "an unknown clock is an error",
                    &["time_offsets: offset_of_an_unknown_clock_is_refused"],
                ),
                tested(
                    "without a time namespace they are an error",
                    &["time_offsets: offsets_without_time_namespace_are_refused"],
                ),
            ],
        },
        DEVICES,
        Section {
            anchor: "default-devices",
            entries: &[
                tested(
                    "/dev/null, /dev/zero, /dev/full, /dev/random, /dev/urandom, /dev/tty",
                    &[
                        "device_nodes: default_devices_are_there",
                        "device_nodes: null_device_takes_writes_and_zero_gives_zeros",
                    ],
                ),
                tested(
                    "/dev/console with a terminal",
                    &["terminal: console_device_is_the_terminal"],
                ),
                tested("/dev/ptmx", &["device_nodes: default_links_are_there"]),
                tested(
                    "in a user namespace",
                    &["user_namespaces: devices_are_the_hosts_in_a_user_namespace"],
                ),
            ],
        },
        NETWORK_DEVICES,
        Section {
            anchor: "control-groups",
            entries: &[
                tested(
                    "another container's cgroup is not disturbed",
                    &["cgroup_paths: cgroup_of_another_container_is_not_disturbed"],
                ),
                tested(
                    "a cgroup in use: refused, or its container is left in peace",
                    &["cgroup_paths: cgroup_that_is_in_use_is_refused_or_its_container_left_in_peace"],
                ),
                untested(
                    "a frozen cgroup may be refused",
                    "what a runtime may check is its choice",
                ),
            ],
        },
        Section {
            anchor: "cgroups-path",
            entries: &[
                tested(
                    "absolute: below the mount points of the hierarchies",
                    &[
                        "cgroup_paths: process_is_in_its_cgroup_in_every_hierarchy",
                        "cgroup_paths: cgroup_is_there_before_the_start",
                    ],
                ),
                tested(
                    "relative: the runtime's choice",
                    &["cgroup_paths: relative_cgroups_path_works"],
                ),
                tested(
                    "unset: the runtime's choice",
                    &["cgroup_paths: missing_cgroups_path_gives_one_of_its_own"],
                ),
                tested(
                    "made where they are missing",
                    &["cgroup_paths: deep_cgroups_path_is_made"],
                ),
                tested(
                    "never leads out of the hierarchy",
                    &["cgroup_paths: cgroups_path_with_dots_stays_below_the_root"],
                ),
            ],
        },
        Section {
            anchor: "cgroup-ownership",
            entries: &[tested(
                "the owner of the cgroup and of the files in delegate",
                &["cgroup_paths: cgroup_that_the_process_may_write_to_is_its_own"],
            )],
        },
        Section {
            anchor: "allowed-device-list",
            entries: &[
                tested(
                    "applied in the listed order",
                    &["device_rules: rules_are_applied_in_their_order"],
                ),
                tested(
                    "allow: true, false",
                    &[
                        "device_rules: device_with_a_rule_can_be_opened",
                        "device_rules: device_without_a_rule_cannot_be_opened",
                    ],
                ),
                tested(
                    "type: c, b",
                    &["device_rules: rule_without_numbers_is_for_all_of_its_type"],
                ),
                tested(
                    "type: unset means all",
                    &["device_rules: rule_without_a_type_is_for_all"],
                ),
                tested(
                    "major, minor: unset means all",
                    &["device_rules: rule_without_numbers_is_for_all_of_its_type"],
                ),
                tested(
                    "access: r, w",
                    &[
                        "device_rules: read_only_rule_refuses_writing",
                        "device_rules: write_only_rule_refuses_reading",
                    ],
                ),
                tested(
                    "access: r and w by several rules",
                    &["device_rules: device_that_one_rule_lets_be_read_and_another_written_can_be_opened_for_both"],
                ),
                tested(
                    "access: m (every container may make nodes)",
                    &["device_rules: node_may_be_made_of_a_device_that_may_not_be_opened"],
                ),
                tested(
                    "access: other letters are an error",
                    &["device_rules: malformed_access_is_refused"],
                ),
                tested(
                    "the default devices stay usable",
                    &[
                        "cgroup_paths: default_device_rules_are_in_the_cgroup",
                        "device_rules: default_devices_can_be_used_without_a_rule",
                    ],
                ),
            ],
        },
        Section {
            anchor: "memory",
            entries: &[
                tested(
                    "limit, reservation, swap",
                    &[
                        "limits: limits_of_memory_are_in_the_cgroup",
                        "limits: process_that_takes_more_memory_than_it_may_is_killed",
                        "limits: swap_below_memory_is_refused",
                        "entry: little_memory_is_enough_to_start_with",
                        "units: unit_has_the_limits_also_when_units_are_read_anew",
                    ],
                ),
                untested("kernel, kernelTCP", LIMITS),
                partly(
                    "swappiness, disableOOMKiller, useHierarchy",
                    &["further_limits: swappiness_is_in_the_cgroup_or_refused"],
                    LIMITS,
                ),
                tested(
                    "checkBeforeUpdate",
                    &["further_limits: limit_below_what_is_used_is_refused_where_that_is_asked_for"],
                ),
            ],
        },
        Section {
            anchor: "cpu",
            entries: &[
                tested(
                    "shares, quota, period",
                    &[
                        "limits: limits_of_cpu_time_are_in_the_cgroup",
                        "limits: process_that_uses_more_cpu_time_than_it_may_is_throttled",
                    ],
                ),
                tested("burst", &["further_limits: burst_is_in_the_cgroup"]),
                untested("realtimeRuntime, realtimePeriod", LIMITS),
                tested("cpus, mems", &["limits: cpus_are_those_of_the_cpuset"]),
                tested("idle", &["further_limits: cgroup_is_idle"]),
            ],
        },
        Section {
            anchor: "block-io",
            entries: &[
                untested("weight, leafWeight, weightDevice", LIMITS),
                tested(
                    "throttleReadBpsDevice",
                    &[
                        "limits: throttles_of_a_block_device_are_in_the_cgroup",
                        "further_limits: each_throttle_of_a_block_device_is_in_the_cgroup",
                    ],
                ),
                tested(
                    "throttleWriteBpsDevice, throttleReadIOPSDevice, throttleWriteIOPSDevice",
                    &["further_limits: each_throttle_of_a_block_device_is_in_the_cgroup"],
                ),
            ],
        },
        Section {
            anchor: "huge-page-limits",
            entries: &[tested("pageSize, limit", &["further_limits: huge_pages_are_limited"])],
        },
        Section {
            anchor: "network",
            entries: &[tested(
                "classID, priorities",
                &["further_limits: network_class_and_priorities_are_in_the_cgroup"],
            )],
        },
        Section {
            anchor: "pids",
            entries: &[tested(
                "limit",
                &[
                    "limits: limits_of_tasks_are_in_the_cgroup",
                    "limits: process_that_starts_more_than_it_may_is_refused",
                    "limits: limit_of_0_tasks_is_one",
                ],
            )],
        },
        Section {
            anchor: "rdma",
            entries: &[untested("hcaHandles, hcaObjects", LIMITS)],
        },
        Section {
            anchor: "unified",
            entries: &[tested(
                "files of cgroup v2",
                &[
                    "further_limits: files_of_the_second_version_are_written_as_they_are_named",
                    "limits: file_that_moves_processes_is_no_resource",
                ],
            )],
        },
        Section {
            anchor: "intelrdt",
            entries: &[
                partly(
                    "without resctrl it is an error",
                    &["resource_director: resource_director_that_is_not_there_is_refused"],
                    NO_DIRECTOR,
                ),
                tested(
                    "closID: must be a folder's name",
                    &["resource_director: class_that_is_no_folder_is_refused"],
                ),
                untested("closID: used, made or checked", NO_DIRECTOR_UNTESTED),
                untested("l3CacheSchema, memBwSchema", NO_DIRECTOR_UNTESTED),
                untested("schemata", NO_DIRECTOR_UNTESTED),
                untested("enableMonitoring", NO_DIRECTOR_UNTESTED),
            ],
        },
        Section {
            anchor: "sysctl",
            entries: &[
                tested("of the network namespace", &["sysctl: sysctl_of_the_network_is_set"]),
                tested("of the IPC namespace", &["sysctl: sysctl_of_ipc_is_set"]),
                tested(
                    "of the UTS namespace",
                    &["sysctl: sysctl_of_uts_is_refused_or_set_inside_only"],
                ),
                tested(
                    "in a user namespace",
                    &["user_namespaces: sysctl_of_the_containers_network_is_set_in_a_user_namespace"],
                ),
                tested(
                    "what belongs to the host is not changed",
                    &[
                        "sysctl: sysctl_that_is_not_of_a_namespace_is_refused",
                        "sysctl: sysctl_of_a_shared_namespace_is_refused",
                    ],
                ),
                tested(
                    "what does not exist is an error",
                    &["sysctl: sysctl_that_does_not_exist_is_refused"],
                ),
            ],
        },
        SECCOMP,
        Section {
            anchor: "the-container-process-state",
            entries: &[
                tested(
                    "ociVersion, pid, fds",
                    &["seccomp_agent: agent_gets_the_container_process_state"],
                ),
                tested("metadata", &["seccomp_agent: agent_with_metadata_gets_it"]),
                tested("state", &["seccomp_agent: agent_gets_the_container_process_state"]),
                tested(
                    "the descriptor comes along, once",
                    &["seccomp_agent: agent_answers_for_a_call"],
                ),
            ],
        },
        Section {
            anchor: "rootfs-mount-propagation",
            entries: &[
                tested("shared", &["rootfs: shared_propagation_shares"]),
                tested(
                    "slave",
                    &[
                        "rootfs: slave_propagation_receives",
                        "propagation: mount_on_the_host_arrives_in_a_slave_root",
                    ],
                ),
                tested(
                    "private",
                    &[
                        "rootfs: private_propagation_is_private",
                        "propagation: mount_on_the_host_does_not_arrive_in_a_private_root",
                    ],
                ),
                tested("unbindable", &["rootfs: unbindable_propagation_is_unbindable"]),
                tested("other words are an error", &["rootfs: unknown_propagation_is_refused"]),
            ],
        },
        Section {
            anchor: "masked-paths",
            entries: &[
                tested(
                    "files and folders cannot be read",
                    &[
                        "masks: masked_file_reads_as_empty",
                        "masks: masked_folder_is_empty_and_read_only",
                    ],
                ),
                tested("must be absolute", &["masks: relative_masked_path_is_refused"]),
            ],
        },
        Section {
            anchor: "readonly-paths",
            entries: &[
                tested(
                    "cannot be written",
                    &[
                        "masks: read_only_path_refuses_writes",
                        "masks: read_only_path_keeps_its_content",
                    ],
                ),
                tested("must be absolute", &["masks: relative_read_only_path_is_refused"]),
            ],
        },
        Section {
            anchor: "mount-label",
            entries: &[partly(
                "mountLabel",
                &["security_labels: mount_label_without_selinux_is_no_failure"],
                NO_SELINUX,
            )],
        },
        Section {
            anchor: "personality",
            entries: &[
                tested("domain: LINUX", &["execution_domain: plain_execution_domain_is_set"]),
                tested(
                    "domain: LINUX32",
                    &["execution_domain: execution_domain_of_32_bits_is_set"],
                ),
                tested(
                    "flags: none is known",
                    &["execution_domain: flag_of_an_execution_domain_is_refused"],
                ),
            ],
        },
        Section {
            anchor: "memory-policy",
            entries: &[
                tested("mode, nodes", &["memory_policy: memory_policy_is_set"]),
                tested("flags", &["memory_policy: memory_policy_with_a_flag_is_set"]),
                tested(
                    "unknown words, and nodes that do not fit, are an error",
                    &["memory_policy: memory_policy_that_contradicts_itself_is_refused"],
                ),
                tested(
                    "nodes that are not there are an error",
                    &["memory_policy: memory_policy_of_a_node_that_is_not_there_is_refused"],
                ),
            ],
        },
    ],
};

const NAMESPACES: Section = Section {
    anchor: "namespaces",
    entries: &[
        tested(
            "pid: new",
            &[
                "new_namespaces: each_new_namespace_is_of_its_kind",
                "new_namespaces: other_processes_are_out_of_sight_in_a_new_pid_namespace",
            ],
        ),
        tested("pid: by path", &["joined_namespaces: pid_is_joined_by_path"]),
        tested(
            "network: new",
            &[
                "new_namespaces: each_new_namespace_is_of_its_kind",
                "new_namespaces: loopback_is_up_in_a_new_network",
            ],
        ),
        tested("network: by path", &["joined_namespaces: network_is_joined_by_path"]),
        tested("mount: new", &["new_namespaces: each_listed_namespace_is_a_new_one"]),
        tested("mount: by path", &["joined_namespaces: mount_is_joined_by_path"]),
        tested("ipc: new", &["new_namespaces: each_new_namespace_is_of_its_kind"]),
        tested("ipc: by path", &["joined_namespaces: ipc_and_uts_are_joined_by_path"]),
        tested("uts: new", &["new_namespaces: each_new_namespace_is_of_its_kind"]),
        tested("uts: by path", &["joined_namespaces: ipc_and_uts_are_joined_by_path"]),
        tested("user: new", &["user_namespaces: new_user_namespace_maps_ids"]),
        tested(
            "user: by path",
            &["user_namespaces: user_namespace_is_joined_with_others_of_its_own"],
        ),
        tested(
            "cgroup: new",
            &["new_namespaces: cgroup_namespace_is_a_new_one_and_shows_its_own_root"],
        ),
        tested("cgroup: by path", &["joined_namespaces: cgroup_is_joined_by_path"]),
        tested("time: new", &["time_offsets: clocks_are_shifted_in_a_time_namespace"]),
        tested("time: by path", &["joined_namespaces: time_is_joined_by_path"]),
        tested(
            "type: an unknown one is an error",
            &["new_namespaces: unknown_namespace_is_refused"],
        ),
        tested(
            "path: must be absolute",
            &["joined_namespaces: relative_namespace_path_is_refused"],
        ),
        tested(
            "path: of another type is an error",
            &["joined_namespaces: path_of_another_kind_of_namespace_is_refused"],
        ),
        tested(
            "path: what is no namespace is an error",
            &[
                "joined_namespaces: path_that_is_no_namespace_is_refused",
                "joined_namespaces: missing_namespace_path_is_refused",
            ],
        ),
        tested(
            "not listed: pid, network, ipc, uts are the caller's",
            &[
                "new_namespaces: pid_that_is_not_listed_is_the_callers",
                "new_namespaces: network_that_is_not_listed_is_the_callers",
                "new_namespaces: ipc_that_is_not_listed_is_the_callers",
                "new_namespaces: uts_that_is_not_listed_is_the_callers",
            ],
        ),
        tested(
            "not listed: user, time, cgroup are the caller's",
            &[
                "new_namespaces: user_and_time_are_the_callers",
                "new_namespaces: cgroup_that_is_not_listed_is_the_callers",
            ],
        ),
        tested(
            "not listed: mount is the caller's",
            &["inherited_mounts: process_is_in_the_callers_mount_namespace"],
        ),
        tested(
            "the same type twice is an error",
            &[
                "new_namespaces: same_namespace_twice_is_refused",
                "new_namespaces: every_kind_twice_is_refused",
                "joined_namespaces: one_kind_new_and_by_path_is_refused",
            ],
        ),
    ],
};
