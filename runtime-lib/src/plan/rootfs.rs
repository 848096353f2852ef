//! `root` and `linux.rootfsPropagation`: taking hold of the rootfs, and making it the root.

use super::compile::Compiler;
use super::mount_options::propagation::{PRIVATE, REC, SHARED, SLAVE, UNBINDABLE};
use super::propagation_list::PropagationList;
use super::steps::{Origin, c_string};
use crate::bundle::Propagation;
use orlop_init::wire::Step;
use std::ffi::CStr;

impl Compiler<'_> {
    pub(crate) fn take_hold_of_the_rootfs(&mut self) {
        let path = c_string(&self.bundle.rootfs().to_string_lossy());
        let wanted = self.config.linux.rootfs_propagation;
        let origin = || wanted.map_or(Origin::Default, |_| Origin::Member("linux.rootfsPropagation"));
        match wanted {
            // The host's mounts have to stay peers of ours, or a bind mount that is shared would not reach the host. So what keeps our mounts from showing there
            // is the rootfs's surroundings being private.
            Some(Propagation::Shared | Propagation::Rshared) => {
                self.steps.push(Step::PrivateAround { path: &path }, origin());
            }
            Some(Propagation::Rprivate | Propagation::Runbindable) => {
                self.steps
                    .push(Step::HostPropagation { propagation: PRIVATE }, origin());
            }
            // The root's alone is nothing that its mounts have to follow.
            None | Some(Propagation::Slave | Propagation::Rslave | Propagation::Private | Propagation::Unbindable) => {
                self.steps.push(Step::HostPropagation { propagation: SLAVE }, origin());
            }
        }
        self.take_rootfs();
        let shared = matches!(wanted, Some(Propagation::Shared | Propagation::Rshared));
        let propagation = if shared { PRIVATE } else { 0 };
        self.steps.push(
            Step::OpenRoot {
                path: &path,
                propagation,
            },
            Origin::Member("root.path"),
        );
    }

    /// How a tree of the host's propagates that the runtime opens for init, before the host's mounts are told so in init's own copy: what is mounted in the
    /// container must not show on the host. 0 where they stay peers.
    pub(crate) fn propagation_of_trees(&self) -> u64 {
        match self.config.linux.rootfs_propagation {
            Some(Propagation::Shared | Propagation::Rshared) => 0,
            Some(Propagation::Rprivate | Propagation::Runbindable) => PRIVATE,
            None | Some(Propagation::Slave | Propagation::Rslave | Propagation::Private | Propagation::Unbindable) => {
                SLAVE
            }
        }
    }

    pub(crate) fn change_root(&mut self) {
        let step = if self.arguments.no_pivot {
            Step::MoveRoot
        } else {
            Step::Pivot
        };
        self.steps.push(step, Origin::Member("root.path"));
        // Not before: `pivot_root` takes no shared mount.
        self.propagation_of_a_mount_on_the_root();
        if let Some(wanted) = self.config.linux.rootfs_propagation {
            let propagation = match wanted {
                Propagation::Private => PRIVATE,
                Propagation::Rprivate => REC | PRIVATE,
                Propagation::Slave => SLAVE,
                Propagation::Rslave => REC | SLAVE,
                Propagation::Shared => SHARED,
                Propagation::Rshared => REC | SHARED,
                Propagation::Unbindable => UNBINDABLE,
                Propagation::Runbindable => REC | UNBINDABLE,
            };
            let step = Step::RootPropagation { propagation };
            self.steps.push(step, Origin::Member("linux.rootfsPropagation"));
        }
        for (number, index, list) in std::mem::take(&mut self.propagating) {
            let propagation = list.as_propagations();
            let step = Step::PropagateKept { number, propagation };
            self.steps.push(step, Origin::Element("mounts", index));
        }
    }

    /// What the next step's mount, `mounts[index]`, asks for holds also where the root's propagation reaches all mounts below it.
    pub(crate) fn keep_propagation(&mut self, index: usize, target: &CStr, list: &PropagationList) {
        let reaches_all = matches!(
            self.config.linux.rootfs_propagation,
            Some(Propagation::Rprivate | Propagation::Rslave | Propagation::Rshared | Propagation::Runbindable)
        );
        if reaches_all && !list.is_empty() && !target.is_empty() {
            let number = self.keep_next(index);
            self.propagating.push((number, index, list.clone()));
        }
    }
}
