//! Where the container stands in the host's cgroups and resource groups.

mod cgroup_paths;
mod changed_limits;
mod entry;
mod limits;
mod resource_director;
mod statistics;
mod unit_faults;
pub(super) mod units;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![
    cgroup_paths,
    entry,
    limits,
    changed_limits,
    statistics,
    resource_director,
    units,
    unit_faults
];
