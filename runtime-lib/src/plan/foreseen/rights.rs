//! Who may make a container at all.

use crate::plan::compile::Compiler;

const CAP_SYS_ADMIN: u64 = 1 << 21;

impl Compiler<'_> {
    /// Every container has a root of its own, and nobody makes one without being privileged somewhere.
    pub(super) fn need_rights(&mut self) {
        if self.in_user_namespace() || self.host.permitted_capabilities & CAP_SYS_ADMIN != 0 {
            return;
        }
        let text = "rootless container requires user namespaces: the caller has no CAP_SYS_ADMIN, without which nothing \
                    is made but in a new one; add {\"type\": \"user\"}, linux.uidMappings and linux.gidMappings (`orlop \
                    spec --rootless` writes such a config)";
        self.problems.error("linux.namespaces", text);
    }
}
