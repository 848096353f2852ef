//! A low-level OCI runtime.

pub mod bundle;
mod container;
mod error;
mod problem;
pub mod seccomp;

pub use container::{Console, Container, CreateOptions, Created, Process, Runtime, State, Status};
pub use error::{ErrnoInWords, Error, Failure, HookFailure};
pub use problem::{JsonPath, Problem, Problems, Severity};
