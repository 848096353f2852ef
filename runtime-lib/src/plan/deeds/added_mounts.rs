//! What is written down of mounts that are added to a container that exists, and taken off it.

use super::Told;
use crate::plan::added_mount::AddedMount;

/// Write down which mount it is that gets its place next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RecordMount {
    /// Where it will be.
    pub(crate) destination: String,
}

impl Told for RecordMount {
    fn lines(&self) -> Vec<String> {
        vec![format!(
            "write down which mount it is that gets its place on {}",
            self.destination
        )]
    }
}

/// Strike the mounts off the record that init has taken off, or not found any more.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ForgetMounts {
    /// Those that it was to look for, in their order.
    pub(crate) mounts: Vec<AddedMount>,
}

impl Told for ForgetMounts {
    fn lines(&self) -> Vec<String> {
        vec!["strike it off the record".to_owned()]
    }
}
