//! Where the container stands in the host's cgroups and resource groups.

mod cgroup_paths;
mod changed_limits;
pub(super) mod delegation;
mod entry;
mod further_limits;
pub(super) mod limits;
mod resource_director;
mod statistics;
mod unit_faults;
mod unit_payloads;
pub(super) mod units;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![
    cgroup_paths,
    entry,
    limits,
    further_limits,
    changed_limits,
    statistics,
    delegation,
    resource_director,
    units,
    unit_faults,
    unit_payloads
];
