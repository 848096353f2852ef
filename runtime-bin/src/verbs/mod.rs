//! The verbs, one file each, and the table of their rows.

mod bundle_named;
mod check;
mod checkpoint;
mod completion;
mod create;
mod delete;
mod events;
mod exec;
mod exec_process;
mod explain;
mod features;
mod file_or_stdin;
mod help;
mod info;
mod kill;
mod list;
mod man;
mod matching;
mod mounts;
mod passed;
mod pause;
mod ps;
mod restore;
mod resume;
mod run;
mod spec;
mod start;
mod state;
mod tour;
mod update;

pub(crate) use help::{show as show_help, show_command};

use crate::command::{Command, Verb};

/// All verbs, as the help lists them.
pub(crate) static COMMANDS: &[Command] = &[
    check::Check::COMMAND,
    checkpoint::Checkpoint::COMMAND,
    completion::Completion::COMMAND,
    create::Create::COMMAND,
    delete::Delete::COMMAND,
    events::Events::COMMAND,
    exec::Exec::COMMAND,
    explain::Explain::COMMAND,
    features::Features::COMMAND,
    help::Help::COMMAND,
    info::Info::COMMAND,
    kill::Kill::COMMAND,
    list::List::COMMAND,
    man::Man::COMMAND,
    mounts::Mounts::COMMAND,
    pause::Pause::COMMAND,
    ps::Ps::COMMAND,
    restore::Restore::COMMAND,
    resume::Resume::COMMAND,
    run::Run::COMMAND,
    spec::Spec::COMMAND,
    start::Start::COMMAND,
    state::State::COMMAND,
    tour::Try::COMMAND,
    update::Update::COMMAND,
];

/// The command of this name; `h` is runc's short one for `help`.
pub(crate) fn command(name: &str) -> Option<&'static Command> {
    let name = if name == "h" { "help" } else { name };
    COMMANDS.iter().find(|command| command.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flag::{HasFlags, find};
    use crate::global::Global;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(COMMANDS.is_sorted_by(|one, next| one.name < next.name));
        for flags in COMMANDS.iter().map(|command| command.flags).chain([Global::FLAGS]) {
            for (at, flag) in flags.iter().enumerate() {
                assert!(
                    flags[..at]
                        .iter()
                        .all(|other| other.name != flag.name && (flag.short.is_none() || other.short != flag.short))
                );
            }
        }
    }

    #[test]
    fn every_command_says_what_it_does_and_has_help() {
        for command in COMMANDS {
            assert!(!command.name.is_empty() && !command.summary.is_empty(), "{command:?}");
            assert!(find(command.flags, "h").is_some(), "{}", command.name);
        }
    }
}
