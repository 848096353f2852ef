//! Black-box tests and benchmarks of any OCI runtime binary.

mod agent;
mod architecture;
mod bench;
mod bundle;
mod call;
mod descriptor;
mod ending;
mod engines;
mod failure;
mod ground;
mod host;
mod inject;
mod kernel;
mod lab;
mod options;
mod output;
mod report;
mod rooms;
mod runtime;
mod runtime_tools;
mod sentence;
mod setting;
mod spec;
mod suite;
mod sys;
mod table;
mod terminals;
mod trial;
mod unprivileged;

use std::process::ExitCode;

use ending::{Ending, Entry};
use options::RunOptions;
use output::complain;

const HELP: &str = "\
conformance run --runtime PATH [--runtime PATH...] [--older PATH...] [--filter WORD...] [--tap FILE] [--junit FILE]
                [--time-limit S] [--keep] [--quiet] [--list]
conformance bench --runtime PATH [--runtime PATH...] [--floor] [--runs N] [--json FILE] [--svg FILE]
                  [--config default|engine]
conformance engines ...
conformance inject --runtime PATH [--every N] [--verbs WORD,...] [--faults WORD,...] [--workers N] [--time-limit S]
                   [--only SCENARIO:PROCESS:CALL:FAULT]
conformance lab [--form v2|systemd|hybrid...] [--kernel bookworm|trixie|bullseye...] VERB WORD...
conformance runtime-tools --suite DIR --runtime PATH [--runtime PATH...] [--filter WORD...] [--time-limit S] [--tap FILE]
                          [--junit FILE] [--quiet] [--list]
conformance table --runtime PATH [--runtime PATH...] [--out FILE]
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (verb, rest) = words
        .split_first()
        .map_or(("", &[] as &[String]), |(verb, rest)| (verb.as_str(), rest));
    match verb {
        "run" => run(rest),
        "bench" => bench::run(rest),
        "engines" => engines::run(rest),
        "inject" => inject::run(rest),
        "lab" => lab::run(rest),
        "runtime-tools" => runtime_tools::run(rest),
        "table" => table::run(rest),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        other => complain(&format!("unknown command {other:?}\n{HELP}")),
    }
}

fn run(words: &[String]) -> ExitCode {
    let options = match RunOptions::parse(words) {
        Ok(options) => options,
        Err(text) => return complain(&text),
    };
    if options.list {
        for (room, test) in &options.choice.tests {
            println!("{}: {}", room.replace('_', " "), test.name.replace('_', " "));
        }
        return ExitCode::SUCCESS;
    }
    let quiet = options.quiet;
    let tell = |entry: &Entry| {
        if !(quiet && matches!(entry.ending, Ending::Passed | Ending::Deviation(..))) {
            println!("{}", output::line(entry));
        }
    };
    let entries = match suite::run(&options.choice, tell) {
        Ok(entries) => entries,
        Err(error) => return complain(&error.to_string()),
    };
    let cases: Vec<output::Case<'_>> = entries.iter().map(output::Case::from).collect();
    if let Err(error) = output::save(options.tap, options.junit, &cases) {
        return complain(&error.to_string());
    }
    let (summary, well) = output::summary(&entries);
    print!("{summary}");
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
