//! `explain`: what running a bundle will do.

use crate::call::{Call, Outcome, print};
use orlop::{Arguments, Bundle, ExplainedStep, Host, Plan};
use std::fmt::Write;

/// Longer sentences do not push the paths of the others to the right.
const WIDEST: usize = 88;

pub(super) fn run(call: &mut Call<'_>) -> Outcome {
    let bundle = Bundle::load(call.bundle())?;
    let (plan, problems) = Plan::compile(&bundle, &Host::detect()?, &Arguments::default());
    let warnings = problems.into_warnings().map_err(orlop::Error::from)?;
    let steps = plan.map(|plan| plan.explain(&bundle)).unwrap_or_default();
    print(&if call.matches.is_on("json") {
        serde_json::to_string_pretty(&steps).map_err(|error| error.to_string())? + "\n"
    } else {
        table(&steps)
    })?;
    bundle
        .warnings()
        .iter()
        .chain(&warnings)
        .for_each(|warning| call.warn(warning));
    Ok(0)
}

fn table(steps: &[ExplainedStep]) -> String {
    let widest = |text: fn(&ExplainedStep) -> usize| steps.iter().map(text).max().unwrap_or(0);
    let phase = widest(|step| step.phase.len());
    let by = widest(|step| step.by.len());
    let sentence = widest(|step| {
        Some(step.text.chars().count())
            .filter(|width| *width <= WIDEST)
            .unwrap_or(0)
    });
    let number = steps.len().to_string().len();
    let mut text = String::new();
    for (at, step) in (1..).zip(steps) {
        let path = step.path.as_ref().map(ToString::to_string).unwrap_or_default();
        let line = format!(
            "{at:number$}  {:phase$}  {:by$}  {:sentence$}  {path}",
            step.phase, step.by, step.text
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
