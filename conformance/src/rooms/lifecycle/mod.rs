//! A container's life: the operations of the runtime, what they tell, and what becomes of interrupted ones.

mod broken_state;
mod caller_files;
mod crash;
mod create;
mod delete;
mod given_up;
mod kill;
mod pause;
pub(super) mod readiness;
mod run;
mod silent_peers;
mod start;
mod state;
mod state_root;
mod unanswering_rootfs;
mod upgrade;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![
    create,
    start,
    kill,
    pause,
    delete,
    run,
    state,
    state_root,
    caller_files,
    broken_state,
    given_up,
    silent_peers,
    readiness,
    crash,
    unanswering_rootfs,
    upgrade
];
