//! A door for the fuzz targets of this repository: hosts that are only described, and a plan's bytes.

use crate::cgroup::Layout;
use crate::plan::{Host, Plan, RareFacts};

/// A host with v1 hierarchies beside v2, and one with v2 alone; on both the caller has all capabilities but one.
pub fn hosts() -> [Host; 2] {
    const ALL_BUT_SYS_RESOURCE: u64 = ((1 << 41) - 1) & !(1 << 24);
    [Layout::hybrid_for_tests(), Layout::v2_for_tests()].map(|cgroups| Host {
        cgroups,
        permitted_capabilities: ALL_BUT_SYS_RESOURCE,
        rare: RareFacts::described(true, true, true, 4),
    })
}

/// The steps of a plan as init reads them.
pub fn steps(plan: &Plan) -> &[u8] {
    plan.steps.as_bytes()
}
