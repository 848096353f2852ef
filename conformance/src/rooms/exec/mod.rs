//! `exec`: a further process in a container.

mod exec_cgroups;
mod exec_flags;
mod exec_hostile;
mod exec_joins;
mod exec_process;
mod exec_races;
mod exec_statuses;
mod exec_terminal;

pub(super) use exec_statuses::{is_well_after_kills, pid_in};
use serde_json::Value;

use super::room::{Room, rooms};
use crate::call::Call;
use crate::failure::{Failure, wrong};
use crate::trial::Trial;

pub(super) const ROOMS: &[Room] = rooms![
    exec_statuses,
    exec_flags,
    exec_process,
    exec_joins,
    exec_cgroups,
    exec_terminal,
    exec_hostile,
    exec_races,
];

/// `exec` of the probe with some actions.
fn probe<'t>(t: &'t Trial<'_>, id: &str, flags: &[&str], actions: &str) -> Call<'t> {
    let words = ["exec"].iter().chain(flags).copied().chain([id, "/probe"]);
    t.call(&words.chain(actions.split(' ')).collect::<Vec<_>>())
}

/// What the probe, run by `exec`, says with its first action.
fn told(t: &Trial<'_>, id: &str, flags: &[&str], actions: &str) -> Result<Value, Failure> {
    let lines = probe(t, id, flags, actions).succeed()?.lines()?;
    lines
        .into_iter()
        .next()
        .map_or_else(|| wrong("the probe said nothing"), Ok)
}

/// What the probe, run by `exec`, sees of itself.
fn report(t: &Trial<'_>, id: &str, flags: &[&str]) -> Result<Value, Failure> {
    told(t, id, flags, "report")
}
