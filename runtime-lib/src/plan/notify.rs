//! The socket on which the process tells that it is ready: a folder of the host's, mounted where nobody has anything else.

use super::compile::Compiler;
use super::mount_options::attribute::{NODEV, NOEXEC, NOSUID, RDONLY};
use super::steps::{Input, Origin, c_string};
use orlop_init::wire::{Propagations, Step};

const FOLDER: &str = "run/notify";

/// The socket, as the process's environment names it.
pub(super) const VARIABLE: &str = "NOTIFY_SOCKET";
/// See [`VARIABLE`].
pub(super) const VALUE: &str = "NOTIFY_SOCKET=/run/notify/notify.sock";

impl Compiler<'_> {
    pub(crate) fn notify_folder(&mut self) {
        const CAP_SYS_ADMIN: u64 = 1 << 21;
        let Some(folder) = &self.arguments.notify_folder else {
            return;
        };
        let source = folder.to_string_lossy().into_owned();
        // The state is the runtime's alone: root of a user namespace has no way to it, but a caller who is that very user.
        if self.in_user_namespace() && self.host.permitted_capabilities & CAP_SYS_ADMIN != 0 {
            let tree = self.inputs.add(Input::Tree {
                source: source.clone(),
                propagation: self.propagation_of_trees(),
            });
            self.steps.push(Step::TakeTree { tree }, Origin::Default);
        }
        let step = Step::Bind {
            source: &c_string(&source),
            target: &c_string(FOLDER),
            recursive: false,
            set: RDONLY | NOSUID | NODEV | NOEXEC,
            clear: 0,
            clear_unlocked: 0,
            set_all: 0,
            clear_all: 0,
            propagation: Propagations::EMPTY,
        };
        self.steps.push(step, Origin::Default);
    }
}
