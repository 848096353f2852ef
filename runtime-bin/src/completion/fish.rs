//! Fish: one line for each flag and each argument, with the condition under which it is offered.

use super::{names, shown_flags, with_value};
use crate::command::{Command, Offer};
use crate::flag::{Flag, HasFlags, Kind};
use crate::global::Global;
use std::fmt::Write;

pub(super) fn script(commands: &[Command]) -> String {
    let mut text = include_str!("functions.fish").to_owned();
    for flag in shown_flags(Global::FLAGS) {
        line(&mut text, "__fish_use_subcommand", flag);
    }
    for command in commands {
        let name = command.name;
        let summary = quoted(command.summary);
        let _ = writeln!(
            text,
            "complete -c orlop -n __fish_use_subcommand -a {name} -d '{summary}'"
        );
        let condition = format!("__fish_seen_subcommand_from {name}");
        for flag in shown_flags(command.flags) {
            line(&mut text, &condition, flag);
        }
        let place = [vec![name.to_owned()], with_value(command.flags)].concat().join(" ");
        for (number, offer) in (1..).zip(command.offers) {
            let offer = match offer {
                Offer::Containers => "(__orlop_ids)".to_owned(),
                Offer::Folders => "(__fish_complete_directories)".to_owned(),
                Offer::Commands => names(commands),
                Offer::Words { words, .. } => (*words).to_owned(),
            };
            let _ = writeln!(
                text,
                "complete -c orlop -n '{condition}; and test (__orlop_place {place}) = {number}' -a '{offer}'"
            );
        }
        let offered = command.offers.len();
        if command.count.most() > offered {
            let _ = writeln!(
                text,
                "complete -c orlop -n '{condition}; and test (__orlop_place {place}) -gt {offered}' -F"
            );
        }
    }
    text
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

fn line(text: &mut String, condition: &str, flag: &Flag) {
    let short = flag.short.map(|short| format!(" -s {short}")).unwrap_or_default();
    let value = match (flag.kind, flag.choices) {
        (Kind::Switch, _) => String::new(),
        (_, Some(choices)) => format!(" -x -a '{}'", choices.words),
        _ => " -r".to_owned(),
    };
    let _ = writeln!(
        text,
        "complete -c orlop -n '{condition}'{short} -l {}{value} -d '{}'",
        flag.name,
        quoted(flag.help)
    );
}
