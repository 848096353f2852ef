//! What users rely on beyond the specification: annotations that runtimes read, Landlock, verbs about what containers
//! use, and cgroups of systemd's.

use super::register::{Document, Section, tested};

pub(super) const BEYOND: Document = Document {
    name: "beyond the specification",
    sections: &[
        Section {
            anchor: "annotations",
            entries: &[
                tested(
                    "run.oci.hooks.stdout, run.oci.hooks.stderr: the output of hooks goes to files",
                    &[
                        "annotations: output_of_hooks_on_the_host_goes_to_files",
                        "annotations: output_of_hooks_in_the_container_goes_to_files",
                        "annotations: output_of_hooks_at_start_and_delete_goes_to_files",
                    ],
                ),
                tested(
                    "run.oci.keep_original_groups: the caller's supplementary groups are kept",
                    &[
                        "annotations: groups_of_the_caller_are_kept",
                        "annotations: groups_of_the_caller_are_kept_in_a_user_namespace",
                    ],
                ),
                tested(
                    "run.oci.pidfd_receiver: a socket gets init's pidfd",
                    &["annotations: pidfd_receiver_gets_inits_pidfd"],
                ),
                tested(
                    "run.oci.seccomp.receiver: a socket gets the filter's listener",
                    &["annotations: seccomp_receiver_is_the_agent"],
                ),
                tested(
                    "run.oci.seccomp_fail_unknown_syscall: an unknown system call is an error",
                    &["annotations: unknown_system_call_is_refused_if_that_is_asked_for"],
                ),
                tested(
                    "org.systemd.property.*: values are checked",
                    &[
                        "annotations: systemd_property_that_is_no_value_is_refused",
                        "annotations: systemd_properties_that_engines_write_are_no_error",
                    ],
                ),
                tested(
                    "what is not built is refused",
                    &[
                        "annotations: handler_is_refused",
                        "annotations: value_that_makes_no_sense_is_refused",
                    ],
                ),
            ],
        },
        Section {
            anchor: "landlock",
            entries: &[
                tested(
                    "files",
                    &[
                        "landlock: files_are_denied_but_where_a_rule_allows_them",
                        "landlock: rule_for_one_file_holds_for_that_file",
                        "landlock: programs_are_denied_but_where_a_rule_allows_them",
                    ],
                ),
                tested("ports", &["landlock: ports_are_denied_but_those_of_a_rule"]),
                tested("scopes", &["landlock: signals_do_not_reach_out_of_the_scope"]),
            ],
        },
        Section {
            anchor: "update",
            entries: &[
                tested(
                    "each limit, by flag, file and standard input",
                    &[
                        "changed_limits: update_changes_each_limit_that_a_flag_names",
                        "changed_limits: update_takes_units",
                        "changed_limits: update_takes_resources_from_a_file_and_from_standard_input",
                    ],
                ),
                tested(
                    "what is not named stays",
                    &["changed_limits: lone_quota_keeps_the_period_and_lone_period_the_quota"],
                ),
                tested(
                    "what cannot be is refused",
                    &[
                        "changed_limits: update_of_nothing_is_refused",
                        "changed_limits: update_of_a_stopped_container_is_refused",
                        "changed_limits: update_that_the_kernel_refuses_names_the_member",
                    ],
                ),
                tested(
                    "rules about devices, and what hooks have allowed",
                    &[
                        "changed_rules: update_allows_a_device",
                        "changed_rules: update_denies_a_device",
                        "changed_rules: update_with_the_same_rules_keeps_what_a_hook_has_allowed",
                        "changed_rules: update_with_other_rules_keeps_what_a_hook_has_allowed",
                    ],
                ),
            ],
        },
        Section {
            anchor: "pause, resume, ps",
            entries: &[
                tested(
                    "a paused container stands still, and can be killed and deleted",
                    &[
                        "pause: paused_container_stands_still_and_goes_on",
                        "pause: paused_container_is_killed_and_deleted",
                        "pause: created_container_is_paused_and_resumed",
                    ],
                ),
                tested(
                    "what is not as it has to be is refused",
                    &[
                        "pause: paused_container_is_not_paused_again",
                        "pause: running_container_is_not_resumed",
                        "pause: stopped_container_is_neither_paused_nor_resumed",
                    ],
                ),
                tested(
                    "processes are listed",
                    &[
                        "pause: ps_lists_the_processes_of_the_container",
                        "pause: ps_passes_its_arguments_on",
                    ],
                ),
            ],
        },
        Section {
            anchor: "events",
            entries: &[
                tested(
                    "what a container uses",
                    &[
                        "statistics: statistics_are_what_the_files_say",
                        "statistics: throttled_periods_are_counted",
                        "statistics: interfaces_of_a_network_namespace_are_counted",
                        "statistics: statistics_come_after_each_interval_until_the_end",
                    ],
                ),
                tested(
                    "a process that is killed for want of memory",
                    &["statistics: process_that_takes_too_much_memory_is_told_of"],
                ),
            ],
        },
        Section {
            anchor: "systemd",
            entries: &[
                tested(
                    "the unit that cgroupsPath names",
                    &[
                        "units: process_is_in_the_unit_that_is_named",
                        "units: slice_is_in_the_slices_that_its_name_names",
                        "units: path_that_is_not_set_gives_a_unit_of_its_own",
                    ],
                ),
                tested(
                    "limits are its properties, also after an update",
                    &[
                        "units: unit_has_the_limits_also_when_units_are_read_anew",
                        "units: update_changes_the_unit_and_the_files",
                    ],
                ),
                tested(
                    "rules about devices hold whatever systemd reads",
                    &[
                        "units: device_rules_are_no_properties",
                        "units: device_rules_hold_when_systemd_reads_its_units_anew",
                    ],
                ),
                tested(
                    "units of others stay theirs",
                    &[
                        "unit_faults: living_unit_of_that_name_is_never_taken_over",
                        "unit_faults: delete_by_force_leaves_the_unit_of_another_alone",
                    ],
                ),
                tested(
                    "nothing is left, whatever is killed when",
                    &[
                        "unit_faults: nothing_is_left_of_a_unit_after_delete",
                        "unit_faults: create_in_a_unit_killed_at_any_instant_can_be_cleaned_up",
                        "unit_faults: update_of_a_unit_killed_at_any_instant_can_be_repeated",
                        "unit_faults: delete_of_a_unit_killed_at_any_instant_can_be_repeated",
                    ],
                ),
                tested(
                    "a bus that says nothing is an error",
                    &["unit_faults: bus_that_says_nothing_is_an_error_within_seconds"],
                ),
            ],
        },
    ],
};
