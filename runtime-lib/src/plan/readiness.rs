//! The socket on which the process tells that it is ready: a folder of the host's, mounted where nobody has anything
//! else.

use super::acts::{Origin, c_string};
use super::compile::Compiler;
use super::inherited::Inherited;
use orlop_init::linux::mount_attribute::{NODEV, NOEXEC, NOSUID, RDONLY};
use orlop_init::step::mounts::{Bind, Changes, Links, Propagations, Source};

const FOLDER: &str = "run/notify";

/// The socket, as the process's environment names it.
pub(super) const VARIABLE: &str = "NOTIFY_SOCKET";
/// See [`VARIABLE`].
pub(super) const VALUE: &str = "NOTIFY_SOCKET=/run/notify/notify.sock";

impl Compiler<'_> {
    pub(crate) fn mount_notify_folder(&mut self) {
        const CAP_SYS_ADMIN: u64 = 1 << 21;
        let Some(folder) = &self.arguments.notify_folder else {
            return;
        };
        let path = folder.to_string_lossy().into_owned();
        let on_host = c_string(&path);
        // The state is the runtime's alone: root of a user namespace has no way to it, but a caller who is that very
        // user.
        let source = if self.in_user_namespace() && self.host.permitted_capabilities & CAP_SYS_ADMIN != 0 {
            let propagation = self.propagation_of_trees();
            let tree = Inherited::Tree {
                source: path,
                propagation,
            };
            Source::Tree(self.inherit(tree, Origin::Default), &on_host)
        } else {
            Source::Path(&on_host)
        };
        let step = Bind {
            source,
            target: &c_string(FOLDER),
            recursive: false,
            links: Links::default(),
            changes: Changes::one(RDONLY | NOSUID | NODEV | NOEXEC, 0),
            mapping: None,
            propagation: Propagations::EMPTY,
            hold: None,
        };
        self.step(&step, Origin::Default);
    }
}
