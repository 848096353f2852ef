//! `conformance bench`: several runtimes and the floor side by side, in turn.

mod chart;
mod measure;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::options::{named_runtime, value};
use crate::runtime::Runtime;

/// Which config the bundles have.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Config {
    /// That of `runc spec`.
    Default,
    /// That of `docker run`, with its seccomp profile.
    Engine,
}

/// What `conformance bench` was told.
pub(crate) struct Options {
    runtimes: Vec<Runtime>,
    floor: bool,
    rounds: usize,
    config: Config,
    json: Option<PathBuf>,
    svg: Option<PathBuf>,
}

fn parse(words: &[String]) -> Result<Options, String> {
    let mut options = Options {
        runtimes: Vec::new(),
        floor: false,
        rounds: 30,
        config: Config::Default,
        json: None,
        svg: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--runtime" => options.runtimes.push(named_runtime(value(word, &mut words)?)?),
            "--floor" => options.floor = true,
            "--runs" => {
                options.rounds = value(word, &mut words)?
                    .parse()
                    .map_err(|_| format!("{word}: not a number"))?
            }
            "--json" => options.json = Some(value(word, &mut words)?.into()),
            "--svg" => options.svg = Some(value(word, &mut words)?.into()),
            "--config" => {
                options.config = match value(word, &mut words)? {
                    "default" => Config::Default,
                    "engine" => Config::Engine,
                    other => return Err(format!("no config {other:?}: default or engine")),
                }
            }
            other => return Err(format!("unknown option {other:?}")),
        }
    }
    if options.runtimes.is_empty() {
        return Err("--runtime PATH is needed".into());
    }
    Ok(options)
}

/// Measures, prints the table, writes the files.
pub(crate) fn run(words: &[String]) -> ExitCode {
    let result = parse(words).and_then(|options| {
        let results = measure::measure(&options).map_err(|error| error.to_string())?;
        print!("{}", report::table(&results));
        let files = [
            (&options.json, report::json(&results)),
            (&options.svg, chart::svg(&results)),
        ];
        for (file, text) in files {
            if let Some(file) = file {
                std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
            }
        }
        Ok(())
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("conformance: {text}");
            ExitCode::FAILURE
        }
    }
}
