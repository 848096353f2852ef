//! `ps`.

use crate::call::Call;
use crate::command::{Command, Count, NOT_BUILT, Offer, Verb};
use crate::flag::Declared;
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::{Format, Help};

#[derive(Debug)]
pub(crate) struct Ps;

impl Verb for Ps {
    const COMMAND: Command = Command {
        name: "ps",
        summary: "list a container's processes (not built yet)",
        arguments: "<container-id> [ps arguments...]",
        count: Count::AtLeast(1),
        missing: "`orlop list` lists the containers",
        offer: Offer::Containers,
        stops_at_arguments: true,
        flags: &[Format::FLAG, Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        call.id()?;
        Err(NOT_BUILT.into())
    }
}
