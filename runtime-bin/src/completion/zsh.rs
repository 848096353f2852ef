//! Zsh: `_arguments` knows flags and arguments by itself.

use super::{names, shown_flags};
use crate::command::{Command, Offer};
use crate::flag::{Flag, HasFlags, Kind};
use crate::global::Global;
use std::fmt::Write;

pub(super) fn script(commands: &[Command]) -> String {
    let mut text = include_str!("functions.zsh").to_owned();
    text.push_str(
        "\n_orlop() {\n    local -a commands root\n    local state line\n    local -A opt_args\n    commands=(\n",
    );
    for command in commands {
        let summary = command.summary.replace('\'', "'\\''").replace(':', "\\:");
        let _ = writeln!(text, "        '{}:{summary}'", command.name);
    }
    let _ = write!(
        text,
        "    )\n    _arguments -C {} '1:command:->command' '*::argument:->arguments'\n    \
         [[ -n ${{opt_args[--root]}} ]] && root=(--root \"${{(Q)opt_args[--root]}}\")\n    case $state in\n        \
         command) _describe command commands ;;\n        arguments)\n            case $line[1] in\n",
        flags(Global::FLAGS)
    );
    for command in commands {
        let mut arguments = flags(command.flags);
        for (number, offer) in (1..).zip(command.offers) {
            let offered = match offer {
                Offer::Containers => "container:_orlop_ids".to_owned(),
                Offer::Folders => "folder:_files -/".to_owned(),
                Offer::Commands => format!("command:({})", names(commands)),
                Offer::Words { what, words } => format!("{what}:({words})"),
            };
            let _ = write!(arguments, " '{number}:{offered}'");
        }
        if command.count.most() > command.offers.len() {
            arguments.push_str(" '*:file:_files'");
        }
        let _ = writeln!(text, "                {}) _arguments {arguments} ;;", command.name);
    }
    // The file is a function of its own to `compinit`, and one that defines it to `source`.
    text.push_str("            esac ;;\n    esac\n}\nif [[ $funcstack[1] = _orlop ]]; then _orlop \"$@\"; else compdef _orlop orlop; fi\n");
    text
}

fn flags(flags: &'static [Flag]) -> String {
    shown_flags(flags).flat_map(flag).collect::<Vec<_>>().join(" ")
}

/// A flag as `_arguments` wants it.
fn flag(flag: &Flag) -> Vec<String> {
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
    // `--flag value` and `--flag=value`, but `-f value` alone.
    let joined = |spelled: &str| !value.is_empty() && spelled.starts_with("--");
    super::spellings(flag)
        .map(|spelled| (if joined(&spelled) { "=" } else { "" }, spelled))
        .map(|(joined, spelled)| format!("'{spelled}{joined}[{help}]{value}'"))
        .collect()
}
