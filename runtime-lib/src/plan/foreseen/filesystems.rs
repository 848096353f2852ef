//! Filesystems that show a namespace: only who owns the namespace may mount them.

use crate::bundle::{Filesystem, Mount, MountKind, NamespaceType};
use crate::plan::compile::Compiler;

impl Compiler<'_> {
    /// Refuses a filesystem that shows what a new user namespace has no right to. A namespace that it is born with is
    /// its own; one that was there before it, whether inherited or joined, cannot be.
    pub(super) fn belong_to_the_user_namespace(&mut self, mount: &Mount) {
        let MountKind::Filesystem(filesystem) = &mount.kind else {
            return;
        };
        if !self.makes(NamespaceType::User) {
            return;
        }
        let (kind, place) = match filesystem.name.as_str() {
            "proc" => (NamespaceType::Pid, "/proc"),
            "mqueue" => (NamespaceType::Ipc, "/dev/mqueue"),
            "sysfs" if !self.shows_the_hosts(filesystem) => (NamespaceType::Network, "/sys"),
            _ => return self.be_visible(mount, filesystem),
        };
        if self.makes(kind) {
            return self.be_visible(mount, filesystem);
        }
        let name = &filesystem.name;
        let text = format!(
            "{name} shows a {kind} namespace, which has to be new as the user namespace is (operation not permitted): \
             add {{\"type\": \"{kind}\"}} to linux.namespaces, or bind it instead, with \"type\": \"bind\", \"source\": \
             \"{place}\" and \"rbind\" among the options"
        );
        self.problems.error(mount.path().member("type"), text);
    }

    /// Whether a sysfs is the host's, bound: the network that it shows is the host's, and so a new one is refused to the
    /// container's user namespace.
    pub(crate) fn shows_the_hosts(&self, filesystem: &Filesystem) -> bool {
        filesystem.name.as_str() == "sysfs"
            && self.makes(NamespaceType::User)
            && !self.makes(NamespaceType::Network)
            && filesystem.parameters.is_empty()
            && filesystem.id_maps.is_none()
    }

    /// In a user namespace nobody sees more of a procfs than before (Linux: `mount_too_revealing` of fs/namespace.c).
    fn be_visible(&mut self, mount: &Mount, filesystem: &Filesystem) {
        let Some(foresight) = &self.host.foresight else {
            return;
        };
        if filesystem.name.as_str() == "proc"
            && let Some(covered) = &foresight.covered_in_proc
        {
            let text = format!(
                "the host's procfs is masked at {covered}, so that no new one can be mounted in a user namespace \
                 (operation not permitted): bind it instead, with \"type\": \"bind\", \"source\": \"/proc\" and \
                 \"rbind\" among the options, and without a pid namespace"
            );
            self.problems.error(mount.path().member("type"), text);
        }
    }
}
