//! The page: counts, then a table for each section, then the notes.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::cell::Cell;
use crate::ending;
use crate::runtime::Runtime;
use crate::spec::{DOCUMENTS, Entry};

/// The version that the register follows.
const VERSION: &str = "1.3.0";

/// Where it can be read.
const SPECIFICATION: &str = "https://github.com/opencontainers/runtime-spec/blob";

/// The whole page.
pub(crate) fn page(runtimes: &[Runtime], results: &[ending::Entry]) -> String {
    let names: Vec<String> = runtimes.iter().map(Runtime::title).collect();
    let mut notes = Notes::default();
    let tables = tables(&names, results, &mut notes);
    let mut text = String::from("# Conformance to the runtime specification\n\n");
    let _ = write!(
        text,
        "What runtime-spec {VERSION} asks of a runtime on Linux, property by property, and what each runtime does of it, looked at from\n\
         outside by the tests of `conformance`. This page is generated, on Linux {} with {}, by root:\n\n```\n{}\n```\n\n\
         \"yes\": all tests of the property hold; \"no\": one does not, and why; \"n/a\": it cannot be tried on this machine; \"-\": there is\n\
         no test, and the note says why.\n\n",
        kernel(),
        cgroups(),
        command(runtimes)
    );
    text.push_str(&counts(&names, results));
    text.push_str(&tables);
    text.push_str(&notes.text());
    text
}

/// How to make the page again.
fn command(runtimes: &[Runtime]) -> String {
    let paths: Vec<String> = runtimes
        .iter()
        .map(|runtime| {
            // The build folder is another one on each machine.
            let path = runtime.path.to_string_lossy();
            let short = path.find("/target/").and_then(|start| path.get(start + 1..));
            format!("--runtime {}", short.unwrap_or(&path))
        })
        .collect();
    format!("conformance table {} --out docs/conformance.md", paths.join(" "))
}

/// The kernel's release.
pub(crate) fn kernel() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    text.trim().to_owned()
}

/// What the host's cgroups are.
pub(crate) fn cgroups() -> &'static str {
    let root = Path::new("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        "cgroup v2"
    } else if root.join("unified").exists() {
        "cgroup v1 with an empty v2 beside it"
    } else {
        "cgroup v1"
    }
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    let sections = DOCUMENTS.iter().flat_map(|document| document.sections);
    sections.flat_map(|section| section.entries)
}

fn counts(names: &[String], results: &[ending::Entry]) -> String {
    let mut text = String::from("| runtime | yes | no | n/a | no test |\n|---|--:|--:|--:|--:|\n");
    for name in names {
        let mut counts = [0_usize; 4];
        for entry in entries() {
            let place = match Cell::of(entry, name, results) {
                Cell::Yes | Cell::Partly(_) => 0,
                Cell::No(_) => 1,
                Cell::NotHere(_) => 2,
                Cell::Untested => 3,
            };
            counts[place] += 1;
        }
        let [yes, no, not_here, untested] = counts;
        let _ = writeln!(text, "| {name} | {yes} | {no} | {not_here} | {untested} |");
    }
    text
}

fn tables(names: &[String], results: &[ending::Entry], notes: &mut Notes) -> String {
    let mut text = String::new();
    for document in DOCUMENTS {
        let _ = write!(text, "\n## {}\n", document.name);
        for section in document.sections {
            let anchor = section.anchor;
            let heading = if document.name.ends_with(".md") {
                format!("[{anchor}]({SPECIFICATION}/v{VERSION}/{}#{anchor})", document.name)
            } else {
                format!("[{anchor}](annotations.md)")
            };
            let _ = write!(
                text,
                "\n### {heading}\n\n| | {} |\n|---|{}\n",
                names.join(" | "),
                "---|".repeat(names.len())
            );
            for entry in section.entries {
                let note = entry
                    .note
                    .map_or_else(String::new, |note| format!(" ({})", notes.number(note)));
                let cells: Vec<String> = names
                    .iter()
                    .map(|name| plain(&Cell::of(entry, name, results).text()))
                    .collect();
                let _ = writeln!(text, "| {}{note} | {} |", plain(entry.what), cells.join(" | "));
            }
        }
    }
    text
}

/// Keeps a text in its cell.
pub(crate) fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// Reasons that are told below the tables, each once.
#[derive(Default)]
struct Notes {
    texts: Vec<&'static str>,
}

impl Notes {
    fn number(&mut self, text: &'static str) -> usize {
        let found = self.texts.iter().position(|one| *one == text);
        1 + found.unwrap_or_else(|| {
            self.texts.push(text);
            self.texts.len() - 1
        })
    }

    fn text(&self) -> String {
        let mut text = String::from("\n## Notes\n\n");
        for (number, note) in (1..).zip(&self.texts) {
            let _ = writeln!(text, "{number}. {note}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_told_once() {
        let mut notes = Notes::default();
        assert_eq!([notes.number("a"), notes.number("b"), notes.number("a")], [1, 2, 1]);
        assert_eq!(notes.text(), "\n## Notes\n\n1. a\n2. b\n");
    }

    #[test]
    fn bars_and_lines_do_not_break_the_table() {
        assert_eq!(plain("a|b\nc"), "a\\|b c");
    }
}
