//! `config.json` as a whole: as a text, as engines write it, with mistakes, with annotations.

mod annotations;
mod broken_configs;
mod config_text;
mod engine_configs;
mod members_at_fault;
mod near_misses;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![
    config_text,
    engine_configs,
    broken_configs,
    near_misses,
    members_at_fault,
    annotations
];
