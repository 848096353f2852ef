//! Attributes of the process that the runtime sets, since init is in a user namespace where nobody may: higher limits,
//! real time, good priorities, a lower OOM score.

use super::Told;
use orlop_init::step::process::{IoPriority, OomScore, Rlimit, Scheduling};
use orlop_init::step::{Phrase, Reads};

/// Set an attribute of init.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SetAttribute(pub(crate) Attribute);

/// What is set, as init's own step would.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Attribute {
    OomScore(OomScore),
    Limit(Rlimit),
    Scheduling(Scheduling),
    IoPriority(IoPriority),
}

impl Attribute {
    pub(crate) fn reads(&self) -> &dyn Reads {
        match self {
            Self::OomScore(step) => step,
            Self::Limit(step) => step,
            Self::Scheduling(step) => step,
            Self::IoPriority(step) => step,
        }
    }
}

impl Told for SetAttribute {
    fn lines(&self) -> Vec<String> {
        vec![Phrase(self.0.reads()).to_string()]
    }
}
