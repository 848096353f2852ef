//! What the kernel will say once there is an init, as far as it can be known before. Creating a container leaves that to
//! the kernel, which looks anyway; whoever checks a bundle has nobody else to ask.

use super::mapped_ids::{Mappable, MappedIds};
use super::mountinfo::covered_procfs;
use super::proc_file::read;
use crate::Error;
use crate::bundle::{Bundle, NamespaceType};

/// What is known before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Foresight {
    /// The maps of the user namespace that the process will be in, if the container makes none, and if they are known.
    pub(crate) ids: Option<MappedIds>,
    /// What users the runtime may map in a new user namespace, if the container has one, and if that is known.
    pub(crate) users: Option<Mappable>,
    /// The same of groups.
    pub(crate) groups: Option<Mappable>,
    /// Where the procfs that the runtime sees is masked, so that nobody may mount one in a new user namespace.
    pub(crate) covered_in_proc: Option<String>,
    /// Why the kernel takes no program of rules about devices, if it takes none. Looked at only if the container gets
    /// one.
    pub(crate) refuses_programs: Option<String>,
}

impl Foresight {
    /// # Errors
    /// A file of /proc that cannot be read.
    pub(super) fn look(bundle: &Bundle) -> Result<Self, Error> {
        let user = bundle.config().linux.namespace(NamespaceType::User);
        match user.map(|namespace| namespace.path.as_deref()) {
            Some(None) => Ok(Self {
                ids: None,
                users: Mappable::users()?,
                groups: Mappable::groups()?,
                covered_in_proc: covered_procfs(&read("/proc/self/mountinfo")?.unwrap_or_default()),
                refuses_programs: None,
            }),
            Some(Some(path)) => Ok(Self {
                ids: path.strip_suffix("ns/user").and_then(MappedIds::of_process),
                ..Self::default()
            }),
            None => Ok(Self {
                ids: MappedIds::of_process("/proc/self/"),
                ..Self::default()
            }),
        }
    }
}
