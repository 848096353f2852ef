//! The lifecycle: one file per verb.

mod options;
mod state;

pub use options::{Console, CreateOptions};
pub use state::{State, Status};

use crate::bundle::Bundle;
use crate::{Error, Problem};
use std::os::fd::{BorrowedFd, OwnedFd};
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

    /// Creates the container `id` of a bundle: everything is set up, and its init waits for [`Container::start`].
    pub fn create(&self, id: &str, bundle: &Bundle, options: &CreateOptions) -> Result<Created, Error> {
        let _ = (id, bundle, options);
        Err(Error::Status("not there yet".into()))
    }

    /// The container `id`.
    pub fn container(&self, id: &str) -> Result<Container, Error> {
        Err(Error::NotFound(id.into()))
    }

    /// The states of all containers below the root, sorted by id. A root that does not exist has none.
    pub fn containers(&self) -> Result<Vec<State>, Error> {
        Ok(Vec::new())
    }

    /// Removes whatever is there of the container `id`, alive or half-made. An id that does not exist is no error.
    pub fn delete_by_force(&self, id: &str) -> Result<(), Error> {
        let _ = id;
        Ok(())
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
#[derive(Debug)]
pub struct Container {
    id: String,
}

impl Container {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its state now.
    pub fn state(&self) -> Result<State, Error> {
        Err(Error::NotFound(self.id.clone()))
    }

    /// Runs the process of a created container. An execve that fails is told here.
    pub fn start(&self) -> Result<(), Error> {
        Err(Error::NotFound(self.id.clone()))
    }

    /// Sends a signal (its number; 0 only asks whether init is there) to init, or with `all` to every process of its cgroup.
    pub fn kill(&self, signal: i32, all: bool) -> Result<(), Error> {
        let _ = (signal, all);
        Err(Error::NotFound(self.id.clone()))
    }

    /// Deletes a container that is stopped, or created and not started.
    pub fn delete(&self) -> Result<(), Error> {
        Err(Error::NotFound(self.id.clone()))
    }
}

/// A process that this library started for the caller.
#[derive(Debug)]
pub struct Process {
    pid: i32,
    pidfd: OwnedFd,
}

impl Process {
    /// Its pid as the caller sees it.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Its pidfd: readable once it has ended.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        use std::os::fd::AsFd;
        self.pidfd.as_fd()
    }

    /// Waits for its end: the exit status, or 128 and the signal's number.
    pub fn wait(&self) -> Result<i32, Error> {
        Err(Error::Status("not there yet".into()))
    }
}
