//! `conformance runtime-tools`: the validation suite of the OCI's runtime-tools, as the user has built it.
//!
//! Its programs drive the runtime that `RUNTIME` names, with containers in the runtime's default state root, and print
//! TAP. Here they are run one by one in the harness' own place, in bounds of time and output, and cleaned up after.

mod containers;
mod excerpt;
mod file;
mod leftovers;
mod options;
mod program;
mod report;
mod tap;
mod tree;
mod verdict;

use std::process::ExitCode;

use containers::Containers;
use file::{FileEntry, Stage};
use options::Options;
use report::Total;
use tree::Tree;

use crate::ending::Ending;
use crate::ground::Ground;
use crate::output::{self, Case};
use crate::sys;

/// Runs the suite; the arguments are those after `runtime-tools`.
pub(crate) fn run(words: &[String]) -> ExitCode {
    match try_run(words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => crate::complain(&text),
    }
}

/// Whether all is well, or a sentence about why nothing can be said.
fn try_run(words: &[String]) -> Result<bool, String> {
    let options = Options::parse(words)?;
    let tree = Tree::open(&options.suite)?;
    let files = tree.selected(&options.filters)?;
    if options.list {
        for file in files {
            println!("{}", file.display());
        }
        return Ok(true);
    }
    tree.check(&files)?;
    let told = |error: std::io::Error| error.to_string();
    let ground = Ground::take_without_probe().map_err(told)?;
    sys::remember_interrupts();
    let mut all: Vec<(String, Vec<FileEntry>)> = Vec::new();
    for runtime in &options.runtimes {
        let hidden = runtime.refuses_hybrid() && ground.hide_unified().map_err(told)?;
        let containers = Containers::of(runtime);
        let stage = Stage {
            ground: &ground,
            tree: &tree,
            runtime,
            containers: &containers,
            limit: options.limit,
        };
        let name = format!("{} {}", runtime.name, runtime.version).trim().to_owned();
        if containers.ids().is_none() {
            eprintln!("conformance: {name} does not list its containers, so none that is left behind will be deleted");
        }
        let mut entries = Vec::new();
        for file in &files {
            if sys::interrupted() {
                break;
            }
            let entry = stage.run(file).map_err(told)?;
            if !(options.quiet && matches!(entry.ending, Ending::Passed) && entry.left.is_empty()) {
                println!("{}", report::line(&name, &entry));
            }
            entries.push(entry);
        }
        drop(containers);
        if hidden {
            ground.show_unified().map_err(told)?;
        }
        all.push((name, entries));
    }
    let entries = all
        .iter()
        .flat_map(|(name, entries)| entries.iter().map(move |entry| (name, entry)));
    let cases: Vec<Case<'_>> = entries.map(|(name, entry)| report::case(name, entry)).collect();
    output::save(options.tap, options.junit, &cases).map_err(told)?;
    let mut well = !sys::interrupted();
    for (name, entries) in &all {
        let total = Total::of(entries);
        println!("{}", total.line(name));
        well &= total.is_well();
    }
    if sys::interrupted() {
        return Err("interrupted".into());
    }
    Ok(well)
}
