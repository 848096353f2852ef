//! Undoing what a container has left: the same walk for a creation that failed, for `delete`, and for `delete --force`
//! after the runtime was killed. Init ends first; when the poststop hooks run, the container is gone.

use super::live;
use crate::bundle::{Hook, HookOutput};
use crate::cgroup::{Cgroup, detach_from};
use crate::launch::{Cancel, HookState, Watched, run_hooks};
use crate::plan::deeds::{Later, Told};
use crate::plan::{About, Leftover};
use crate::process::{PATIENCE, await_end};
use crate::state::Status;
use crate::store::{Entry, KeptPlan, Leftovers, StateRecord};
use crate::{Error, Id, Trace};
use rustix::process::{Signal, pidfd_send_signal};

/// The hooks that run when all else is gone, and what they are told.
pub(super) struct Poststop {
    id: Id,
    about: About,
    hooks: Vec<Hook>,
    output: HookOutput,
}

impl Poststop {
    pub(super) fn of(id: &Id, about: About, kept: &KeptPlan) -> Self {
        Self {
            id: id.clone(),
            about,
            hooks: kept.poststop().to_vec(),
            output: kept.hook_output(),
        }
    }

    /// From what is on disk; `None` if nothing is due.
    pub(super) fn read(entry: &Entry, leftovers: &Leftovers) -> Result<Option<Self>, Error> {
        if !leftovers.is_poststop_due() {
            return Ok(None);
        }
        let Some(kept) = KeptPlan::read(entry)?.filter(|kept| !kept.poststop().is_empty()) else {
            return Ok(None);
        };
        let record = entry.read_state()?;
        Ok(record.map(|record| Self::of(entry.id(), about(record), &kept)))
    }

    /// Gives what they failed at: one that fails does not keep the rest from running.
    pub(super) fn run(&self, cancel: Cancel<'_>, trace: &Trace) -> Vec<Error> {
        let watched = Watched { cancel, init: None };
        let state = HookState::new(&self.id, &self.about, Status::Stopped, None);
        let run = |(index, hook)| {
            let begins = |_, hook: &Hook| trace.hook("delete", "poststop", index, hook.path.as_str());
            let hook = std::slice::from_ref(hook);
            let outcome = run_hooks("poststop", hook, &state, &self.output, watched, begins);
            outcome.err().map(|error| error.with_index(index))
        };
        self.hooks.iter().enumerate().filter_map(run).collect()
    }
}

/// What hooks are told of a container that is on disk.
pub(super) fn about(record: StateRecord) -> About {
    About {
        oci_version: record.oci_version,
        bundle: record.bundle,
        rootfs: record.rootfs,
        annotations: record.annotations,
        ..About::default()
    }
}

/// Kills init and all that is in the container's cgroup.
pub(super) fn kill(leftovers: &Leftovers) -> Result<(), Error> {
    let Some(identity) = leftovers.init() else {
        // Whoever was to make the cgroup was killed, perhaps before it was found to be somebody else's.
        return Ok(());
    };
    let init = live(Some(identity))?;
    if let Some(pidfd) = &init {
        let _ = pidfd_send_signal(pidfd, Signal::KILL);
    }
    if let Some(left) = leftovers.cgroup().filter(|left| !left.is_promised) {
        Cgroup::at(&left.placement).kill()?;
    }
    if let Some(pidfd) = &init {
        await_end(pidfd, PATIENCE)?;
    }
    Ok(())
}

/// Removes what a container without an init has left on the host.
pub(super) fn remove(leftovers: &Leftovers) -> Result<(), Error> {
    if let Some(left) = leftovers.cgroup() {
        if let Some(place) = left.keeps_program() {
            detach_from(place)?;
        }
        let cgroup = Cgroup::at(&left.placement);
        if leftovers.init().is_none() || left.is_promised {
            cgroup.remove_unused()?;
        } else {
            if left.has_strays {
                cgroup.kill()?;
            }
            cgroup.remove()?;
        }
    }
    if let Some(group) = leftovers.resctrl() {
        group.remove()?;
    }
    Ok(())
}

/// The rest of the walk, when init has ended. Gives what the poststop hooks failed at.
pub(super) fn finish(
    entry: &Entry,
    leftovers: &Leftovers,
    poststop: Option<&Poststop>,
    cancel: Cancel<'_>,
    trace: &Trace,
) -> Result<Vec<Error>, Error> {
    trace.deed("delete", || {
        let cgroup = leftovers.cgroup().cloned().map(Leftover::Cgroup);
        let group = leftovers.resctrl().cloned().map(Leftover::Resctrl);
        group.iter().chain(&cgroup).flat_map(Leftover::undoing).collect()
    });
    remove(leftovers)?;
    trace.deed("delete", || Later::RemoveState.lines());
    entry.remove()?;
    let Some(poststop) = poststop else {
        return Ok(Vec::new());
    };
    Ok(poststop.run(cancel, trace))
}
