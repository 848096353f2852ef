//! The tests, by room: each file holds one concern of the runtime.

mod rootfs;

use crate::suite::Test;

/// Every room with its tests, in the order in which they run.
pub(crate) const ROOMS: &[(&str, &[Test])] = &[("rootfs", rootfs::TESTS)];
