//! `completion`.

use super::COMMANDS;
use crate::call::Call;
use crate::command::{Command, Count, Offer, Verb};
use crate::completion;
use crate::flag::Declared;
use crate::matches::Given;
use crate::output::print;
use crate::refusal::Outcome;
use crate::shared_flags::Help;

#[derive(Debug)]
pub(crate) struct Completion;

impl Verb for Completion {
    const COMMAND: Command = Command {
        name: "completion",
        summary: "print the completions for a shell: bash, zsh or fish",
        arguments: "<shell>",
        count: Count::Exactly(1),
        offers: &[Offer::Words {
            what: "shell",
            words: "bash zsh fish",
        }],
        flags: &[Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        let shell = call
            .arguments
            .first()
            .map(|shell| shell.to_string_lossy())
            .unwrap_or_default();
        match completion::script(&shell, COMMANDS) {
            Some(script) => print(&script).map(|()| 0),
            None => Err(format!("no completions for {shell:?}; the choices are bash, zsh and fish").into()),
        }
    }
}
