//! What the kernel would surely refuse once there is an init, and what can be known of that before there is one.

mod filesystems;
mod ids;
mod rights;

use super::compile::Compiler;

impl Compiler<'_> {
    pub(crate) fn refuse_what_must_fail(&mut self) {
        self.need_rights();
        self.map_every_id();
        for mount in self.bundle.mounts() {
            self.belong_to_the_user_namespace(mount);
        }
    }
}
