//! What is written down.

use super::Told;
use crate::plan::leftover::Leftover;

/// Write the state that `state` and `list` read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RecordState {
    /// Whether the container is created, or only being so.
    pub(crate) is_created: bool,
    /// There are poststop hooks.
    pub(crate) has_poststop: bool,
}

impl Told for RecordState {
    fn lines(&self) -> Vec<String> {
        let status = if self.is_created { "created" } else { "creating" };
        vec![format!("write the state: {status}")]
    }

    fn leaves(&self) -> Option<Leftover> {
        (self.is_created && self.has_poststop).then_some(Leftover::Poststop)
    }
}

/// Write what start, exec and delete need of the plan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeepPlan;

impl Told for KeepPlan {
    fn lines(&self) -> Vec<String> {
        vec!["write what start, exec and delete need".to_owned()]
    }
}
