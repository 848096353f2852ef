//! The words of the command line, under the table of commands. As runc reads them: global flags first, then the
//! command; a command's flags may follow its arguments; one dash is as good as two; short flags do not combine.

use crate::command::Command;
use crate::flag::{self, Flag, HasFlags, Kind};
use crate::global::Global;
use crate::go_duration;
use crate::matches::Matches;
use crate::misuse::{self, Misuse, meant_flag};
use lexopt::Parser;
use std::ffi::OsString;

/// Reads the flags before the command. What follows is left in the parser.
pub(crate) fn global(parser: &mut Parser) -> Result<Matches, Misuse> {
    let mut matches = Matches::default();
    read(parser, None, &mut matches)?;
    Ok(matches)
}

/// Reads what follows the command's name.
pub(crate) fn of_command(command: &'static Command, parser: &mut Parser) -> Result<Matches, Misuse> {
    let mut matches = Matches::default();
    read(parser, Some(command), &mut matches)?;
    matches.arguments.extend(rest(parser));
    if matches.asks_for_help() {
        return Ok(matches);
    }
    match Misuse::of_count(command, &matches.arguments) {
        None => Ok(matches),
        Some(misuse) => Err(misuse),
    }
}

/// The words that are left.
pub(crate) fn rest(parser: &mut Parser) -> Vec<OsString> {
    parser.raw_args().map(Iterator::collect).unwrap_or_default()
}

/// A flag as it was written.
struct Written<'a> {
    /// Whose flag it is: the program's own without a command.
    command: Option<&'static Command>,
    name: &'a str,
    dashes: usize,
}

impl Written<'_> {
    fn misuse(&self, kind: misuse::Kind, text: String, hint: Option<String>) -> Misuse {
        Misuse {
            command: self.command,
            kind,
            text,
            hint,
        }
    }

    fn wrong(&self, text: String, hint: Option<String>) -> Misuse {
        self.misuse(misuse::Kind::Flag, text, hint)
    }
}

/// Reads flags and arguments. Where flags stop at arguments, the first argument and all that follows it is left in the
/// parser.
fn read(parser: &mut Parser, command: Option<&'static Command>, matches: &mut Matches) -> Result<(), Misuse> {
    let stops = command.is_none_or(|command| command.stops_at_arguments);
    loop {
        // A word that is no flag is taken before lexopt sees it, and so is `-long`, which
        // lexopt would read as `-l -o ...`.
        let Ok(mut words) = parser.raw_args() else {
            // No flag's value is left in the parser when the next word is looked at.
            return Ok(());
        };
        let Some(word) = words.peek() else { return Ok(()) };
        let bytes = word.as_encoded_bytes();
        if bytes == b"--" {
            words.next();
            if !stops {
                matches.arguments.extend(words);
            }
            return Ok(());
        }
        if bytes.len() < 2 || bytes[0] != b'-' {
            if stops {
                return Ok(());
            }
            matches.arguments.extend(words.next());
            continue;
        }
        let dashes = if bytes.starts_with(b"--") { 2 } else { 1 };
        if dashes == 2 {
            let name = match parser.next() {
                Ok(Some(lexopt::Arg::Long(name))) => name.to_owned(),
                _ => String::new(),
            };
            let value = parser.optional_value();
            let written = Written {
                command,
                name: &name,
                dashes,
            };
            take(parser, &written, value, matches)?;
        } else {
            let word = words.next().unwrap_or_default().to_string_lossy()[1..].to_owned();
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.into())),
                None => (word.as_str(), None),
            };
            let written = Written { command, name, dashes };
            take(parser, &written, value, matches)?;
        }
    }
}

/// Takes one flag, with its value if it wants one.
fn take(
    parser: &mut Parser,
    written: &Written<'_>,
    value: Option<OsString>,
    matches: &mut Matches,
) -> Result<(), Misuse> {
    let name = written.name;
    let flags = written.command.map_or(Global::FLAGS, |command| command.flags);
    let Some(flag) = flag::find(flags, name) else {
        let hint = meant_flag(written.command, name, written.dashes, &rest(parser));
        return Err(written.wrong(format!("flag provided but not defined: -{name}"), hint));
    };
    let value = match (flag.kind, value) {
        (Kind::Switch, None) => "true".into(),
        (Kind::Switch, Some(value)) => match value.to_str() {
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => "true".into(),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => "false".into(),
            _ => {
                let text = format!("invalid boolean value {value:?} for -{name}: parse error");
                return Err(written.wrong(text, Some("the choices are true and false".to_owned())));
            }
        },
        (_, Some(value)) => value,
        (_, None) => parser
            .raw_args()
            .ok()
            .and_then(|mut words| words.next())
            .ok_or_else(|| written.wrong(format!("flag needs an argument: -{name}"), Some(flag.help.to_owned())))?,
    };
    check(written, flag, &value)?;
    matches.add(flag, value);
    Ok(())
}

