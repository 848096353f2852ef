//! The runtime's hand: a plan's deeds are carried out, init is started and taken turns with, and its failures are
//! turned into sentences.

mod channel;
mod deeds;
mod descriptors;
mod failure;
mod hooks;
mod id_maps;
mod image;
mod init;
mod io;
mod launching;
mod mapped_trees;
mod progress;
mod sending;
mod start;
mod stdio;

pub use io::{Console, Io, NamedStdio, Passed};

#[cfg(feature = "fuzzing")]
pub(crate) use failure::{of_plan, of_step};
pub(crate) use hooks::{HookState, Watched, run as run_hooks};
pub(crate) use launching::{Joined, Launched, Launching};
pub(crate) use mapped_trees::namespace as map_namespace;
pub(crate) use sending::send;
pub(crate) use start::{is_waiting, start};

use crate::{Error, Failure};
use rustix::fd::BorrowedFd;

/// A file that is waited on together with the caller's wish to stop.
pub(crate) type Cancel<'a> = Option<BorrowedFd<'a>>;

/// The two halves do not understand one another: a fault of this library.
fn broken(what: &str) -> Error {
    Failure::plain(
        "set the container up",
        format!("init sent {what}; this is a fault of orlop's"),
    )
    .into()
}
