//! `conformance table`: what the specification asks for, and what each runtime does of it, as a page in Markdown.

mod cell;
mod page;

pub(crate) use page::{cgroups, kernel, plain};

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::ending::{Ending, Entry};
use crate::options::{named_runtime, value};
use crate::output::{self, complain};
use crate::rooms::{self, Placed};
use crate::spec::DOCUMENTS;
use crate::suite::{self, Choice};

/// Runs the tests that the register of the specification names, and writes the page.
pub(crate) fn run(words: &[String]) -> ExitCode {
    let (choice, out) = match parse(words) {
        Ok(parsed) => parsed,
        Err(text) => return complain(&text),
    };
    let tell = |entry: &Entry| {
        if matches!(entry.ending, Ending::Failed(_) | Ending::Surprise(_)) {
            eprintln!("{}", output::line(entry));
        }
    };
    let entries = match suite::run(&choice, tell) {
        Ok(entries) => entries,
        Err(error) => return complain(&error.to_string()),
    };
    let text = page::page(&choice.runtimes, &entries);
    match out {
        None => print!("{text}"),
        Some(path) => {
            if let Err(error) = std::fs::write(&path, text) {
                return complain(&format!("{}: {error}", path.display()));
            }
        }
    }
    ExitCode::SUCCESS
}

fn parse(words: &[String]) -> Result<(Choice, Option<PathBuf>), String> {
    let mut choice = Choice {
        runtimes: Vec::new(),
        older: Vec::new(),
        tests: named(),
        limit: Duration::from_secs(30),
        keep: false,
    };
    let mut out = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--runtime" => choice.runtimes.push(named_runtime(value(word, &mut words)?)?),
            "--out" => out = Some(value(word, &mut words)?.into()),
            other => return Err(format!("unknown option {other:?}")),
        }
    }
    if choice.runtimes.is_empty() {
        return Err("--runtime PATH is needed".into());
    }
    Ok((choice, out))
}

/// The tests that the register names.
fn named() -> Vec<Placed> {
    let sections = DOCUMENTS.iter().flat_map(|document| document.sections);
    let names: BTreeSet<&str> = sections
        .flat_map(|section| section.entries)
        .flat_map(|entry| entry.tests)
        .copied()
        .collect();
    rooms::all()
        .filter(|(room, test)| names.contains(format!("{room}: {}", test.name).as_str()))
        .collect()
}
