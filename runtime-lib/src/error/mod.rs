//! The library's error: one sentence, and the data it was made of.

mod exec;
mod failure;
mod hook;

pub use exec::{ExecFailure, ExecFault};
pub use failure::Failure;
pub use hook::{HookEnd, HookFailure};

use crate::id::{Id, IdFault};
use crate::problem::{JsonPath, Problem};
use crate::state::Status;

/// Why a call of this library failed. `Display` gives one sentence; nothing is printed or logged elsewhere.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The config asks for something that is wrong, or that this runtime refuses.
    #[error(transparent)]
    Config(#[from] Problem),
    /// The kernel, or a file, refused something that was attempted.
    #[error(transparent)]
    Failure(#[from] Box<Failure>),
    /// A container's id is no valid name.
    #[error("invalid container ID format: {0}")]
    InvalidId(#[from] IdFault),
    /// There is no container of this id.
    #[error("container \"{0}\" does not exist")]
    NotFound(Id),
    /// The id is taken.
    #[error("container with given ID already exists: \"{0}\"")]
    Exists(Id),
    /// The container's status does not allow the verb.
    #[error(transparent)]
    Status(#[from] StatusFault),
    /// A hook failed.
    #[error(transparent)]
    Hook(#[from] Box<HookFailure>),
    /// The caller's [`Io::cancel`](crate::Io::cancel) became readable; nothing is left of the container.
    #[error("cancelled")]
    Cancelled,
    /// The program could not be executed.
    #[error(transparent)]
    Exec(#[from] Box<ExecFailure>),
}

impl Error {
    /// The place in the config that it is about, whatever kind it is of: what a config is refused for, who asked for
    /// what the kernel refused, which hook failed, and `process.args` for a program that is not executed. `None` where
    /// it is about no place: an id, a status, a file of the runtime's own.
    ///
    /// `Display` begins with it.
    pub fn path(&self) -> Option<JsonPath> {
        let path = match self {
            Self::Config(problem) => problem.path.clone(),
            Self::Failure(failure) => failure.path.clone()?,
            Self::Hook(failure) => JsonPath::from("hooks").member(failure.kind).index(failure.index),
            Self::Exec(_) => JsonPath::from("process.args"),
            Self::InvalidId(_) | Self::NotFound(_) | Self::Exists(_) | Self::Status(_) | Self::Cancelled => {
                return None;
            }
        };
        (!path.as_str().is_empty()).then_some(path)
    }

    /// The same, about the hook of this number in its list.
    pub(crate) fn with_index(mut self, index: usize) -> Self {
        if let Self::Hook(failure) = &mut self {
            failure.index = index;
        }
        self
    }
}

/// A verb that a container's status does not allow. `Display` gives the text that engines match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatusFault {
    /// `start` of a container that has ended.
    #[error("cannot start a container that has stopped")]
    StartStopped,
    /// `start` of a container that is frozen.
    #[error("cannot start a container in the paused state; resume it first")]
    StartPaused,
    /// `start` of a container that runs.
    #[error("cannot start an already running container")]
    AlreadyRunning,
    /// A signal for a container that has ended.
    #[error("container not running")]
    NotRunning,
    /// `exec` in a container that has ended.
    #[error("cannot exec in a stopped container")]
    ExecStopped,
    /// `exec` in a container that is being created.
    #[error("cannot exec in a container that is being created")]
    ExecCreating,
    /// `exec` in a container that is frozen.
    #[error("cannot exec in a paused container (use --ignore-paused to override)")]
    ExecPaused,
    /// Statistics and events of a container that has ended.
    #[error("container with id {0} is not running")]
    Ended(Id),
    /// `resume` of a container that is not frozen.
    #[error("container not paused")]
    NotPaused,
    /// A signal for a container that is being created.
    #[error("cannot kill a container that is being created")]
    BeingCreated,
    /// `delete` of a container that lives.
    #[error("cannot delete container {id} that is not stopped: {status}")]
    NotStopped {
        /// The container.
        id: Id,
        /// What it does instead.
        status: Status,
    },
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(Box::new(failure))
    }
}

impl From<HookFailure> for Error {
    fn from(failure: HookFailure) -> Self {
        Self::Hook(Box::new(failure))
    }
}

impl From<ExecFailure> for Error {
    fn from(failure: ExecFailure) -> Self {
        Self::Exec(Box::new(failure))
    }
}
