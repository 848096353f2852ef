//! `start`.

use super::create::service_manager;
use crate::call::Call;
use crate::command::{Command, Count, ONE_AT_A_TIME, Offer, Verb};
use crate::flag::Declared;
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::Help;
use orlop::{Container, Readiness};

#[derive(Debug)]
pub(crate) struct Start;

impl Verb for Start {
    const COMMAND: Command = Command {
        name: "start",
        summary: "run the process of a created container",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        surplus: ONE_AT_A_TIME,
        offers: &[Offer::Containers],
        flags: &[Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        let container = call.container()?;
        let readiness = readiness(call, &container);
        container.start()?;
        await_readiness(call, readiness);
        Ok(0)
    }
}

/// Waits, if a service manager wants to know, until the process is ready.
pub(super) fn await_readiness(call: &mut Call<'_>, readiness: Option<Readiness>) {
    if let Some(Err(error)) = readiness.map(Readiness::wait) {
        call.warn(&error);
    }
}

/// The wait for the process to be ready. That nobody can be told is no reason not to start it.
pub(super) fn readiness(call: &mut Call<'_>, container: &Container) -> Option<Readiness> {
    container.readiness(&service_manager()?).unwrap_or_else(|error| {
        call.warn(&error);
        None
    })
}
