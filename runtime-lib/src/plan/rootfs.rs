//! `root` and `linux.rootfsPropagation`: taking hold of the rootfs, and making it the root.

use super::acts::{Origin, c_string};
use super::compile::Compiler;
use super::inherited::Inherited;
use super::mounts::{PropagationList, propagation_flags};
use crate::bundle::{Propagation, below_root};
use crate::problem::{JsonPath, Problem};
use orlop_init::linux::mount_flag::{PRIVATE, SLAVE};
use orlop_init::linux::namespace;
use orlop_init::step::devices::Directory;
use orlop_init::step::mounts::PropagateHeld;
use orlop_init::step::process::capabilities;
use orlop_init::step::rootfs::{
    HostPropagation, MaskPath, MoveRoot, OpenRoot, Pivot, PrivateAround, ReadonlyPath, ReadonlyRoot, RootPropagation,
    TakeRootAlong,
};
use std::ffi::CStr;

/// The place of the rootfs among the sources that are opened early.
pub(crate) const ROOTFS: u32 = 0;

impl Compiler<'_> {
    pub(crate) fn take_hold_of_the_rootfs(&mut self) {
        let path = c_string(&self.bundle.rootfs().to_string_lossy());
        let wanted = self.config.linux.rootfs_propagation;
        let origin = wanted.map_or(Origin::Default, |_| Origin::Member("linux.rootfsPropagation"));
        let opened = self.early_sources.as_ref().map(|_| ROOTFS);
        match wanted {
            // Init is in a passing copy of the runtime's mounts, which has to have no part in what happens to them.
            _ if self.inherits_mounts() => {
                self.step(&HostPropagation { propagation: PRIVATE }, Origin::Default);
            }
            // The host's mounts have to stay peers of init's, or a bind mount that is shared would not reach the host.
            // So what keeps the container's mounts from showing there is the rootfs's surroundings being private.
            Some(Propagation::Shared | Propagation::Rshared) => {
                let step = PrivateAround { path: &path, opened };
                self.step(&step, origin);
            }
            Some(Propagation::Rprivate | Propagation::Runbindable) => {
                self.step(&HostPropagation { propagation: PRIVATE }, origin);
            }
            // The root's alone is nothing that its mounts have to follow.
            None | Some(Propagation::Slave | Propagation::Rslave | Propagation::Private | Propagation::Unbindable) => {
                self.step(&HostPropagation { propagation: SLAVE }, origin);
            }
        }
        let shared = !self.inherits_mounts() && matches!(wanted, Some(Propagation::Shared | Propagation::Rshared));
        let step = OpenRoot {
            path: &path,
            opened,
            propagation: if shared { PRIVATE } else { 0 },
        };
        self.step(&step, Origin::Member("root.path"));
    }

    /// How a tree of the host's propagates that the runtime opens for init, before the host's mounts are told so in
    /// init's own copy: what is mounted in the container must not show on the host. 0 where they stay peers.
    pub(crate) fn propagation_of_trees(&self) -> u64 {
        match self.config.linux.rootfs_propagation {
            _ if self.inherits_mounts() => PRIVATE,
            Some(Propagation::Shared | Propagation::Rshared) => 0,
            Some(Propagation::Rprivate | Propagation::Runbindable) => PRIVATE,
            None | Some(Propagation::Slave | Propagation::Rslave | Propagation::Private | Propagation::Unbindable) => {
                SLAVE
            }
        }
    }

    pub(crate) fn close_the_rootfs_off(&mut self) {
        if let Some(process) = &self.config.process {
            let path = below_root(&process.cwd);
            // Usually it is the root.
            if !path.is_empty() {
                let directory = Directory {
                    path: &path,
                    mode: 0o755,
                };
                self.step(&directory, Origin::Member("process.cwd"));
            }
        }
        self.make_held_mounts_read_only();
        for (index, path) in self.config.linux.readonly_paths.iter().enumerate() {
            let path = below_root(path);
            let origin = Origin::Element("linux.readonlyPaths", index);
            if path.is_empty() {
                self.step(&ReadonlyRoot {}, origin);
            } else {
                self.step(&ReadonlyPath { path: &path }, origin);
            }
        }
        for (index, path) in self.config.linux.masked_paths.iter().enumerate() {
            let path = below_root(path);
            if path.is_empty() {
                let place = JsonPath::from("linux.maskedPaths").index(index);
                self.problems.error(place, "the root itself cannot be hidden");
            }
            self.step(&MaskPath { path: &path }, Origin::Element("linux.maskedPaths", index));
        }
        if self.config.root.readonly {
            self.step(&ReadonlyRoot {}, Origin::Member("root.readonly"));
        }
        self.hold_proc_for_home();
        self.change_root();
    }

    fn change_root(&mut self) {
        let origin = Origin::Member("root.path");
        if self.inherits_mounts() {
            self.take_root_along();
            return;
        }
        if self.arguments.no_pivot {
            self.step(&MoveRoot {}, origin);
        } else {
            self.step(&Pivot {}, origin);
        }
        // Not before: `pivot_root` takes no shared mount.
        self.propagation_of_a_mount_on_the_root();
        if let Some(wanted) = self.config.linux.rootfs_propagation {
            let propagation = propagation_flags(wanted);
            let step = RootPropagation { propagation };
            self.step(&step, Origin::Member("linux.rootfsPropagation"));
        }
        for (number, index, list) in std::mem::take(&mut self.propagating) {
            let propagation = list.as_propagations();
            let step = PropagateHeld { number, propagation };
            self.step(&step, Origin::Element("mounts", index));
        }
    }

    /// The way into the rootfs without a mount namespace. What has no place in one propagates nothing, so that nothing
    /// is left to be said of that.
    fn take_root_along(&mut self) {
        let runtimes = Inherited::Namespace {
            path: "/proc/thread-self/ns/mnt".to_owned(),
            kind: namespace::NEWNS,
            origin: JsonPath::from("linux.namespaces"),
            set_by: None,
        };
        let namespace = self.inherit(runtimes, Origin::Member("linux.namespaces"));
        self.step(&TakeRootAlong { namespace }, Origin::Member("linux.namespaces"));
        const NEEDED: u64 = 1 << 18 | 1 << 21;
        let missing = NEEDED & !self.host.permitted_capabilities;
        if missing != 0 {
            let text = format!(
                "there is no mount namespace, and to run a container in the runtime's own takes {}, which the runtime \
                 does not have; add {{\"type\": \"mount\"}}",
                capabilities(missing)
            );
            self.problems.error("linux.namespaces", text);
        }
        let text = "there is no mount namespace: the process is in the runtime's own, and its root is a chroot. Nothing \
                    can be mounted or unmounted in it, nothing propagates to or from it, and with CAP_SYS_ADMIN and \
                    CAP_SYS_CHROOT it can reach the host's files";
        self.problems
            .push(Problem::warning("linux.namespaces", text).into_notice());
    }

    /// The number by which init holds `mounts[index]` for its own propagation, which holds also where the root's
    /// reaches all mounts below it. One that is added is held to be taken off again.
    pub(crate) fn hold_for_propagation(&mut self, index: usize, target: &CStr, list: &PropagationList) -> Option<u32> {
        if self.adding.is_some() {
            return Some(self.held.number_for(index));
        }
        let reaches_all = matches!(
            self.config.linux.rootfs_propagation,
            Some(Propagation::Rprivate | Propagation::Rslave | Propagation::Rshared | Propagation::Runbindable)
        );
        if self.inherits_mounts() || !reaches_all || list.is_empty() || target.is_empty() {
            return None;
        }
        let number = self.held.number_for(index);
        self.propagating.push((number, index, list.clone()));
        Some(number)
    }
}
