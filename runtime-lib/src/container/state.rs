//! `state`.

use super::{Container, live};
use crate::launch::is_waiting;
use crate::state::{State, Status};
use crate::store::{Entry, Phase, StateRecord};
use crate::{Error, Id};

impl Container {
    /// Its state now. What is going on is asked of the kernel, not of a file.
    ///
    /// # Errors
    /// It does not exist, or its state cannot be read.
    pub fn state(&self) -> Result<State, Error> {
        let entry = self.entry()?;
        let Some(record) = entry.read_state()? else {
            return Err(Error::NotFound(self.id().clone()));
        };
        let status = status(&entry, &record)?;
        Ok(of(self.id(), record, status))
    }
}

fn of(id: &Id, record: StateRecord, status: Status) -> State {
    State {
        oci_version: record.oci_version,
        id: id.to_string(),
        pid: record.init.map(|init| init.pid).filter(|_| status != Status::Stopped),
        status,
        bundle: record.bundle,
        rootfs: record.rootfs,
        created: record.created,
        annotations: record.annotations,
        owner: String::new(),
    }
}

pub(super) fn status(entry: &Entry, record: &StateRecord) -> Result<Status, Error> {
    if record.phase == Phase::Creating {
        // One in the making that nobody is making any more is as good as stopped.
        return Ok(if entry.is_unlocked() {
            Status::Stopped
        } else {
            Status::Creating
        });
    }
    if live(record.init.as_ref())?.is_none() {
        return Ok(Status::Stopped);
    }
    Ok(if record.cgroup.is_frozen()? {
        Status::Paused
    } else if is_waiting(entry) {
        Status::Created
    } else {
        Status::Running
    })
}
