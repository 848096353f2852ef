//! The tests, by room: each file holds one concern of the runtime.

mod annotations;
mod attributes;
mod capabilities;
mod cgroups;
mod cli;
mod crash;
mod details;
mod devices;
mod hooks;
mod hostile;
mod identity;
mod input;
mod landlock;
mod lifecycle;
mod logs;
mod masks;
mod mount_changes;
mod mount_maps;
mod mounts;
mod mutations;
mod namespaces;
mod netdevices;
mod notifications;
mod process;
mod readiness;
mod recorded;
mod rlimits;
mod rootfs;
mod seccomp;
mod seen;
mod start_hooks;
mod state;
mod stdio;
mod terminal;
mod user_joins;
mod users;

use crate::suite::Test;

/// Every room with its tests, in the order in which they run.
pub(crate) const ROOMS: &[(&str, &[Test])] = &[
    ("lifecycle", lifecycle::TESTS),
    ("state", state::TESTS),
    ("cli", cli::TESTS),
    ("process", process::TESTS),
    ("identity", identity::TESTS),
    ("capabilities", capabilities::TESTS),
    ("rlimits", rlimits::TESTS),
    ("attributes", attributes::TESTS),
    ("stdio", stdio::TESTS),
    ("terminal", terminal::TESTS),
    ("namespaces", namespaces::TESTS),
    ("users", users::TESTS),
    ("user joins", user_joins::TESTS),
    ("mounts", mounts::TESTS),
    ("mount changes", mount_changes::TESTS),
    ("mount maps", mount_maps::TESTS),
    ("rootfs", rootfs::TESTS),
    ("devices", devices::TESTS),
    ("netdevices", netdevices::TESTS),
    ("masks", masks::TESTS),
    ("hooks", hooks::TESTS),
    ("start hooks", start_hooks::TESTS),
    ("seccomp", seccomp::TESTS),
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
