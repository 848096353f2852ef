//! A container's cgroup: where it is, making it, getting in, device rules, freezing, killing and removing it.
//!
//! On v2 the container's first process is born inside (`CLONE_INTO_CGROUP`); on v1 it writes itself into each hierarchy's
//! `tasks`. A hybrid host is treated as both. Only the cgroupfs driver is here: directories are made by ourselves.
//!
//! The order of a create: [`Layout::detect`], [`Layout::paths`], the state is written, [`make`], [`devices::apply`], clone, and
//! [`Made::undo`] if anything failed. Of a delete: [`kill_all`], [`remove()`].

#![allow(
    dead_code,
    unused_imports,
    reason = "the rooms that call this are being built; this line goes with the last of them"
)]

mod cpuset;
pub(crate) mod devices;
mod directory;
mod freezer;
mod kill;
mod knobs;
mod layout;
mod make;
mod nap;
mod ownership;
mod paths;
mod procs;
mod remove;
mod tree;
mod usual_rules;

pub(crate) use devices::explain as explain_device_rules;
pub(crate) use freezer::{freeze, is_frozen, thaw};
pub(crate) use kill::kill_all;
pub(crate) use knobs::unsupported_resources;
pub(crate) use layout::Layout;
pub(crate) use make::{Made, Need, Tasks, make};
pub(crate) use ownership::hand_over;
pub(crate) use paths::{Paths, Place};
pub(crate) use procs::{for_each, procs};
pub(crate) use remove::remove;

#[cfg(test)]
mod tests;
