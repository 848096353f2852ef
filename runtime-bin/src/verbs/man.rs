//! `man`.

use super::COMMANDS;
use crate::call::Call;
use crate::command::{Command, Count, Offer, UNKNOWN_COMMAND, Verb};
use crate::flag::Declared;
use crate::manual;
use crate::matches::Given;
use crate::misuse;
use crate::output::print;
use crate::refusal::Outcome;
use crate::shared_flags::Help;

#[derive(Debug)]
pub(crate) struct Man;

impl Verb for Man {
    const COMMAND: Command = Command {
        name: "man",
        summary: "print the man page, of the program or of one command, for `man -l`",
        arguments: "[command]",
        count: Count::Between(0, 1),
        offers: &[Offer::Commands],
        flags: &[Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        let topic = call.arguments.first().map(|topic| topic.to_string_lossy());
        let page = match topic.as_deref().map(|topic| (topic, super::command(topic))) {
            None => manual::page(COMMANDS),
            Some((_, Some(command))) => manual::page_of(command),
            Some((topic, None)) => {
                call.log.error(&misuse::no_such_topic(call.program, topic));
                return Ok(UNKNOWN_COMMAND);
            }
        };
        print(&page).map(|()| 0)
    }
}
