//! `run`: create, start and wait.

use super::create::{options, refuse_what_is_not_built};
use super::start::{readiness, start};
use super::warn_of_hooks;
use crate::call::{Call, Outcome, Refusal};
use crate::foreground;
use crate::interrupts::Interrupts;
use crate::terminal::Session;
use orlop::{Bundle, Console, Container, Created, Error, Runtime};
use std::path::Path;

pub(super) fn run(call: &mut Call<'_>) -> Outcome {
    refuse_what_is_not_built(call)?;
    let id = call.id()?.to_owned();
    run_bundle(call, &id, &call.bundle())
}

/// Runs a bundle as the flags of `run` say.
pub(super) fn run_bundle(call: &mut Call<'_>, id: &str, dir: &Path) -> Outcome {
    let runtime = call.runtime()?;
    let detach = call.matches.is_on("detach");
    let console = match (call.path("console-socket"), detach) {
        (Some(socket), true) => Console::Socket(socket),
        (Some(_), false) => return Err("cannot use console socket if runc will not detach or allocate tty".into()),
        (None, true) => Console::None,
        (None, false) => Console::Return,
    };
    let bundle = Bundle::load(dir)?;
    let subreaper = !call.matches.is_on("no-subreaper");
    if !detach && subreaper {
        // A failure only means that strays are reaped by somebody else.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
    let interrupts = Interrupts::hold()?;
    let mut options = options(call, console);
    options.cancel = interrupts.descriptor();
    let created = match runtime.create(id, &bundle, &options) {
        Ok(created) => created,
        Err(Error::Cancelled) => return Ok(interrupts.status().unwrap_or(1)),
        Err(error) => return Err(error.into()),
    };
    created.warnings.iter().for_each(|warning| call.warn(warning));
    if let Some(status) = interrupts.status() {
        warn_of_hooks(call, runtime.delete_by_force(id)?);
        return Ok(status);
    }
    if detach {
        return match start(call, &created.container) {
            Ok(()) => Ok(0),
            Err(refusal) => Err(given_up(call, &runtime, id, refusal)),
        };
    }
    let container = created.container.clone();
    match wait(call, created, subreaper) {
        Ok(status) => {
            if !call.matches.is_on("keep") {
                delete(call, &container);
            }
            Ok(status)
        }
        Err(refusal) => Err(given_up(call, &runtime, id, refusal)),
    }
}

fn wait(call: &mut Call<'_>, created: Created, subreaper: bool) -> Outcome {
    let signals = foreground::take_signals()?;
    let mut session = created.console.map(Session::open).transpose()?;
    let readiness = readiness(call, &created.container);
    created.container.start()?;
    call.log.tell_warnings();
    let mut waiting = foreground::Waiting {
        init: &created.init,
        container: &created.container,
        signals: &signals,
        session: session.as_mut(),
        readiness,
        reap: subreaper,
    };
    waiting.wait()
}

/// The process has ended, and its status counts: that its remains could not be removed is told besides.
fn delete(call: &mut Call<'_>, container: &Container) {
    match container.delete() {
        Ok(failed) => warn_of_hooks(call, failed),
        Err(error) => call.log.error(&format!("{}: {error}", call.verb)),
    }
}

/// Removes a container that could not be started, and passes on why.
fn given_up(call: &mut Call<'_>, runtime: &Runtime, id: &str, refusal: Refusal) -> Refusal {
    match runtime.delete_by_force(id) {
        Ok(failed) => {
            warn_of_hooks(call, failed);
            refusal
        }
        Err(error) => Refusal(format!("{}; and it could not be removed: {error}", refusal.0)),
    }
}
