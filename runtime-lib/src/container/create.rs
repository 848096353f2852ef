//! `create`.

use super::cleaning::{self, Poststop};
use super::{Created, Process, Runtime};
use crate::bundle::Bundle;
use crate::cgroup::Cgroup;
use crate::launch::{Console, Io, Launched, Launching};
use crate::plan::{Arguments, CgroupManager, Leftover, Plan};
use crate::problem::{Problem, Severity};
use crate::store::{Entry, KeptPlan, Store, check_pid_file, remove_pid_file};
use crate::{Error, Failure, Host, Id, Trace};
use rustix::io::Errno;

impl Plan {
    /// Plans a bundle for this host: a look at it, and [`Plan::compile`]. With the plan comes what the user is to be
    /// told of, the bundle's warnings first.
    ///
    /// # Errors
    /// The host cannot be looked at, or the first fault that stops the bundle from running.
    pub fn for_this_host(bundle: &Bundle, arguments: &Arguments) -> Result<(Self, Vec<Problem>), Error> {
        let mut host = Host::look(bundle)?;
        if arguments.cgroup_manager == CgroupManager::Systemd {
            host = host.asking_systemd()?;
        }
        let (plan, problems) = Self::compile(bundle, &host, arguments);
        let mut warnings = bundle.warnings().to_vec();
        let told = problems.into_warnings()?.into_iter();
        warnings.extend(told.filter(|problem| problem.severity == Severity::Warning));
        match plan {
            Some(plan) => Ok((plan, warnings)),
            None => Err(Failure::plain("plan the container", "no plan").into()),
        }
    }
}

impl Runtime {
    /// Creates a container: everything that the plan says is done, and its init waits for [`Container::start`].
    ///
    /// What `io` holds is given away: all of it is closed here when the call returns, so that whoever reads from a pipe
    /// whose other end is the container's meets its end when the last process has closed it.
    ///
    /// Its init is a child of the caller; it lives on when the caller ends. May be called from any thread, and from
    /// several at once.
    ///
    /// **Blocks** until the container is ready: for as long as its mounts and hooks take. [`Io::cancel`] gives it up.
    ///
    /// # Errors
    /// The id is taken, or the host refuses an act. Nothing is left of the container then.
    pub fn create(&self, plan: &Plan, io: Io) -> Result<Created, Error> {
        check_console(plan, &io)?;
        check_sockets(plan, &io)?;
        io.pid_file.as_deref().map_or(Ok(()), check_pid_file)?;
        if let Some(folder) = &plan.arguments.notify_folder
            && *folder != self.notify_folder(plan.id())?
        {
            let why = "the plan was made for another state root, or another id";
            return Err(Failure::plain(format!("use the folder {folder:?}"), why).into());
        }
        let entry = Store::new(self.root()).reserve(plan.id())?;
        if plan.arguments.notify_folder.is_some()
            && let Err(error) = entry.make_notify_folder()
        {
            let _ = entry.remove();
            return Err(error);
        }
        let mut launching = Launching::new(plan, &io, &entry, &self.trace);
        match launching.run() {
            Ok(launched) => Ok(self.created(plan.id(), launched)),
            Err(error) => Err(match undo(launching, plan, &io, &entry, &self.trace) {
                Ok(()) => error,
                // It is the only word about a creation that the caller wanted to end.
                Err(stuck) if matches!(error, Error::Cancelled) => stuck,
                Err(stuck) => {
                    Failure::plain(format!("undo a creation that failed ({error})"), stuck.to_string()).into()
                }
            }),
        }
    }

    /// Plans a bundle for this host, creates its container, and starts it: the short way. The warnings of all three
    /// are in [`Created::warnings`]. **Blocks** until the process is executed, as [`Runtime::create`] and
    /// [`Container::start`] do; it does not wait for its end.
    ///
    /// # Errors
    /// Those of [`Plan::for_this_host`], [`Runtime::create`] and [`Container::start`]. Nothing is left of the
    /// container then.
    pub fn run(&self, id: &Id, bundle: &Bundle, io: Io) -> Result<Created, Error> {
        let (plan, mut warnings) = Plan::for_this_host(bundle, &Arguments::new(id.clone()))?;
        let mut created = self.create(&plan, io)?;
        warnings.append(&mut created.warnings);
        created.warnings = warnings;
        if let Err(error) = created.container.start() {
            let _ = self.delete_by_force(id);
            let _ = created.init.wait();
            return Err(error);
        }
        Ok(created)
    }

