//! A low-level OCI runtime as a library: a bundle (`config.json` and a rootfs) in, a running isolated process out.
//!
//! ```no_run
//! use orlop::{Bundle, CreateOptions, Error, Runtime};
//!
//! fn run(folder: &str) -> Result<i32, Error> {
//!     let bundle = Bundle::load(folder)?;
//!     let runtime = Runtime::new("/run/my-program");
//!     let created = runtime.create("box", &bundle, &CreateOptions::default())?;
//!     for warning in &created.warnings {
//!         eprintln!("{warning}");
//!     }
//!     let status = created.container.start().and_then(|()| created.init.wait());
//!     runtime.delete_by_force("box")?;
//!     status
//! }
//! ```
//!
//! - It may be called from any thread, and from several at once: the container's half is a program of its own, executed from memory, and nothing of the
//!   caller's heap, locks or threads is used between clone and execve. It starts no thread and keeps no global state.
//! - Nothing in a config is ever silently ignored: it is applied, or refused with an [`Error`] that names its JSON path, or told as one of
//!   [`Created::warnings`].
//! - [`Plan::compile`] tells what a bundle will do without doing it, [`bundle::check`] what is wrong with it.
//!
//! It needs Linux 5.12 or newer. Without root the config has to ask for a user namespace.

pub mod bundle;
mod cgroup;
mod container;
mod error;
mod features;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod launch;
mod network;
mod plan;
mod problem;
mod resctrl;
pub mod seccomp;
mod store;
mod sys;
mod template;

pub use bundle::Bundle;
pub use container::{
    Console, Container, Containers, CreateOptions, Created, Process, Readiness, Runtime, State, Status,
};
pub use error::{ErrnoInWords, Error, Failure, HookFailure};
pub use features::{
    CgroupFeatures, Enabled, Features, IntelRdtFeatures, LinuxFeatures, MemoryPolicyFeatures, MountExtensions, Probe,
    SPEC_VERSION, SeccompFeatures, SeccompProbe,
};
pub use plan::{Arguments, ExplainedStep, Host, Plan};
pub use problem::{JsonPath, Problem, Problems, Severity};
pub use template::template;
