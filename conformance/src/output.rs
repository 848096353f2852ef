//! The endings of tests as lines, TAP and JUnit.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::ending::{Ending, Entry};

/// One line about what kept a command from its work.
pub(crate) fn complain(text: &str) -> ExitCode {
    eprintln!("conformance: {text}");
    ExitCode::FAILURE
}

/// One result, as the files for machines have it.
pub(crate) struct Case<'a> {
    pub(crate) runtime: &'a str,
    /// What it belongs to.
    pub(crate) room: String,
    pub(crate) name: &'a str,
    /// The name for a person.
    pub(crate) title: String,
    pub(crate) ending: &'a Ending,
    pub(crate) time: Duration,
    /// What more is known of a failure, line by line.
    pub(crate) details: Vec<String>,
}

impl<'a> From<&'a Entry> for Case<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            runtime: &entry.runtime,
            room: entry.room.replace('_', " "),
            name: entry.name,
            title: entry.name.replace('_', " "),
            ending: &entry.ending,
            time: entry.time,
            details: Vec::new(),
        }
    }
}

/// Writes the files for machines that were asked for.
///
/// # Errors
/// Where a file cannot be written, with its name.
pub(crate) fn save(tap_file: Option<PathBuf>, junit_file: Option<PathBuf>, cases: &[Case<'_>]) -> io::Result<()> {
    let files = [(tap_file, tap(cases)), (junit_file, junit(cases))];
    for (file, text) in files {
        if let Some(file) = file {
            fs::write(&file, text).map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
        }
    }
    Ok(())
}

/// One line for a person.
pub(crate) fn line(entry: &Entry) -> String {
    let (word, note) = match &entry.ending {
        Ending::Passed => ("ok", String::new()),
        Ending::Failed(seen) => (
            "FAILED",
            format!("\n    {seen}\n    calls: {}", entry.notes.join("\n           ")),
        ),
        Ending::Deviation(why, seen) => ("deviates", format!(" ({why})\n    {}", cut(seen, 240))),
        Ending::Surprise(why) => ("ok, though a deviation was declared", format!(" ({why})")),
        Ending::Skipped(why) => ("skipped", format!(" ({why})")),
    };
    let Entry {
        runtime,
        room,
        name,
        time,
        ..
    } = entry;
    format!(
        "{runtime} {}: {} ... {word} {:.0} ms{note}",
        room.replace('_', " "),
        name.replace('_', " "),
        time.as_secs_f64() * 1000.0
    )
}

/// How many ended how, per runtime, and whether all is well.
pub(crate) fn summary(entries: &[Entry]) -> (String, bool) {
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.runtime.as_str()).collect();
    names.dedup();
    let mut text = String::new();
    for name in names {
        let count = |wanted: fn(&Ending) -> bool| {
            entries
                .iter()
                .filter(|entry| entry.runtime == name && wanted(&entry.ending))
                .count()
        };
        let _ = writeln!(
            text,
            "{name}: {} ok, {} failed, {} declared deviations, {} declared deviations that hold, {} skipped",
            count(|ending| matches!(ending, Ending::Passed)),
            count(|ending| matches!(ending, Ending::Failed(_))),
            count(|ending| matches!(ending, Ending::Deviation(..))),
            count(|ending| matches!(ending, Ending::Surprise(_))),
            count(|ending| matches!(ending, Ending::Skipped(_))),
        );
    }
    let well = !entries.iter().any(|entry| matches!(entry.ending, Ending::Failed(_)));
    (text, well)
}

/// TAP version 14; declared deviations are TODO tests.
fn tap(cases: &[Case<'_>]) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", cases.len());
    for (case, number) in cases.iter().zip(1..) {
        let title = format!("{number} - {} {}: {}", case.runtime, case.room, case.title);
        let one = |text: &str| text.replace('\n', " ").replace('#', "\\#");
        // A JSON string is one in YAML, too.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let _ = match &case.ending {
            Ending::Passed => writeln!(text, "ok {title}"),
            Ending::Failed(seen) => {
                let _ = writeln!(text, "not ok {title}\n  ---\n  message: {}", quoted(&one(seen)));
                if !case.details.is_empty() {
                    text.push_str("  details:\n");
                }
                for line in &case.details {
                    let _ = writeln!(text, "    - {}", quoted(line));
                }
                writeln!(text, "  ...")
            }
            Ending::Deviation(why, seen) => {
                writeln!(
                    text,
                    "not ok {title} # TODO {}\n  ---\n  message: {}\n  ...",
                    one(why),
                    quoted(&one(seen))
                )
            }
            Ending::Surprise(why) => writeln!(text, "ok {title} # TODO {}", one(why)),
            Ending::Skipped(why) => writeln!(text, "ok {title} # SKIP {}", one(why)),
        };
    }
    text
}

/// JUnit's XML; declared deviations and skipped tests are `skipped` with their reason.
fn junit(cases: &[Case<'_>]) -> String {
    let failures = cases
        .iter()
        .filter(|case| matches!(case.ending, Ending::Failed(_)))
        .count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"conformance\" tests=\"{}\" failures=\"{failures}\">\n",
        cases.len()
    );
    for case in cases {
        let class = xml(&format!("{}.{}", case.runtime.replace(['.', ' '], "_"), case.room));
        let _ = write!(
            text,
            "  <testcase classname=\"{class}\" name=\"{}\" time=\"{:.3}\">",
            xml(case.name),
            case.time.as_secs_f64()
        );
        let _ = match &case.ending {
            Ending::Passed => Ok(()),
            Ending::Surprise(why) => write!(text, "<system-out>declared deviation holds: {}</system-out>", xml(why)),
            Ending::Failed(seen) if case.details.is_empty() => {
                write!(text, "<failure message=\"{}\"/>", xml(seen))
            }
            Ending::Failed(seen) => {
                let details = case.details.join("\n");
                write!(text, "<failure message=\"{}\">{}</failure>", xml(seen), xml(&details))
            }
            Ending::Deviation(why, seen) => {
                write!(
                    text,
                    "<skipped message=\"{}\"/>",
                    xml(&format!("declared deviation: {why}: {seen}"))
                )
            }
            Ending::Skipped(why) => write!(text, "<skipped message=\"{}\"/>", xml(why)),
        };
        text.push_str("</testcase>\n");
    }
    text.push_str("</testsuite>\n");
    text
}

fn cut(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

fn xml(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#10;"),
            // Nor may XML have these two.
            control if control < ' ' || matches!(control, '\u{fffe}' | '\u{ffff}') => safe.push('?'),
            other => safe.push(other),
        }
    }
    safe
}
