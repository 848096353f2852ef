//! `pause`, `resume`, and which processes there are.

use super::{Container, live};
use crate::process::Pid;
use crate::store::StateRecord;
use crate::{Error, Failure, StatusFault};
use std::os::fd::OwnedFd;

impl Container {
    /// Freezes all processes of the container. **Blocks** until they stand still, two seconds at most.
    ///
    /// # Errors
    /// `container not running` if it has ended or is frozen already; no cgroup with a freezer; processes that do not
    /// stop in time. Then all go on.
    pub fn pause(&self) -> Result<(), Error> {
        let (record, _) = self.living()?.ok_or(StatusFault::NotRunning)?;
        if record.cgroup.is_frozen()? {
            return Err(StatusFault::NotRunning.into());
        }
        self.trace.deed("pause", || vec!["freeze the cgroup".into()]);
        record.cgroup.freeze()
    }

    /// Thaws them. **Blocks** until they go on, two seconds at most.
    ///
    /// # Errors
    /// `container not paused` if it is not frozen, or has ended; a cgroup above it that is frozen.
    pub fn resume(&self) -> Result<(), Error> {
        let (record, _) = self.living()?.ok_or(StatusFault::NotPaused)?;
        if !record.cgroup.is_frozen()? {
            return Err(StatusFault::NotPaused.into());
        }
        self.trace.deed("resume", || vec!["thaw the cgroup".into()]);
        record.cgroup.thaw()
    }

    /// The pids of all its processes, in the runtime's pid namespace, sorted. A container that has ended has none, but
    /// for those that its init has left behind.
    ///
    /// # Errors
    /// It does not exist, its cgroup cannot be read, or it lives and is in no cgroup of its own, as that of an ordinary user
    /// may be: nobody knows then which processes are its.
    pub fn processes(&self) -> Result<Vec<Pid>, Error> {
        let entry = self.entry()?;
        let record = self.record(&entry)?;
        let pids = record.cgroup.processes()?;
        if pids.is_empty() && live(record.init.as_ref())?.is_some() {
            let why = "it is in no cgroup of its own, by which they would be known";
            return Err(Failure::plain("list the container's processes", why).into());
        }
        Ok(pids.into_iter().filter_map(|pid| Pid::new(pid.as_raw_pid())).collect())
    }

    /// The record and a hold on init, if that lives.
    pub(super) fn living(&self) -> Result<Option<(StateRecord, OwnedFd)>, Error> {
        let entry = self.entry()?;
        let record = self.record(&entry)?;
        Ok(live(record.init.as_ref())?.map(|init| (record, init)))
    }
}
