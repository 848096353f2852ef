//! A low-level OCI runtime as a library: a bundle (`config.json` and a rootfs) in, a running isolated process out.
//!
//! ```no_run
//! use orlop::{Bundle, Error, ExitStatus, Id, Io, Runtime};
//!
//! fn run(folder: &str) -> Result<ExitStatus, Error> {
//!     let bundle = Bundle::load(folder)?;
//!     let runtime = Runtime::new("/run/my-program");
//!     let id = Id::new("box")?;
//!     let created = runtime.run(&id, &bundle, Io::default())?;
//!     for warning in &created.warnings {
//!         eprintln!("{warning}");
//!     }
//!     let status = created.init.wait();
//!     runtime.delete_by_force(&id)?;
//!     status
//! }
//! ```
//!
//! Step by step, so that what will be done can be read before it is done:
//!
//! ```no_run
//! use orlop::{Arguments, Bundle, Error, Id, Io, Plan, Runtime};
//!
//! fn explain_and_create(folder: &str) -> Result<(), Error> {
//!     let bundle = Bundle::load(folder)?;
//!     let (plan, warnings) = Plan::for_this_host(&bundle, &Arguments::new(Id::new("box")?))?;
//!     for act in plan.explain() {
//!         println!("{} {}: {}", act.phase, act.by, act.text);
//!     }
//!     let created = Runtime::new("/run/my-program").create(&plan, Io::default())?;
//!     created.container.start()
//! }
//! ```
//!
//! - It may be called from any thread, and from several at once: the container's half is a program of its own,
//!   executed from memory, and nothing of the caller's heap, locks or threads is used between clone and execve. It
//!   starts no thread and keeps no global state.
//! - Nothing in a config is ever silently ignored: it is applied, or refused with an [`Error`] that names its JSON
//!   path, or told as a warning.
//! - [`Plan::explain`] tells what a bundle will do without doing it, [`check`](fn@check) what is wrong with it.
//!
//! It needs Linux 5.12 or newer. Without root the config has to ask for a user namespace.

pub mod bundle;
mod cgroup;
mod check;
mod container;
mod errno;
mod error;
mod features;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod host;
mod id;
mod launch;
mod nearest;
mod network;
mod plan;
mod problem;
mod process;
mod resctrl;
pub mod seccomp;
mod state;
pub mod stats;
mod store;
mod sys;
mod systemd;
mod template;
mod trace;
mod users;

pub use bundle::Bundle;
pub use check::{check, check_config_for, check_for};
pub use container::{
    Container, Containers, Created, Event, Events, Executed, Guard, Process, Readiness, Runtime, Scope,
};
pub use errno::Errno;
pub use error::{Error, ExecFailure, ExecFault, Failure, HookEnd, HookFailure, StatusFault};
pub use features::{
    CgroupFeatures, Enabled, Features, IntelRdtFeatures, LinuxFeatures, MemoryPolicyFeatures, MountExtensions, Probe,
    SPEC_VERSION, SeccompFeatures, SeccompProbe,
};
pub use host::Host;
pub use id::{Id, IdFault};
pub use launch::{Console, Io, NamedStdio, Passed};
pub use nearest::nearest;
pub use plan::{Arguments, CgroupManager, Exec, ExecArguments, ExplainedAct, Plan, SubCgroup, SubCgroupFault};
pub use problem::{JsonPath, Problem, Problems, Severity};
pub use process::{ExitStatus, Pid, Signal, UnknownSignal};
pub use state::{State, Status};
pub use stats::Stats;
pub use template::template;
pub use trace::Trace;
