//! `resume`.

use crate::call::Call;
use crate::command::{Command, Count, ONE_AT_A_TIME, Offer, Verb};
use crate::flag::Declared;
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::Help;

#[derive(Debug)]
pub(crate) struct Resume;

impl Verb for Resume {
    const COMMAND: Command = Command {
        name: "resume",
        summary: "thaw a container's processes",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        surplus: ONE_AT_A_TIME,
        offers: &[Offer::Containers],
        flags: &[Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        call.id()?;
        call.container()?.resume()?;
        Ok(0)
    }
}
