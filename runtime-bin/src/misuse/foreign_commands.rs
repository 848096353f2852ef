//! Commands that orlop does not have, and that users of engines and of other runtimes type.

/// What a word stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// A command of ours.
    Is(&'static str),
    /// None, for this reason.
    Not(&'static str),
}

use Meaning::{Is, Not};

const ENGINES: &str =
    "images, networks and volumes are for engines such as podman; orlop runs bundles (orlop spec begins one)";

/// Words, with spaces between them, and what they stand for. (A pointer each would be one more to relocate at each start.)
#[rustfmt::skip]
const WORDS: &[(&str, Meaning)] = &[
    ("del destroy erase remove rm", Is("delete")),
    ("containers ls", Is("list")),
    ("abort halt signal stop terminate", Is("kill")),
    ("inspect show status", Is("state")),
    ("lint test validate verify", Is("check")),
    ("dry-run plan trace", Is("explain")),
    ("demo example tour", Is("try")),
    ("config generate init template", Is("spec")),
    ("about support", Is("info")),
    ("continue thaw unfreeze unpause", Is("resume")),
    ("freeze suspend", Is("pause")),
    ("stats", Is("events")),
    ("top", Is("ps")),
    ("attach enter shell ssh", Is("exec")),
    ("launch up", Is("run")),
    ("make mk new", Is("create")),
    ("completions", Is("completion")),
    ("manual", Is("man")),
    ("version", Not("did you mean `--version`?")),
    ("restart", Not("a process is started once; delete the container and run its bundle again")),
    ("log logs", Not("the output goes where that of the caller goes; nothing keeps it")),
    ("build commit image images load login network pod pull push save search tag volume", Not(ENGINES)),
];

/// What a word that is no command stands for.
pub(super) fn meaning(word: &str) -> Option<Meaning> {
    let mut found = WORDS
        .iter()
        .filter(|(words, _)| words.split(' ').any(|other| other == word));
    found.next().map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs;

    #[test]
    fn words_stand_for_commands_and_are_none() {
        for (words, meaning) in WORDS {
            let mut words = words.split(' ');
            assert!(words.clone().is_sorted(), "{words:?}");
            assert!(words.all(|word| verbs::command(word).is_none()), "{words:?}");
            if let Is(name) = meaning {
                assert!(verbs::command(name).is_some(), "{name}");
            }
        }
    }
}
