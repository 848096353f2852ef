//! What a bind mount's source has in force and is asked not to have: in a user namespace it may be locked
//! (`man 7 mount_namespaces`).

use crate::bundle::{Bundle, Mount, NamespaceType, attribute};
use rustix::fs::StatVfsMountFlags;

/// The attributes in force of sources that are asked to change them, where the kernel would lock them.
#[derive(Clone, Debug, Default)]
pub(crate) struct LockedFlags {
    /// Mounts by their places in the config, and the `MOUNT_ATTR_*` of their sources.
    sources: Vec<(usize, u64)>,
    /// Each is locked for sure, since the container's user namespace is a new one. In the runtime's own it may be that
    /// the same user has set them.
    pub(crate) surely: bool,
}

impl LockedFlags {
    /// Looks at those sources only that are asked for a change which could be refused.
    pub(super) fn look(bundle: &Bundle) -> Self {
        let linux = &bundle.config().linux;
        let surely = linux
            .namespace(NamespaceType::User)
            .is_some_and(|user| user.path.is_none());
        let is_new = linux
            .namespace(NamespaceType::Mount)
            .is_some_and(|mounts| mounts.path.is_none());
        if !is_new || !bundle.mounts().iter().any(could_be_refused) {
            return Self::default();
        }
        let is_joined = linux.namespace(NamespaceType::User).is_some() && !surely;
        if is_joined || !surely && !crate::sys::is_in_user_namespace() {
            return Self::default();
        }
        Self::of(bundle, surely)
    }

    /// The same for mounts that are added to a container in a user namespace of its own: their sources come from a copy
    /// of the runtime's mounts that is that namespace's.
    pub(crate) fn of_added(bundle: &Bundle) -> Self {
        Self::of(bundle, true)
    }

    fn of(bundle: &Bundle, surely: bool) -> Self {
        let candidates = bundle.mounts().iter().filter(|mount| could_be_refused(mount));
        let in_force = |mount: &Mount| {
            let flags = rustix::fs::statvfs(&*mount.as_bind()?.source).ok()?.f_flag;
            Some((mount.index, attributes(flags)))
        };
        Self {
            sources: candidates.filter_map(in_force).collect(),
            surely,
        }
    }

    /// What the source of `mounts[index]` has in force, if that matters.
    pub(crate) fn in_force(&self, index: usize) -> Option<u64> {
        let found = self.sources.iter().find(|(of, _)| *of == index);
        found.map(|(_, attributes)| *attributes)
    }
}

/// Setting an attribute is allowed always, but for those of the times of access.
fn could_be_refused(mount: &Mount) -> bool {
    let is_plain = mount
        .as_bind()
        .is_some_and(|bind| bind.id_maps.is_none() && bind.links.are_followed());
    let asked = [mount.changes, mount.tree_changes];
    is_plain
        && asked
            .iter()
            .any(|asked| asked.clear != 0 || asked.set & attribute::NODIRATIME != 0)
}

/// `MOUNT_ATTR_*` from what `man 3 statvfs` tells.
fn attributes(flags: StatVfsMountFlags) -> u64 {
    let plain = [
        (StatVfsMountFlags::RDONLY, attribute::RDONLY),
        (StatVfsMountFlags::NOSUID, attribute::NOSUID),
        (StatVfsMountFlags::NODEV, attribute::NODEV),
        (StatVfsMountFlags::NOEXEC, attribute::NOEXEC),
        (StatVfsMountFlags::NODIRATIME, attribute::NODIRATIME),
    ];
    let told = plain.iter().filter(|(flag, _)| flags.contains(*flag));
    let times = if flags.contains(StatVfsMountFlags::NOATIME) {
        attribute::NOATIME
    } else if flags.contains(StatVfsMountFlags::RELATIME) {
        attribute::RELATIME
    } else {
        attribute::STRICTATIME
    };
    told.fold(times, |all, (_, one)| all | one)
}
