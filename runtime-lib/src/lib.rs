//! A low-level OCI runtime.

pub mod bundle;
mod error;
mod problem;
pub mod seccomp;

pub use error::{Error, ErrnoInWords, Failure, HookFailure};
pub use problem::{JsonPath, Problem, Problems, Severity};
