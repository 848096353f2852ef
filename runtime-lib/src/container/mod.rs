//! The lifecycle: one file per verb.

mod create;
mod delete;
mod kill;
mod list;
mod options;
mod process;
mod readiness;
mod start;
mod state;

pub use list::Containers;
pub use options::{Console, CreateOptions};
pub use process::Process;
pub use readiness::Readiness;
pub use state::{State, Status};

pub(crate) use process::wait_for;

use crate::store::{Entry, Record, Store};
use crate::{Error, Failure, Problem};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// A place where containers are kept: the state root, `/run/orlop` for example. Cheap to make; touches nothing until it is used.
#[derive(Clone, Debug)]
pub struct Runtime {
    root: PathBuf,
}

impl Runtime {
    /// A runtime that keeps its containers' state below `root`, which is made (mode 0700) by the first `create`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The state root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The container `id`.
    ///
    /// # Errors
    /// There is none.
    pub fn container(&self, id: &str) -> Result<Container, Error> {
        Store::new(&self.root).open(id)?;
        Ok(Container::new(&self.root, id))
    }
}

/// What [`Runtime::create`] gives.
#[derive(Debug)]
pub struct Created {
    /// The container, ready to be started.
    pub container: Container,
    /// Its init, a child of the caller.
    pub init: Process,
    /// The pty's master, with [`Console::Return`].
    pub console: Option<OwnedFd>,
    /// What the config asks for that is not applied, each with its JSON path, as the spec allows.
    pub warnings: Vec<Problem>,
}

/// A container that exists.
#[derive(Clone, Debug)]
pub struct Container {
    root: PathBuf,
    id: String,
}

impl Container {
    fn new(root: &Path, id: &str) -> Self {
        Self {
            root: root.to_owned(),
            id: id.to_owned(),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn entry(&self) -> Result<Entry, Error> {
        Store::new(&self.root).open(&self.id)
    }
}

/// A hold on the container's init, if it lives.
fn live(record: &Record) -> Result<Option<OwnedFd>, Error> {
    match &record.init {
        None => Ok(None),
        Some(init) => init
            .open()
            .map_err(|errno| Failure::new(format!("look for process {}", init.pid), errno).into()),
    }
}