/// Refuses a value that the flag does not take.
fn check(written: &Written<'_>, flag: &Flag, value: &OsString) -> Result<(), Misuse> {
    let name = written.name;
    let text = value.to_str();
    let wanted = match flag.kind {
        Kind::Number if text.is_none_or(|text| text.parse::<u32>().is_err()) => "it takes a whole number from 0 on",
        _ if flag.is_integer && text.is_none_or(|text| text.parse::<i64>().is_err()) => "it takes a whole number",
        Kind::Time if text.and_then(go_duration::parse).is_none() => "it takes a time such as 500ms, 5s or 1m30s",
        _ => "",
    };
    if !wanted.is_empty() {
        let text = format!("invalid value {value:?} for flag -{name}: parse error");
        return Err(written.wrong(text, Some(wanted.to_owned())));
    }
    match flag.choices {
        Some(choices) if !choices.has(value) => {
            let text = format!("{} {value:?}", choices.fault);
            Err(written.misuse(misuse::Kind::Choice, text, Some(choices.told())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<(Matches, String, Matches), Misuse> {
        let mut parser = Parser::from_args(line.split_whitespace());
        let global = global(&mut parser)?;
        let name = parser.raw_args().unwrap().next().unwrap().into_string().unwrap();
        let matches = of_command(crate::verbs::command(&name).unwrap(), &mut parser)?;
        Ok((global, name, matches))
    }

    fn words(matches: &Matches) -> Vec<&str> {
        matches.arguments.iter().map(|word| word.to_str().unwrap()).collect()
    }

    #[test]
    fn flags_take_values_with_a_space_an_equals_sign_and_one_dash() {
        let (global, _, create) =
            parse("--root /r --log=/l -log-format json create --bundle b -pid-file=p --no-pivot -b c ID").unwrap();
        assert_eq!(global.by_name("root"), Some("/r"));
        assert_eq!(global.by_name("log"), Some("/l"));
        assert_eq!(global.by_name("log-format"), Some("json"));
        assert_eq!(create.by_name("bundle"), Some("c"));
        assert_eq!(create.by_name("pid-file"), Some("p"));
        assert_eq!(create.by_name("no-pivot"), Some("true"));
        assert_eq!(words(&create), ["ID"]);
    }

    #[test]
    fn flags_may_follow_the_id() {
        let (_, _, run) = parse("run ID --detach --preserve-fds 2").unwrap();
        assert_eq!(run.by_name("detach"), Some("true"));
        assert_eq!(run.by_name("preserve-fds"), Some("2"));
        assert_eq!(words(&run), ["ID"]);
    }

    #[test]
    fn a_switch_may_be_taken_back() {
        let (_, _, delete) = parse("delete --force -f=false ID").unwrap();
        assert_eq!(delete.by_name("force"), Some("false"));
        assert_eq!(
            parse("delete --force=maybe ID").unwrap_err().text,
            "invalid boolean value \"maybe\" for -force: parse error"
        );
    }

    #[test]
    fn exec_leaves_the_commands_own_flags_alone() {
        let (_, _, exec) = parse("exec -t ID ls -l --detach").unwrap();
        assert_eq!((exec.by_name("tty"), exec.by_name("detach")), (Some("true"), None));
        assert_eq!(words(&exec), ["ID", "ls", "-l", "--detach"]);
        let (_, _, tried) = parse("try -- ls -l").unwrap();
        assert_eq!(words(&tried), ["ls", "-l"]);
    }

    #[test]
    fn a_value_may_look_like_a_flag() {
        let (_, _, update) = parse("update --memory-swap -1 --pids-limit=-1 --resources - ID").unwrap();
        assert_eq!(update.by_name("memory-swap"), Some("-1"));
        assert_eq!(update.by_name("resources"), Some("-"));
        assert_eq!(words(&update), ["ID"]);
    }

    #[test]
    fn what_is_wrong_is_told_in_runcs_words() {
        for (line, text) in [
            ("--frobnicate create", "flag provided but not defined: -frobnicate"),
            ("create -x ID", "flag provided but not defined: -x"),
            ("run -dt ID", "flag provided but not defined: -dt"),
            ("create ID --root /r", "flag provided but not defined: -root"),
            ("create ID --bundle", "flag needs an argument: -bundle"),
            (
                "create --preserve-fds x ID",
                "invalid value \"x\" for flag -preserve-fds: parse error",
            ),
            (
                "events --interval x ID",
                "invalid value \"x\" for flag -interval: parse error",
            ),
            ("create", "\"create\" requires exactly 1 argument(s)"),
            ("state a b", "\"state\" requires exactly 1 argument(s)"),
            ("kill a b c", "\"kill\" requires a maximum of 2 argument(s)"),
            ("kill", "\"kill\" requires a minimum of 1 argument(s)"),
            ("list --format yaml", "invalid format option \"yaml\""),
            ("--log-format=poem list", "invalid log-format: \"poem\""),
            ("--rootless maybe list", "invalid value for --rootless: \"maybe\""),
        ] {
            assert_eq!(parse(line).unwrap_err().text, text, "{line}");
        }
    }

    #[test]
    fn two_dashes_end_the_flags() {
        let (_, _, state) = parse("state -- --odd-id").unwrap();
        assert_eq!(words(&state), ["--odd-id"]);
    }

    #[test]
    fn help_is_shown_whatever_else_is_missing() {
        let (_, _, create) = parse("create --help").unwrap();
        assert_eq!(create.by_name("help"), Some("true"));
    }
}
