//! Which devices a container may use (runtime-spec: config-linux.md#allowed-device-list): the rules as the config has
//! them, in their order, and what they become on each version of cgroups: writes to the files of v1's devices
//! controller, or a program for v2, which has no such controller. Both allow the same.

mod left_out;
mod list;
mod program;
mod rules;
mod set;
mod usual;
mod verdicts;

pub(crate) use left_out::RulesLeftOut;
pub(super) use list::{ALLOW, DENY};
pub(crate) use program::DeviceProgram;
pub(crate) use rules::Rules;

#[cfg(test)]
mod interpreter;
#[cfg(test)]
mod tests;
