//! serde_json's errors as problems with a JSON path.

use super::locate::{Event, Scanner, offset, unquote};
use super::quote::{Quoted, cut};
use crate::problem::{JsonPath, Problem};
use serde_json::error::Category;

/// What is wrong with a text that serde_json refused, and where. `document` is what the text is called, for faults of
/// all of it.
#[cold]
pub(crate) fn explain(document: &str, text: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message = message
        .strip_suffix(&format!(" at line {line} column {column}"))
        .unwrap_or(&message);
    let (path, found) = look(text, offset(text, line, column));
    if let Some(member) = message.strip_prefix("missing field `") {
        return at(document, &path.member(member.trim_end_matches('`')), "missing");
    }
    if message == "recursion limit exceeded" {
        return at(
            document,
            &JsonPath::default(),
            &format!("nested too deeply at line {line} column {column}"),
        );
    }
    if message == "number out of range" {
        return at(document, &path, &format!("the number {found} is out of range"));
    }
    if error.classify() != Category::Data {
        return at(
            document,
            &JsonPath::default(),
            &format!("not JSON: {message} at line {line} column {column}"),
        );
    }
    match message
        .strip_prefix("invalid ")
        .and_then(|message| message.rsplit_once(", expected "))
    {
        Some((_, expected)) => at(document, &path, &format!("expected {expected}, found {found}")),
        None => at(document, &path, message),
    }
}

fn at(document: &str, path: &JsonPath, text: &str) -> Problem {
    if path.as_str().is_empty() {
        Problem::error("", format!("{document}: {text}"))
    } else {
        Problem::error(path.clone(), text)
    }
}

/// The path at an offset, and what is there.
fn look(text: &str, offset: usize) -> (JsonPath, String) {
    let mut scanner = Scanner::new(text);
    let mut last = None;
    while let Some(event) = scanner.next(offset) {
        last = Some(event);
    }
    let found = match last {
        Some(Event::Key(token)) => format!("the name {}", Quoted(&unquote(token))),
        Some(Event::Scalar(token)) if token.starts_with('"') => format!("the string {}", Quoted(&unquote(token))),
        Some(Event::Scalar(token)) => cut(token).escape_debug().to_string(),
        Some(Event::Object) => "an object".to_owned(),
        Some(Event::List) => "a list".to_owned(),
        Some(Event::End) | None => "nothing".to_owned(),
    };
    (scanner.path(), found)
}

#[cfg(test)]
mod tests {
    use super::super::config::Config;
    use super::*;

    #[track_caller]
    fn assert_fault(text: &str, expected: &str) {
        let error = serde_json::from_str::<Config>(text).unwrap_err();
        assert_eq!(explain("config.json", text, &error).to_string(), expected);
    }

    #[test]
    fn a_wrong_type_is_told_with_what_was_found() {
        for (value, found) in [
            ("\"x\"", "the string \"x\""),
            ("-1", "-1"),
            ("4294967296", "4294967296"),
            ("1.5", "1.5"),
            ("1e9", "1e9"),
            ("99999999999999999999999", "99999999999999999999999"),
            ("true", "true"),
            ("[1]", "a list"),
            ("{\"a\": 1}", "an object"),
        ] {
            assert_fault(
                &format!(r#"{{"process": {{"user": {{"gid": 0,  "uid": {value}, "umask": 1}}}}}}"#),
                &format!("process.user.uid: expected a number from 0 to 4294967295, found {found}"),
            );
        }
    }

    #[test]
    fn what_is_missing_has_its_own_path() {
        assert_fault("{}", "ociVersion: missing");
        assert_fault(r#"{"ociVersion": "1.0.0", "root": {} }"#, "root.path: missing");
        assert_fault(r#"{"root": {"path": null} }"#, "root.path: missing");
        assert_fault(r#"{"root": null}"#, "ociVersion: missing");
        assert_fault(
            r#"{"linux": {"resources": {"devices": [{"allow": true}, {"access": "rwm"}]}}}"#,
            "linux.resources.devices[1].allow: missing",
        );
    }

    #[test]
    fn unknown_words_and_doubles_are_told_at_their_place() {
        assert_fault(
            r#"{"linux": {"namespaces": [{"type": "pid"}, {"type": "foo"}]}}"#,
            "linux.namespaces[1].type: unknown namespace \"foo\"",
        );
        assert_fault(r#"{"root": {"path": "a", "path": "b"}}"#, "root.path: is given twice");
        assert_fault(
            r#"{"annotations": {"a.b": "", "a.b": ""}}"#,
            "annotations[\"a.b\"]: is given twice",
        );
        assert_fault(
            r#"{"linux": {"timeOffsets": {"realtime": {}}}}"#,
            "linux.timeOffsets.realtime: unknown clock \"realtime\"",
        );
        assert_fault(
            r#"{"hostname": "a\u0000b"}"#,
            "hostname: expected a string without a NUL byte, found the string \"a\\0b\"",
        );
    }

    #[test]
    fn what_is_no_json_object_is_one_line() {
        assert_fault(
            "",
            "config.json: not JSON: EOF while parsing a value at line 1 column 0",
        );
        assert_fault("[]", "config.json: expected an object, found a list");
        assert_fault("null", "config.json: expected an object, found null");
        assert_fault("{}}", "ociVersion: missing");
        assert_fault(
            &format!("{{\"root\": {}", "[".repeat(1000)),
            "root: expected an object, found a list",
        );
        assert_fault("{\"a\" 1}", "config.json: not JSON: expected `:` at line 1 column 6");
    }

    #[test]
    fn long_names_and_values_are_cut() {
        let long = "x".repeat(70_000);
        for text in [
            format!(r#"{{"linux": {{"namespaces": [{{"type": "{long}"}}]}}}}"#),
            format!(r#"{{"annotations": {{"{long}": 3}}}}"#),
            format!(r#"{{"hostname": 1{}}}"#, "0".repeat(70_000)),
        ] {
            let error = serde_json::from_str::<Config>(&text).unwrap_err();
            let line = explain("config.json", &text, &error).to_string();
            assert!(line.len() < 250 && !line.contains('\n'), "{line}");
        }
    }
}
