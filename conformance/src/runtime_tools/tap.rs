//! Reads what a test program prints in the Test Anything Protocol, versions 13 and 14.
//!
//! The text comes in pieces and is not kept: a program that prints without end is counted, not remembered.

use super::excerpt::{Excerpt, clean};

#[cfg(test)]
mod tests;

/// Bytes of a line; the rest of a longer one is dropped.
const LINE_LIMIT: usize = 64 * 1024;
/// Failing tests that are kept with what was said about them; further ones are counted.
const FAILING_LIMIT: usize = 20;
/// Lines indented by this are a subtest's.
const SUBTEST: usize = 4;

/// What a program's output says.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// How many tests the plan promises; 0 if the whole file is skipped.
    pub(super) plan: Option<u64>,
    /// A second plan that promises something else.
    pub(super) other_plan: Option<u64>,
    /// Tests that passed.
    pub(super) ok: u64,
    /// Tests that failed.
    pub(super) not_ok: u64,
    /// Tests that were skipped.
    pub(super) skipped: u64,
    /// Tests that are not expected to pass yet, whether they did or not.
    pub(super) todo: u64,
    /// The highest number that a result had.
    pub(super) highest: u64,
    /// The first of the tests that failed.
    pub(super) failing: Vec<Failing>,
    /// The first reason given for skipping.
    pub(super) skip_reason: Option<String>,
    /// Why the program gave up.
    pub(super) bail_out: Option<String>,
    /// What was written by a program that gave no result.
    pub(super) noise: Excerpt,
}

impl Results {
    /// How many results there are.
    pub(super) fn count(&self) -> u64 {
        self.ok + self.not_ok + self.skipped + self.todo
    }
}

/// A test that failed.
#[derive(Debug)]
pub(super) struct Failing {
    pub(super) number: u64,
    pub(super) text: String,
    /// What was said about it: YAML, diagnostics, subtests.
    pub(super) detail: Excerpt,
}

/// Takes the output piece by piece.
#[derive(Debug, Default)]
pub(super) struct Reader {
    line: Vec<u8>,
    /// The indentation of the YAML block that has begun.
    block: Option<usize>,
    /// YAML blocks stand before the result that they are about. The protocol has them behind it, but the suite does
    /// either, and always the same in one program.
    leading: bool,
    /// What belongs to the next result.
    pending: Excerpt,
    /// The last result is the last of those that are kept as failing.
    open: bool,
    results: Results,
}

impl Reader {
    /// Takes a piece, which may end anywhere.
    pub(super) fn feed(&mut self, mut piece: &[u8]) {
        while let Some(end) = piece.iter().position(|&byte| byte == b'\n') {
            let (head, tail) = piece.split_at(end);
            self.extend(head);
            self.end_line();
            piece = tail.get(1..).unwrap_or_default();
        }
        self.extend(piece);
    }

    /// All there is has been fed.
    pub(super) fn finish(mut self) -> Results {
        if !self.line.is_empty() {
            self.end_line();
        }
        let pending = std::mem::take(&mut self.pending);
        if self.results.count() == 0 {
            self.results.noise = pending;
        } else if let Some(last) = self.failing() {
            last.detail.append(pending);
        }
        self.results
    }

    /// The last result, if it is kept as failing.
    fn failing(&mut self) -> Option<&mut Failing> {
        self.results.failing.last_mut().filter(|_| self.open)
    }

