//! The words of the command line, under the table of commands. As runc reads them: global flags first, then the
//! command; a command's flags may follow its arguments; one dash is as good as two; short flags do not combine.

use crate::command::{Command, Count};
use crate::flag::{self, Flag, HasFlags, Kind};
use crate::global::Global;
use crate::matches::Matches;
use lexopt::Parser;
use std::ffi::OsString;

/// What is wrong with a command line, and which help shows how it is right.
#[derive(Debug)]
pub(crate) struct Misuse {
    pub(crate) command: Option<&'static Command>,
    /// It is a wrong number of arguments, not a wrong flag.
    pub(crate) is_count: bool,
    pub(crate) text: String,
}

/// Reads the flags before the command. What follows is left in the parser.
pub(crate) fn global(parser: &mut Parser) -> Result<Matches, Misuse> {
    let mut matches = Matches::default();
    read(parser, Global::FLAGS, true, &mut matches).map_err(|text| Misuse {
        command: None,
        is_count: false,
        text,
    })?;
    Ok(matches)
}

/// Reads what follows the command's name.
pub(crate) fn of_command(command: &'static Command, parser: &mut Parser) -> Result<Matches, Misuse> {
    let mut matches = Matches::default();
    read(parser, command.flags, command.stops_at_arguments, &mut matches).map_err(|text| Misuse {
        command: Some(command),
        is_count: false,
        text,
    })?;
    matches.arguments.extend(rest(parser));
    if matches.asks_for_help() {
        return Ok(matches);
    }
    match miscount(command.count, matches.arguments.len()) {
        None => Ok(matches),
        Some(text) => Err(Misuse {
            command: Some(command),
            is_count: true,
            text: format!("{:?} {text}", command.name),
        }),
    }
}

/// The words that are left.
pub(crate) fn rest(parser: &mut Parser) -> Vec<OsString> {
    parser.raw_args().map(Iterator::collect).unwrap_or_default()
}

fn miscount(count: Count, given: usize) -> Option<String> {
    match count {
        Count::Exactly(wanted) if given != wanted => Some(format!("requires exactly {wanted} argument(s)")),
        Count::AtLeast(least) | Count::Between(least, _) if given < least => {
            Some(format!("requires a minimum of {least} argument(s)"))
        }
        Count::Between(_, most) if given > most => Some(format!("requires a maximum of {most} argument(s)")),
        _ => None,
    }
}

/// Reads flags and arguments. With `stops`, the first argument and all that follows it is left in the parser.
fn read(parser: &mut Parser, flags: &'static [Flag], stops: bool, matches: &mut Matches) -> Result<(), String> {
    loop {
        // A word that is no flag is taken before lexopt sees it, and so is `-long`, which
        // lexopt would read as `-l -o ...`.
        let Some(mut words) = parser.try_raw_args() else {
            return Err("a flag has a value that it does not take".to_owned());
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
        if bytes.starts_with(b"--") {
            let name = match parser.next().map_err(|error| error.to_string())? {
                Some(lexopt::Arg::Long(name)) => name.to_owned(),
                _ => return Err("flag provided but not defined".to_owned()),
            };
            let value = parser.optional_value();
            take(parser, flags, &name, value, matches)?;
        } else {
            let word = words.next().unwrap_or_default().to_string_lossy()[1..].to_owned();
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.into())),
                None => (word.as_str(), None),
            };
            take(parser, flags, name, value, matches)?;
        }
    }
}

/// Takes one flag, with its value if it wants one.
fn take(
    parser: &mut Parser,
    flags: &'static [Flag],
    name: &str,
    value: Option<OsString>,
    matches: &mut Matches,
) -> Result<(), String> {
    let Some(flag) = flag::find(flags, name) else {
        return Err(format!("flag provided but not defined: -{name}"));
    };
    let value = match (flag.kind, value) {
        (Kind::Switch, None) => "true".into(),
        (Kind::Switch, Some(value)) => match value.to_str() {
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => "true".into(),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => "false".into(),
            _ => return Err(format!("invalid boolean value {value:?} for -{name}: parse error")),
        },
        (_, Some(value)) => value,
        (_, None) => parser
            .raw_args()
            .ok()
            .and_then(|mut words| words.next())
            .ok_or_else(|| format!("flag needs an argument: -{name}"))?,
    };
    if flag.kind == Kind::Number && value.to_str().is_none_or(|value| value.parse::<u32>().is_err()) {
        return Err(format!("invalid value {value:?} for flag -{name}: parse error"));
    }
    matches.add(flag, value);
    Ok(())
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
            ("create", "\"create\" requires exactly 1 argument(s)"),
            ("state a b", "\"state\" requires exactly 1 argument(s)"),
            ("kill a b c", "\"kill\" requires a maximum of 2 argument(s)"),
            ("kill", "\"kill\" requires a minimum of 1 argument(s)"),
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
