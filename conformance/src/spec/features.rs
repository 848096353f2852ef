//! features.md.

use super::register::{Document, Section, tested};

pub(super) const FEATURES: Document = Document {
    name: "features.md",
    sections: &[
        Section {
            anchor: "specification-version",
            entries: &[
                tested(
                    "ociVersionMin: told, and taken in a config",
                    &["features: smallest_version_is_told_and_taken"],
                ),
                tested(
                    "ociVersionMax: told, and taken in a config",
                    &["features: largest_version_is_told_and_taken"],
                ),
                tested(
                    "ociVersionMax is not below ociVersionMin",
                    &["features: largest_version_is_not_below_the_smallest"],
                ),
                tested(
                    "no property that the version does not define",
                    &["features: no_member_is_beyond_the_specs"],
                ),
            ],
        },
        Section {
            anchor: "hooks",
            entries: &[tested(
                "hooks: what is told is run",
                &[
                    "features: every_kind_of_hook_is_told",
                    "hook_failures: several_hooks_of_a_kind_run_in_their_order",
                ],
            )],
        },
        Section {
            anchor: "mount-options",
            entries: &[
                tested(
                    "mountOptions: all that must be",
                    &["features: every_required_mount_option_is_told"],
                ),
                tested(
                    "mountOptions: all that should be",
                    &["features: every_recommended_mount_option_is_told"],
                ),
                tested(
                    "mountOptions: what is told is taken",
                    &["features: every_mount_option_that_is_told_is_taken"],
                ),
            ],
        },
        Section {
            anchor: "annotations",
            entries: &[tested("annotations", &["features: annotations_are_words"])],
        },
        Section {
            anchor: "unsafe-annotations-in-configjson",
            entries: &[tested(
                "potentiallyUnsafeConfigAnnotations",
                &["features: unsafe_annotations_are_a_list"],
            )],
        },
    ],
};
