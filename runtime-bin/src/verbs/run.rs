//! `run`: create, start and wait.

use super::create::{Named, arguments, console, create, io, named_bundle, named_stdio};
use super::delete::warn_of_hooks;
use super::passed::descriptors;
use super::start::{await_readiness, readiness};
use crate::call::Call;
use crate::command::{Command, Count, Verb};
use crate::flag::{Declared, flags};
use crate::foreground::{self, Told};
use crate::interrupts::Interrupts;
use crate::matches::Given;
use crate::refusal::{Outcome, Refusal};
use crate::shared_flags::{
    Bundle, ConfigFile, ConsoleSocket, Detach, Help, NoNewKeyring, NoPivot, PidFile, PidfdSocket, PreserveFds,
};
use crate::streams::Streams;
use crate::terminal::Session;
use orlop::{Arguments, Container, Created, Error, Id, Io, Runtime};

/// How a bundle is run.
pub(super) struct Manner {
    pub(super) arguments: Arguments,
    pub(super) io: Io,
    /// The process is not waited for.
    pub(super) detach: bool,
    /// The container stays when it has ended.
    pub(super) keep: bool,
    /// Processes that lose their parents are reaped here.
    pub(super) subreaper: bool,
}

flags! {
    Keep: Switch("keep", "do not delete the container when it has ended");
    NoSubreaper: Switch("no-subreaper", "do not reap processes that lose their parents");
}

#[derive(Debug)]
pub(crate) struct Run;

impl Verb for Run {
    const COMMAND: Command = Command {
        name: "run",
        summary: "create a container, start it and wait for its end",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        missing: "choose an id for the new container: orlop run --bundle DIR ID",
        surplus: "process.args in config.json says what runs, and --bundle names the folder with config.json",
        flags: &[
            Bundle::FLAG,
            ConfigFile::FLAG,
            ConsoleSocket::FLAG,
            Detach::FLAG,
            Keep::FLAG,
            NoSubreaper::FLAG,
            PidfdSocket::FLAG,
            PidFile::FLAG,
            NoPivot::FLAG,
            NoNewKeyring::FLAG,
            PreserveFds::FLAG,
            Help::FLAG,
        ],
        description: "The exit status is the process's own, or 128 and the number of the signal that ended it.\nSignals are passed on to the container.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let id = call.id()?;
        let runtime = call.runtime()?;
        let manner = manner(call, &runtime, &id, flags)?;
        run_bundle(call, &runtime, &named_bundle(flags), manner)
    }
}

/// What the flags ask for.
fn manner(call: &Call<'_>, runtime: &Runtime, id: &Id, flags: &Given<'_, Run>) -> Result<Manner, Refusal> {
    let detach = flags.is_on(Detach);
    let console = console(flags, detach)?;
    let arguments = arguments(call, runtime, id, flags)?;
    Ok(Manner {
        io: io(flags, descriptors(&arguments)?, console),
        arguments,
        detach,
        keep: flags.is_on(Keep),
        subreaper: !flags.is_on(NoSubreaper),
    })
}

/// Runs a bundle, and gives the exit status of its process.
pub(super) fn run_bundle(call: &mut Call<'_>, runtime: &Runtime, named: &Named, manner: Manner) -> Outcome {
    let Manner {
        arguments,
        mut io,
        detach,
        keep,
        subreaper,
    } = manner;
    let id = &arguments.id;
    if !detach && subreaper {
        // A failure only means that strays are reaped by somebody else.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
    let interrupts = Interrupts::hold()?;
    io.named_stdio = named_stdio(detach);
    io.cancel = interrupts.descriptor();
    let created = match create(call, runtime, named, &arguments, io)? {
        Ok(created) => created,
        Err(Error::Cancelled) => return Ok(interrupts.status().unwrap_or(1)),
        Err(error) => return Err(error.into()),
    };
    if let Some(status) = interrupts.status() {
        warn_of_hooks(call, runtime.delete_by_force(id)?);
        return Ok(status);
    }
    let container = created.container.clone();
    let outcome = if detach {
        start(call, &created, &interrupts)
    } else {
        wait(call, created, &interrupts, subreaper)
    };
    match outcome {
        Ok(Ended::GivenUp(status)) => {
            warn_of_hooks(call, runtime.delete_by_force(id)?);
            Ok(status)
        }
        Ok(Ended::Itself(status)) => {
            if !detach && !keep {
                delete(call, &container, &interrupts);
            }
            Ok(status)
        }
        Err(refusal) => Err(given_up(call, runtime, id, refusal)),
    }
}

/// How the running of a container was over, with the exit status.
enum Ended {
    /// Its process has ended, or is not waited for.
    Itself(u8),
    /// A signal came while it was started.
    GivenUp(u8),
}

/// Starts a container whose end is not waited for.
fn start(call: &mut Call<'_>, created: &Created, interrupts: &Interrupts) -> Result<Ended, Refusal> {
    let readiness = readiness(call, &created.container);
    if let Some(given_up) = begin(&created.container, interrupts)? {
        return Ok(given_up);
    }
    await_readiness(call, readiness);
    Ok(Ended::Itself(0))
}

/// Starts the process; how it was over, if a signal came before it and its hooks had begun.
fn begin(container: &Container, interrupts: &Interrupts) -> Result<Option<Ended>, Refusal> {
    match container.start_unless_cancelled(interrupts.file()) {
        Ok(()) => Ok(None),
        Err(Error::Cancelled) => Ok(Some(Ended::GivenUp(interrupts.status().unwrap_or(1)))),
        Err(error) => Err(error.into()),
    }
}

fn wait(call: &mut Call<'_>, created: Created, interrupts: &Interrupts, subreaper: bool) -> Result<Ended, Refusal> {
    let signals = foreground::take_signals()?;
    let mut session = created.console.map(Session::open).transpose()?;
    let streams = Streams::open(created.stdio)?;
    let readiness = readiness(call, &created.container);
    if let Some(given_up) = begin(&created.container, interrupts)? {
        return Ok(given_up);
    }
    if let Some(session) = &session {
        session.join()?;
    }
    call.log.tell_warnings();
    let waiting = foreground::Waiting {
        process: &created.init,
        told: Told::Container(&created.container),
        signals: &signals,
        session: session.as_mut(),
        streams,
        readiness,
        reap: subreaper,
    };
    waiting.wait(call).map(Ended::Itself)
}

/// The process has ended, and its status counts: that its remains could not be removed is told besides. A signal that
/// comes now is for the hooks at the end.
fn delete(call: &mut Call<'_>, container: &Container, interrupts: &Interrupts) {
    interrupts.forget();
    match container.delete_unless_cancelled(interrupts.file()) {
        Ok(failed) => warn_of_hooks(call, failed),
        Err(error) => call.log.error_of(call.verb, &error.to_string()),
    }
}

/// Removes a container that could not be started, and passes on why.
fn given_up(call: &mut Call<'_>, runtime: &Runtime, id: &Id, refusal: Refusal) -> Refusal {
    match runtime.delete_by_force(id) {
        Ok(failed) => {
            warn_of_hooks(call, failed);
            refusal
        }
        Err(error) => Refusal(format!("{}; and it could not be removed: {error}", refusal.0)),
    }
}
