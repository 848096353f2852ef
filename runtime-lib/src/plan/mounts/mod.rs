//! `mounts`: filesystems and bound trees inside the rootfs.

mod bind;
mod cgroup;
mod early_sources;
mod filesystem;
mod held;
mod id_maps;
mod in_proc;
mod locked;
mod propagation;
mod remount;

pub(crate) use held::Held;
pub(crate) use propagation::{PropagationList, flags as propagation_flags};

use crate::bundle::{Changes, Mount, MountKind, Parameter};
use crate::plan::acts::{NO_OPTION, Origin};
use crate::plan::compile::Compiler;
use orlop_init::step::mounts as steps;
use orlop_init::step::rootfs::RootPropagation;

impl Compiler<'_> {
    pub(crate) fn mounts(&mut self) {
        for mount in self.bundle.mounts() {
            self.refuse_in_proc(mount);
            match &mount.kind {
                MountKind::Bind(bind) => self.bind(mount, bind),
                MountKind::Filesystem(filesystem) => self.filesystem(mount, filesystem),
                MountKind::Cgroup => cgroup::push(self, mount),
                MountKind::Remount(remount) => self.remount(mount, remount),
            }
            self.record_if_added(mount);
        }
    }

    /// How a mount on `/` propagates: said when it is the root.
    pub(crate) fn propagation_of_a_mount_on_the_root(&mut self) {
        for mount in self.bundle.mounts().iter().filter(|mount| mount.is_on_the_root()) {
            for wanted in &mount.propagation {
                let step = RootPropagation {
                    propagation: propagation_flags(*wanted),
                };
                self.step(&step, Origin::Element("mounts", mount.index));
            }
        }
    }
}

/// The places among a mount's options that its parameters come from. What comes from elsewhere has none.
fn places(parameters: &[Parameter]) -> Vec<u32> {
    let places = parameters.iter().map(|parameter| parameter.place);
    places.map(|place| u32::try_from(place).unwrap_or(NO_OPTION)).collect()
}

/// The changes of a mount's attributes and its tree's, as init reads them.
fn changes(mount: &Mount, one: Changes) -> steps::Changes {
    steps::Changes {
        set: one.set,
        clear: one.clear,
        clear_unlocked: mount.cleared_by_the_way,
        set_all: mount.tree_changes.set,
        clear_all: mount.tree_changes.clear,
    }
}
