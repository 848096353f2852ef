//! `delete`.

use super::cleaning::{self, Poststop};
use super::{Container, Runtime, live, not_whole};
use crate::launch::Cancel;
use crate::process::{PATIENCE, await_end};
use crate::store::{Leftovers, Phase, StateRecord, Store};
use crate::{Error, Id, Status, StatusFault};
use rustix::fd::AsFd;
use rustix::process::{Signal, pidfd_send_signal};

impl Container {
    /// Deletes a container that is stopped, or created and not started.
    ///
    /// Gives what the `poststop` hooks failed at, which the caller may tell the user: the spec wants it logged and no
    /// more.
    ///
    /// **Blocks** until its processes have ended, its cgroup is gone and its hooks have run, and while somebody else is
    /// at work on the container.
    ///
    /// # Errors
    /// `cannot delete container ID that is not stopped: running`; the cgroup cannot be removed.
    pub fn delete(&self) -> Result<Vec<Error>, Error> {
        self.delete_watched(None)
    }

    /// The same, whose `poststop` hooks are ended when `cancel` becomes readable, as a `signalfd` or a pipe does. The
    /// container is gone all the same.
    ///
    /// **Blocks** as [`Container::delete`] does, until then.
    ///
    /// # Errors
    /// As [`Container::delete`].
    pub fn delete_unless_cancelled(&self, cancel: impl AsFd) -> Result<Vec<Error>, Error> {
        self.delete_watched(Some(cancel.as_fd()))
    }

    fn delete_watched(&self, cancel: Cancel<'_>) -> Result<Vec<Error>, Error> {
        let entry = self.entry()?;
        let not_stopped = |status| {
            Err(Error::from(StatusFault::NotStopped {
                id: self.id().clone(),
                status,
            }))
        };
        let is_in_the_making = |record: &StateRecord| record.phase == Phase::Creating;
        if entry.read_state()?.as_ref().is_some_and(is_in_the_making) && !entry.is_unlocked() {
            // Perhaps one of its own hooks asks, which would wait for itself.
            return not_stopped(Status::Creating);
        }
        // Somebody who is at work on it is waited for; somebody who died is not.
        if !entry.lock_unless_started()? {
            return not_stopped(Status::Created);
        }
        let Some(record) = entry.read_state()? else {
            return Err(not_whole(self.id()));
        };
        if let Some(pidfd) = live(record.init.as_ref())? {
            if !is_in_the_making(&record) {
                match super::state::status(&entry, &record)? {
                    Status::Created | Status::Stopped => {}
                    // A frozen one may not even die.
                    status => return not_stopped(status),
                }
            }
            self.trace
                .deed("delete", || vec!["kill init, which waits for start".to_owned()]);
            let _ = pidfd_send_signal(&pidfd, Signal::KILL);
            await_end(&pidfd, PATIENCE)?;
        }
        let leftovers = Leftovers::read_all(&entry)?;
        let poststop = Poststop::read(&entry, &leftovers)?;
        cleaning::finish(&entry, &leftovers, poststop.as_ref(), cancel, &self.trace)
    }
}

impl Runtime {
    /// Removes whatever is there of the container `id`, alive or half-made. An id that does not exist is no error.
    ///
    /// Gives what the `poststop` hooks failed at.
    ///
    /// **Blocks** until its processes have ended, its cgroup is gone and its hooks have run.
    ///
    /// # Errors
    /// A process that does not end, a cgroup that cannot be removed, or a list of leftovers that cannot be read, so
    /// that nobody knows what there is to remove.
    pub fn delete_by_force(&self, id: &Id) -> Result<Vec<Error>, Error> {
        let entry = match Store::new(self.root()).open(id) {
            Ok(entry) => entry,
            Err(Error::NotFound(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        self.trace
            .deed("delete", || vec!["kill init, and all that is in the cgroup".to_owned()]);
        // Killed first, then locked: whoever holds the lock may be waiting for just this container.
        cleaning::kill(&Leftovers::read_all(&entry)?)?;
        match entry.lock() {
            Ok(()) => {}
            Err(Error::NotFound(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        let leftovers = Leftovers::read_all(&entry)?;
        cleaning::kill(&leftovers)?;
        // What is due and cannot be known does not keep the container: it is told.
        let (poststop, mut failed) = match Poststop::read(&entry, &leftovers) {
            Ok(poststop) => (poststop, Vec::new()),
            Err(error) => (None, vec![error]),
        };
        failed.append(&mut cleaning::finish(
            &entry,
            &leftovers,
            poststop.as_ref(),
            None,
            &self.trace,
        )?);
        Ok(failed)
    }
}
