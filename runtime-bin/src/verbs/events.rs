//! `events`.

use crate::call::Call;
use crate::command::{Command, Count, NOT_BUILT, ONE_AT_A_TIME, Offer, Verb};
use crate::flag::{Declared, Flag};
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::Help;

#[derive(Debug)]
pub(crate) struct Events;

impl Verb for Events {
    const COMMAND: Command = Command {
        name: "events",
        summary: "print statistics and out-of-memory events (not built yet)",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        surplus: ONE_AT_A_TIME,
        offer: Offer::Containers,
        flags: &[
            Flag::text("interval", "time between two statistics (default: 5s)"),
            Flag::switch("stats", "print one and exit"),
            Help::FLAG,
        ],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        call.id()?;
        Err(NOT_BUILT.into())
    }
}
