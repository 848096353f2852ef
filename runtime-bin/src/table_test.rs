//! Every command and every flag is in the help, in the man page and in each shell's completions.

use crate::completion::script;
use crate::flag::{Flag, HasFlags};
use crate::global::Global;
use crate::verbs::COMMANDS;
use crate::{help, manual};

/// The part of a text that is about one command, from its own line to that of the next one.
fn part<'t>(text: &'t str, starts: &str, ends: &str) -> &'t str {
    let (_, part) = text
        .split_once(starts)
        .unwrap_or_else(|| panic!("{starts:?} is missing"));
    part.split_once(ends).map_or(part, |(part, _)| part)
}

/// How a shell's script names a flag.
fn spelled_for(shell: &str, flag: &Flag) -> Vec<String> {
    let dashes = if shell == "fish" { ("-l ", "-s ") } else { ("--", "-") };
    let long = format!("{}{}", dashes.0, flag.name);
    [Some(long), flag.short.map(|short| format!("{}{short}", dashes.1))]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn the_help_and_the_man_page_have_every_command_and_flag() {
    let (overview, page) = (help::program("orlop", COMMANDS), manual::page(COMMANDS));
    for flag in Global::FLAGS {
        let is_there = overview.contains(&format!("   {}", help::spelled(flag)));
        assert_eq!(is_there, !flag.hidden, "{flag:?}");
        let in_page = part(&page, ".SH GLOBAL", ".SH").contains(&flag.name.replace('-', "\\-"));
        assert_eq!(in_page, !flag.hidden, "{flag:?}");
    }
    for command in COMMANDS {
        assert!(
            overview.contains(&format!("\n   {} ", command.name)),
            "{}",
            command.name
        );
        let help = help::command("orlop", command);
        let section = part(&page, &format!(".SS \"{} ", command.name), ".SS");
        for flag in command.flags {
            let is_there = help.contains(&format!("   {}", help::spelled(flag)));
            // What is accepted for old scripts' sake, and does nothing, is shown nowhere.
            assert_eq!(is_there, !flag.hidden, "{} --{}", command.name, flag.name);
            assert!(
                !flag.hidden || flag.help == "has no effect",
                "{} --{}",
                command.name,
                flag.name
            );
            let in_page = section.contains(&format!("\\-\\-{}\\fR", flag.name.replace('-', "\\-")));
            assert_eq!(in_page, !flag.hidden, "{} --{}", command.name, flag.name);
        }
    }
}

#[test]
fn every_shell_knows_every_command_and_flag_and_what_may_follow_it() {
    for shell in ["bash", "zsh", "fish"] {
        let script = script(shell, COMMANDS).unwrap();
        for command in COMMANDS {
            let lines = match shell {
                "bash" => part(&script, &format!("\n        {}) ", command.name), "\n").to_owned(),
                "zsh" => part(&script, &format!("\n                {}) ", command.name), "\n").to_owned(),
                _ => {
                    let of_command = format!("__fish_seen_subcommand_from {}'", command.name);
                    script
                        .lines()
                        .filter(|line| line.contains(&of_command))
                        .collect::<Vec<_>>()
                        .join("\n")
                }
            };
            for flag in command.flags.iter().filter(|flag| !flag.hidden) {
                for spelled in spelled_for(shell, flag) {
                    assert!(lines.contains(&spelled), "{shell}: {} {spelled}", command.name);
                }
                let choices = flag.choices.map_or("", |choices| choices.words);
                assert!(lines.contains(choices), "{shell}: {} {choices}", command.name);
            }
        }
        for flag in Global::FLAGS.iter().filter(|flag| !flag.hidden) {
            assert!(
                spelled_for(shell, flag).iter().all(|spelled| script.contains(spelled)),
                "{shell}: {flag:?}"
            );
        }
    }
    assert!(script("tcsh", COMMANDS).is_none());
}
