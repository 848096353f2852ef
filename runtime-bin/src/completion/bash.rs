//! Bash: a function that finds the command, and which of its arguments is being typed, in `COMP_WORDS`.

use super::{IDS, names, shown_flags, spellings, with_value};
use crate::command::{Command, Offer};
use crate::flag::{Flag, HasFlags, Kind};
use crate::global::Global;
use std::fmt::Write;

pub(super) fn script(commands: &[Command]) -> String {
    let names = names(commands);
    let mut text = begin(&names);
    for command in commands {
        let _ = writeln!(
            text,
            "        {}) flags='{}' takes='{}'; _orlop_place{}{} ;;",
            command.name,
            all_spellings(command.flags),
            with_value(command.flags).join(" "),
            offers(command.offers, &names),
            values(command.flags)
        );
    }
    text.push_str(
        "    esac\n    case $word in\n        -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n        \
         *) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n    esac\n}\ncomplete -o default -F _orlop orlop\n",
    );
    text
}

/// Up to the commands.
fn begin(names: &str) -> String {
    let global = with_value(Global::FLAGS);
    format!(
        "{}_orlop() {{\n    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} \
         command= at=1 place=1 flag= flags= takes= words=\n    \
         local program=(\"${{COMP_WORDS[0]}}\")\n    [ \"$word\" = = ] && word=\n    \
         [ \"$before\" = = ] && before=${{COMP_WORDS[COMP_CWORD-2]}}\n    \
         while [ $at -lt $COMP_CWORD ]; do\n        flag=${{COMP_WORDS[at]}}\n        case $flag in\n            \
         {})\n                at=$((at + 1))\n                [ \"${{COMP_WORDS[at]}}\" = = ] && at=$((at + 1))\n                \
         [ $flag = --root ] && program+=(--root \"${{COMP_WORDS[at]}}\")\n                at=$((at + 1)) ;;\n            \
         -*) at=$((at + 1)) ;;\n            *) command=$flag; break ;;\n        esac\n    done\n    \
         case $command in\n        '') flags='{}'; words='{names}'{} ;;\n",
        include_str!("functions.bash"),
        global.join("|"),
        all_spellings(Global::FLAGS),
        values(Global::FLAGS)
    )
}

fn all_spellings(flags: &'static [Flag]) -> String {
    let words: Vec<String> = shown_flags(flags).flat_map(spellings).collect();
    words.join(" ")
}

/// What is offered for the argument at each place.
fn offers(offers: &[Offer], names: &str) -> String {
    let mut text = String::new();
    for (number, offer) in (1..).zip(offers) {
        let words = match offer {
            Offer::Containers => format!("$(\"${{program[@]}}\" {IDS})"),
            Offer::Folders => "$(compgen -d -- \"$word\")".to_owned(),
            Offer::Commands => format!("'{names}'"),
            Offer::Words { words, .. } => format!("'{words}'"),
        };
        let _ = write!(text, "; [ $place = {number} ] && words={words}");
    }
    text
}

/// What is offered behind a flag that takes a value.
fn values(flags: &'static [Flag]) -> String {
    let mut text = String::new();
    for flag in shown_flags(flags).filter(|flag| flag.kind != Kind::Switch) {
        let words = match flag.choices {
            Some(choices) => format!("'{}'", choices.words),
            None if flag.is_folder => "$(compgen -d -- \"$word\")".to_owned(),
            None => "$(compgen -f -- \"$word\")".to_owned(),
        };
        let spelled: Vec<String> = spellings(flag).collect();
        let _ = write!(text, "; case $before in {}) words={words} ;; esac", spelled.join("|"));
    }
    text
}
