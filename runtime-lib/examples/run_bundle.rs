//! Runs the bundle in the folder that is given, and exits as its process does: `run_bundle BUNDLE [STATE-ROOT]`.

use orlop::{Bundle, CreateOptions, Error, Runtime};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(bundle) = arguments.next() else {
        eprintln!("usage: run_bundle BUNDLE [STATE-ROOT]");
        return ExitCode::from(2);
    };
    let root = arguments.next().unwrap_or_else(|| "/run/orlop-example".to_owned());
    match run(&bundle, &root) {
        Ok(status) => ExitCode::from(u8::try_from(status).unwrap_or(255)),
        Err(error) => {
            eprintln!("run_bundle: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(bundle: &str, root: &str) -> Result<i32, Error> {
    let runtime = Runtime::new(root);
    let id = format!("example-{}", std::process::id());
    let created = runtime.create(&id, &Bundle::load(bundle)?, &CreateOptions::default())?;
    let status = created.container.start().and_then(|()| created.init.wait());
    runtime.delete_by_force(&id)?;
    status
}
