//! The help, in the sections that users of runc know.

use crate::command::Command;
use crate::flag::{Flag, HasFlags, Kind};
use crate::global::Global;
use std::fmt::Write;

/// The help of the whole program.
pub(crate) fn program(name: &str, commands: &[Command]) -> String {
    let mut text = format!(
        "NAME:\n   {name} - Open Container Initiative runtime\n\n\
         USAGE:\n   {name} [global options] command [command options] [arguments...]\n\n\
         VERSION:\n   {}\n\nCOMMANDS:\n",
        env!("CARGO_PKG_VERSION")
    );
    let width = commands.iter().map(|command| command.name.len()).max().unwrap_or(0);
    for Command { name, summary, .. } in commands {
        let _ = writeln!(text, "   {name:width$}  {summary}");
    }
    text.push_str("\nGLOBAL OPTIONS:\n");
    flags(&mut text, Global::FLAGS);
    text
}

/// The help of one command.
pub(crate) fn command(name: &str, command: &Command) -> String {
    let mut text = format!(
        "NAME:\n   {name} {} - {}\n\nUSAGE:\n   {}\n",
        command.name,
        command.summary,
        usage(name, command)
    );
    if !command.description.is_empty() {
        let _ = write!(
            text,
            "\nDESCRIPTION:\n   {}\n",
            command.description.replace('\n', "\n   ")
        );
    }
    text.push_str("\nOPTIONS:\n");
    flags(&mut text, command.flags);
    text
}

/// `orlop create [command options] <container-id>`
pub(crate) fn usage(name: &str, command: &Command) -> String {
    format!("{name} {} [command options] {}", command.name, command.arguments)
        .trim_end()
        .to_owned()
}

fn flags(text: &mut String, flags: &[Flag]) {
    let shown: Vec<_> = flags
        .iter()
        .filter(|flag| !flag.hidden)
        .map(|flag| (spelled(flag), flag.help))
        .collect();
    let width = shown.iter().map(|(spelled, _)| spelled.len()).max().unwrap_or(0);
    for (spelled, help) in shown {
        let _ = writeln!(text, "   {spelled:width$}  {help}");
    }
}

/// `--bundle value, -b value`
pub(crate) fn spelled(flag: &Flag) -> String {
    let value = if flag.kind == Kind::Switch { "" } else { " value" };
    match flag.short {
        Some(short) => format!("--{}{value}, -{short}{value}", flag.name),
        None => format!("--{}{value}", flag.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs;

    #[test]
    fn the_programs_help_lists_the_commands() {
        let help = program("orlop", verbs::COMMANDS);
        assert!(help.starts_with("NAME:\n   orlop - "));
        assert!(help.contains("\n   create      create a container\n"));
    }

    #[test]
    fn a_commands_help_shows_its_flags() {
        let kill = verbs::command("kill").unwrap();
        let help = command("orlop", kill);
        assert!(help.contains("USAGE:\n   orlop kill [command options] <container-id> [signal]\n"));
        assert!(help.contains("   --help, -h ") && help.ends_with("show help\n"));
        assert!(help.contains("   --all, -a   "));
    }
}
