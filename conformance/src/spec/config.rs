//! config.md, but for its mounts.

use super::config_mounts::{LINUX_MOUNT_OPTIONS, MOUNTS, POSIX_MOUNTS};
use super::register::{Document, Section, partly, tested};

const NO_APPARMOR: &str =
    "this kernel has no AppArmor: tested up to the kernel's refusal, on a host that is made to look as if it had";
const NO_SELINUX: &str = "this kernel has no SELinux: tested up to the kernel's refusal";
const ROOT_EXEC: &str =
    "exec by root gives the bounding set again: looked at as an ordinary user with ambient capabilities";
pub(super) const CONFIG: Document = Document {
    name: "config.md",
    sections: &[
        Section {
            anchor: "specification-version",
            entries: &[
                tested("ociVersion: required", &["config_text: missing_version_is_refused"]),
                tested(
                    "ociVersion: a semantic version of 1.x",
                    &["config_text: strange_version_is_refused"],
                ),
                tested(
                    "ociVersion: newer and older minor versions run",
                    &["config_text: newer_minor_version_runs"],
                ),
            ],
        },
        Section {
            anchor: "root",
            entries: &[
                tested("root: required", &["rootfs: missing_root_member_is_refused"]),
                tested(
                    "path: absolute or relative to the bundle",
                    &[
                        "rootfs: absolute_root_path_works",
                        "rootfs: root_path_with_dots_and_slashes_works",
                    ],
                ),
                tested(
                    "path: a folder must be there",
                    &[
                        "rootfs: missing_rootfs_is_refused",
                        "rootfs: rootfs_that_is_a_file_is_refused",
                    ],
                ),
                tested(
                    "readonly: true",
                    &["rootfs: read_only_root_refuses_writes_but_tmpfs_takes_them"],
                ),
                tested("readonly: false, the default", &["rootfs: writable_root_takes_writes"]),
            ],
        },
        MOUNTS,
        LINUX_MOUNT_OPTIONS,
        POSIX_MOUNTS,
        Section {
            anchor: "process",
            entries: &[
                tested(
                    "process: optional for create, required for start",
                    &[
                        "create: config_without_process_can_be_created",
                        "start: start_without_a_process_is_refused",
                    ],
                ),
                tested(
                    "terminal",
                    &[
                        "terminal: console_socket_receives_the_terminal",
                        "terminal: terminal_controls_the_session",
                        "terminal: terminal_works_in_a_user_namespace",
                    ],
                ),
                tested("consoleSize: height, width", &["terminal: console_size_is_set"]),
                tested(
                    "consoleSize: ignored without a terminal",
                    &["terminal: console_size_without_a_terminal_is_ignored"],
                ),
                tested("cwd", &["environment: cwd_is_where_the_config_says"]),
                tested("cwd: must be absolute", &["environment: relative_cwd_is_refused"]),
                tested(
                    "env",
                    &[
                        "environment: environment_is_what_the_config_says",
                        "environment: no_environment_at_all_is_fine",
                    ],
                ),
                tested("args", &["environment: arguments_arrive_as_given"]),
                tested("args: at least one", &["program: missing_arguments_are_an_error"]),
                tested(
                    "args: the program is looked for as execvp does",
                    &[
                        "program: program_is_looked_for_in_the_containers_path",
                        "program: program_with_a_slash_is_relative_to_cwd",
                    ],
                ),
            ],
        },
        Section {
            anchor: "posix-process",
            entries: &[
                tested("rlimits: type", &["rlimits: every_limit_of_linux_can_be_set"]),
                tested(
                    "rlimits: unknown type is an error",
                    &["rlimits: unknown_limit_is_refused"],
                ),
                tested(
                    "rlimits: same type twice is an error",
                    &["rlimits: same_limit_twice_is_refused"],
                ),
                tested(
                    "rlimits: soft, hard",
                    &["rlimits: limits_are_set", "rlimits: unlimited_is_a_number_of_all_ones"],
                ),
                tested(
                    "rlimits: soft above hard is an error",
                    &["rlimits: soft_limit_above_the_hard_one_is_refused"],
                ),
                tested(
                    "rlimits: a hard limit that may not be raised is an error",
                    &["rlimits: limit_that_may_not_be_raised_is_an_error"],
                ),
            ],
        },
        Section {
            anchor: "linux-process",
            entries: &[
                partly(
                    "apparmorProfile",
                    &[
                        "security_labels: apparmor_profile_that_cannot_be_set_is_refused",
                        "security_labels: apparmor_profile_is_given_to_the_kernel",
                    ],
                    NO_APPARMOR,
                ),
                partly(
                    "capabilities: effective",
                    &["capabilities: effective_set_holds_by_itself"],
                    ROOT_EXEC,
                ),
                tested(
                    "capabilities: bounding",
                    &["capabilities: sets_are_what_the_config_says"],
                ),
                tested(
                    "capabilities: inheritable",
                    &[
                        "capabilities: each_of_the_sets_may_differ",
                        "capabilities: inheritable_and_ambient_are_empty_unless_asked_for",
                    ],
                ),
                partly(
                    "capabilities: permitted",
                    &["capabilities: permitted_set_holds_by_itself"],
                    ROOT_EXEC,
                ),
                tested(
                    "capabilities: ambient",
                    &["capabilities: ambient_set_reaches_an_ordinary_user"],
                ),
                tested(
                    "capabilities: none at all",
                    &[
                        "capabilities: missing_capabilities_leave_nothing",
                        "capabilities: empty_sets_leave_nothing",
                    ],
                ),
                tested(
                    "capabilities: an unknown one does not fail",
                    &["capabilities: unknown_capability_is_only_a_warning"],
                ),
                tested(
                    "capabilities: an unknown one is logged as a warning",
                    &["capabilities: unknown_capability_is_told_in_a_warning"],
                ),
                tested(
                    "capabilities: one that cannot be granted does not fail",
                    &[
                        "capabilities: capability_that_cannot_be_granted_is_no_failure",
                        "capabilities: ambient_capability_that_is_not_inheritable_is_no_failure",
                    ],
                ),
                tested(
                    "capabilities: one that cannot be granted is logged as a warning",
                    &["capabilities: capability_that_cannot_be_granted_is_told_in_a_warning"],
                ),
                tested(
                    "noNewPrivileges",
                    &[
                        "process_settings: no_new_privileges_is_set",
                        "process_settings: no_new_privileges_is_off_when_not_asked_for",
                    ],
                ),
                tested(
                    "oomScoreAdj",
                    &[
                        "process_settings: oom_score_adj_is_set",
                        "process_settings: oom_score_adj_of_zero_is_set",
                    ],
                ),
                tested(
                    "oomScoreAdj: unset leaves it unchanged",
                    &["process_settings: unset_oom_score_adj_is_inherited"],
                ),
                tested(
                    "scheduler: policy OTHER, BATCH, IDLE",
                    &[
                        "scheduling: batch_policy_with_a_nice_value_is_set",
                        "scheduling: idle_policy_is_set",
                    ],
                ),
                tested(
                    "scheduler: policy FIFO, RR, and priority",
                    &["scheduling: real_time_policies_are_set"],
                ),
                tested(
                    "scheduler: policy ISO",
                    &["scheduling: policy_that_linux_does_not_have_is_refused"],
                ),
                tested(
                    "scheduler: policy DEADLINE: runtime, deadline, period",
                    &["scheduling: deadline_policy_is_set"],
                ),
                tested(
                    "scheduler: nice",
                    &[
                        "scheduling: batch_policy_with_a_nice_value_is_set",
                        "scheduling: nice_value_that_a_policy_has_no_use_for_is_no_fault",
                    ],
                ),
                partly(
                    "scheduler: flags",
                    &["scheduling: reset_on_fork_is_set", "scheduling: deadline_policy_is_set"],
                    "of the seven flags, RESET_ON_FORK and RECLAIM are seen; the others need a policy or a kernel of their own",
                ),
                tested(
                    "scheduler: words and numbers that do not fit",
                    &["scheduling: policy_without_what_it_needs_is_refused"],
                ),
                partly(
                    "selinuxLabel",
                    &["security_labels: selinux_label_that_cannot_be_set_is_an_error"],
                    NO_SELINUX,
                ),
                tested("ioPriority: class", &["scheduling: every_io_priority_class_is_set"]),
                tested(
                    "ioPriority: priority, for the process group",
                    &["scheduling: io_priority_is_set_for_the_process_group"],
                ),
                tested(
                    "execCPUAffinity: initial, final: not for the first process",
                    &["scheduling: cpu_affinity_of_exec_is_accepted"],
                ),
                tested(
                    "execCPUAffinity: for further processes",
                    &["exec_process: cpus_are_those_that_are_asked_for"],
                ),
            ],
        },
        Section {
            anchor: "posix-platform-user",
            entries: &[
                tested(
                    "uid",
                    &[
                        "identity: user_and_group_are_set_in_all_four_places",
                        "identity: largest_usable_id_is_taken",
                    ],
                ),
                tested("gid", &["identity: user_and_group_are_set_in_all_four_places"]),
                tested(
                    "uid, gid: numbers that are no ids are refused",
                    &[
                        "identity: id_of_all_ones_is_refused",
                        "identity: id_beyond_32_bits_is_refused",
                        "identity: negative_id_is_refused",
                    ],
                ),
                tested("umask", &["process_settings: umask_is_set"]),
                tested(
                    "umask: unset leaves the caller's",
                    &["process_settings: unset_umask_is_inherited"],
                ),
                tested(
                    "additionalGids",
                    &[
                        "identity: additional_groups_are_set",
                        "identity: no_supplementary_group_is_inherited",
                        "program: program_of_an_additional_group_is_executed",
                    ],
                ),
            ],
        },
        Section {
            anchor: "hostname",
            entries: &[
                tested("hostname", &["host_names: hostname_is_set_inside_only"]),
                tested(
                    "hostname of the host is not changed",
                    &["host_names: hostname_without_uts_namespace_is_refused"],
                ),
            ],
        },
        Section {
            anchor: "domainname",
            entries: &[
                tested("domainname", &["host_names: domainname_is_set_inside_only"]),
                tested(
                    "domainname of the host is not changed",
                    &["host_names: domainname_without_uts_namespace_is_refused"],
                ),
            ],
        },
        Section {
            anchor: "platform-specific-configuration",
            entries: &[tested(
                "linux; members of other platforms do no harm",
                &["config_text: members_of_other_platforms_are_ignored"],
            )],
        },
        Section {
            anchor: "posix-platform-hooks",
            entries: &[
                tested(
                    "path: must be absolute",
                    &["hook_failures: relative_hook_path_is_refused"],
                ),
                tested(
                    "path: what cannot be executed is a failure",
                    &[
                        "hook_failures: missing_hook_fails_the_create",
                        "hook_failures: hook_that_is_no_program_has_failed",
                    ],
                ),
                tested("args", &["hook_calls: hooks_get_their_arguments_and_environment_only"]),
                tested(
                    "env",
                    &[
                        "hook_calls: hooks_get_their_arguments_and_environment_only",
                        "hook_environment: empty_environment_stays_empty",
                    ],
                ),
                tested(
                    "timeout: of a hook of the host",
                    &[
                        "hook_failures: hook_past_its_timeout_is_killed",
                        "hook_failures: poststart_hook_past_its_timeout_is_killed",
                        "hook_failures: poststop_hook_past_its_timeout_is_killed",
                    ],
                ),
                tested(
                    "timeout: of a startContainer hook",
                    &["hook_failures: start_container_hook_past_its_timeout_is_killed"],
                ),
                tested(
                    "timeout: must be above zero",
                    &["hook_failures: timeout_of_zero_or_less_is_refused"],
                ),
                tested(
                    "called in the listed order",
                    &["hook_failures: several_hooks_of_a_kind_run_in_their_order"],
                ),
                tested(
                    "none runs after one that failed",
                    &["hook_failures: failing_hook_at_create_keeps_the_later_ones_from_running"],
                ),
                tested(
                    "killed by a signal is a failure",
                    &["hook_failures: hook_that_is_killed_has_failed"],
                ),
                tested(
                    "a hook that does not read it, or writes much, is no failure",
                    &[
                        "hook_failures: hook_that_closes_stdin_at_once_is_no_failure",
                        "hook_failures: hook_inside_that_closes_stdin_at_once_is_no_failure",
                        "hook_failures: hook_that_writes_much_is_no_trouble",
                    ],
                ),
            ],
        },
        Section {
            anchor: "prestart",
            entries: &[
                tested(
                    "the state comes on standard input",
                    &["hook_kinds: prestart_hooks_get_the_state"],
                ),
                tested(
                    "called by create, before createRuntime",
                    &[
                        "hook_kinds: prestart_hooks_run_in_create_before_create_runtime",
                        "hook_kinds: hooks_of_create_run_before_the_root_is_changed",
                    ],
                ),
                tested(
                    "path and namespace: the runtime's",
                    &[
                        "hook_calls: hooks_before_the_pivot_see_the_hosts_files",
                        "hook_calls: hooks_run_in_the_specs_namespaces",
                    ],
                ),
            ],
        },
        Section {
            anchor: "createruntime-hooks",
            entries: &[
                tested(
                    "the state comes on standard input",
                    &["hook_kinds: create_runtime_hooks_get_the_state"],
                ),
                tested(
                    "called by create, before pivot_root",
                    &[
                        "hook_kinds: create_runtime_hooks_run_in_create_when_the_namespaces_are_there",
                        "hook_kinds: hooks_of_create_run_before_the_root_is_changed",
                    ],
                ),
                tested(
                    "path and namespace: the runtime's",
                    &[
                        "hook_calls: hooks_before_the_pivot_see_the_hosts_files",
                        "hook_calls: hooks_run_in_the_specs_namespaces",
                    ],
                ),
            ],
        },
        Section {
            anchor: "createcontainer-hooks",
            entries: &[
                tested(
                    "the state comes on standard input",
                    &["hook_kinds: create_container_hooks_get_the_state"],
                ),
                tested(
                    "called by create, after createRuntime, before pivot_root",
                    &[
                        "hook_kinds: create_container_hooks_run_in_create_after_create_runtime",
                        "hook_kinds: hooks_of_create_run_before_the_root_is_changed",
                    ],
                ),
                tested(
                    "path: the runtime's; namespace: the container's",
                    &[
                        "hook_calls: hooks_before_the_pivot_see_the_hosts_files",
                        "hook_calls: hooks_run_in_the_specs_namespaces",
                    ],
                ),
            ],
        },
        Section {
            anchor: "startcontainer-hooks",
            entries: &[
                tested(
                    "the state comes on standard input",
                    &["hook_kinds: start_container_hooks_get_the_state"],
                ),
                tested(
                    "called by start, before the process",
                    &["hook_kinds: start_container_hooks_run_in_start_before_the_process"],
                ),
                tested(
                    "path and namespace: the container's",
                    &[
                        "hook_calls: start_container_hook_runs_after_the_mounts",
                        "hook_calls: hooks_run_in_the_specs_namespaces",
                    ],
                ),
            ],
        },
        Section {
            anchor: "poststart",
            entries: &[
                tested(
                    "the state comes on standard input",
                    &["hook_kinds: poststart_hooks_get_the_state"],
                ),
                tested(
                    "called after the process began, before start returns",
                    &["hook_kinds: poststart_hooks_run_in_start_when_the_process_runs"],
                ),
                tested(
                    "path and namespace: the runtime's",
                    &["hook_calls: hooks_run_in_the_specs_namespaces"],
                ),
            ],
        },
        Section {
            anchor: "poststop",
            entries: &[
                tested(
                    "the state comes on standard input",
                    &["hook_kinds: poststop_hooks_get_the_state"],
                ),
                tested(
                    "called before delete returns",
                    &["hook_kinds: poststop_hooks_run_in_delete"],
                ),
                tested(
                    "called after the container is deleted",
                    &["hook_failures: poststop_hooks_run_when_the_container_is_gone"],
                ),
                tested(
                    "path and namespace: the runtime's",
                    &["hook_calls: hooks_run_in_the_specs_namespaces"],
                ),
            ],
        },
        Section {
            anchor: "annotations",
            entries: &[
                tested(
                    "keys and values are text",
                    &["config_text: annotation_that_is_no_text_is_refused"],
                ),
                tested(
                    "a key may not be empty",
                    &["config_text: annotation_with_an_empty_name_is_refused"],
                ),
                tested("a value may be empty", &["state: state_holds_the_annotations"]),
                tested(
                    "unknown and reserved keys are handled like unknown properties",
                    &["config_text: reserved_annotations_are_taken"],
                ),
            ],
        },
        Section {
            anchor: "extensibility",
            entries: &[tested(
                "unknown properties are ignored",
                &["config_text: unknown_members_are_ignored"],
            )],
        },
        Section {
            anchor: "valid-values",
            entries: &[
                tested(
                    "wrong types are an error",
                    &["broken_configs: wrong_types_are_refused_with_their_path"],
                ),
                tested(
                    "numbers out of their range are an error",
                    &["broken_configs: values_out_of_range_are_refused_with_their_path"],
                ),
                tested(
                    "unknown words are an error",
                    &["broken_configs: unknown_words_and_long_strings_are_refused_with_their_path"],
                ),
                tested(
                    "missing required members are an error",
                    &["broken_configs: missing_members_are_refused_with_their_path"],
                ),
                tested(
                    "text with NUL is an error",
                    &["broken_configs: nul_in_any_string_is_refused_with_its_path"],
                ),
            ],
        },
    ],
};
