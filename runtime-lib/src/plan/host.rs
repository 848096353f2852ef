//! What a plan depends on besides the bundle.

use super::rare_facts::RareFacts;
use crate::Error;
use crate::cgroup::Layout;

/// Facts about the host and the caller.
#[derive(Debug)]
pub struct Host {
    pub(crate) cgroups: Layout,
    /// The caller's permitted capabilities, as bits: more than these it cannot give.
    pub(crate) permitted_capabilities: u64,
    pub(crate) rare: RareFacts,
}

impl Host {
    /// Looks at this host, as the calling thread sees it.
    ///
    /// # Errors
    /// A file of /proc that cannot be read.
    pub fn detect() -> Result<Self, Error> {
        Ok(Self {
            cgroups: Layout::detect()?,
            permitted_capabilities: crate::sys::permitted_capabilities(),
            rare: RareFacts::default(),
        })
    }
}
