//! A command line that is wrong: what is wrong with it, and what was probably meant.
//!
//! In one line, with runc's phrases. Under runc's own name also the help is printed, as runc does.

mod foreign_commands;
mod foreign_flags;
mod meant;

pub(crate) use meant::{command as meant_command, flag as meant_flag};

use crate::command::{Command, Count, ERROR};
use crate::help;
use crate::log::Log;
use crate::output::print;
use crate::verbs::COMMANDS;
use std::ffi::OsString;

/// What is wrong with a command line, and which help shows how it is right.
#[derive(Debug)]
pub(crate) struct Misuse {
    pub(crate) command: Option<&'static Command>,
    pub(crate) kind: Kind,
    /// In runc's words.
    pub(crate) text: String,
    /// What was probably meant, or what does the same.
    pub(crate) hint: Option<String>,
}

/// What kind of a mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A flag that is unknown, has no value or a malformed one.
    Flag,
    /// A word that is none of those that a flag takes.
    Choice,
    /// A wrong number of arguments.
    Count,
}

impl Misuse {
    /// The wrong number of arguments of a command, if it is wrong.
    pub(crate) fn of_count(command: &'static Command, arguments: &[OsString]) -> Option<Self> {
        let given = arguments.len();
        let text = miscount(command.count, given)?;
        let most = match command.count {
            Count::Exactly(most) | Count::Between(_, most) => most,
            Count::Any | Count::AtLeast(_) => usize::MAX,
        };
        let hint = match arguments.get(most) {
            None if !command.missing.is_empty() => Some(command.missing.to_owned()),
            None => Some(format!("write orlop {} {}", command.name, command.arguments)),
            Some(_) if !command.surplus.is_empty() => Some(command.surplus.to_owned()),
            Some(word) => Some(format!("{word:?} is too many")),
        };
        Some(Self {
            command: Some(command),
            kind: Kind::Count,
            text: format!("{:?} {text}", command.name),
            hint,
        })
    }

    /// The line for standard error, behind the program's name.
    fn line(&self, program: &str) -> String {
        let mut line = match self.kind {
            Kind::Choice => self.text.clone(),
            Kind::Flag | Kind::Count => format!("Incorrect Usage: {}", self.text),
        };
        if let Some(hint) = &self.hint {
            line = format!("{line}; {hint}");
        }
        let command = self.command.map(|command| format!(" {}", command.name));
        seen(line, &format!("{program}{}", command.unwrap_or_default()))
    }

    /// Tells it, and gives the program's exit status.
    pub(crate) fn tell(&self, program: &str, log: &mut Log) -> u8 {
        if is_runc(program) {
            self.tell_as_runc(program, log);
        } else {
            let line = self.line(program);
            match self.command {
                Some(command) => log.error_of(command.name, &line),
                None => log.error(&line),
            }
        }
        ERROR
    }

    fn tell_as_runc(&self, program: &str, log: &mut Log) {
        let reason = match self.kind {
            Kind::Choice => return log.error(&self.text),
            Kind::Count => ".".to_owned(),
            Kind::Flag => format!(": {}", self.text),
        };
        let help = match self.command {
            Some(command) => help::command(program, command),
            None => help::program(program, COMMANDS),
        };
        let _: Result<(), _> = print(&format!("Incorrect Usage{reason}\n\n{help}\n"));
        log.error(&self.text);
    }
}

/// With a hint to the help, which may follow a question.
fn seen(line: String, whose: &str) -> String {
    let joint = if line.ends_with('?') { " See" } else { "; see" };
    format!("{line}{joint} {whose} --help")
}

/// Whether the program was called by runc's name.
pub(crate) fn is_runc(program: &str) -> bool {
    program == "runc"
}

/// A word that is no command.
pub(crate) fn no_such_topic(program: &str, word: &str) -> String {
    let hint = meant_command(word).map(|hint| format!("; {hint}")).unwrap_or_default();
    seen(format!("No help topic for '{word}'{hint}"), program)
}

fn miscount(count: Count, given: usize) -> Option<String> {
    match count {
        Count::Exactly(wanted) if given != wanted => Some(format!("requires exactly {wanted} argument(s)")),
        Count::AtLeast(least) | Count::Between(least, _) if given < least => {
            Some(format!("requires a minimum of {least} argument(s)"))
        }
        Count::Between(_, most) if given > most => Some(format!("requires a maximum of {most} argument(s)")),
        _ => None,
    }
}
