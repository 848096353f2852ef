//! Processes: their numbers, how they end, and which one it is.

mod exit_status;
mod identity;
mod pid;
mod signal;
mod unreaped;
mod wait;

pub use exit_status::ExitStatus;
pub use pid::Pid;
pub use signal::{Signal, UnknownSignal};

pub(crate) use identity::Identity;
pub(crate) use wait::{PATIENCE, await_end, is_child, number_in_proc, pid_inside, try_wait, wait};
