//! An OCI runtime with runc's command line: arguments in, a call of the library, output and exit status out.

#![cfg_attr(not(test), no_main)]

mod arguments;
mod call;
mod command;
mod completion;
mod flag;
mod flow;
mod foreground;
mod global;
mod go_duration;
mod help;
mod interrupts;
mod log;
mod manual;
mod matches;
mod misuse;
mod output;
mod refusal;
mod root;
mod shared_flags;
#[cfg(not(test))]
mod start;
mod streams;
#[cfg(test)]
mod table_test;
mod terminal;
mod verbs;
mod version;

use call::Call;
use command::{Command, ERROR, UNKNOWN_COMMAND};
use global::{Debug, Global, LogFile, LogFormat, Version};
use lexopt::Parser;
use log::Log;
use matches::{Given, Matches};
use output::print;
use refusal::Outcome;
use std::ffi::OsString;
use std::path::Path;

/// Runs the program with its command line, and gives its exit status.
#[cfg_attr(test, allow(dead_code))]
fn run(words: Vec<OsString>) -> u8 {
    let mut words = words.into_iter();
    let path = words.next().unwrap_or_default();
    let program = Path::new(&path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("orlop");
    let mut parser = Parser::from_args(words);
    let global = match arguments::global(&mut parser) {
        Ok(global) => global,
        Err(misuse) => return misuse.tell(program, &mut Log::to_stderr()),
    };
    let flags = Given::<Global>::of(&global);
    let log = Log::open(flags.text(LogFile), flags.text(LogFormat), flags.is_on(Debug));
    let mut log = match log {
        Ok(log) => log,
        Err(text) => {
            Log::to_stderr().error(&text);
            return ERROR;
        }
    };
    call(program, &global, &mut parser, &mut log)
}

fn call(program: &str, global: &Matches, parser: &mut Parser, log: &mut Log) -> u8 {
    let flags = Given::<Global>::of(global);
    let mut rest = parser.raw_args();
    let name = rest.as_mut().ok().and_then(Iterator::next);
    drop(rest);
    if flags.is_on(Version) {
        return ended(print(&version::text(program)).map(|()| 0), log);
    }
    let name = name.as_ref().map(|name| name.to_string_lossy());
    let name = match name.as_deref() {
        Some(name) if !global.asks_for_help() => name,
        topic => return ended(verbs::show_help(program, topic, log), log),
    };
    let Some(command) = verbs::command(name) else {
        log.error(&misuse::no_such_topic(program, name));
        return UNKNOWN_COMMAND;
    };
    if let Some(details) = log.details() {
        details.note(command.name, &format!("orlop {} begins", env!("CARGO_PKG_VERSION")));
    }
    let matches = match arguments::of_command(command, parser) {
        Ok(matches) if matches.asks_for_help() => {
            return ended(verbs::show_command(program, command), log);
        }
        Ok(matches) => matches,
        Err(misuse) => return misuse.tell(program, log),
    };
    act(program, command, &flags, &matches, log)
}

fn act(program: &str, command: &Command, global: &Given<'_, Global>, matches: &Matches, log: &mut Log) -> u8 {
    let mut call = Call {
        program,
        verb: command.name,
        global,
        arguments: &matches.arguments,
        log,
    };
    match (command.run)(&mut call, matches) {
        Ok(status) => {
            log.tell_warnings();
            status
        }
        Err(refusal) => {
            log.error_of(command.name, &refusal.0);
            command.failure
        }
    }
}

/// The exit status of what is not a verb's.
fn ended(outcome: Outcome, log: &mut Log) -> u8 {
    outcome.unwrap_or_else(|refusal| {
        log.error(&refusal.0);
        ERROR
    })
}
