//! `state`.

use crate::call::Call;
use crate::command::{Command, Count, ONE_AT_A_TIME, Offer, Verb};
use crate::flag::Declared;
use crate::matches::Given;
use crate::output::print;
use crate::refusal::Outcome;
use crate::shared_flags::Help;

#[derive(Debug)]
pub(crate) struct State;

impl Verb for State {
    const COMMAND: Command = Command {
        name: "state",
        summary: "print a container's state, as JSON",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        surplus: ONE_AT_A_TIME,
        offers: &[Offer::Containers],
        flags: &[Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        let state = call.container()?.state()?;
        print(&serde_json::to_string_pretty(&state).map_err(|error| error.to_string())?)?;
        Ok(0)
    }
}