    fn created(&self, id: &Id, launched: Launched) -> Created {
        Created {
            container: self.new_container(id),
            init: Process {
                pid: launched.pid,
                pidfd: launched.pidfd.into(),
            },
            console: launched.console,
            stdio: launched.stdio,
            warnings: launched.warnings,
        }
    }
}

/// Undoes a creation that failed, as far as it came. That something of this fails, too, would only be another word
/// about the same: what could not be cleaned is left with its record, for `delete --force`.
///
/// # Errors
/// Init does not end: then all is left.
fn undo(launching: Launching<'_>, plan: &Plan, io: &Io, entry: &Entry, trace: &Trace) -> Result<(), Error> {
    trace.deed("create", || vec!["undo what was done".to_owned()]);
    // runtime-spec: runtime.md#lifecycle: what the first hooks did is for the last ones to undo.
    let poststop = launching.leftovers.is_poststop_due().then(|| KeptPlan::read(entry));
    let poststop = match poststop {
        Some(Ok(Some(kept))) => Some(Poststop::of(entry.id(), plan.about.clone(), &kept)),
        _ => None,
    };
    if launching.has_pid_file
        && let Some(path) = &io.pid_file
    {
        remove_pid_file(path);
    }
    let (mut leftovers, made) = launching.give_up()?;
    let is_clean = match made {
        Some(made) if leftovers.is_poststop_due() => {
            if let Some(left) = leftovers.cgroup().filter(|left| !left.is_promised) {
                // What a hook left behind in the container's cgroup is not init's child, and would keep the cgroup.
                let _ = Cgroup::at(&left.placement).kill();
            }
            // With the parents that were made for it.
            made.undo().is_ok()
        }
        Some(made) => {
            // Init was alone in it. If somebody is there now, it is another container's by now.
            if made.undo().is_err() {
                leftovers.forget(|leftover| matches!(leftover, Leftover::Cgroup(_)));
            }
            true
        }
        None => {
            leftovers.forget(|leftover| matches!(leftover, Leftover::Cgroup(_)));
            true
        }
    };
    if is_clean && cleaning::remove(&leftovers).is_ok() {
        let _ = entry.remove();
    }
    if let Some(poststop) = poststop {
        poststop.run(None, trace);
    }
    Ok(())
}

/// A program that is told of sockets (`man 3 sd_listen_fds`) takes what is at their numbers for them.
fn check_sockets(plan: &Plan, io: &Io) -> Result<(), Error> {
    let sockets = plan.arguments.listen_fds;
    let is_there = |index: &u32| {
        io.passed
            .iter()
            .any(|passed| passed.number.checked_sub(3) == Some(*index))
    };
    match (0..sockets).find(|index| !is_there(index)) {
        Some(index) => {
            let attempted = format!("preserve descriptors: unable to stat listening socket {index} (of {sockets})");
            Err(Failure::new(attempted, Errno::BADF).into())
        }
        None => Ok(()),
    }
}

pub(super) fn check_console(plan: &Plan, io: &Io) -> Result<(), Error> {
    match (&io.console, plan.about.has_terminal) {
        (Console::None, true) => {
            let text = "cannot allocate tty if runc will detach without setting console socket; \
                        give a console socket, which the terminal is sent to, or do without a terminal";
            Err(Problem::error("process.terminal", text).into())
        }
        (Console::Socket(_), false) => {
            let text = "cannot use console socket if runc will not detach or allocate tty; \
                        ask for a terminal, or give no console socket";
            Err(Problem::error("process.terminal", text).into())
        }
        _ => Ok(()),
    }
}
