//! The tests, by room: each file holds one concern of the runtime.

mod capabilities;
mod devices;
mod identity;
mod lifecycle;
mod masks;
mod mounts;
mod namespaces;
mod process;
mod rlimits;
mod rootfs;
mod seen;
mod state;

use crate::suite::Test;

/// Every room with its tests, in the order in which they run.
pub(crate) const ROOMS: &[(&str, &[Test])] = &[
    ("lifecycle", lifecycle::TESTS),
    ("state", state::TESTS),
    ("process", process::TESTS),
    ("identity", identity::TESTS),
    ("capabilities", capabilities::TESTS),
    ("rlimits", rlimits::TESTS),
    ("namespaces", namespaces::TESTS),
    ("mounts", mounts::TESTS),
    ("devices", devices::TESTS),
    ("masks", masks::TESTS),
    ("rootfs", rootfs::TESTS),
];
