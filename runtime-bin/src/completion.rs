//! Completions for shells, from the table of commands.

use crate::command::{Command, Offer};
use crate::flag::{Flag, HasFlags, Kind};
use crate::global::Global;
use std::fmt::Write;

/// What a shell runs to find the ids of the containers, behind the program and its state root.
const IDS: &str = "list --quiet 2>/dev/null";

/// The same where the state root that was typed is not known.
const IDS_OF_USUAL_ROOT: &str = "orlop list --quiet 2>/dev/null";

fn shown_flags(flags: &'static [Flag]) -> impl Iterator<Item = &'static Flag> {
    flags.iter().filter(|flag| !flag.hidden)
}

/// The completion script for a shell; `None` for a shell that is not known.
pub(crate) fn script(shell: &str, commands: &[Command]) -> Option<String> {
    match shell {
        "bash" => Some(bash(commands)),
        "zsh" => Some(zsh(commands)),
        "fish" => Some(fish(commands)),
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

fn bash(commands: &[Command]) -> String {
    let names = names(commands);
    let with_value: Vec<String> = Global::FLAGS
        .iter()
        .filter(|flag| flag.kind != Kind::Switch)
        .map(|flag| format!("--{}", flag.name))
        .collect();
    let mut text = format!(
        "_orlop() {{\n    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= at=1 flag= flags= words=\n    \
         local program=(\"${{COMP_WORDS[0]}}\")\n    [ \"$word\" = = ] && word=\n    \
         [ \"$before\" = = ] && before=${{COMP_WORDS[COMP_CWORD-2]}}\n    \
         while [ $at -lt $COMP_CWORD ]; do\n        flag=${{COMP_WORDS[at]}}\n        case $flag in\n            \
         {})\n                at=$((at + 1))\n                [ \"${{COMP_WORDS[at]}}\" = = ] && at=$((at + 1))\n                \
         [ $flag = --root ] && program+=(--root \"${{COMP_WORDS[at]}}\")\n                at=$((at + 1)) ;;\n            \
         -*) at=$((at + 1)) ;;\n            *) command=$flag; break ;;\n        esac\n    done\n    \
         case $command in\n        '') flags='{}'; words='{}'{} ;;\n",
        with_value.join("|"),
        spellings(Global::FLAGS),
        names,
        bash_values(Global::FLAGS)
    );
    for command in commands {
        let words = match command.offer {
            Offer::Nothing => String::new(),
            Offer::Containers => format!("; words=$(\"${{program[@]}}\" {IDS})"),
            Offer::Folders => "; words=$(compgen -d -- \"$word\")".to_owned(),
            Offer::Commands => format!("; words='{names}'"),
            Offer::Words { words, .. } => format!("; words='{words}'"),
        };
        let _ = writeln!(
            text,
            "        {}) flags='{}'{words}{} ;;",
            command.name,
            spellings(command.flags),
            bash_values(command.flags)
        );
    }
    text.push_str(
        "    esac\n    case $word in\n        -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n        \
         *) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n    esac\n}\ncomplete -o default -F _orlop orlop\n",
    );
    text
}

fn names(commands: &[Command]) -> String {
    commands
        .iter()
        .map(|command| command.name)
        .collect::<Vec<_>>()
        .join(" ")
}

/// What is offered behind a flag that takes a value.
fn bash_values(flags: &'static [Flag]) -> String {
    let mut text = String::new();
    for flag in shown_flags(flags).filter(|flag| flag.kind != Kind::Switch) {
        let short = flag.short.map(|short| format!("|-{short}")).unwrap_or_default();
        let words = match flag.choices {
            Some(choices) => format!("'{}'", choices.words),
            None if flag.is_folder => "$(compgen -d -- \"$word\")".to_owned(),
            None => "$(compgen -f -- \"$word\")".to_owned(),
        };
        let _ = write!(text, "; case $before in --{}{short}) words={words} ;; esac", flag.name);
    }
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
    let value = match (flag.kind, flag.choices) {
        (Kind::Switch, _) => String::new(),
        (_, Some(choices)) => format!(":value:({})", choices.words),
        _ if flag.is_folder => ":folder:_files -/".to_owned(),
        _ => ":value:_files".to_owned(),
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

fn zsh(commands: &[Command]) -> String {
    let mut text =
        String::from("#compdef orlop\n_orlop() {\n    local -a commands\n    local state line\n    commands=(\n");
    for command in commands {
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
        zsh_flags(Global::FLAGS)
    );
    for command in commands {
        let argument = match command.offer {
            Offer::Nothing => String::new(),
            Offer::Containers => format!(" '1:container:($({IDS_OF_USUAL_ROOT}))'"),
            Offer::Folders => " '1:folder:_files -/'".to_owned(),
            Offer::Commands => format!(" '1:command:({})'", names(commands)),
            Offer::Words { what, words } => format!(" '1:{what}:({words})'"),
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

fn fish(commands: &[Command]) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let line = |text: &mut String, condition: &str, flag: &Flag| {
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
    };
    let mut text = String::from("complete -c orlop -f\n");
    for flag in shown_flags(Global::FLAGS) {
        line(&mut text, "__fish_use_subcommand", flag);
    }
    for command in commands {
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
        let offer = match command.offer {
            Offer::Nothing => continue,
            Offer::Containers => format!("({IDS_OF_USUAL_ROOT})"),
            Offer::Folders => "(__fish_complete_directories)".to_owned(),
            Offer::Commands => names(commands),
            Offer::Words { words, .. } => words.to_owned(),
        };
        let _ = writeln!(text, "complete -c orlop -n '{condition}' -a '{offer}'");
    }
    text
}
