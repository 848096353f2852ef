//! Tries a bundle, and tells which place in its config is at fault: `error_path BUNDLE [STATE-ROOT]`.

use orlop::{Bundle, Error, ExecFault, Id, Io, Runtime};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(bundle) = arguments.next() else {
        eprintln!("usage: error_path BUNDLE [STATE-ROOT]");
        return ExitCode::from(2);
    };
    let root = arguments.next().unwrap_or_else(|| "/run/orlop-example".to_owned());
    let Err(error) = run(&bundle, &root) else {
        println!("it runs");
        return ExitCode::SUCCESS;
    };
    // One method for every kind of error: whatever the place was at fault for.
    match error.path() {
        Some(path) => println!("{path}: {}", kind(&error)),
        None => println!("no place in the config: {}", kind(&error)),
    }
    println!("{error}");
    ExitCode::FAILURE
}

fn run(bundle: &str, root: &str) -> Result<(), Error> {
    let bundle = Bundle::load(bundle)?;
    let id = Id::new(format!("error-{}", std::process::id()))?;
    let guard = Runtime::new(root).run(&id, &bundle, Io::default())?.guard();
    guard.init.wait().map(drop)
}

/// To act on an error, match on its kind.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::Config(_) => "the config is wrong, or asks for what is refused",
        Error::Failure(failure) if failure.errno.is_some() => "the kernel refuses it",
        Error::Hook(_) => "the hook has failed",
        Error::Exec(failure) if failure.fault == ExecFault::NotInPath => "there is no such program",
        Error::Exec(_) => "the program cannot be executed",
        _ => "something else is the matter",
    }
}
