//! Runs the bundle in the folder that is given, and exits as its process does: `run_bundle BUNDLE [STATE-ROOT]`.

use orlop::{Bundle, Error, ExitStatus, Id, Io, Runtime};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(bundle) = arguments.next() else {
        eprintln!("usage: run_bundle BUNDLE [STATE-ROOT]");
        return ExitCode::from(2);
    };
    let root = arguments.next().unwrap_or_else(|| "/run/orlop-example".to_owned());
    match run(&bundle, &root) {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) => {
            eprintln!("run_bundle: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(bundle: &str, root: &str) -> Result<ExitStatus, Error> {
    let runtime = Runtime::new(root);
    let id = Id::new(format!("example-{}", std::process::id()))?;
    let created = runtime.run(&id, &Bundle::load(bundle)?, Io::default())?;
    for warning in &created.warnings {
        eprintln!("run_bundle: {warning}");
    }
    let status = created.init.wait();
    runtime.delete_by_force(&id)?;
    status
}
