//! Devices: nodes that are made, and rules for those that may be opened.

mod changed_rules;
mod device_nodes;
mod device_rules;
mod existing_nodes;
mod user_devices;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![device_nodes, existing_nodes, user_devices, device_rules, changed_rules];
