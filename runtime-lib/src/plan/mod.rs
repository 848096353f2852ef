//! From a bundle to a plan: a flat list of small steps, each with the place in the config that asked for it.
//!
//! A plan is made from a bundle and a few [`Host`] facts without touching anything, so it can be read before anything is done.

mod attribute_changes;
mod attributes;
mod cgroup_mount;
mod compile;
mod devices;
mod explain;
mod hooks;
mod host;
mod labels;
mod landlock;
mod late_read_only;
mod long_parameters;
mod mount_maps;
mod mount_options;
mod mounts;
mod namespaces;
mod notify;
mod option_pieces;
mod phrase;
mod process;
mod propagation_list;
mod rare_facts;
mod resctrl;
mod rootfs;
mod sources;
mod steps;

#[cfg(test)]
mod tests;

pub use explain::ExplainedStep;
pub use host::Host;

pub(crate) use attributes::Outside;
pub(crate) use mount_options::OPTIONS;
pub(crate) use namespaces::clone_flag;
pub(crate) use phrase::{namespaces as namespace_names, phrase};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use rare_facts::RareFacts;
pub(crate) use steps::{Input, Inputs, Origin, Steps, shown};

use crate::bundle::Bundle;
use crate::cgroup::Paths;
use crate::problem::Problems;
use crate::resctrl::Group;
use std::path::PathBuf;

/// What the caller chose, beyond the bundle.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// The container's id.
    pub id: String,
    /// Move the rootfs over the root instead of `pivot_root`.
    pub no_pivot: bool,
    /// Keep the caller's session keyring.
    pub no_new_keyring: bool,
    /// So many descriptors after the sockets are passed to the process.
    pub preserve_fds: u32,
    /// So many sockets are passed to the process, from 3 on.
    pub listen_fds: u32,
    /// The folder of the host with the socket on which the process tells when it is ready.
    pub notify_folder: Option<PathBuf>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            id: "ID".to_owned(),
            no_pivot: false,
            no_new_keyring: false,
            preserve_fds: 0,
            listen_fds: 0,
            notify_folder: None,
        }
    }
}

/// What will be done to run a bundle.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What init does.
    pub(crate) steps: Steps,
    /// The descriptors that init inherits, by their slots.
    pub(crate) inputs: Inputs,
    /// `CLONE_NEW*` of the namespaces that init is born into.
    pub(crate) new_namespaces: u64,
    /// Where the container's cgroup is.
    pub(crate) cgroup: Paths,
    /// Its place in resctrl.
    pub(crate) resctrl: Option<Group>,
    /// What the runtime does for init.
    pub(crate) outside: Outside,
}

impl Plan {
    /// Plans a bundle. There is a plan if no problem is an error; the problems do not include those that the bundle itself told of.
    pub fn compile(bundle: &Bundle, host: &Host, arguments: &Arguments) -> (Option<Self>, Problems) {
        compile::compile(bundle, host, arguments)
    }
}
