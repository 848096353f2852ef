//! Reading what is kept, in whichever version it was written.

use super::kept_plan::{KeptPlan, PLAN};
use super::leftovers::{LEFTOVERS, Leftovers};
use super::{Entry, version_1};
use crate::plan::{CgroupLeft, Leftover};
use crate::{Error, Failure};

impl KeptPlan {
    /// What is kept; `None` if nothing was yet.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn read(entry: &Entry) -> Result<Option<Self>, Error> {
        let Some(text) = entry.read_file(PLAN)? else {
            return version_1::kept_plan(entry);
        };
        let wrong = |why| Failure::plain(format!("read {:?}", entry.path().join(PLAN)), why);
        Ok(Some(Self::parse(&text).map_err(wrong)?))
    }
}

impl Leftovers {
    /// What is written down; `None` if nothing is.
    ///
    /// # Errors
    /// It cannot be read: what is left is not known.
    pub(crate) fn read(entry: &Entry) -> Result<Option<Self>, Error> {
        let Some(text) = entry.read_file(LEFTOVERS)? else {
            return version_1::leftovers(entry);
        };
        let wrong = |why| Failure::plain(format!("read {:?}", entry.path().join(LEFTOVERS)), why);
        Ok(Some(Self::parse(&text).map_err(wrong)?))
    }

    /// The same, and what the state tells of a container whose init is not written down here.
    ///
    /// # Errors
    /// It cannot be read: what is left is not known.
    pub(crate) fn read_all(entry: &Entry) -> Result<Self, Error> {
        let mut leftovers = Self::read(entry)?.unwrap_or_default();
        if leftovers.init().is_none()
            && let Ok(Some(record)) = entry.read_state()
            && let Some(init) = record.init
        {
            leftovers.know(Leftover::Init(init));
            if leftovers.cgroup().is_none() {
                leftovers.know(Leftover::Cgroup(CgroupLeft {
                    placement: record.cgroup.into_placement(),
                    has_strays: !record.own_pid_namespace,
                    is_promised: false,
                    has_program: false,
                }));
            }
        }
        Ok(leftovers)
    }
}
