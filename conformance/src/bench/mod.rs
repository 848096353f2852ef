//! `conformance bench`: several runtimes and the floor side by side, in turn.

mod chart;
mod measure;
mod options;
mod report;

use std::process::ExitCode;

use options::Options;

/// Measures, prints the table, writes the files.
pub(crate) fn run(words: &[String]) -> ExitCode {
    let result = Options::parse(words).and_then(|options| {
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
