//! What users rely on beyond the specification: annotations that runtimes read, and Landlock.

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
    ],
};
