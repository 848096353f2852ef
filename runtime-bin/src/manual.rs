//! The man page, from the table of commands.

use crate::command::Command;
use crate::flag::{Flag, HasFlags, Kind};
use crate::global::Global;
use std::fmt::Write;

/// The page `orlop(8)` as roff.
pub(crate) fn page(commands: &[Command]) -> String {
    let mut text = format!(
        ".TH ORLOP 8 \"\" \"orlop {}\" \"System Administration\"\n.SH NAME\norlop \\- an Open Container Initiative runtime\n\
         .SH SYNOPSIS\n.B orlop\n[global options] \\fIcommand\\fR [command options] [arguments...]\n.SH DESCRIPTION\n\
         orlop runs a container from an OCI bundle: a folder with a \\fIconfig.json\\fR and a root filesystem.\n\
         It takes runc\\(aqs command line, and is called by engines such as containerd, dockerd and podman, or by hand.\n\
         .SH GLOBAL OPTIONS\n",
        env!("CARGO_PKG_VERSION")
    );
    flags(&mut text, Global::FLAGS);
    text.push_str(".SH COMMANDS\n");
    for command in commands {
        let _ = writeln!(
            text,
            ".SS \"{} [options] {}\"\n{}.",
            command.name,
            escaped(command.arguments),
            escaped(command.summary)
        );
        if !command.description.is_empty() {
            let _ = writeln!(text, ".PP\n{}", escaped(command.description));
        }
        flags(&mut text, command.flags);
    }
    text.push_str(
        ".SH EXIT STATUS\n0 for success, 1 for any error, 3 for an unknown command.\n\
         \\fBrun\\fR in the foreground gives the status of the container\\(aqs process, or 128 and the number of the signal that ended it.\n\
         .SH FILES\n.TP\n.I /run/orlop\nThe containers\\(aq states; \\fI$XDG_RUNTIME_DIR/orlop\\fR for an ordinary user.\n\
         .SH SEE ALSO\n.BR runc (8),\n.BR namespaces (7),\n.BR cgroups (7)\n",
    );
    text
}

/// The page `orlop-COMMAND(8)` as roff.
pub(crate) fn page_of(command: &Command) -> String {
    let name = command.name;
    let mut text = format!(
        ".TH ORLOP\\-{} 8 \"\" \"orlop {}\" \"System Administration\"\n.SH NAME\norlop\\-{name} \\- {}\n\
         .SH SYNOPSIS\n.B orlop\n[global options] \\fB{name}\\fR [options] {}\n",
        name.to_uppercase(),
        env!("CARGO_PKG_VERSION"),
        escaped(command.summary),
        escaped(command.arguments),
    );
    if !command.description.is_empty() {
        let _ = writeln!(text, ".SH DESCRIPTION\n{}", escaped(command.description));
    }
    text.push_str(".SH OPTIONS\n");
    flags(&mut text, command.flags);
    let _ = write!(
        text,
        ".SH EXIT STATUS\n0 for success, {} for a failure.\n.SH SEE ALSO\n.BR orlop (8)\n",
        command.failure
    );
    text
}

fn flags(text: &mut String, flags: &[Flag]) {
    for flag in flags.iter().filter(|flag| !flag.hidden) {
        let value = if flag.kind == Kind::Switch {
            ""
        } else {
            " \\fIvalue\\fR"
        };
        let short = flag
            .short
            .map(|short| format!(", \\fB\\-{short}\\fR{value}"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            ".TP\n\\fB\\-\\-{}\\fR{value}{short}\n{}.",
            escaped(flag.name),
            escaped(flag.help)
        );
    }
}

/// Text for roff: nothing in it is a command, and a dash stays a dash.
fn escaped(text: &str) -> String {
    let lines: Vec<String> = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .lines()
        .map(|line| {
            let line = code(line);
            if line.starts_with(['.', '\'']) {
                format!("\\&{line}")
            } else {
                line
            }
        })
        .collect();
    lines.join("\n")
}

/// What stands between backquotes is bold.
fn code(line: &str) -> String {
    let fonts = ["", "\\fB", "\\fR"];
    let ends = line.matches('`').count() / 2 * 2;
    let pieces = line.splitn(ends + 1, '`').enumerate();
    pieces
        .map(|(at, piece)| {
            let font = if at == 0 { 0 } else { 2 - at % 2 };
            format!("{}{piece}", fonts[font])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_roff_command() {
        assert_eq!(escaped("say `a` or `b`, `"), "say \\fBa\\fR or \\fBb\\fR, `");
        assert_eq!(escaped(".x\n'y -z \\n"), "\\&.x\n\\&'y \\-z \\en");
    }
}
