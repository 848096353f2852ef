//! `linux.resources` as a list of writes to files of a cgroup. What v1 and v2 have different files for is told apart
//! by controller, not by host: on a hybrid one some controllers are on v2 and the others on v1.

mod block_io;
mod bounds;
mod cpu;
mod devices;
mod knob;
mod memory;
mod others;
mod properties;
mod writes;

pub(crate) use bounds::ordered;
pub(crate) use devices::{DeviceProgram, Rules, RulesLeftOut};
pub(crate) use knob::{Knob, Missing};
pub(crate) use properties::{Asked, USUAL_PERIOD, properties};

use crate::bundle::Resources;
use crate::host::Hierarchies;
use crate::problem::{JsonPath, Problem, Problems};
use devices::{ALLOW, DENY};
use writes::Writes;

/// The writes that give a cgroup these resources, which stand at `path`, all but the rules about devices, and what is
/// wrong or doubtful about them.
pub(crate) fn knobs(resources: &Resources, path: &JsonPath, hierarchies: &Hierarchies) -> (Vec<Knob>, Problems) {
    let mut writes = Writes::new(hierarchies);
    limits(resources, path, &mut writes);
    (writes.knobs, writes.problems)
}

fn limits(resources: &Resources, path: &JsonPath, writes: &mut Writes<'_>) {
    if let Some(memory) = &resources.memory {
        memory::memory(memory, &path.member("memory"), writes);
    }
    if let Some(cpu) = &resources.cpu {
        cpu::cpu(cpu, &path.member("cpu"), writes);
    }
    if let Some(pids) = &resources.pids {
        others::pids(pids, &path.member("pids"), writes);
    }
    if let Some(block_io) = &resources.block_io {
        block_io::block_io(block_io, &path.member("blockIO"), writes);
    }
    others::hugepages(&resources.hugepage_limits, &path.member("hugepageLimits"), writes);
    if let Some(network) = &resources.network {
        others::network(network, &path.member("network"), writes);
    }
    others::rdma(&resources.rdma, &path.member("rdma"), writes);
    // Last, so that a file that is named as such has the last word.
    others::unified(&resources.unified, &path.member("unified"), writes);
}

/// # Errors
/// One of these knobs, which could not be written, is a limit: its cgroup could not be made.
pub(crate) fn refuse_limits(knobs: &[&Knob]) -> Result<(), Problem> {
    let mut limits = knobs.iter().filter(|knob| !knob.is_device_rule());
    match limits.find(|knob| knob.missing != Missing::Fulfilled) {
        None => Ok(()),
        Some(knob) => {
            let text = format!(
                "cannot {knob}: no cgroup could be made for the container, as the caller may write to none \
                 (rootless needs no limits + no cgrouppath when no permission is granted for cgroups); have the \
                 user's systemd make one (--systemd-cgroup), have one delegated (`systemd-run --user --scope -p \
                 Delegate=yes`, or a directory of the hierarchy that is given to the user), or ask for no limit"
            );
            Err(Problem::error(knob.place(), text))
        }
    }
}

#[cfg(test)]
mod tests;
