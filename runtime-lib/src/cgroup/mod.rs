//! A container's cgroup: making it, getting in, writing its knobs, freezing, killing and removing it.
//!
//! On v2 the container's first process is born inside (`CLONE_INTO_CGROUP`); on v1 it writes itself into each
//! hierarchy's `tasks`. A hybrid host is treated as both. Where the cgroup is and what is written to it is the plan's
//! to say.
//!
//! The order of a create: the plan, the state is written, [`Cgroup::make`], clone, [`Made::apply`], and
//! [`Made::undo`] if anything failed. Of a delete: [`Cgroup::kill`], [`Cgroup::remove`].

mod apply;
mod controllers;
mod cpuset;
mod device_program;
mod directory;
mod freezer;
mod hand_over;
mod inner;
mod joining;
mod kill;
mod knobs;
mod make;
mod nap;
mod oom;
mod processes;
mod remove;
mod statistics;
mod tree;
mod unit;

pub(crate) use device_program::{LoadedProgram, detach_from};
pub(crate) use make::Made;
pub(crate) use oom::OomWatch;

use crate::plan::Placement;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The cgroup of one container, as its record keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Cgroup(Arc<Placement>);

impl Cgroup {
    pub(crate) fn at(placement: &Arc<Placement>) -> Self {
        Self(placement.clone())
    }

    pub(crate) fn into_placement(self) -> Arc<Placement> {
        self.0
    }

    /// Whether the host has no hierarchy to put it in.
    pub(crate) fn is_nowhere(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests;
