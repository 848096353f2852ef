//! `man`.

use super::COMMANDS;
use crate::call::Call;
use crate::command::{Command, Verb};
use crate::flag::Declared;
use crate::manual;
use crate::matches::Given;
use crate::output::print;
use crate::refusal::Outcome;
use crate::shared_flags::Help;

#[derive(Debug)]
pub(crate) struct Man;

impl Verb for Man {
    const COMMAND: Command = Command {
        name: "man",
        summary: "print the man page, for `man -l`",
        flags: &[Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(_: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        print(&manual::page(COMMANDS)).map(|()| 0)
    }
}
