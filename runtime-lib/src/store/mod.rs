//! What is kept on disk: one folder a container below the state root, with `state.json`, the lock and the start socket.
//!
//! The folder is the container's name: making it decides who has the id. Whoever changes a container holds an exclusive lock on its folder, so a folder in
//! the making that is not locked is one whose maker died. `state.json` is replaced whole, never written in place.

mod entry;
mod id;
mod identity;
mod record;
mod time;

pub(crate) use entry::{Entry, NOTIFY_FOLDER, START_SOCKET, Store};
pub(crate) use identity::Identity;
pub(crate) use record::{Phase, Record, SeccompAgent, StartStep};
pub(crate) use time::now;
