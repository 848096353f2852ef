//! Sources of bind mounts that init does not get to.

use super::Told;

/// Open a source in init's copy of the host's mounts, with the runtime's privileges.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenSource {
    /// Its path on the host.
    pub(crate) path: String,
}

impl Told for OpenSource {
    fn lines(&self) -> Vec<String> {
        vec![format!("open {:?} for init, which has no way there", self.path)]
    }
}
