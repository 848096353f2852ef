//! What the process is given: program and environment, rights and limits, streams and terminal.

mod callers_stdio;
mod capabilities;
mod environment;
mod execution_domain;
mod exhausted;
mod identity;
mod landlock;
mod memory_policy;
mod process_settings;
mod program;
mod rlimits;
mod scheduling;
mod security_labels;
mod stdio;
mod terminal;

use super::room::{Room, rooms};
pub(super) use rlimits::needs_to_raise;
pub(super) use stdio::is_another_null;

pub(super) const ROOMS: &[Room] = rooms![
    environment,
    program,
    process_settings,
    identity,
    capabilities,
    rlimits,
    exhausted,
    scheduling,
    execution_domain,
    memory_policy,
    security_labels,
    landlock,
    stdio,
    callers_stdio,
    terminal
];
