//! `linux.resources` as a list of writes to files of a cgroup. What v1 and v2 have different files for is told apart
//! by controller, not by host: on a hybrid one some controllers are on v2 and the others on v1.

mod bounds;
mod device_list;
mod device_rules;
mod devices;
mod knob;
mod not_applied;
mod usual_devices;

pub(crate) use bounds::ordered;
pub(crate) use knob::Knob;

use crate::bundle::Resources;
use crate::problem::{Problem, Problems};
use device_list::{ALLOW, DENY};

/// The writes that give a cgroup these resources, and what is wrong or doubtful about them. `is_on_v1` tells whether a
/// controller is in a v1 hierarchy, `may_give_programs` whether the caller may give a v2 cgroup a program.
pub(crate) fn knobs(
    resources: &Resources,
    is_on_v1: impl Fn(&str) -> bool,
    may_give_programs: bool,
) -> (Vec<Knob>, Problems) {
    let mut problems = Problems::default();
    for path in not_applied::not_applied(resources) {
        problems.warning(path, "this resource is not applied yet");
    }
    if !is_on_v1("devices") {
        // Of the rules that engines always write, nobody is told who could not have them on v1 either.
        let is_worth_it = || match device_rules::v1(&resources.devices) {
            Ok((knobs, _)) => may_give_programs || knobs.iter().any(|knob| !knob.is_usual),
            Err(_) => true,
        };
        if !resources.devices.is_empty() && is_worth_it() {
            let text = "device rules are not applied yet on a host without the devices controller of cgroup v1";
            problems.warning("linux.resources.devices", text);
        }
        return (Vec::new(), problems);
    }
    match device_rules::v1(&resources.devices) {
        Ok((knobs, told)) => {
            problems.append(told);
            (knobs, problems)
        }
        Err(problem) => {
            problems.push(problem);
            (Vec::new(), problems)
        }
    }
}

/// What is to be told of knobs that could not be written.
pub(crate) fn left_out(knobs: &[&Knob]) -> Option<Problem> {
    let text = "the caller may not set device rules here, and they are not applied";
    let is_worth_it = knobs.iter().any(|knob| !knob.is_usual);
    is_worth_it.then(|| Problem::warning("linux.resources.devices", text))
}
