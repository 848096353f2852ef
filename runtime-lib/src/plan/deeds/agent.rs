//! The agent that answers a filter's notifications.

use super::Told;
use orlop_init::wire::Slot;

/// Write what the agent is told with the listener, the container process state (runtime-spec: runtime.md#state), into
/// the file that init inherits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TellAgent {
    /// The file.
    pub(crate) state: Slot,
    /// `linux.seccomp.listenerMetadata`.
    pub(crate) metadata: Option<String>,
}

impl Told for TellAgent {
    fn lines(&self) -> Vec<String> {
        vec!["write what the seccomp agent is told with the listener".to_owned()]
    }
}