    fn extend(&mut self, part: &[u8]) {
        let room = LINE_LIMIT - self.line.len();
        self.line.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    fn end_line(&mut self) {
        let bytes = std::mem::take(&mut self.line);
        self.take(String::from_utf8_lossy(&bytes).trim_end_matches('\r'));
    }

    fn take(&mut self, line: &str) {
        if self.results.bail_out.is_some() {
            return;
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        let body = line.trim();
        if let Some(depth) = self.block {
            if body == "..." && indent == depth {
                self.block = None;
                return;
            }
            if body.is_empty() || indent >= depth {
                self.take_yaml(line);
                return;
            }
            // The program ended in the middle of the block, and another one's output follows.
            self.block = None;
        }
        if body.is_empty() || line.starts_with("TAP version ") || line.starts_with("pragma ") {
            return;
        }
        if indent >= SUBTEST || line.starts_with('\t') {
            self.pending.push(line);
        } else if indent > 0 && body == "---" {
            self.block = Some(indent);
            self.leading |= self.results.count() == 0;
        } else if let Some(point) = Point::parse(line) {
            self.take_point(point);
        } else if let Some((count, reason)) = plan(line) {
            self.take_plan(count, reason);
        } else if let Some(reason) = bail_out(line) {
            self.results.bail_out = Some(clean(reason));
        } else {
            self.take_remark(line);
        }
    }

    fn take_point(&mut self, point: Point<'_>) {
        let results = &mut self.results;
        let number = point.number.unwrap_or(results.count() + 1);
        results.highest = results.highest.max(number);
        let said = std::mem::take(&mut self.pending);
        self.open = false;
        match point.directive {
            Some(Directive::Skip(reason)) => {
                results.skipped += 1;
                results.skip_reason.get_or_insert_with(|| clean(reason));
            }
            Some(Directive::Todo) => results.todo += 1,
            None if point.ok => results.ok += 1,
            None => {
                results.not_ok += 1;
                if results.failing.len() < FAILING_LIMIT {
                    results.failing.push(Failing {
                        number,
                        text: clean(&point.text),
                        detail: said,
                    });
                    self.open = true;
                }
            }
        }
    }

    fn take_plan(&mut self, count: u64, reason: &str) {
        match self.results.plan {
            None => self.results.plan = Some(count),
            Some(first) if first != count => self.results.other_plan = Some(count),
            Some(_) => {}
        }
        if count == 0 && !reason.is_empty() {
            self.results.skip_reason = Some(clean(reason));
        }
    }

    fn take_yaml(&mut self, line: &str) {
        if self.leading {
            self.pending.push_folded(line);
        } else if let Some(last) = self.failing() {
            last.detail.push_folded(line);
        }
    }

    /// A comment, or a line that is no TAP: most often the further lines of a text that has several.
    fn take_remark(&mut self, line: &str) {
        if self.results.count() == 0 {
            self.pending.push(line);
        } else if let Some(last) = self.failing() {
            last.detail.push(line);
        }
    }
}

/// A result as its line says it.
struct Point<'l> {
    ok: bool,
    number: Option<u64>,
    text: String,
    directive: Option<Directive<'l>>,
}

/// What stands behind a `#` and changes the meaning of a result.
enum Directive<'l> {
    /// It was not tried, with the reason.
    Skip(&'l str),
    /// It is not expected to pass yet.
    Todo,
}

impl<'l> Point<'l> {
    fn parse(line: &'l str) -> Option<Self> {
        let (ok, rest) = match line.strip_prefix("not ") {
            Some(rest) => (false, rest.trim_start()),
            None => (true, line),
        };
        let rest = rest.strip_prefix("ok")?;
        if rest.starts_with(|next: char| !next.is_whitespace()) {
            return None;
        }
        let rest = rest.trim();
        let digits = rest.len() - rest.trim_start_matches(|first: char| first.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let (number, rest) = match number.parse() {
            Ok(number) if after.is_empty() || after.starts_with([' ', '\t', '-', '#']) => (Some(number), after.trim()),
            _ => (None, rest),
        };
        let (text, directive) = split_directive(rest);
        let text = text.strip_prefix('-').unwrap_or(text).trim().replace("\\#", "#");
        Some(Self {
            ok,
            number,
            text,
            directive,
        })
    }
}

/// Parts a text from its directive.
fn split_directive(text: &str) -> (&str, Option<Directive<'_>>) {
    let hashes = text.match_indices('#').map(|(at, _)| at);
    for at in hashes.filter(|&at| !text[..at].ends_with('\\')) {
        let (before, after) = (&text[..at], text[at + 1..].trim_start());
        let (word, reason) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
        if is_word(word, "skip") {
            return (before, Some(Directive::Skip(reason.trim())));
        }
        if word.trim_end_matches(':').eq_ignore_ascii_case("todo") {
            return (before, Some(Directive::Todo));
        }
    }
    (text, None)
}

/// Whether a word begins with another, in any case: `skipped:` is `skip`, too.
fn is_word(word: &str, start: &str) -> bool {
    word.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// How many tests a plan promises, and what it says about why there are none.
fn plan(line: &str) -> Option<(u64, &str)> {
    let rest = line.strip_prefix("1..")?.trim_end();
    let digits = rest.len() - rest.trim_start_matches(|first: char| first.is_ascii_digit()).len();
    let (number, rest) = rest.split_at(digits);
    let number = number.parse().ok()?;
    let rest = rest.trim_start();
    if rest.is_empty() {
        return Some((number, ""));
    }
    let comment = rest.strip_prefix('#')?.trim_start();
    match split_directive(rest) {
        (_, Some(Directive::Skip(reason))) => Some((number, reason)),
        _ => Some((number, comment)),
    }
}

/// The reason, if a line says that the program gives up.
fn bail_out(line: &str) -> Option<&str> {
    const WORDS: &str = "bail out!";
    is_word(line, WORDS).then(|| line[WORDS.len()..].trim())
}
