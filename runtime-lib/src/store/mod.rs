//! What is kept on disk: one folder a container below the state root, with the lock, the start socket, and three
//! files.
//!
//! - `leftovers` is what cleaning needs. It is written first, a line before each thing that will be left, and read
//!   even if all else is broken.
//! - `state.json` is what `state` and `list` read.
//! - `plan` is what start, exec and delete need of the plan: the bundle's config may have changed or gone by then.
//!
//! The folder is the container's name: making it decides who has the id. Whoever changes a container holds an
//! exclusive lock on its folder, so a folder in the making that is not locked is one whose maker died. `state.json` is
//! replaced whole, never written in place.

mod device_record;
mod entry;
mod file;
mod kept_plan;
mod leftovers;
mod pid_file;
mod read;
mod state_record;
mod time;
mod version_1;

pub(crate) use device_record::{DeviceRecord, DevicesInForce};
pub(crate) use entry::{Entry, NOTIFY_FOLDER, START_SOCKET, Store};
pub(crate) use kept_plan::KeptPlan;
pub(crate) use leftovers::Leftovers;
pub(crate) use pid_file::{check_pid_file, remove_pid_file, write_pid_file};
pub(crate) use state_record::{Phase, StateRecord};
pub(crate) use time::now;
#[cfg(feature = "fuzzing")]
pub(crate) use version_1::Record as Version1;
