//! config-linux.md.

use super::{Document, Section, partly, tested, untested};

const LIMITS: &str = "limits of cgroups and their update are a part that is not built yet";
const NO_DIRECTOR: &str =
    "no machine with Intel RDT is at hand: tested up to the refusal that a host without it calls for";
const NO_DIRECTOR_UNTESTED: &str =
    "no machine with Intel RDT is at hand; unit tests cover it with a folder in place of resctrl";
const NO_SELINUX: &str =
    "this kernel has no SELinux: tested is that the label is no failure then, as all engines expect";
const NO_TRACER: &str = "a tracer that answers is not among the tests";
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
                    "mounts: default_mounts_are_there_with_their_options",
                    "mounts: devpts_is_an_instance_of_its_own",
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
                    &["users: new_user_namespace_maps_ids"],
                ),
                tested("gidMappings", &["users: several_ranges_are_mapped"]),
                tested("several entries", &["users: several_ranges_are_mapped"]),
                tested(
                    "no owner of a file changes",
                    &["users: mapping_changes_no_owner_on_the_host"],
                ),
                tested(
                    "without a user namespace they are an error",
                    &["users: mappings_without_user_namespace_are_refused"],
                ),
                tested(
                    "an ordinary user maps itself",
                    &["users: ordinary_user_runs_a_container"],
                ),
                tested(
                    "an ordinary user's container has the same: mounts, devices, masks",
                    &[
                        "ordinary user: binds_take_their_flags",
                        "ordinary user: filesystems_in_memory_take_their_options",
                        "ordinary user: default_devices_can_be_used",
                        "ordinary user: paths_are_masked",
                        "ordinary user: paths_are_read_only",
                    ],
                ),
                tested(
                    "an ordinary user's container has the same: filter, limits, hooks, sysctl",
                    &[
                        "ordinary user: filter_is_loaded",
                        "ordinary user: limits_are_set",
                        "ordinary user: hooks_of_every_kind_run",
                        "ordinary user: sysctl_of_the_network_is_set",
                    ],
                ),
                tested(
                    "an ordinary user maps the ranges it was granted",
                    &[
                        "id helpers: ordinary_user_maps_the_ranges_it_was_granted",
                        "id helpers: process_of_an_ordinary_user_can_be_another_user",
                    ],
                ),
                tested(
                    "an ordinary user maps nothing else",
                    &[
                        "users: ordinary_user_cannot_map_what_is_not_its_own",
                        "id helpers: range_that_was_not_granted_is_refused",
                    ],
                ),
                tested(
                    "groups in an ordinary user's container",
                    &[
                        "id helpers: groups_are_set_in_an_ordinary_users_container",
                        "id helpers: terminals_of_an_ordinary_users_container_get_their_group",
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
                        "users: clocks_are_shifted_in_a_time_namespace",
                        "users: offsets_of_both_clocks_are_exact",
                    ],
                ),
                tested("secs: also below zero", &["users: negative_offsets_are_set"]),
                tested("nanosecs", &["users: offsets_of_both_clocks_are_exact"]),
                tested(
                    "an unknown clock is an error",
                    &["users: offset_of_an_unknown_clock_is_refused"],
                ),
                tested(
                    "without a time namespace they are an error",
                    &["users: offsets_without_time_namespace_are_refused"],
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
                        "devices: default_devices_are_there",
                        "devices: null_device_takes_writes_and_zero_gives_zeros",
                    ],
                ),
                tested(
                    "/dev/console with a terminal",
                    &["terminal: console_device_is_the_terminal"],
                ),
                tested("/dev/ptmx", &["devices: default_links_are_there"]),
                tested(
                    "in a user namespace",
                    &["users: devices_are_the_hosts_in_a_user_namespace"],
                ),
            ],
        },
        NETWORK_DEVICES,
        Section {
            anchor: "control-groups",
            entries: &[
                tested(
                    "another container's cgroup is not disturbed",
                    &["cgroups: cgroup_of_another_container_is_not_disturbed"],
                ),
                tested(
                    "a cgroup in use: refused, or its container is left in peace",
                    &["operations: cgroup_that_is_in_use_is_refused_or_its_container_left_in_peace"],
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
                        "cgroups: process_is_in_its_cgroup_in_every_hierarchy",
                        "cgroups: cgroup_is_there_before_the_start",
                    ],
                ),
                tested(
                    "relative: the runtime's choice",
                    &["cgroups: relative_cgroups_path_works"],
                ),
                tested(
                    "unset: the runtime's choice",
                    &["cgroups: missing_cgroups_path_gives_one_of_its_own"],
                ),
                tested("made where they are missing", &["cgroups: deep_cgroups_path_is_made"]),
                tested(
                    "never leads out of the hierarchy",
                    &["cgroups: cgroups_path_with_dots_stays_below_the_root"],
                ),
            ],
        },
        Section {
            anchor: "cgroup-ownership",
            entries: &[tested(
                "the owner of the cgroup and of the files in delegate",
                &["cgroups: cgroup_that_the_process_may_write_to_is_its_own"],
            )],
        },
        Section {
            anchor: "allowed-device-list",
            entries: &[
                tested(
                    "applied in the listed order",
                    &["devices: rules_are_applied_in_their_order"],
                ),
                tested(
                    "allow: true, false",
                    &[
                        "devices: device_with_a_rule_can_be_opened",
                        "devices: device_without_a_rule_cannot_be_opened",
                    ],
                ),
                tested("type: c, b", &["devices: rule_without_numbers_is_for_all_of_its_type"]),
                tested("type: unset means all", &["devices: rule_without_a_type_is_for_all"]),
                tested(
                    "major, minor: unset means all",
                    &["devices: rule_without_numbers_is_for_all_of_its_type"],
                ),
                tested(
                    "access: r, w",
                    &[
                        "devices: read_only_rule_refuses_writing",
                        "devices: write_only_rule_refuses_reading",
                    ],
                ),
                untested(
                    "access: m",
                    "engines and runtimes let every container make nodes; only opening is ruled",
                ),
                tested(
                    "access: other letters are an error",
                    &["devices: malformed_access_is_refused"],
                ),
                tested(
                    "the default devices stay usable",
                    &["cgroups: default_device_rules_are_in_the_cgroup"],
                ),
            ],
        },
        Section {
            anchor: "memory",
            entries: &[
                untested("limit, reservation, swap", LIMITS),
                untested("kernel, kernelTCP", LIMITS),
                untested("swappiness, disableOOMKiller, useHierarchy", LIMITS),
                untested("checkBeforeUpdate", LIMITS),
            ],
        },
        Section {
            anchor: "cpu",
            entries: &[
                untested("shares, quota, burst, period", LIMITS),
                untested("realtimeRuntime, realtimePeriod", LIMITS),
                untested("cpus, mems", LIMITS),
                untested("idle", LIMITS),
            ],
        },
        Section {
            anchor: "block-io",
            entries: &[
                untested("weight, leafWeight, weightDevice", LIMITS),
                untested("throttleReadBpsDevice, throttleWriteBpsDevice", LIMITS),
                untested("throttleReadIOPSDevice, throttleWriteIOPSDevice", LIMITS),
            ],
        },
        Section {
            anchor: "huge-page-limits",
            entries: &[untested("pageSize, limit", LIMITS)],
        },
        Section {
            anchor: "network",
            entries: &[untested("classID, priorities", LIMITS)],
        },
        Section {
            anchor: "pids",
            entries: &[untested("limit", LIMITS)],
        },
        Section {
            anchor: "rdma",
            entries: &[untested("hcaHandles, hcaObjects", LIMITS)],
        },
        Section {
            anchor: "unified",
            entries: &[untested("files of cgroup v2", LIMITS)],
        },
        Section {
            anchor: "intelrdt",
            entries: &[
                partly(
                    "without resctrl it is an error",
                    &["attributes: resource_director_that_is_not_there_is_refused"],
                    NO_DIRECTOR,
                ),
                tested(
                    "closID: must be a folder's name",
                    &["attributes: class_that_is_no_folder_is_refused"],
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
                tested("of the network namespace", &["masks: sysctl_of_the_network_is_set"]),
                tested("of the IPC namespace", &["masks: sysctl_of_ipc_is_set"]),
                tested(
                    "of the UTS namespace",
                    &["masks: sysctl_of_uts_is_refused_or_set_inside_only"],
                ),
                tested(
                    "in a user namespace",
                    &["users: sysctl_of_the_containers_network_is_set_in_a_user_namespace"],
                ),
                tested(
                    "what belongs to the host is not changed",
                    &[
                        "masks: sysctl_that_is_not_of_a_namespace_is_refused",
                        "masks: sysctl_of_a_shared_namespace_is_refused",
                    ],
                ),
                tested(
                    "what does not exist is an error",
                    &["masks: sysctl_that_does_not_exist_is_refused"],
                ),
            ],
        },
        SECCOMP,
        Section {
            anchor: "the-container-process-state",
            entries: &[
                tested(
                    "ociVersion, pid, fds",
                    &["notifications: agent_gets_the_container_process_state"],
                ),
                tested("metadata", &["notifications: agent_with_metadata_gets_it"]),
                tested("state", &["notifications: agent_gets_the_container_process_state"]),
                tested(
                    "the descriptor comes along, once",
                    &["notifications: agent_answers_for_a_call"],
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
                &["attributes: mount_label_without_selinux_is_no_failure"],
                NO_SELINUX,
            )],
        },
        Section {
            anchor: "personality",
            entries: &[
                tested("domain: LINUX", &["attributes: plain_execution_domain_is_set"]),
                tested("domain: LINUX32", &["attributes: execution_domain_of_32_bits_is_set"]),
                tested(
                    "flags: none is known",
                    &["attributes: flag_of_an_execution_domain_is_refused"],
                ),
            ],
        },
        Section {
            anchor: "memory-policy",
            entries: &[
                tested("mode, nodes", &["attributes: memory_policy_is_set"]),
                tested("flags", &["attributes: memory_policy_with_a_flag_is_set"]),
                tested(
                    "unknown words, and nodes that do not fit, are an error",
                    &["attributes: memory_policy_that_contradicts_itself_is_refused"],
                ),
                tested(
                    "nodes that are not there are an error",
                    &["attributes: memory_policy_of_a_node_that_is_not_there_is_refused"],
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
                "namespaces: each_new_namespace_is_of_its_kind",
                "namespaces: other_processes_are_out_of_sight_in_a_new_pid_namespace",
            ],
        ),
        tested("pid: by path", &["namespaces: pid_is_joined_by_path"]),
        tested(
            "network: new",
            &[
                "namespaces: each_new_namespace_is_of_its_kind",
                "namespaces: loopback_is_up_in_a_new_network",
            ],
        ),
        tested("network: by path", &["namespaces: network_is_joined_by_path"]),
        tested("mount: new", &["namespaces: each_listed_namespace_is_a_new_one"]),
        tested("mount: by path", &["namespaces: mount_is_joined_by_path"]),
        tested("ipc: new", &["namespaces: each_new_namespace_is_of_its_kind"]),
        tested("ipc: by path", &["namespaces: ipc_and_uts_are_joined_by_path"]),
        tested("uts: new", &["namespaces: each_new_namespace_is_of_its_kind"]),
        tested("uts: by path", &["namespaces: ipc_and_uts_are_joined_by_path"]),
        tested("user: new", &["users: new_user_namespace_maps_ids"]),
        tested(
            "user: by path",
            &["users: user_namespace_is_joined_with_others_of_its_own"],
        ),
        tested(
            "cgroup: new",
            &["namespaces: cgroup_namespace_is_a_new_one_and_shows_its_own_root"],
        ),
        tested("cgroup: by path", &["namespaces: cgroup_is_joined_by_path"]),
        tested("time: new", &["users: clocks_are_shifted_in_a_time_namespace"]),
        tested("time: by path", &["namespaces: time_is_joined_by_path"]),
        tested(
            "type: an unknown one is an error",
            &["namespaces: unknown_namespace_is_refused"],
        ),
        tested(
            "path: must be absolute",
            &["namespaces: relative_namespace_path_is_refused"],
        ),
        tested(
            "path: of another type is an error",
            &["namespaces: path_of_another_kind_of_namespace_is_refused"],
        ),
        tested(
            "path: what is no namespace is an error",
            &[
                "namespaces: path_that_is_no_namespace_is_refused",
                "namespaces: missing_namespace_path_is_refused",
            ],
        ),
        tested(
            "not listed: pid, network, ipc, uts are the caller's",
            &[
                "namespaces: pid_that_is_not_listed_is_the_callers",
                "namespaces: network_that_is_not_listed_is_the_callers",
                "namespaces: ipc_that_is_not_listed_is_the_callers",
                "namespaces: uts_that_is_not_listed_is_the_callers",
            ],
        ),
        tested(
            "not listed: user, time, cgroup are the caller's",
            &[
                "namespaces: user_and_time_are_the_callers",
                "namespaces: cgroup_that_is_not_listed_is_the_callers",
            ],
        ),
        partly(
            "not listed: mount is the caller's",
            &["namespaces: no_mount_namespace_is_refused"],
            "refused: the container's mounts would be made on the host",
        ),
        tested(
            "the same type twice is an error",
            &[
                "namespaces: same_namespace_twice_is_refused",
                "namespaces: every_kind_twice_is_refused",
                "namespaces: one_kind_new_and_by_path_is_refused",
            ],
        ),
    ],
};

