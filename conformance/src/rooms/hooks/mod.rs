//! Hooks, at each point of the lifecycle.

mod hook_calls;
mod hook_environment;
mod hook_failures;
mod hook_kinds;
mod hook_log;
mod hook_trees;
mod start_hooks;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![
    hook_calls,
    start_hooks,
    hook_kinds,
    hook_environment,
    hook_failures,
    hook_trees
];
