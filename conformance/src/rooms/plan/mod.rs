//! The plan that `explain` tells, and what is done. Only orlop has it.

mod acts;
mod order_of_acts;
mod telling_calls;
mod trace;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![order_of_acts];
