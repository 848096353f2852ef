//! The verbs, one file each where there is more to say than a line.

mod check;
mod create;
mod explain;
mod features;
mod kill;
mod list;
mod run;
mod spec;
mod start;
mod state;
mod tour;

use crate::call::{Call, Outcome, print};
use crate::{completion, manual};

/// The exit status of `exec` for any error of its own.
pub(crate) const EXEC_FAILED: u8 = 255;

/// Does what the command line asks for.
pub(crate) fn run(call: &mut Call<'_>) -> Outcome {
    match call.verb {
        "check" => check::run(call),
        "completion" => complete(call),
        "create" => create::run(call),
        "delete" => delete(call),
        "explain" => explain::run(call),
        "features" => features::run(call),
        "kill" => kill::run(call),
        "list" => list::run(call),
        "man" => print(&manual::page()).map(|()| 0),
        "run" => run::run(call),
        "spec" => spec::run(call),
        "start" => start::run(call),
        "state" => state::run(call),
        "try" => tour::run(call),
        _ => Err("not built yet".into()),
    }
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let failed = if call.matches.is_on("force") {
        call.runtime()?.delete_by_force(call.id()?)?
    } else {
        call.container()?.delete()?
    };
    warn_of_hooks(call, failed);
    Ok(0)
}

/// A poststop hook that fails is told of and no more (runtime-spec: runtime.md#lifecycle).
fn warn_of_hooks(call: &mut Call<'_>, failed: Vec<orlop::Error>) {
    failed.iter().for_each(|failure| call.warn(failure));
}

fn complete(call: &Call<'_>) -> Outcome {
    let shell = call
        .matches
        .arguments
        .first()
        .map(|shell| shell.to_string_lossy())
        .unwrap_or_default();
    match completion::script(&shell) {
        Some(script) => print(&script).map(|()| 0),
        None => Err(format!("{shell:?} is not bash, zsh or fish").into()),
    }
}
