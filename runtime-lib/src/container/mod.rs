//! The lifecycle: one file per verb.

mod cleaning;
mod create;
mod delete;
mod device_change;
mod events;
mod exec;
mod guard;
mod kill;
mod list;
mod mounts;
mod pause;
mod process;
mod readiness;
mod start;
mod state;
mod stats;
mod update;

pub use events::{Event, Events};
pub use exec::Executed;
pub use guard::Guard;
pub use kill::Scope;
pub use list::Containers;
pub use process::Process;
pub use readiness::Readiness;

use crate::process::Identity;
use crate::store::{Entry, StateRecord, Store};
use crate::{Error, Failure, Id, Problem, Trace};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// A place where containers are kept: the state root, `/run/orlop` for example. Cheap to make; touches nothing until
/// it is used.
#[derive(Clone, Debug)]
pub struct Runtime {
    root: PathBuf,
    trace: Trace,
}

impl Runtime {
    /// A runtime that keeps its containers' state below `root`, which is made (mode 0700) by the first `create`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            trace: Trace::default(),
        }
    }

    /// The same, whose acts are told of, and those of the containers that it gives.
    #[must_use]
    pub fn traced(self, trace: Trace) -> Self {
        Self { trace, ..self }
    }

    /// The state root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The container `id`.
    ///
    /// # Errors
    /// There is none.
    pub fn container(&self, id: &Id) -> Result<Container, Error> {
        Store::new(&self.root).open(id)?;
        Ok(self.new_container(id))
    }

    fn new_container(&self, id: &Id) -> Container {
        Container {
            root: self.root.clone(),
            id: id.clone(),
            trace: self.trace.clone(),
        }
    }

    /// The folder of the host's, absolute, that is mounted into the container `id` if its process is to tell when it
    /// is ready ([`Arguments::notify_folder`](crate::Arguments::notify_folder)). The creation makes it.
    ///
    /// # Errors
    /// The state root is relative, and the working directory cannot be read.
    pub fn notify_folder(&self, id: &Id) -> Result<PathBuf, Error> {
        Store::new(&self.root).notify_folder(id)
    }
}

/// What [`Runtime::create`] gives.
///
/// Dropping it changes nothing: the container lives on, created or running, until somebody deletes it, and its init,
/// once it has ended, stays a zombie of the caller's until [`Process::wait`] or the caller's own end. For a container
/// that is not to be left behind by an early return there is [`Created::guard`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Created {
    /// The container, ready to be started.
    pub container: Container,
    /// Its init, a child of the caller.
    pub init: Process,
    /// The pty's master, with [`Console::Return`](crate::Console::Return).
    pub console: Option<OwnedFd>,
    /// The other ends of the pipes that the process has for standard input, output and error, with
    /// [`NamedStdio::Returned`](crate::NamedStdio::Returned). Where output and error are the same file, the pipe of the
    /// one is the other's, too.
    pub stdio: [Option<OwnedFd>; 3],
    /// What turned out not to be applied, each with its JSON path, as the spec allows.
    pub warnings: Vec<Problem>,
}

/// A container that exists.
#[derive(Clone, Debug)]
pub struct Container {
    root: PathBuf,
    id: Id,
    trace: Trace,
}

impl Container {
    /// Its id.
    pub fn id(&self) -> &Id {
        &self.id
    }

    fn entry(&self) -> Result<Entry, Error> {
        Store::new(&self.root).open(&self.id)
    }

    /// The record of a container that is not only an id that was taken.
    fn record(&self, entry: &Entry) -> Result<StateRecord, Error> {
        entry.read_state()?.ok_or_else(|| not_whole(&self.id))
    }
}

fn not_whole(id: &Id) -> Error {
    Failure::plain(
        format!("use container {:?}", id.as_str()),
        "its state is not whole, its creation may have been interrupted; delete --force removes it",
    )
    .into()
}

/// A hold on a process, if it lives.
fn live(init: Option<&Identity>) -> Result<Option<OwnedFd>, Error> {
    match init {
        None => Ok(None),
        Some(init) => init
            .open()
            .map_err(|errno| Failure::new(format!("look for process {}", init.pid), errno).into()),
    }
}
