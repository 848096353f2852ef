//! The endings of tests as lines, TAP and JUnit.

use std::fmt::Write;

use crate::suite::{Ending, Entry};

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
        "{runtime} {room}: {} ... {word} {:.0} ms{note}",
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
pub(crate) fn tap(entries: &[Entry]) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", entries.len());
    for (entry, number) in entries.iter().zip(1..) {
        let title = format!(
            "{number} - {} {}: {}",
            entry.runtime,
            entry.room,
            entry.name.replace('_', " ")
        );
        let one = |text: &str| text.replace('\n', " ").replace('#', "\\#");
        let _ = match &entry.ending {
            Ending::Passed => writeln!(text, "ok {title}"),
            Ending::Failed(seen) => writeln!(text, "not ok {title}\n  ---\n  message: {:?}\n  ...", one(seen)),
            Ending::Deviation(why, seen) => {
                writeln!(
                    text,
                    "not ok {title} # TODO {}\n  ---\n  message: {:?}\n  ...",
                    one(why),
                    one(seen)
                )
            }
            Ending::Surprise(why) => writeln!(text, "ok {title} # TODO {}", one(why)),
            Ending::Skipped(why) => writeln!(text, "ok {title} # SKIP {}", one(why)),
        };
    }
    text
}

/// JUnit's XML; declared deviations and skipped tests are `skipped` with their reason.
pub(crate) fn junit(entries: &[Entry]) -> String {
    let failures = entries
        .iter()
        .filter(|entry| matches!(entry.ending, Ending::Failed(_)))
        .count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"conformance\" tests=\"{}\" failures=\"{failures}\">\n",
        entries.len()
    );
    for entry in entries {
        let class = xml(&format!("{}.{}", entry.runtime.replace(['.', ' '], "_"), entry.room));
        let _ = write!(
            text,
            "  <testcase classname=\"{class}\" name=\"{}\" time=\"{:.3}\">",
            xml(entry.name),
            entry.time.as_secs_f64()
        );
        let _ = match &entry.ending {
            Ending::Passed => Ok(()),
            Ending::Surprise(why) => write!(text, "<system-out>declared deviation holds: {}</system-out>", xml(why)),
            Ending::Failed(seen) => write!(text, "<failure message=\"{}\"/>", xml(seen)),
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
            control if control < ' ' => safe.push('?'),
            other => safe.push(other),
        }
    }
    safe
}
