//! A door for the fuzz targets of this repository: hosts that are only described, a plan's acts and bytes, and the
//! records of the store.

mod acts;
mod records;

pub use acts::{Act, Deed, Opened, Place, What};
pub use records::{Kept, keeps_what_exec_needs, leftovers, state, version_1};

use crate::host::{Host, SecurityModules};
use crate::plan::{Exec, Filter, Plan};
use crate::{Error, JsonPath, launch};
use orlop_init::step::Step;
use orlop_init::wire::{Header, Message};

/// A host with v1 hierarchies beside v2, and one with v2 alone; on both the caller has all capabilities but one.
pub fn hosts() -> [Host; 2] {
    const SYS_RESOURCE: u64 = 1 << 24;
    [Host::hybrid(), Host::v2()].map(|host| Host {
        permitted_capabilities: host.permitted_capabilities & !SYS_RESOURCE,
        security_modules: SecurityModules {
            has_apparmor: true,
            has_selinux: true,
            landlock_version: 4,
        },
        has_resctrl: true,
        ..host
    })
}

/// The steps of a plan as init reads them.
pub fn steps(plan: &Plan) -> &[u8] {
    plan.acts.bytes()
}

/// What init reads: the header, with these descriptors behind the slots, and the steps.
pub fn sent(plan: &Plan, slots: &[i32]) -> Vec<u8> {
    let mut header = Header::new(3, [-1; 3]);
    header.held = plan.held;
    if let Some(filter) = &plan.filter {
        header.filter = &filter.program;
        header.filter_flags = filter.flags;
    }
    let mut bytes = plan.acts.head(&header, slots);
    bytes.extend_from_slice(plan.acts.bytes());
    bytes
}

/// The acts of a plan in the order in which they are done.
pub fn acts(plan: &Plan) -> impl Iterator<Item = Act<'_>> {
    plan.acts.iter().map(Act::from)
}

/// The plan that an exec is.
pub fn plan_of(exec: &Exec) -> &Plan {
    &exec.0
}

/// So many mounts init keeps hold of.
pub fn held(plan: &Plan) -> u32 {
    plan.held
}

/// So many turns there are.
pub fn turns(plan: &Plan) -> u32 {
    plan.acts.turns()
}

/// So many instructions the filter has; 0 if there is none.
pub fn instructions(plan: &Plan) -> u32 {
    plan.filter.as_ref().map_or(0, Filter::instructions)
}

/// The step of this number, as init counts them, and who asked for it.
pub fn find_step(plan: &Plan, number: usize) -> Option<(Step<'_>, Option<JsonPath>)> {
    let (step, origin) = plan.acts.find_step(number)?;
    Some((step, origin.path()))
}

/// The number of the first step of the start, the bytes of those steps, and how many they are.
pub fn start(plan: &Plan) -> (usize, &[u8], usize) {
    let (first, bytes, origins) = plan.acts.of_start();
    (first, bytes, origins.count())
}

/// What the user is told when init tells of a failure.
pub fn failure(plan: &Plan, message: &Message, text: &str) -> Error {
    launch::of_plan(&plan.acts, message, text)
}

/// The same for a step that nobody asked for.
pub fn failure_of_step(step: &Step<'_>, message: &Message, text: &str) -> Error {
    launch::of_step(step, &crate::plan::acts::Origin::Default, message, text)
}
