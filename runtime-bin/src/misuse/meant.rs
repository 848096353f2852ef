//! What a mistyped word was probably meant to be.

use super::foreign_commands::{Meaning, meaning};
use super::foreign_flags;
use crate::command::Command;
use crate::flag::{self, Flag, HasFlags, Kind};
use crate::global::Global;
use crate::verbs::{self, COMMANDS};
use orlop::nearest;
use std::ffi::OsString;

/// What was meant by a word that is no command.
pub(crate) fn command(word: &str) -> Option<String> {
    let asked = |name: &str| format!("did you mean `{name}`?");
    match meaning(word) {
        Some(Meaning::Is(name)) => return Some(asked(name)),
        Some(Meaning::Not(why)) => return Some(why.to_owned()),
        None => {}
    }
    if word.contains('/') {
        return Some("a bundle is run by `orlop run --bundle DIR ID`".to_owned());
    }
    let names = COMMANDS.iter().map(|command| command.name).chain(["help"]);
    nearest(word, names).map(asked)
}

/// What was meant by a flag that the command, or the program before it, does not have. `rest` is what follows it.
pub(crate) fn flag(command: Option<&'static Command>, name: &str, dashes: usize, rest: &[OsString]) -> Option<String> {
    let known = command.map_or(Global::FLAGS, |command| command.flags);
    if let Some(instead) = command.and_then(|command| instead(command, name)) {
        return Some(instead);
    }
    let elsewhere = match command {
        Some(command) => before_the_command(command, name),
        None => behind_the_command(name, rest),
    };
    let combined = || combined(command, known, name).filter(|_| dashes == 1);
    elsewhere.or_else(combined).or_else(|| {
        let names = known.iter().filter(|flag| !flag.hidden).map(|flag| flag.name);
        nearest(name, names).map(|name| format!("did you mean `--{name}`?"))
    })
}

/// What does the same as a flag of an engine's.
fn instead(command: &Command, name: &str) -> Option<String> {
    if command.name == "kill" && is_signal(name) {
        return Some(format!("the signal follows the id: orlop kill ID {name}"));
    }
    foreign_flags::instead(command.name, name).map(str::to_owned)
}

fn is_signal(name: &str) -> bool {
    name.parse::<orlop::Signal>().is_ok()
}

fn before_the_command(command: &Command, name: &str) -> Option<String> {
    let flag = flag::find(Global::FLAGS, name)?;
    let value = if flag.kind == Kind::Switch { "" } else { " VALUE" };
    Some(format!(
        "it stands before the command: orlop --{}{value} {}",
        flag.name, command.name
    ))
}

fn behind_the_command(name: &str, rest: &[OsString]) -> Option<String> {
    let has = |command: &&Command| flag::find(command.flags, name).is_some();
    let meant = rest.iter().find_map(|word| verbs::command(word.to_str()?));
    let command = match meant {
        Some(command) => Some(command).filter(has),
        None => COMMANDS.iter().find(has),
    };
    if let Some(command) = command {
        let flag = flag::find(command.flags, name)?;
        return Some(format!(
            "it stands behind the command: orlop {} --{}",
            command.name, flag.name
        ));
    }
    instead(meant?, name)
}

/// Short flags that are written as one word, or one with its value.
fn combined(command: Option<&'static Command>, known: &'static [Flag], word: &str) -> Option<String> {
    let first = word.get(..1)?;
    let has_value = |name: &str| flag::find(known, name).is_some_and(|flag| flag.kind != Kind::Switch);
    if word.len() > 1 && has_value(first) {
        return Some(format!("a value stands by itself: -{first} {}", &word[1..]));
    }
    let letters: Vec<&str> = word.split("").filter(|letter| !letter.is_empty()).collect();
    let (ours, others): (Vec<&str>, Vec<&str>) = letters.iter().partition(|letter| flag::find(known, letter).is_some());
    let instead = |letter: &&str| Some(format!("-{letter}: {}", instead(command?, letter)?));
    let told: Option<Vec<String>> = others.iter().map(instead).collect();
    let mut told = told.filter(|_| letters.len() > 1)?;
    if !ours.is_empty() {
        told.insert(0, format!("each stands by itself: -{}", ours.join(" -")));
    }
    Some(told.join("; "))
}
