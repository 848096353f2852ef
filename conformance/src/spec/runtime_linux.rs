//! runtime-linux.md: descriptors and links.

use super::register::{Document, Section, tested};

pub(super) const RUNTIME_LINUX: Document = Document {
    name: "runtime-linux.md",
    sections: &[
        Section {
            anchor: "file-descriptors",
            entries: &[
                tested(
                    "only standard input, output and error are open",
                    &[
                        "stdio: no_descriptor_but_stdio_is_open",
                        "stdio: callers_descriptors_do_not_leak",
                    ],
                ),
                tested(
                    "further descriptors on demand: LISTEN_FDS",
                    &[
                        "stdio: listen_fds_are_passed_on",
                        "stdio: no_listen_fds_are_told_when_there_are_none",
                    ],
                ),
                tested(
                    "further descriptors on demand: --preserve-fds",
                    &[
                        "stdio: preserved_descriptors_arrive",
                        "stdio: preserved_descriptors_with_a_gap_are_refused_or_keep_their_numbers",
                    ],
                ),
                tested(
                    "both together",
                    &["stdio: listen_fds_and_preserved_descriptors_go_together"],
                ),
                tested(
                    "NOTIFY_SOCKET: readiness is passed on to the service manager",
                    &[
                        "readiness: start_waits_until_the_process_is_ready",
                        "readiness: detached_run_waits_until_the_process_is_ready",
                        "readiness: run_in_the_foreground_passes_the_readiness_on",
                        "readiness: processs_socket_is_in_its_environment_and_read_only",
                    ],
                ),
            ],
        },
        Section {
            anchor: "dev-symbolic-links",
            entries: &[tested(
                "/dev/fd, /dev/stdin, /dev/stdout, /dev/stderr",
                &["device_nodes: default_links_are_there"],
            )],
        },
    ],
};