const DEVICES: Section = Section {
    anchor: "devices",
    entries: &[
        tested("type: c", &["devices: device_is_made_with_mode_and_owner"]),
        tested("type: b", &["devices: block_device_is_made"]),
        tested("type: u", &["devices: unbuffered_device_is_made"]),
        tested("type: p", &["devices: fifo_is_made"]),
        tested(
            "type: others are an error",
            &["devices: unknown_kind_of_device_is_refused"],
        ),
        tested(
            "path: anywhere",
            &[
                "devices: device_outside_of_dev_is_made",
                "devices: device_in_a_new_folder_is_made",
            ],
        ),
        tested(
            "path: something else is there: an error",
            &[
                "devices: device_that_exists_as_another_is_refused",
                "devices: folder_in_the_place_of_a_device_is_refused",
            ],
        ),
        tested(
            "path: the same device is there",
            &["devices: device_that_exists_as_itself_is_fine"],
        ),
        tested("major, minor", &["devices: device_is_made_with_mode_and_owner"]),
        tested(
            "major, minor: required for c, u, b",
            &["devices: device_without_numbers_is_refused"],
        ),
        tested("major, minor: ignored for p", &["devices: fifo_ignores_numbers"]),
        tested(
            "fileMode",
            &[
                "devices: device_is_made_with_mode_and_owner",
                "devices: mode_of_a_device_is_not_cut_by_the_umask",
            ],
        ),
        tested("uid, gid", &["devices: device_is_made_with_mode_and_owner"]),
        tested(
            "uid, gid: of the container's namespace",
            &["devices: owner_of_a_device_is_of_the_containers_namespace"],
        ),
        tested(
            "devices that are not listed cannot be used",
            &["devices: no_resources_still_deny_what_is_not_default"],
        ),
    ],
};

