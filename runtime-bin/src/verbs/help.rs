//! `help`.

use super::COMMANDS;
use crate::call::Call;
use crate::command::{Command, Count, Offer, UNKNOWN_COMMAND, Verb};
use crate::flag::Declared;
use crate::help;
use crate::log::Log;
use crate::matches::Given;
use crate::misuse;
use crate::output::print;
use crate::refusal::Outcome;
use crate::shared_flags;

#[derive(Debug)]
pub(crate) struct Help;

impl Verb for Help {
    const COMMAND: Command = Command {
        name: "help",
        summary: "show the help of the program, or of one command",
        arguments: "[command]",
        count: Count::Between(0, 1),
        offers: &[Offer::Commands],
        flags: &[shared_flags::Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        let topic = call.arguments.first().map(|topic| topic.to_string_lossy());
        show(call.program, topic.as_deref(), call.log)
    }
}

/// Shows the help of the program, or of the command of this name.
pub(crate) fn show(program: &str, topic: Option<&str>, log: &mut Log) -> Outcome {
    let text = match topic.map(|topic| (topic, super::command(topic))) {
        None => help::program(program, COMMANDS),
        Some((_, Some(command))) => return show_command(program, command),
        Some((topic, None)) => {
            log.error(&misuse::no_such_topic(program, topic));
            return Ok(UNKNOWN_COMMAND);
        }
    };
    print(&text).map(|()| 0)
}

/// Shows the help of a command. That of one that is not built is shown, and is no success.
pub(crate) fn show_command(program: &str, command: &Command) -> Outcome {
    print(&help::command(program, command))?;
    match command.not_built {
        None => Ok(0),
        Some(why) => Err(why.into()),
    }
}
