//! The runtime's command line: what is typed, and what the binary tells of itself and of errors.

mod additions;
mod compared;
mod container_ids;
mod features;
mod flag_register;
mod interactive;
mod jobs;
mod logs;
mod regexes;
mod shells;
mod slips;
mod telling;
mod usage;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![
    usage,
    slips,
    telling,
    container_ids,
    features,
    logs,
    additions,
    flag_register,
    regexes,
    interactive,
    jobs,
    shells,
];
pub(super) use compared::ROOMS as COMPARED;
pub(super) use interactive::{User, WAYS, with_shell};
