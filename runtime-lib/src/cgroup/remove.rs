//! Removing a container's cgroup: its own directory and what is below it, never anything above.

use super::directory::Directory;
use super::nap::Naps;
use super::{Cgroup, processes, tree, unit};
use crate::error::{Error, Failure};
use crate::plan::Place;
use rustix::io::Errno;
use std::time::Duration;

/// How long a cgroup may stay busy. A process that was killed leaves it when it has exited, which takes a while if it
/// was large.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long an init stays in its cgroup whose parent was killed.
const PATIENCE_WITH_INIT: Duration = Duration::from_millis(500);

impl Cgroup {
    /// Removes the container's cgroup from all hierarchies. What is gone already is fine, so that it can be called
    /// again after an interruption. What was there before the container stays, and parents stay, as runc leaves them:
    /// an engine's `/docker` serves its next container.
    ///
    /// # Errors
    /// The first hierarchy that refuses, with the pids that keep it busy; the others are cleaned nevertheless.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        if let (Some(scope), Some(place)) = (self.scope(), &self.0.v2) {
            return unit::remove(scope, place);
        }
        let mut outcome = Ok(());
        for place in self.0.removed() {
            outcome = outcome.and(remove_place(place));
        }
        outcome
    }

    /// Removes a cgroup that perhaps was not made for the container: with a process in it, or a cgroup below it, it stays.
    ///
    /// # Errors
    /// Those of the kernel but `EBUSY`.
    pub(crate) fn remove_unused(&self) -> Result<(), Error> {
        if let (Some(scope), Some(place)) = (self.scope(), &self.0.v2) {
            return unit::remove_unused(scope, place);
        }
        let inner = self.0.inner.iter().rev();
        let all = inner.chain(self.0.places());
        for place in all.filter(|place| !place.was_there && place.is_sound()) {
            let Ok(root) = Directory::mount(&place.mount) else {
                continue;
            };
            // An init that nobody has recorded ends by itself.
            let mut naps = Naps::new(PATIENCE_WITH_INIT);
            loop {
                match remove_if_there(&root, place) {
                    Ok(()) => break,
                    Err(Errno::BUSY) if naps.nap() => {}
                    Err(Errno::BUSY) => break,
                    Err(errno) => {
                        let attempted = format!("remove the cgroup {}", place.path().display());
                        return Err(Failure::new(attempted, errno).into());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Removes a cgroup without children. On a mount that is read-only, or for a caller who may not write there, the kernel
/// refuses before it looks whether there is anything to remove: what could not be made there is not there.
fn remove_if_there(root: &Directory, place: &Place) -> Result<(), Errno> {
    match root.remove(&place.below) {
        Err(Errno::NOENT) => Ok(()),
        Err(errno @ (Errno::ROFS | Errno::ACCESS | Errno::PERM)) => match root.open(&place.below) {
            Err(Errno::NOENT) => Ok(()),
            _ => Err(errno),
        },
        outcome => outcome,
    }
}

pub(super) fn remove_place(place: &Place) -> Result<(), Error> {
    let refused = |errno| Failure::new(format!("remove the cgroup {}", place.path().display()), errno);
    if !place.is_sound() {
        return Err(refused(Errno::INVAL).into());
    }
    let root = match Directory::mount(&place.mount) {
        Ok(root) => root,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(refused(errno).into()),
    };
    let mut naps = Naps::new(PATIENCE);
    loop {
        match remove_if_there(&root, place) {
            Ok(()) => return Ok(()),
            Err(Errno::BUSY) => {}
            Err(errno) => return Err(refused(errno).into()),
        }
        let below = match root.open(&place.below) {
            Ok(below) => below,
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) => return Err(refused(errno).into()),
        };
        let cleared = match tree::remove_all(&below) {
            Ok(()) => root.remove(&place.below),
            Err(errno) => Err(errno),
        };
        match cleared {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            Err(Errno::BUSY) => {}
            Err(errno) => return Err(refused(errno).into()),
        }
        if !naps.nap() {
            let pids = processes::below(&below).unwrap_or_default();
            return Err(refused(Errno::BUSY)
                .hint(format!("these processes are still in it: {pids:?}"))
                .into());
        }
    }
}
