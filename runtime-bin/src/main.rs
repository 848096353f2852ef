//! An OCI runtime with runc's command line: arguments in, a call of the library, output and exit status out.

#![cfg_attr(not(test), no_main)]

mod arguments;
mod call;
mod commands;
mod completion;
mod foreground;
mod help;
mod interrupts;
mod log;
mod manual;
mod owner;
mod root;
mod signal;
#[cfg(not(test))]
mod start;
mod terminal;
mod verbs;
mod version;

use arguments::{Matches, Misuse};
use call::{Call, print};
use commands::Command;
use lexopt::Parser;
use log::Log;
use std::ffi::OsString;
use std::path::Path;

const ERROR: u8 = 1;
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
    let log = Log::open(global.text("log"), global.text("log-format"), global.is_on("debug"));
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
    let mut rest = parser.raw_args();
    let name = rest.as_mut().ok().and_then(Iterator::next);
    drop(rest);
    if global.is_on("version") {
        return told(print(&version::text(program)), log);
    }
    let name = match name.as_ref().map(|name| name.to_string_lossy()) {
        Some(name) if !global.is_on("help") => name,
        _ => return told(print(&help::program(program)), log),
    };
    if matches!(&*name, "help" | "h") {
        return match arguments::rest(parser).first() {
            None => told(print(&help::program(program)), log),
            Some(topic) => help_on(program, &topic.to_string_lossy(), log),
        };
    }
    let Some(command) = commands::command(&name) else {
        return no_such_topic(&name, log);
    };
    log.debug(&format!("orlop {} called for {name}", env!("CARGO_PKG_VERSION")));
    if let Some(rootless) = global.text("rootless")
        && !matches!(rootless.to_str(), Some("auto" | "true" | "false" | "1" | "0"))
    {
        log.error(&format!("--rootless: {rootless:?} is not true, false or auto"));
        return ERROR;
    }
    let matches = match arguments::of_command(command, parser) {
        Ok(matches) if matches.is_on("help") => return told(print(&help::command(program, command)), log),
        Ok(matches) => matches,
        Err(misuse) => return refuse_misuse(program, &misuse, log),
    };
    act(command, global, &matches, log)
}

fn act(command: &'static Command, global: &Matches, matches: &Matches, log: &mut Log) -> u8 {
    let outcome = verbs::run(&mut Call {
        verb: command.name,
        global,
        matches,
        log,
    });
    match outcome {
        Ok(status) => {
            log.tell_warnings();
            status
        }
        Err(refusal) => {
            log.error(&format!("{}: {}", command.name, refusal.0));
            if command.name == "exec" {
                verbs::EXEC_FAILED
            } else {
                ERROR
            }
        }
    }
}

fn told(printed: Result<(), call::Refusal>, log: &mut Log) -> u8 {
    match printed {
        Ok(()) => 0,
        Err(refusal) => {
            log.error(&refusal.0);
            ERROR
        }
    }
}

fn help_on(program: &str, topic: &str, log: &mut Log) -> u8 {
    match commands::command(topic) {
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
        None => help::program(program),
    };
    let reason = if misuse.is_count {
        ".".to_owned()
    } else {
        format!(": {}", misuse.text)
    };
    let _: Result<(), _> = print(&format!("Incorrect Usage{reason}\n\n{help}\n"));
    log.error(&misuse.text);
    match misuse.command {
        Some(command) if command.name == "exec" && !misuse.is_count => verbs::EXEC_FAILED,
        _ => ERROR,
    }
}
