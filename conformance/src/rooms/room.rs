//! What a room is, and how folders list theirs.

use crate::sentence::Test;

/// The tests of one concern.
pub(super) struct Room {
    /// The module's name.
    pub(super) name: &'static str,
    pub(super) tests: &'static [Test],
}

/// Rooms under the names of their modules, in the order in which they run.
macro_rules! rooms {
    ($($room:ident),+ $(,)?) => {
        &[$($crate::rooms::room::Room { name: stringify!($room), tests: $room::TESTS }),+]
    };
}
pub(super) use rooms;
