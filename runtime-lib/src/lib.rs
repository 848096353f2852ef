//! A low-level OCI runtime as a library: a bundle (`config.json` and a rootfs) in, a running isolated process out.

pub mod bundle;
mod cgroup;
mod container;
mod error;
mod features;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod launch;
mod plan;
mod problem;
pub mod seccomp;
mod store;
mod sys;
mod template;

pub use bundle::Bundle;
pub use container::{Console, Container, CreateOptions, Created, Process, Runtime, State, Status};
pub use error::{ErrnoInWords, Error, Failure, HookFailure};
pub use features::{CgroupFeatures, Enabled, Features, LinuxFeatures, MountExtensions, SPEC_VERSION, SeccompFeatures};
pub use plan::{Arguments, ExplainedStep, Host, Plan};
pub use problem::{JsonPath, Problem, Problems, Severity};
pub use template::template;
