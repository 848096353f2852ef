//! `exec`.

use super::create::check_console;
use super::{Container, Process, cleaning, live};
use crate::bundle::{self, check_process};
use crate::launch::{Io, Joined, Launching};
use crate::plan::{Described, Exec, ExecArguments, Filter, ForExec};
use crate::process::number_in_proc;
use crate::store::{Entry, KeptPlan, Phase, StateRecord, check_pid_file};
use crate::{Error, Failure, Host, Problem, Severity, StatusFault};
use rustix::fd::OwnedFd;

/// What [`Container::exec`] gives.
///
/// Dropping it changes nothing: the process lives on, and once it has ended it stays a zombie of the caller's until
/// [`Process::wait`] or the caller's own end.
#[derive(Debug)]
#[non_exhaustive]
pub struct Executed {
    /// The process, a child of the caller.
    pub process: Process,
    /// The pty's master, with [`Console::Return`](crate::Console::Return).
    pub console: Option<OwnedFd>,
    /// The other ends of its pipes, as in [`Created::stdio`](crate::Created::stdio).
    pub stdio: [Option<OwnedFd>; 3],
    /// What turned out not to be applied, each with its JSON path, as the spec allows.
    pub warnings: Vec<Problem>,
}

impl Container {
    /// Runs one more process in a container that is created or running: in its namespaces and its cgroup, under its
    /// filter. What `process` leaves out of capabilities, limits, labels, priorities and the umask is as the container's
    /// own process has it, and the process gains no privileges where that one does not; environment, user and
    /// directory are its own.
    ///
    /// The process is a child of the caller; it lives on when the caller ends. May be called from any thread, from
    /// several at once, and for one container by many at once. What `io` holds is given away, as by
    /// [`Runtime::create`](crate::Runtime::create).
    ///
    /// **Blocks** until the process is executed.
    ///
    /// # Errors
    /// The container has ended, is paused, or is being created; the kernel refuses a step; or the program cannot be
    /// executed ([`Error::Exec`]). Nothing is left of the process then.
    pub fn exec(&self, process: &bundle::Process, io: Io) -> Result<Executed, Error> {
        self.exec_with(process, &ExecArguments::default(), io)
    }

    /// The same with further choices.
    ///
    /// **Blocks** until the process is executed: with [`ExecArguments::ignore_paused`] until a container that is paused is
    /// resumed.
    ///
    /// # Errors
    /// As [`Container::exec`]; a cgroup that is not there.
    pub fn exec_with(&self, process: &bundle::Process, arguments: &ExecArguments, io: Io) -> Result<Executed, Error> {
        check_process(process)?;
        io.pid_file.as_deref().map_or(Ok(()), check_pid_file)?;
        let entry = self.entry()?;
        let record = self.record(&entry)?;
        let joined = join(&entry, &record, arguments)?;
        let (kept, filter) = self.kept(&entry)?;
        let process = &kept.filled(process);
        let init = (joined.number_in_proc, kept.is_in_user_namespace());
        let host = Host::look_for_exec(process, kept.landlock.is_some(), init);
        let container = Described {
            id: self.id(),
            about: &cleaning::about(record),
            kept: &kept,
            filter: filter.as_ref(),
        };
        let (plan, problems) = Exec::compile(container, process, arguments, &host);
        let mut warnings = problems.into_warnings()?;
        warnings.retain(|problem| problem.severity == Severity::Warning && !kept.has_told(&problem.path, process));
        let Exec(plan) = plan.ok_or_else(|| Failure::plain("plan the process", "no plan"))?;
        check_console(&plan, &io)?;
        let mut launching = Launching::joining(&plan, &joined, (&io, &entry), &self.trace);
        match launching.run() {
            Ok(launched) => {
                warnings.extend(launched.warnings);
                Ok(Executed {
                    process: Process {
                        pid: launched.pid,
                        pidfd: launched.pidfd.into(),
                    },
                    console: launched.console,
                    stdio: launched.stdio,
                    warnings,
                })
            }
            Err(error) => {
                // That it hangs says less than why it had to end.
                let _ = launching.give_up();
                let is_gone = crate::sys::has_ended(&joined.pidfd) == Ok(true);
                Err(match error {
                    Error::Failure(_) if is_gone => StatusFault::ExecStopped.into(),
                    error => error,
                })
            }
        }
    }

    /// The container's own process, as its config has it: what a further process may begin from. `None` if the config
    /// has none.
    ///
    /// # Errors
    /// What is kept of the container cannot be read, or an earlier version has kept too little.
    pub fn config_process(&self) -> Result<Option<bundle::Process>, Error> {
        let (kept, _) = self.kept(&self.entry()?)?;
        Ok(kept.process)
    }

    pub(super) fn kept(&self, entry: &Entry) -> Result<(ForExec, Option<Filter>), Error> {
        KeptPlan::read(entry)?
            .ok_or_else(|| super::not_whole(self.id()))?
            .for_exec()
    }
}

/// Takes hold of the container.
fn join(entry: &Entry, record: &StateRecord, arguments: &ExecArguments) -> Result<Joined, Error> {
    if record.phase == Phase::Creating {
        return Err(match entry.is_unlocked() {
            true => StatusFault::ExecStopped,
            false => StatusFault::ExecCreating,
        }
        .into());
    }
    let pid = record.init.as_ref().map(|init| init.pid);
    let (Some(pidfd), Some(pid)) = (live(record.init.as_ref())?, pid) else {
        return Err(StatusFault::ExecStopped.into());
    };
    if !arguments.ignore_paused && record.cgroup.is_frozen()? {
        return Err(StatusFault::ExecPaused.into());
    }
    Ok(Joined {
        cgroup: record.cgroup.clone(),
        pid,
        number_in_proc: number_in_proc(&pidfd, pid),
        pidfd,
    })
}
