//! An OCI runtime with runc's command line: arguments in, a call of the library, output and exit status out.

#![cfg_attr(not(test), no_main)]

mod arguments;
mod call;
mod command;
mod completion;
mod flag;
mod foreground;
mod global;
mod help;
mod interrupts;
mod log;
mod manual;
mod matches;
mod output;
mod refusal;
mod root;
mod shared_flags;
#[cfg(not(test))]
mod start;
mod terminal;
mod verbs;
mod version;

use arguments::Misuse;
use call::Call;
use command::{Command, ERROR};
use global::{Debug, Global, LogFile, LogFormat, Rootless, Version};
use lexopt::Parser;
use log::Log;
use matches::{Given, Matches};
use output::print;
use refusal::Refusal;
use std::ffi::OsString;
use std::path::Path;
use verbs::COMMANDS;

const UNKNOWN_COMMAND: u8 = 3;

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
        Err(misuse) => return refuse_misuse(program, &misuse, &mut Log::to_stderr()),
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
        return told(print(&version::text(program)), log);
    }
    let name = match name.as_ref().map(|name| name.to_string_lossy()) {
        Some(name) if !global.asks_for_help() => name,
        _ => return told(print(&help::program(program, COMMANDS)), log),
    };
    if matches!(&*name, "help" | "h") {
        return match arguments::rest(parser).first() {
            None => told(print(&help::program(program, COMMANDS)), log),
            Some(topic) => help_on(program, &topic.to_string_lossy(), log),
        };
    }
    let Some(command) = verbs::command(&name) else {
        return no_such_topic(&name, log);
    };
    log.debug(&format!("orlop {} called for {name}", env!("CARGO_PKG_VERSION")));
    if let Some(rootless) = flags.text(Rootless)
        && !matches!(rootless.to_str(), Some("auto" | "true" | "false" | "1" | "0"))
    {
        log.error(&format!("--rootless: {rootless:?} is not true, false or auto"));
        return ERROR;
    }
    let matches = match arguments::of_command(command, parser) {
        Ok(matches) if matches.asks_for_help() => return told(print(&help::command(program, command)), log),
        Ok(matches) => matches,
        Err(misuse) => return refuse_misuse(program, &misuse, log),
    };
    act(command, &flags, &matches, log)
}

fn act(command: &Command, global: &Given<'_, Global>, matches: &Matches, log: &mut Log) -> u8 {
    let mut call = Call {
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
            log.error(&format!("{}: {}", command.name, refusal.0));
            command.failure
        }
    }
}

fn told(printed: Result<(), Refusal>, log: &mut Log) -> u8 {
    match printed {
        Ok(()) => 0,
        Err(refusal) => {
            log.error(&refusal.0);
            ERROR
        }
    }
}

fn help_on(program: &str, topic: &str, log: &mut Log) -> u8 {
    match verbs::command(topic) {
        Some(command) => told(print(&help::command(program, command)), log),
        None => no_such_topic(topic, log),
    }
}

fn no_such_topic(name: &str, log: &mut Log) -> u8 {
    log.error(&format!("No help topic for '{name}'; orlop --help lists the commands"));
    UNKNOWN_COMMAND
}

/// Shows the help, and what is wrong with the command line.
fn refuse_misuse(program: &str, misuse: &Misuse, log: &mut Log) -> u8 {
    let help = match misuse.command {
        Some(command) => help::command(program, command),
        None => help::program(program, COMMANDS),
    };
    let reason = if misuse.is_count {
        ".".to_owned()
    } else {
        format!(": {}", misuse.text)
    };
    let _: Result<(), _> = print(&format!("Incorrect Usage{reason}\n\n{help}\n"));
    log.error(&misuse.text);
    match misuse.command {
        Some(command) if !misuse.is_count => command.failure,
        _ => ERROR,
    }
}
