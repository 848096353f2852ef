//! runtime.md: state, lifecycle, operations.

use super::register::{Document, Section, partly, tested, untested};

const CONVENTION: &str =
    "engines rely on it: a container that is created and not started is killed and deleted, as runc does it";
const CALLER: &str = "the container is stopped at once; deleting it, with its poststop hooks, is left to the caller, as all engines expect";

pub(super) const RUNTIME: Document = Document {
    name: "runtime.md",
    sections: &[
        Section {
            anchor: "state",
            entries: &[
                tested("ociVersion", &["state: state_has_every_member_of_the_spec"]),
                tested("id", &["state: state_has_every_member_of_the_spec"]),
                tested(
                    "status: creating, created, running, stopped",
                    &[
                        "state: status_goes_from_created_to_running_to_stopped",
                        "hook_calls: hooks_status_is_the_specs",
                    ],
                ),
                tested(
                    "status: killed before its start is stopped",
                    &["state: container_that_died_before_its_start_is_stopped"],
                ),
                tested("pid", &["state: state_pid_is_the_process_itself"]),
                tested(
                    "pid: none when stopped",
                    &["state: state_of_a_stopped_container_has_no_pid"],
                ),
                tested(
                    "bundle: an absolute path",
                    &["state: bundle_in_state_is_absolute_when_given_relative"],
                ),
                tested("annotations", &["state: state_holds_the_annotations"]),
                tested(
                    "annotations: absent or empty without any",
                    &["state: state_without_annotations_is_well_formed"],
                ),
            ],
        },
        Section {
            anchor: "lifecycle",
            entries: &[
                tested(
                    "create makes the environment and does not run the process",
                    &["start: process_runs_at_start_and_not_before"],
                ),
                tested(
                    "an environment that cannot be made is an error",
                    &[
                        "binds: missing_bind_source_is_refused",
                        "rootfs: missing_rootfs_is_refused",
                    ],
                ),
                tested(
                    "config.json may change after create without effect",
                    &["create: config_that_changes_after_create_has_no_effect"],
                ),
                tested(
                    "failing prestart hook: error of create",
                    &["hook_failures: failing_prestart_hook_fails_the_create"],
                ),
                tested(
                    "failing createRuntime hook: error of create",
                    &["hook_failures: failing_create_runtime_hook_fails_the_create"],
                ),
                tested(
                    "failing createContainer hook: error of create",
                    &["hook_failures: failing_create_container_hook_fails_the_create"],
                ),
                tested(
                    "failing hook at create: the container is destroyed",
                    &["hook_failures: failing_hook_at_create_leaves_no_container"],
                ),
                tested(
                    "failing hook at create: then the poststop hooks run",
                    &["hook_failures: failing_hook_at_create_still_lets_poststop_hooks_run"],
                ),
                tested(
                    "failing startContainer hook: error of start",
                    &["hook_failures: failing_start_container_hook_fails_the_start"],
                ),
                partly(
                    "failing startContainer hook: the container is stopped, then destroyed",
                    &["hook_failures: failing_start_container_hook_stops_the_container"],
                    CALLER,
                ),
                tested(
                    "failing poststart hook: error of start",
                    &[
                        "hook_failures: failing_poststart_hook_fails_the_start",
                        "hook_failures: failing_poststart_hook_fails_the_run",
                    ],
                ),
                partly(
                    "failing poststart hook: the container is stopped, then destroyed",
                    &["hook_failures: failing_poststart_hook_stops_the_container"],
                    CALLER,
                ),
                tested(
                    "failing poststop hook: a warning is logged",
                    &["hook_failures: failing_poststop_hook_is_a_warning"],
                ),
                tested(
                    "failing poststop hook: the others run, delete succeeds",
                    &["hook_failures: failing_poststop_hook_does_not_fail_the_delete"],
                ),
            ],
        },
        Section {
            anchor: "errors",
            entries: &[
                tested(
                    "an error of create leaves all as before",
                    &[
                        "cgroup_paths: cgroup_is_gone_after_a_failed_create",
                        "hook_failures: failing_hook_at_create_leaves_no_container",
                        "network_devices: failed_create_gives_the_devices_back",
                    ],
                ),
                tested(
                    "a refused create leaves the first container alone",
                    &["create: refused_create_leaves_nothing_but_the_first_container"],
                ),
            ],
        },
        Section {
            anchor: "warnings",
            entries: &[partly(
                "logging a warning leaves all else as it is",
                &["capabilities: unknown_capability_is_only_a_warning"],
                "looked at with one of the few warnings that the specification asks for",
            )],
        },
        Section {
            anchor: "query-state",
            entries: &[
                tested(
                    "without an id: an error",
                    &["usage: operation_without_an_id_is_refused"],
                ),
                tested(
                    "unknown id: an error",
                    &["usage: operation_on_an_unknown_id_is_refused"],
                ),
                tested("returns the state", &["state: state_has_every_member_of_the_spec"]),
            ],
        },
        Section {
            anchor: "create",
            entries: &[
                tested(
                    "without an id: an error",
                    &["usage: operation_without_an_id_is_refused"],
                ),
                tested(
                    "without a bundle: an error",
                    &["create: create_without_a_bundle_is_refused"],
                ),
                tested(
                    "id that is in use: an error, and nothing is made",
                    &["create: refused_create_leaves_nothing_but_the_first_container"],
                ),
                tested(
                    "id that is not valid: an error",
                    &[
                        "container_ids: id_with_a_slash_is_refused",
                        "container_ids: id_of_dots_is_refused",
                        "container_ids: empty_id_is_refused",
                    ],
                ),
                tested(
                    "only one of several at once wins",
                    &["crash: only_one_of_concurrent_creates_wins"],
                ),
                tested(
                    "applies everything but the process",
                    &["start: process_runs_at_start_and_not_before"],
                ),
                tested(
                    "config without a process",
                    &["create: config_without_process_can_be_created"],
                ),
                tested(
                    "a property that cannot be applied: an error",
                    &[
                        "binds: missing_bind_source_is_refused",
                        "filesystems: filesystem_that_the_kernel_does_not_have_is_an_error",
                        "joined_namespaces: missing_namespace_path_is_refused",
                    ],
                ),
            ],
        },
        Section {
            anchor: "start",
            entries: &[
                tested(
                    "without an id: an error",
                    &["usage: operation_without_an_id_is_refused"],
                ),
                tested(
                    "unknown id: an error",
                    &["usage: operation_on_an_unknown_id_is_refused"],
                ),
                tested(
                    "running container: an error, no effect",
                    &["start: refused_start_leaves_the_running_container_alone"],
                ),
                tested(
                    "stopped container: an error, no effect",
                    &[
                        "start: refused_start_leaves_the_stopped_container_alone",
                        "start: start_of_a_container_that_died_is_refused",
                    ],
                ),
                tested("runs the process", &["start: process_runs_at_start_and_not_before"]),
                tested(
                    "config without a process: an error",
                    &["start: start_without_a_process_is_refused"],
                ),
            ],
        },
        Section {
            anchor: "kill",
            entries: &[
                tested(
                    "without an id: an error",
                    &["usage: operation_without_an_id_is_refused"],
                ),
                tested(
                    "unknown id: an error",
                    &["usage: operation_on_an_unknown_id_is_refused"],
                ),
                tested(
                    "created container: the signal is sent",
                    &["kill: kill_of_a_created_container_ends_it"],
                ),
                tested(
                    "stopped container: an error, no effect",
                    &["kill: refused_kill_leaves_the_stopped_container_alone"],
                ),
                tested(
                    "sends the signal that was asked for",
                    &[
                        "kill: kill_takes_numbers_and_names_with_and_without_sig",
                        "kill: every_usual_signal_reaches_the_process",
                    ],
                ),
            ],
        },
        Section {
            anchor: "delete",
            entries: &[
                tested(
                    "without an id: an error",
                    &["usage: operation_without_an_id_is_refused"],
                ),
                tested(
                    "unknown id: an error",
                    &["usage: operation_on_an_unknown_id_is_refused"],
                ),
                tested(
                    "running container: an error, no effect",
                    &["delete: refused_delete_leaves_the_running_container_alone"],
                ),
                untested("created container: an error, no effect", CONVENTION),
                tested(
                    "removes what create made",
                    &[
                        "cgroup_paths: cgroup_is_gone_after_delete",
                        "cgroup_paths: cgroup_made_inside_is_removed_with_the_container",
                        "delete: deleting_twice_is_refused",
                    ],
                ),
                tested(
                    "leaves what create did not make: bundle, sources, namespaces",
                    &[
                        "delete: delete_leaves_the_bundle_and_its_mounts_sources",
                        "delete: delete_leaves_a_namespace_that_was_joined",
                    ],
                ),
                tested(
                    "leaves what create did not make: the cgroup",
                    &["delete: delete_leaves_a_cgroup_that_was_there_before"],
                ),
                tested("the id is free again", &["delete: id_is_free_again_after_delete"]),
            ],
        },
    ],
};
