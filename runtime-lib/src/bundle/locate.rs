//! Where in a JSON text something stands: a small scanner that follows the path.
//!
//! It looks at texts that serde_json has read up to the place in question, so it checks nothing and only has to
//! survive anything.

use super::quote::cut;
use crate::problem::JsonPath;

/// Members are at most so deep; what is nested deeper belongs to an unknown one, and may be nested without end.
const DEEPEST: usize = 16;

/// What the scanner has come upon.
pub(crate) enum Event<'a> {
    /// The name of a member, with its quotes and escapes.
    Key(&'a str),
    /// A string, number or word, as it is written.
    Scalar(&'a str),
    /// The start of an object.
    Object,
    /// The start of a list.
    List,
    /// The end of either.
    End,
}

/// One level of nesting.
enum Frame<'a> {
    Object { key: Option<&'a str> },
    List { elements: usize },
}

/// Goes through a JSON text token by token.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    position: usize,
    frames: Vec<Frame<'a>>,
    key_next: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            position: 0,
            frames: Vec::new(),
            key_next: false,
        }
    }

    /// The next token, if it starts at byte `limit` or before. The end of an object or a list must be over by then.
    pub(crate) fn next(&mut self, limit: usize) -> Option<Event<'a>> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.position)
            && matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':')
        {
            self.key_next = *byte != b':' && (self.key_next || *byte == b',');
            self.position += 1;
        }
        let start = self.position;
        let first = *bytes.get(start)?;
        if start > limit {
            return None;
        }
        if matches!(first, b'}' | b']') {
            if start >= limit {
                return None;
            }
            self.position += 1;
            self.frames.pop();
            self.key_next = false;
            return Some(Event::End);
        }
        self.position = match first {
            b'{' | b'[' => start + 1,
            b'"' => string_end(bytes, start),
            _ => word_end(bytes, start),
        };
        let token = self.text.get(start..self.position).unwrap_or_default();
        if first == b'"'
            && self.key_next
            && let Some(Frame::Object { key }) = self.frames.last_mut()
        {
            *key = Some(token);
            self.key_next = false;
            return Some(Event::Key(token));
        }
        if let Some(Frame::List { elements }) = self.frames.last_mut() {
            *elements += 1;
        }
        self.key_next = first == b'{';
        match first {
            b'{' => {
                self.frames.push(Frame::Object { key: None });
                Some(Event::Object)
            }
            b'[' => {
                self.frames.push(Frame::List { elements: 0 });
                Some(Event::List)
            }
            _ => Some(Event::Scalar(token)),
        }
    }

    /// The path of what came last, as far down as a config has members.
    pub(crate) fn path(&self) -> JsonPath {
        self.frames
            .iter()
            .take(DEEPEST)
            .fold(JsonPath::default(), |path, frame| match frame {
                Frame::Object { key: Some(key) } => path.member(&cut(&unquote(key))),
                Frame::List { elements } if *elements > 0 => path.index(elements - 1),
                Frame::Object { key: None } | Frame::List { .. } => path,
            })
    }
}

/// A JSON string without its quotes and escapes.
pub(crate) fn unquote(token: &str) -> String {
    serde_json::from_str(token).unwrap_or_else(|_| token.trim_matches('"').to_owned())
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

fn word_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|byte| b" \t\n\r,:{}[]\"".contains(byte))
        .unwrap_or(rest.len());
    start + length.max(1)
}

/// The byte of the text at a line and column as serde_json counts them: from 1, and in bytes from the line's start.
pub(crate) fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    (before + column).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_at(text: &str, limit: usize) -> String {
        let mut scanner = Scanner::new(text);
        while scanner.next(limit).is_some() {}
        scanner.path().to_string()
    }

    #[test]
    fn each_place_has_its_path() {
        let text = r#"{"a": [1, {"b c": "x\"y"}], "d": {"e": null}}"#;
        for (token, path) in [
            ("1", "a[0]"),
            ("{\"b", "a[1]"),
            ("\"x", "a[1][\"b c\"]"),
            ("null", "d.e"),
            ("\"d\"", "d"),
        ] {
            assert_eq!(path_at(text, text.find(token).unwrap()), path, "{token}");
        }
    }

    #[test]
    fn the_end_of_an_object_is_its_own_place() {
        let text = r#"{"a": [{"b": {}}, 1]}"#;
        assert_eq!(path_at(text, text.find("}}").unwrap() + 1), "a[0].b");
        assert_eq!(path_at(text, text.find("}}").unwrap() + 2), "a[0]");
    }

    #[test]
    fn endless_nesting_takes_no_endless_time() {
        let text = format!("{{\"x\": {}", "[".repeat(4 << 20));
        assert_eq!(path_at(&text, text.len()), format!("x{}", "[0]".repeat(DEEPEST - 1)));
    }

    #[test]
    fn broken_texts_are_survived() {
        for text in ["", "\"", "\"\\", "{\"", "}}]]", "[[[{", "\u{0}", "{\"a\"\"b\"]", "ä{ü"] {
            path_at(text, text.len());
        }
    }
}
