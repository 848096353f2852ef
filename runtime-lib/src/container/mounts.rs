//! `mounts`: what is mounted in a container that exists.

use super::{Container, cleaning, live};
use crate::bundle::{Bundle, MountEntry};
use crate::host::{HiddenSources, LockedFlags, mounts_shown_outside};
use crate::launch::{Io, Joined, Launching};
use crate::plan::{AddedMount, Described, ForExec, Plan, add_mounts, remove_mounts};
use crate::process::number_in_proc;
use crate::store::{Entry, Phase, StateRecord};
use crate::{Error, Failure, Host, JsonPath, Problem, Severity, StatusFault};
use orlop_init::linux::namespace;
use rustix::fd::OwnedFd;
use serde_json::{Value, json};

impl Container {
    /// Mounts more in a container that is created or running, in this order: all of it, or nothing. What is bound is taken
    /// from where the caller sees it, and relative sources from the bundle's folder. The container's processes see the
    /// mounts at once, and whatever they do meanwhile, nothing is mounted outside of the container's root.
    ///
    /// The mounts go with the container, or with [`Container::remove_mounts`]; the mount points that had to be made stay,
    /// as those of a creation do. `cancel` makes the call end early when it becomes readable.
    ///
    /// **Blocks** until all is mounted.
    ///
    /// # Errors
    /// The container has ended, or has no mount namespace of its own; what cannot be mounted in one that exists (a procfs,
    /// cgroups, a remount), with its path in the list; a place on a mount that the host shares; what the kernel refuses.
    pub fn add_mounts(&self, mounts: &[MountEntry], cancel: Option<OwnedFd>) -> Result<Vec<Problem>, Error> {
        let held = Held::take(self, "mount something in the container")?;
        let bundle = held.bundle(mounts)?;
        let mut host = Host::look(&bundle)?;
        if held.kept.is_in_user_namespace() {
            host.locked_flags = LockedFlags::of_added(&bundle);
            host.hidden_sources = HiddenSources::of_added(&bundle);
        }
        let shared = mounts_shown_outside(held.joined.number_in_proc)?;
        let (plan, problems) = add_mounts(held.described(self), &bundle, &host, &shared);
        let mut warnings = bundle.warnings().to_vec();
        warnings.extend(problems.into_warnings()?);
        warnings.retain(|problem| problem.severity == Severity::Warning);
        let plan = plan.ok_or_else(|| Failure::plain("plan the mounts", "no plan"))?;
        let mut is_undone = false;
        let outcome = held.carry_out(self, &plan, cancel, &mut is_undone);
        if outcome.is_err() && is_undone {
            // As it was before.
            held.entry.write_state(&held.record)?;
        }
        warnings.extend(outcome?);
        Ok(warnings)
    }

    /// Takes mounts off again that were added, the last first, with all that is mounted below them. Of the entries only
    /// the destinations count. The very mounts that were added are taken off, also where the container has moved them;
    /// where one is not mounted any more, that is a warning.
    ///
    /// **Blocks** until they are off; who has a file open there keeps it. When the call fails, what it has not taken off
    /// can be taken off by another one.
    ///
    /// # Errors
    /// The container has ended; nothing was added at a destination, with its path in the list: then none is taken off. A
    /// mount that was added is covered by another one: then it stays, and so do those before it in the list.
    pub fn remove_mounts(&self, mounts: &[MountEntry], cancel: Option<OwnedFd>) -> Result<Vec<Problem>, Error> {
        let held = Held::take(self, "take a mount off the container")?;
        let mut left: Vec<&AddedMount> = held.record.added_mounts.iter().collect();
        for (index, mount) in mounts.iter().enumerate() {
            let path = || JsonPath::from("mounts").index(index).member("destination");
            let Some(at) = left.iter().rposition(|added| added.is_at(&mount.destination)) else {
                let attempted = format!("take off what is mounted on {}", mount.destination);
                let why = "nothing was added there: what a container was created with stays";
                return Err(Failure::plain(attempted, why).at(path()).into());
            };
            left.remove(at);
        }
        let bundle = held.bundle(&[])?;
        let host = Host::look(&bundle)?;
        let destinations: Vec<(&str, Vec<AddedMount>)> = mounts
            .iter()
            .map(|mount| {
                // The last lies above the others.
                let added = held.record.added_mounts.iter().rev();
                let here = added.filter(|added| added.is_at(&mount.destination));
                (&*mount.destination, here.cloned().collect())
            })
            .collect();
        let (plan, problems) = remove_mounts(held.described(self), &bundle, &host, &destinations);
        problems.into_warnings()?;
        let plan = plan.ok_or_else(|| Failure::plain("plan the end of mounts", "no plan"))?;
        held.carry_out(self, &plan, cancel, &mut false)
    }
}

