//! A plan for a person to read: the list of its acts, and nothing else.

use super::Plan;
use super::acts::{Act, What};
use crate::problem::JsonPath;
use orlop_init::step::Phrase;
use serde::Serialize;

/// One thing that will be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExplainedAct {
    /// When: `create`, `start`, `delete`, or `exec` in the plan of a further process.
    pub phase: &'static str,
    /// Who does it: `runtime`, on the host, or `init`, inside.
    pub by: &'static str,
    /// The place of what the runtime does while it creates: `before` there is an init, `beside` init, which does not
    /// wait for it, or at a `turn`, for which init waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What, in words.
    pub text: String,
    /// The place in the config that asks for it; `None` for what is done for every container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<JsonPath>,
}

impl Plan {
    /// What will be done, in the order in which it is done.
    pub fn explain(&self) -> Vec<ExplainedAct> {
        self.acts.iter().flat_map(|act| explained(&act)).collect()
    }
}

/// The lines of one act.
pub(crate) fn explained(act: &Act<'_>) -> Vec<ExplainedAct> {
    let path = |line| match &act.what {
        What::Deed(deed) => deed.told().asked_by(line).or_else(|| act.origin.path()),
        What::Step(_) => act.origin.path(),
    };
    let (by, lines) = match &act.what {
        What::Deed(deed) => ("runtime", deed.told().lines()),
        What::Step(step) => ("init", vec![Phrase(step.reads()).to_string()]),
    };
    let place = act
        .place
        .filter(|_| act.phase.is_of_making())
        .map(|place| place.to_string());
    let if_allowed = if act.if_allowed { ", if the caller may" } else { "" };
    let line = |(number, line): (usize, String)| ExplainedAct {
        phase: act.phase.as_str(),
        by,
        place: place.clone(),
        text: format!("{line}{if_allowed}"),
        path: path(number),
    };
    lines.into_iter().enumerate().map(line).collect()
}
