//! The files' results as lines, totals, and cases for TAP and JUnit.

use std::fmt::Write;

use super::excerpt::clean;
use super::file::FileEntry;
use crate::ending::Ending;
use crate::output::Case;

/// Leftovers that are told of a file.
const LEFTOVERS: usize = 4;

/// One file for a person: a line, and what is known of its failures below.
pub(super) fn line(runtime: &str, entry: &FileEntry) -> String {
    let results = &entry.results;
    let outcome = match &entry.ending {
        Ending::Failed(why) => format!("FAILED {why}"),
        Ending::Skipped(why) => format!("skipped ({why})"),
        _ => {
            let mut text = format!("ok {} of {}", results.ok, results.count());
            for (count, word) in [(results.skipped, "skipped"), (results.todo, "todo")] {
                if count > 0 {
                    let _ = write!(text, ", {count} {word}");
                }
            }
            text
        }
    };
    let mut text = format!(
        "{runtime} {} ... {outcome}, {:.0} ms",
        clean(&entry.name),
        entry.time.as_secs_f64() * 1000.0
    );
    if !entry.left.is_empty() {
        let _ = write!(text, " (left behind: {})", leftovers(&entry.left));
    }
    for line in details(entry) {
        let _ = write!(text, "\n    {line}");
    }
    text
}

fn leftovers(left: &[String]) -> String {
    let mut text: Vec<String> = left.iter().take(LEFTOVERS).map(|thing| clean(thing)).collect();
    if let Some(more) = left.len().checked_sub(LEFTOVERS).filter(|&more| more > 0) {
        text.push(format!("{more} more"));
    }
    text.join("; ")
}

/// What is known of a file that failed: its failing tests, and what the program wrote besides.
fn details(entry: &FileEntry) -> Vec<String> {
    if !matches!(entry.ending, Ending::Failed(_)) {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let mut add = |title: String, below: Vec<String>| {
        lines.push(title);
        lines.extend(below.into_iter().map(|line| format!("    {line}")));
    };
    let results = &entry.results;
    for test in &results.failing {
        add(format!("not ok {} - {}", test.number, test.text), test.detail.lines());
    }
    let kept = results.failing.len() as u64;
    if results.not_ok > kept {
        add(format!("and {} more failing tests", results.not_ok - kept), Vec::new());
    }
    if !results.noise.is_empty() {
        add("on stdout:".into(), results.noise.lines());
    }
    let stderr = entry.stderr.lines();
    if !stderr.is_empty() {
        add("on stderr:".into(), stderr);
    }
    lines
}

/// How a runtime did.
#[derive(Default)]
pub(super) struct Total {
    files: Counts,
    tests: Counts,
    todo: u64,
}

#[derive(Default)]
struct Counts {
    ok: u64,
    failed: u64,
    skipped: u64,
}

impl Total {
    pub(super) fn of(entries: &[FileEntry]) -> Self {
        let mut total = Self::default();
        for entry in entries {
            match entry.ending {
                Ending::Failed(_) => total.files.failed += 1,
                Ending::Skipped(_) => total.files.skipped += 1,
                _ => total.files.ok += 1,
            }
            total.tests.ok += entry.results.ok;
            total.tests.failed += entry.results.not_ok;
            total.tests.skipped += entry.results.skipped;
            total.todo += entry.results.todo;
        }
        total
    }

    /// No file failed, and some file was not skipped.
    pub(super) fn is_well(&self) -> bool {
        self.files.failed == 0 && self.files.ok > 0
    }

    pub(super) fn line(&self, runtime: &str) -> String {
        let Self { files, tests, todo } = self;
        format!(
            "{runtime}: files: {} ok, {} failed, {} skipped; tests: {} ok, {} not ok, {} skipped, {todo} todo",
            files.ok, files.failed, files.skipped, tests.ok, tests.failed, tests.skipped
        )
    }
}

/// A file's result for TAP and JUnit.
pub(super) fn case<'a>(runtime: &'a str, entry: &'a FileEntry) -> Case<'a> {
    Case {
        runtime,
        room: "runtime-tools".into(),
        name: &entry.name,
        title: entry.name.clone(),
        ending: &entry.ending,
        time: entry.time,
        details: details(entry),
    }
}
