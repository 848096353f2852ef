//! From a bundle to a plan: one ordered list of acts for two hands, the runtime's deeds on the host and init's steps
//! inside, each with the place in the config that asked for it.
//!
//! A plan is made from a bundle and what [`Host::look`](crate::Host::look) has seen, without touching anything, so it
//! can be read before anything is done. It owns all that it needs: no config stands behind it.

mod about;
pub(crate) mod acts;
mod added_mount;
mod added_mounts;
mod arguments;
pub(crate) mod cgroup;
mod compile;
pub(crate) mod deeds;
mod devices;
mod exec;
mod explain;
mod for_exec;
mod foreseen;
mod hooks;
pub(crate) mod inherited;
mod kernel;
mod leftover;
mod mounts;
mod namespaces;
mod network;
mod process;
mod readiness;
mod resctrl;
pub(crate) mod resources;
mod rootfs;
mod start;
mod sub_cgroup;

#[cfg(test)]
mod tests;

pub use arguments::{Arguments, CgroupManager, ExecArguments};
pub(crate) use exec::Described;
pub use exec::Exec;
pub use explain::ExplainedAct;
pub use sub_cgroup::{SubCgroup, SubCgroupFault};

pub(crate) use about::About;
pub(crate) use added_mount::AddedMount;
pub(crate) use added_mounts::{add as add_mounts, remove as remove_mounts};
pub(crate) use cgroup::{HandOver, Need, Place, Placement, PlannedRules, Scope};
pub(crate) use explain::explained;
pub(crate) use for_exec::ForExec;
pub(crate) use leftover::{CgroupLeft, Leftover};
pub(crate) use resources::{
    DeviceProgram, Knob, Missing, Rules, USUAL_PERIOD, knobs, ordered, properties, refuse_limits,
};

use crate::Host;
use crate::bundle::Bundle;
use crate::problem::Problems;
use acts::Acts;

/// What will be done to run a bundle.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) acts: Acts,
    /// What the container's state says of it.
    pub(crate) about: About,
    /// The system call filter: it stands once, for the process and for the hooks that are bound like it.
    pub(crate) filter: Option<Filter>,
    /// So many mounts init keeps hold of.
    pub(crate) held: u32,
    /// The rules about devices.
    pub(crate) planned_rules: Option<PlannedRules>,
    /// Whose stdio is the caller's; nobody's where there is no process, or one with a terminal.
    pub(crate) user: Option<StdioUser>,
    /// What is kept for exec.
    pub(crate) for_exec: ForExec,
    /// The caller's choices that the plan was made for.
    pub(crate) arguments: Arguments,
}

/// The process's user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StdioUser {
    /// The number in the container.
    pub(crate) uid: u32,
    /// Who that is on the host; without it the maps of a user namespace say so, which is joined.
    pub(crate) on_host: Option<u32>,
}

/// A system call filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// `struct sock_filter`s.
    pub(crate) program: Vec<u8>,
    /// `SECCOMP_FILTER_FLAG_*`.
    pub(crate) flags: u64,
}

impl Filter {
    /// How many instructions it has.
    pub(crate) fn instructions(&self) -> u32 {
        u32::try_from(self.program.len() / 8).unwrap_or(u32::MAX)
    }
}

impl Plan {
    /// Plans a bundle. There is a plan if no problem is an error; the problems do not include those that the bundle
    /// itself told of.
    pub fn compile(bundle: &Bundle, host: &Host, arguments: &Arguments) -> (Option<Self>, Problems) {
        compile::compile(bundle, host, arguments)
    }

    /// Whether the process gets a terminal (`process.terminal`).
    pub fn has_terminal(&self) -> bool {
        self.about.has_terminal
    }

    /// The container's id.
    pub fn id(&self) -> &crate::Id {
        &self.arguments.id
    }
}
