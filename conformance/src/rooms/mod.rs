//! The tests, by room: each file holds one concern of the runtime.

mod annotations;
mod attributes;
mod capabilities;
mod cgroups;
mod cli;
mod crash;
mod details;
mod devices;
mod existing_nodes;
mod features;
mod hook_failures;
mod hook_kinds;
mod hooks;
mod hostile;
mod id_helpers;
mod identity;
mod input;
mod inside_user_namespace;
mod landlock;
mod late_read_only;
mod lifecycle;
mod logs;
mod long_options;
mod masks;
mod mount_changes;
mod mount_maps;
mod mount_options;
mod mounts;
mod mutations;
mod namespaces;
mod netdevices;
mod notifications;
mod operations;
mod option_order;
mod ordinary;
mod process;
mod propagation;
mod readiness;
mod recorded;
mod recursive_options;
mod rlimits;
mod rootfs;
mod rootless;
mod rootless_cgroups;
mod rootless_rules;
mod seccomp;
mod seccomp_words;
mod seen;
mod start_hooks;
mod state;
mod stdio;
mod subids;
mod terminal;
mod user_devices;
mod user_joins;
mod users;

use crate::suite::Test;

/// Every room with its tests, in the order in which they run.
pub(crate) const ROOMS: &[(&str, &[Test])] = &[
    ("lifecycle", lifecycle::TESTS),
    ("operations", operations::TESTS),
    ("state", state::TESTS),
    ("cli", cli::TESTS),
    ("features", features::TESTS),
    ("process", process::TESTS),
    ("identity", identity::TESTS),
    ("capabilities", capabilities::TESTS),
    ("rlimits", rlimits::TESTS),
    ("attributes", attributes::TESTS),
    ("stdio", stdio::TESTS),
    ("terminal", terminal::TESTS),
    ("namespaces", namespaces::TESTS),
    ("users", users::TESTS),
    ("subids", subids::TESTS),
    ("rootless", rootless::TESTS),
    ("rootless cgroups", rootless_cgroups::TESTS),
    ("rootless rules", rootless_rules::TESTS),
    ("user devices", user_devices::TESTS),
    ("user joins", user_joins::TESTS),
    ("inside a user namespace", inside_user_namespace::TESTS),
    ("ordinary user", ordinary::TESTS),
    ("id helpers", id_helpers::TESTS),
    ("mounts", mounts::TESTS),
    ("mount options", mount_options::TESTS),
    ("recursive options", recursive_options::TESTS),
    ("option order", option_order::TESTS),
    ("long options", long_options::TESTS),
    ("late read-only", late_read_only::TESTS),
    ("propagation", propagation::TESTS),
    ("mount changes", mount_changes::TESTS),
    ("mount maps", mount_maps::TESTS),
    ("rootfs", rootfs::TESTS),
    ("devices", devices::TESTS),
    ("existing nodes", existing_nodes::TESTS),
    ("netdevices", netdevices::TESTS),
    ("masks", masks::TESTS),
    ("hooks", hooks::TESTS),
    ("start hooks", start_hooks::TESTS),
    ("hook kinds", hook_kinds::TESTS),
    ("hook failures", hook_failures::TESTS),
    ("seccomp", seccomp::TESTS),
    ("seccomp words", seccomp_words::TESTS),
    ("notifications", notifications::TESTS),
    ("annotations", annotations::TESTS),
    ("landlock", landlock::TESTS),
    ("readiness", readiness::TESTS),
    ("cgroups", cgroups::TESTS),
    ("recorded", recorded::TESTS),
    ("logs", logs::TESTS),
    ("input", input::TESTS),
    ("mutations", mutations::TESTS),
    ("details", details::TESTS),
    ("hostile", hostile::TESTS),
    ("crash", crash::TESTS),
];
