//! config-linux.md, the parts on devices: nodes, and network devices.

use super::register::{Section, tested, untested};

pub(super) const DEVICES: Section = Section {
    anchor: "devices",
    entries: &[
        tested("type: c", &["device_nodes: device_is_made_with_mode_and_owner"]),
        tested("type: b", &["device_nodes: block_device_is_made"]),
        tested("type: u", &["device_nodes: unbuffered_device_is_made"]),
        tested("type: p", &["device_nodes: fifo_is_made"]),
        tested(
            "type: others are an error",
            &["device_nodes: unknown_kind_of_device_is_refused"],
        ),
        tested(
            "path: anywhere",
            &[
                "device_nodes: device_outside_of_dev_is_made",
                "device_nodes: device_in_a_new_folder_is_made",
            ],
        ),
        tested(
            "path: something else is there: an error",
            &[
                "device_nodes: device_that_exists_as_another_is_refused",
                "device_nodes: folder_in_the_place_of_a_device_is_refused",
            ],
        ),
        tested(
            "path: the same device is there",
            &["device_nodes: device_that_exists_as_itself_is_fine"],
        ),
        tested("major, minor", &["device_nodes: device_is_made_with_mode_and_owner"]),
        tested(
            "major, minor: required for c, u, b",
            &["device_nodes: device_without_numbers_is_refused"],
        ),
        tested("major, minor: ignored for p", &["device_nodes: fifo_ignores_numbers"]),
        tested(
            "fileMode",
            &[
                "device_nodes: device_is_made_with_mode_and_owner",
                "device_nodes: mode_of_a_device_is_not_cut_by_the_umask",
            ],
        ),
        tested("uid, gid", &["device_nodes: device_is_made_with_mode_and_owner"]),
        tested(
            "uid, gid: of the container's namespace",
            &["device_nodes: owner_of_a_device_is_of_the_containers_namespace"],
        ),
        tested(
            "devices that are not listed cannot be used",
            &["device_rules: no_resources_still_deny_what_is_not_default"],
        ),
    ],
};

pub(super) const NETWORK_DEVICES: Section = Section {
    anchor: "network-devices",
    entries: &[
        tested(
            "netDevices: moved into the container",
            &["network_devices: device_moves_with_its_addresses"],
        ),
        tested(
            "into a network namespace by path",
            &["network_devices: device_moves_into_a_joined_namespace"],
        ),
        tested("name", &["network_devices: device_is_renamed"]),
        tested(
            "name: one that is taken is an error",
            &["network_devices: name_that_is_taken_is_an_error"],
        ),
        tested(
            "name: a template (%d)",
            &["network_devices: devices_with_a_template_get_the_lowest_numbers"],
        ),
        tested(
            "addresses of global scope are kept",
            &["network_devices: device_moves_with_its_addresses"],
        ),
        tested(
            "other attributes are kept; it is up",
            &["network_devices: device_keeps_its_mtu_and_address_and_is_up"],
        ),
        tested(
            "a device that is not there is an error",
            &["network_devices: missing_device_is_an_error"],
        ),
        tested(
            "without a network namespace it is an error",
            &["network_devices: devices_without_a_network_namespace_are_refused"],
        ),
        untested(
            "not moved back when the container ends",
            "the kernel removes virtual devices with their namespace, and no physical one is at hand",
        ),
    ],
};
