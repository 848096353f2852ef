//! Bounded excerpts of what a test program wrote, fit to be shown on a terminal.

/// Lines that an excerpt holds.
const LINES: usize = 16;
/// Lines about failures that it holds beyond that.
const TELLING_LINES: usize = 8;
/// Characters of a line.
const WIDTH: usize = 300;
/// Bytes of the end of a stream.
const TAIL: usize = 8 * 1024;

/// The first lines of a text.
#[derive(Debug, Default)]
pub(super) struct Excerpt {
    lines: Vec<String>,
    more: u64,
}

impl Excerpt {
    /// Takes a line. Passing results and mere brackets say nothing about a failure and are left out; failing results
    /// find room in a full excerpt, too.
    pub(super) fn push(&mut self, line: &str) {
        let start = line.trim_start();
        let says_nothing = !start.contains(char::is_alphanumeric) || start == "ok" || start.starts_with("ok ");
        if says_nothing {
            return;
        }
        let room = if start.starts_with("not ok") {
            LINES + TELLING_LINES
        } else {
            LINES
        };
        if self.lines.len() < room {
            self.lines.push(clean(line));
        } else {
            self.more += 1;
        }
    }

    /// Takes a line of a YAML block. The output of a program that ran inside often is one string in it, as Go writes
    /// JSON: its lines are taken one by one, since the one that tells may be far behind.
    pub(super) fn push_folded(&mut self, line: &str) {
        if !line.contains('\\') {
            return self.push(line);
        }
        let readable = [
            ("\\\"", "\""),
            ("\\t", " "),
            ("\\u003c", "<"),
            ("\\u003e", ">"),
            ("\\u0026", "&"),
        ]
        .iter()
        .fold(line.to_owned(), |text, (escape, meaning)| text.replace(escape, meaning));
        let indent = line.len() - line.trim_start().len();
        let mut parts = readable.split("\\n");
        self.push(parts.next().unwrap_or_default());
        for part in parts {
            self.push(&format!("{:indent$}  {part}", ""));
        }
    }

    /// Takes another excerpt's lines.
    pub(super) fn append(&mut self, other: Self) {
        for line in other.lines {
            self.push(&line);
        }
        self.more += other.more;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines, and how many there were beyond.
    pub(super) fn lines(&self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("({} more lines)", self.more));
        self.lines.iter().cloned().chain(more).collect()
    }
}

/// The end of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
    cut: bool,
}

impl Tail {
    /// Takes what was read.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > 2 * TAIL {
            self.bytes.drain(..self.bytes.len() - TAIL);
            self.cut = true;
        }
    }

    /// The last lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        // Where the start was dropped the first line is a part of one.
        let lines = text.lines().skip(usize::from(self.cut));
        let mut last: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
        last.drain(..last.len().saturating_sub(LINES));
        last.into_iter().map(clean).collect()
    }
}

/// A line without control characters, and not too long.
pub(super) fn clean(line: &str) -> String {
    let shown = |character| match character {
        '\t' => ' ',
        control if char::is_control(control) => '?',
        other => other,
    };
    cut(line.trim_end().chars().map(shown), WIDTH)
}

/// The first characters, with a mark where there are more.
pub(super) fn cut(characters: impl Iterator<Item = char>, length: usize) -> String {
    let mut characters = characters;
    let mut text: String = characters.by_ref().take(length).collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_line_finds_room_in_a_full_excerpt() {
        let mut excerpt = Excerpt::default();
        for number in 0..100 {
            excerpt.push(&format!("line {number}"));
        }
        excerpt.push("  not ok 7 - the hidden one");
        assert_eq!(excerpt.lines().len(), LINES + 2);
        assert!(excerpt.lines().iter().any(|line| line.ends_with("the hidden one")));
        assert_eq!(excerpt.lines().last().unwrap(), "(84 more lines)");
    }

    #[test]
    fn a_string_in_json_is_unfolded_and_its_passing_lines_are_left_out() {
        let mut excerpt = Excerpt::default();
        excerpt.push_folded(r#"    "stdout": "TAP version 13\nok 1 - mounts\nnot ok 2 - limit \u003c 5\n""#);
        let wanted = [r#"    "stdout": "TAP version 13"#, "      not ok 2 - limit < 5"];
        assert_eq!(excerpt.lines(), wanted);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\tc\u{7f}\r"), "a?[31mb c?");
    }

    #[test]
    fn a_long_stream_keeps_its_end() {
        let mut tail = Tail::default();
        for number in 0..100_000 {
            tail.feed(format!("line {number}\n").as_bytes());
        }
        assert!(tail.bytes.len() <= 2 * TAIL);
        assert_eq!(tail.lines().len(), LINES);
        assert_eq!(tail.lines().last().unwrap(), "line 99999");
    }
}