const NETWORK_DEVICES: Section = Section {
    anchor: "network-devices",
    entries: &[
        tested(
            "netDevices: moved into the container",
            &["netdevices: device_moves_with_its_addresses"],
        ),
        tested(
            "into a network namespace by path",
            &["netdevices: device_moves_into_a_joined_namespace"],
        ),
        tested("name", &["netdevices: device_is_renamed"]),
        tested(
            "name: one that is taken is an error",
            &["netdevices: name_that_is_taken_is_an_error"],
        ),
        tested(
            "name: a template (%d)",
            &["netdevices: devices_with_a_template_get_the_lowest_numbers"],
        ),
        tested(
            "addresses of global scope are kept",
            &["netdevices: device_moves_with_its_addresses"],
        ),
        tested(
            "other attributes are kept; it is up",
            &["netdevices: device_keeps_its_mtu_and_address_and_is_up"],
        ),
        tested(
            "a device that is not there is an error",
            &["netdevices: missing_device_is_an_error"],
        ),
        tested(
            "without a network namespace it is an error",
            &["netdevices: devices_without_a_network_namespace_are_refused"],
        ),
        untested(
            "not moved back when the container ends",
            "the kernel removes virtual devices with their namespace, and no physical one is at hand",
        ),
    ],
};

const SECCOMP: Section = Section {
    anchor: "seccomp",
    entries: &[
        tested(
            "defaultAction",
            &[
                "seccomp words: every_action_can_be_the_default",
                "seccomp: allow_list_that_is_just_enough_works",
            ],
        ),
        tested(
            "defaultAction: required",
            &["seccomp words: profile_without_a_default_action_is_refused"],
        ),
        tested("defaultErrnoRet", &["seccomp: default_errno_is_used"]),
        tested(
            "defaultErrnoRet: an action without one is an error",
            &["seccomp words: default_errno_of_an_action_that_has_none_is_refused"],
        ),
        tested(
            "architectures",
            &[
                "seccomp words: architectures_of_the_machines_family_are_taken",
                "seccomp words: architecture_of_another_machine_is_no_error",
                "seccomp words: missing_architectures_mean_the_machines_own",
                "seccomp words: own_architecture_is_filtered_though_it_is_not_listed",
            ],
        ),
        tested(
            "architectures: unknown ones are an error",
            &["seccomp: unknown_architecture_is_refused"],
        ),
        tested(
            "flags: SECCOMP_FILTER_FLAG_TSYNC",
            &["seccomp words: tsync_flag_is_taken"],
        ),
        tested("flags: SECCOMP_FILTER_FLAG_LOG", &["seccomp words: log_flag_is_taken"]),
        tested(
            "flags: SECCOMP_FILTER_FLAG_SPEC_ALLOW",
            &["seccomp words: spec_allow_flag_is_taken"],
        ),
        tested(
            "flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
            &["notifications: killable_wait_is_taken"],
        ),
        tested(
            "flags: unknown ones are an error",
            &["seccomp words: unknown_flag_is_refused"],
        ),
        tested(
            "listenerPath: one connection, one state",
            &["notifications: agent_gets_the_container_process_state"],
        ),
        tested(
            "listenerPath: a failure to send is an error",
            &[
                "notifications: missing_agent_is_an_error",
                "notifications: agent_that_hangs_up_leaves_no_running_container",
            ],
        ),
        tested(
            "listenerPath: ignored without SCMP_ACT_NOTIFY",
            &["seccomp words: agents_path_without_notifications_is_ignored"],
        ),
        tested("listenerMetadata", &["notifications: agent_with_metadata_gets_it"]),
        tested(
            "listenerMetadata: not without listenerPath",
            &["seccomp words: metadata_without_an_agents_path_is_refused"],
        ),
        tested("names", &["seccomp: denied_call_gets_eperm"]),
        tested("names: at least one", &["seccomp words: rule_without_names_is_refused"]),
        tested(
            "action: required",
            &["seccomp words: rule_without_an_action_is_refused"],
        ),
        tested("SCMP_ACT_KILL", &["seccomp words: kill_action_kills"]),
        tested("SCMP_ACT_KILL_PROCESS", &["seccomp words: kill_process_action_kills"]),
        tested("SCMP_ACT_KILL_THREAD", &["seccomp words: kill_thread_action_kills"]),
        tested("SCMP_ACT_TRAP", &["seccomp words: trap_action_sends_a_signal"]),
        tested("SCMP_ACT_ERRNO", &["seccomp words: errno_action_refuses"]),
        partly(
            "SCMP_ACT_TRACE",
            &["seccomp words: trace_action_without_a_tracer_gives_enosys"],
            NO_TRACER,
        ),
        tested("SCMP_ACT_ALLOW", &["seccomp words: allowing_action_lets_through"]),
        tested("SCMP_ACT_LOG", &["seccomp words: log_action_lets_through"]),
        tested("SCMP_ACT_NOTIFY", &["notifications: agent_answers_for_a_call"]),
        tested("other actions are an error", &["seccomp: unknown_action_is_refused"]),
        tested("errnoRet", &["seccomp: denied_call_gets_the_errno_of_its_rule"]),
        tested("errnoRet: unset means EPERM", &["seccomp: denied_call_gets_eperm"]),
        tested(
            "errnoRet: an action without one is an error",
            &["seccomp words: errno_of_a_rule_whose_action_has_none_is_refused"],
        ),
        tested("args: index", &["seccomp words: every_argument_can_be_compared"]),
        tested(
            "args: index beyond the sixth is an error",
            &["seccomp words: argument_beyond_the_sixth_is_refused"],
        ),
        tested("args: value, of 64 bits", &["seccomp: argument_comparison_holds"]),
        tested("args: valueTwo", &["seccomp: masked_comparison_holds"]),
        tested("args: all must hold", &["seccomp: all_comparisons_of_a_rule_must_hold"]),
        tested("SCMP_CMP_NE", &["seccomp words: not_equal_operator_holds"]),
        tested("SCMP_CMP_LT", &["seccomp words: less_operator_holds"]),
        tested("SCMP_CMP_LE", &["seccomp words: less_or_equal_operator_holds"]),
        tested("SCMP_CMP_EQ", &["seccomp words: equal_operator_holds"]),
        tested("SCMP_CMP_GE", &["seccomp words: greater_or_equal_operator_holds"]),
        tested("SCMP_CMP_GT", &["seccomp words: greater_operator_holds"]),
        tested("SCMP_CMP_MASKED_EQ", &["seccomp words: masked_equal_operator_holds"]),
        tested(
            "other operators are an error",
            &["seccomp words: unknown_operator_is_an_error"],
        ),
        tested(
            "several rules of one call are alternatives",
            &[
                "seccomp words: rules_of_one_call_are_alternatives",
                "seccomp words: comparisons_of_one_argument_in_a_rule_are_alternatives",
            ],
        ),
        tested(
            "names that nobody knows are no error",
            &["seccomp: unknown_call_in_the_profile_is_no_error"],
        ),
    ],
};
