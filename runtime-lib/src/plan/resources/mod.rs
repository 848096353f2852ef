//! `linux.resources` as a list of writes to files of a cgroup. What v1 and v2 have different files for is told apart
//! by controller, not by host: on a hybrid one some controllers are on v2 and the others on v1.

mod block_io;
mod bounds;
mod cpu;
mod device_list;
mod device_rules;
mod devices;
mod knob;
mod memory;
mod others;
mod properties;
mod usual_devices;
mod writes;

pub(crate) use bounds::ordered;
pub(crate) use knob::{Knob, Missing};
pub(crate) use properties::{Asked, USUAL_PERIOD, properties};

use crate::bundle::Resources;
use crate::host::{CgroupVersion, Hierarchies};
use crate::problem::{JsonPath, Problem, Problems};
use device_list::{ALLOW, DENY};
use writes::Writes;

/// The writes that give a cgroup these resources, which stand at `path`, and what is wrong or doubtful about them.
/// `may_give_programs`: whether the caller may give a v2 cgroup a program.
pub(crate) fn knobs(
    resources: &Resources,
    path: &JsonPath,
    hierarchies: &Hierarchies,
    may_give_programs: bool,
) -> (Vec<Knob>, Problems) {
    let mut writes = Writes::new(hierarchies);
    devices(resources, may_give_programs, &mut writes);
    limits(resources, path, &mut writes);
    (writes.knobs, writes.problems)
}

/// All resources but the rules about devices, of a config's object at `path`.
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

fn devices(resources: &Resources, may_give_programs: bool, writes: &mut Writes<'_>) {
    if writes.version_of("devices") != Some(CgroupVersion::V1) {
        // Of the rules that engines always write, nobody is told who could not have them on v1 either.
        let is_worth_it = || match device_rules::v1(&resources.devices) {
            Ok((knobs, _)) => may_give_programs || knobs.iter().any(|knob| !knob.is_usual),
            Err(_) => true,
        };
        if !resources.devices.is_empty() && is_worth_it() {
            let text = "device rules are not applied yet on a host without the devices controller of cgroup v1";
            writes.problems.warning("linux.resources.devices", text);
        }
        return;
    }
    match device_rules::v1(&resources.devices) {
        Ok((knobs, told)) => {
            writes.problems.append(told);
            writes.knobs.extend(knobs);
        }
        Err(problem) => writes.problems.push(problem),
    }
}

/// What is to be told of knobs that could not be written.
///
/// # Errors
/// One that is a limit: its cgroup could not be made.
pub(crate) fn left_out(knobs: &[&Knob]) -> Result<Option<Problem>, Problem> {
    if let Some(knob) = knobs
        .iter()
        .find(|knob| !knob.is_device_rule() && knob.missing != Missing::Fulfilled)
    {
        let text = format!(
            "cannot {knob}: no cgroup could be made for the container, as the caller may write to none \
             (rootless needs no limits + no cgrouppath when no permission is granted for cgroups); have one delegated \
             (`systemd-run --user --scope -p Delegate=yes`, or a directory of the hierarchy that is given to the user), \
             or ask for no limit"
        );
        return Err(Problem::error(knob.place(), text));
    }
    let text = "the caller may not set device rules here, and they are not applied";
    let is_worth_it = knobs.iter().any(|knob| knob.is_device_rule() && !knob.is_usual);
    Ok(is_worth_it.then(|| Problem::warning("linux.resources.devices", text)))
}

#[cfg(test)]
mod tests;
