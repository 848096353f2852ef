//! Completions for shells, from the table of commands.

use crate::commands::{COMMANDS, Command, Flag, GLOBAL, Kind};
use std::fmt::Write;

/// Commands whose argument is a container's id.
fn takes_id(command: &Command) -> bool {
    command.arguments.starts_with("<container-id>") && !matches!(command.name, "create" | "run")
}

fn shown_commands() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().filter(|command| !command.hidden)
}

fn shown_flags(flags: &'static [Flag]) -> impl Iterator<Item = &'static Flag> {
    flags.iter().filter(|flag| !flag.hidden)
}

/// The completion script for a shell; `None` for a shell that is not known.
pub(crate) fn script(shell: &str) -> Option<String> {
    match shell {
        "bash" => Some(bash()),
        "zsh" => Some(zsh()),
        "fish" => Some(fish()),
        _ => None,
    }
}

fn spellings(flags: &'static [Flag]) -> String {
    let words: Vec<String> = shown_flags(flags)
        .flat_map(|flag| {
            [
                Some(format!("--{}", flag.name)),
                flag.short.map(|short| format!("-{short}")),
            ]
        })
        .flatten()
        .collect();
    words.join(" ")
}

fn bash() -> String {
    let names: Vec<&str> = shown_commands().map(|command| command.name).collect();
    let with_value: Vec<String> = GLOBAL
        .iter()
        .filter(|flag| flag.kind != Kind::Switch)
        .map(|flag| format!("--{}", flag.name))
        .collect();
    let mut text = format!(
        "_orlop() {{\n    local word=${{COMP_WORDS[COMP_CWORD]}} command= at=1 flags= words=\n    \
         while [ $at -lt $COMP_CWORD ]; do\n        case ${{COMP_WORDS[at]}} in\n            {}) at=$((at + 2)) ;;\n            \
         -*) at=$((at + 1)) ;;\n            *) command=${{COMP_WORDS[at]}}; break ;;\n        esac\n    done\n    \
         case $command in\n        '') flags='{}'; words='{} help' ;;\n",
        with_value.join("|"),
        spellings(GLOBAL),
        names.join(" ")
    );
    for command in shown_commands() {
        let words = match command.name {
            "completion" => "; words='bash zsh fish'",
            _ if takes_id(command) => "; words=$(orlop list --quiet 2>/dev/null)",
            _ => "",
        };
        let _ = writeln!(
            text,
            "        {}) flags='{}'{words} ;;",
            command.name,
            spellings(command.flags)
        );
    }
    text.push_str(
        "    esac\n    case $word in\n        -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n        \
         *) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n    esac\n}\ncomplete -o default -F _orlop orlop\n",
    );
    text
}

/// A flag as zsh's `_arguments` wants it.
fn zsh_flag(flag: &Flag) -> Vec<String> {
    let help = flag
        .help
        .replace('\'', "'\\''")
        .replace('[', "\\[")
        .replace(']', "\\]")
        .replace(':', "\\:");
    let value = match (flag.kind, flag.name) {
        (Kind::Switch, _) => "",
        (_, "bundle" | "root" | "keep") => ":folder:_files -/",
        _ => ":value:_files",
    };
    let long = format!("'--{}[{help}]{value}'", flag.name);
    match flag.short {
        Some(short) => vec![long, format!("'-{short}[{help}]{value}'")],
        None => vec![long],
    }
}

fn zsh_flags(flags: &'static [Flag]) -> String {
    shown_flags(flags).flat_map(zsh_flag).collect::<Vec<_>>().join(" ")
}

fn zsh() -> String {
    let mut text =
        String::from("#compdef orlop\n_orlop() {\n    local -a commands\n    local state line\n    commands=(\n");
    for command in shown_commands() {
        let _ = writeln!(
            text,
            "        '{}:{}'",
            command.name,
            command.summary.replace('\'', "'\\''").replace(':', "\\:")
        );
    }
    let _ = write!(
        text,
        "    )\n    _arguments -C {} '1:command:->command' '*::argument:->arguments'\n    case $state in\n        \
         command) _describe command commands ;;\n        arguments)\n            case $line[1] in\n",
        zsh_flags(GLOBAL)
    );
    for command in shown_commands() {
        let argument = match command.name {
            "completion" => " '1:shell:(bash zsh fish)'",
            _ if takes_id(command) => " '1:container:($(orlop list --quiet 2>/dev/null))'",
            _ => "",
        };
        let _ = writeln!(
            text,
            "                {}) _arguments {}{argument} ;;",
            command.name,
            zsh_flags(command.flags)
        );
    }
    text.push_str("            esac ;;\n    esac\n}\n_orlop \"$@\"\n");
    text
}

fn fish() -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let line = |text: &mut String, condition: &str, flag: &Flag| {
        let short = flag.short.map(|short| format!(" -s {short}")).unwrap_or_default();
        let value = if flag.kind == Kind::Switch { "" } else { " -r" };
        let _ = writeln!(
            text,
            "complete -c orlop -n '{condition}'{short} -l {}{value} -d '{}'",
            flag.name,
            quoted(flag.help)
        );
    };
    let mut text = String::from("complete -c orlop -f\n");
    for flag in shown_flags(GLOBAL) {
        line(&mut text, "__fish_use_subcommand", flag);
    }
    for command in shown_commands() {
        let _ = writeln!(
            text,
            "complete -c orlop -n __fish_use_subcommand -a {} -d '{}'",
            command.name,
            quoted(command.summary)
        );
        let condition = format!("__fish_seen_subcommand_from {}", command.name);
        for flag in shown_flags(command.flags) {
            line(&mut text, &condition, flag);
        }
        match command.name {
            "completion" => {
                let _ = writeln!(text, "complete -c orlop -n '{condition}' -a 'bash zsh fish'");
            }
            _ if takes_id(command) => {
                let _ = writeln!(
                    text,
                    "complete -c orlop -n '{condition}' -a '(orlop list --quiet 2>/dev/null)'"
                );
            }
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_knows_every_command_and_flag() {
        for shell in ["bash", "zsh", "fish"] {
            let script = script(shell).unwrap();
            for command in shown_commands() {
                assert!(script.contains(command.name), "{shell}: {}", command.name);
                assert!(
                    shown_flags(command.flags).all(|flag| script.contains(flag.name)),
                    "{shell}: {}",
                    command.name
                );
            }
        }
        assert!(script("tcsh").is_none());
    }
}
