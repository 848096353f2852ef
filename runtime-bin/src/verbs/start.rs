//! `start`.

use super::create::service_manager;
use crate::call::Call;
use crate::command::{Command, Count, ONE_AT_A_TIME, Offer, Verb};
use crate::flag::Declared;
use crate::matches::Given;
use crate::refusal::{Outcome, Refusal};
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
        offer: Offer::Containers,
        flags: &[Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        let container = call.container()?;
        start(call, &container).map(|()| 0)
    }
}

/// Starts a container and, if a service manager wants to know, waits until its process is ready.
pub(super) fn start(call: &mut Call<'_>, container: &Container) -> Result<(), Refusal> {
    let readiness = readiness(call, container);
    container.start()?;
    if let Some(Err(error)) = readiness.map(Readiness::wait) {
        call.warn(&error);
    }
    Ok(())
}

/// The wait for the process to be ready. That nobody can be told is no reason not to start it.
pub(super) fn readiness(call: &mut Call<'_>, container: &Container) -> Option<Readiness> {
    container.readiness(&service_manager()?).unwrap_or_else(|error| {
        call.warn(&error);
        None
    })
}