/// A container whose mounts are being changed, by nobody else meanwhile.
struct Held {
    entry: Entry,
    record: StateRecord,
    kept: ForExec,
    about: crate::plan::About,
    joined: Joined,
}

impl Held {
    fn take(container: &Container, attempted: &str) -> Result<Self, Error> {
        let entry = container.entry()?;
        entry.lock()?;
        let record = container.record(&entry)?;
        let pid = record.init.as_ref().map(|init| init.pid);
        let (Some(pidfd), Some(pid), Phase::Created) = (live(record.init.as_ref())?, pid, record.phase) else {
            return Err(StatusFault::NotRunning.into());
        };
        let (kept, _) = container.kept(&entry)?;
        let why = if kept.joins_mounts {
            Some("its mount namespace is not its own, and what is mounted there would outlive it")
        } else {
            let has_none = kept.chroot || kept.namespaces & namespace::NEWNS == 0;
            has_none.then_some("it has no mount namespace of its own")
        };
        if let Some(why) = why {
            return Err(Failure::plain(attempted, why).at("linux.namespaces").into());
        }
        Ok(Self {
            joined: Joined {
                cgroup: record.cgroup.clone(),
                pid,
                number_in_proc: number_in_proc(&pidfd, pid),
                pidfd,
            },
            about: cleaning::about(record.clone()),
            entry,
            record,
            kept,
        })
    }

    fn described<'c>(&'c self, container: &'c Container) -> Described<'c> {
        Described {
            id: container.id(),
            about: &self.about,
            kept: &self.kept,
            filter: None,
        }
    }

    /// A bundle of these mounts, with what counts for them of the container.
    fn bundle(&self, mounts: &[MountEntry]) -> Result<Bundle, Error> {
        let kept = self.kept.namespaces;
        let namespaces: Vec<Value> = [
            ("mount", namespace::NEWNS),
            ("network", namespace::NEWNET),
            ("ipc", namespace::NEWIPC),
            ("user", namespace::NEWUSER),
        ]
        .iter()
        .filter(|(_, flag)| kept & flag != 0)
        .map(|(name, flag)| {
            // Its maps are what mounts may be mapped by.
            let path = format!("/proc/{}/ns/user", self.joined.number_in_proc);
            match *flag {
                namespace::NEWUSER => json!({"type": name, "path": path}),
                _ => json!({"type": name}),
            }
        })
        .collect();
        const CONTEXT: &str = "run.oci.mount_context_type";
        let annotations = self.record.annotations.iter().filter(|(name, _)| *name == CONTEXT);
        let about = json!({
            "ociVersion": self.record.oci_version,
            "root": {"path": self.record.rootfs},
            "annotations": annotations.collect::<std::collections::BTreeMap<_, _>>(),
            "linux": {"namespaces": namespaces, "mountLabel": self.kept.mount_label},
        });
        Bundle::of_mounts(self.record.bundle.clone(), &about, mounts)
    }

    /// `is_undone` becomes whether what fails has left nothing.
    fn carry_out(
        &self,
        container: &Container,
        plan: &Plan,
        cancel: Option<OwnedFd>,
        is_undone: &mut bool,
    ) -> Result<Vec<Problem>, Error> {
        let io = Io {
            cancel,
            ..Io::default()
        };
        let mut launching = Launching::joining(plan, &self.joined, (&io, &self.entry), &container.trace);
        let outcome = launching.run_errand(is_undone);
        let is_gone = crate::sys::has_ended(&self.joined.pidfd) == Ok(true);
        outcome.map_err(|error| match error {
            Error::Failure(_) if is_gone => StatusFault::NotRunning.into(),
            error => error,
        })
    }
}
