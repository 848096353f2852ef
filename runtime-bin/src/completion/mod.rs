//! Completions for shells, from the table of commands.

mod bash;
mod fish;
mod zsh;

use crate::command::Command;
use crate::flag::{Flag, Kind};

/// What a shell runs to find the ids of the containers, behind the program and its state root.
const IDS: &str = "list --quiet 2>/dev/null";

/// The completion script for a shell; `None` for a shell that is not known.
pub(crate) fn script(shell: &str, commands: &[Command]) -> Option<String> {
    match shell {
        "bash" => Some(bash::script(commands)),
        "zsh" => Some(zsh::script(commands)),
        "fish" => Some(fish::script(commands)),
        _ => None,
    }
}

fn shown_flags(flags: &'static [Flag]) -> impl Iterator<Item = &'static Flag> {
    flags.iter().filter(|flag| !flag.hidden)
}

/// The ways in which a flag is written.
fn spellings(flag: &Flag) -> impl Iterator<Item = String> {
    let short = flag.short.map(|short| format!("-{short}"));
    [Some(format!("--{}", flag.name)), short].into_iter().flatten()
}

/// The same for all of them that take a value.
fn with_value(flags: &'static [Flag]) -> Vec<String> {
    let takes_value = flags.iter().filter(|flag| flag.kind != Kind::Switch);
    takes_value.flat_map(spellings).collect()
}

fn names(commands: &[Command]) -> String {
    let names: Vec<&str> = commands.iter().map(|command| command.name).collect();
    names.join(" ")
}
