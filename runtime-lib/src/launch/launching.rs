//! A container in the making: what the deeds of its plan have made so far, and the turns that are taken with init.

use super::broken;
use super::init::{Init, Offer};
use super::io::{Console, Io};
use super::progress::Progress;
use super::sending::send_descriptor;
use crate::Trace;
use crate::bundle::DeviceRule;
use crate::cgroup::{Cgroup, LoadedProgram, Made};
use crate::network::Moved;
use crate::plan::acts::{self, Origin};
use crate::plan::deeds::Deed;
use crate::plan::{Leftover, Place, Plan};
use crate::process::{Identity, Pid};
use crate::store::{DeviceRecord, Entry, Leftovers, now, write_pid_file};
use crate::{Error, Failure, Problem, sys};
use rustix::fd::{AsFd, OwnedFd};
use rustix::termios::{OptionalActions, OutputModes, tcgetattr, tcsetattr};
use std::path::PathBuf;
use std::sync::Arc;

/// The container that a further process joins.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) cgroup: Cgroup,
    /// Its init.
    pub(crate) pid: Pid,
    /// That one's number in the procfs that is mounted here.
    pub(crate) number_in_proc: Pid,
    pub(crate) pidfd: OwnedFd,
}

/// A container in the making, or a further process of one that exists.
pub(crate) struct Launching<'a> {
    pub(super) plan: &'a Plan,
    /// The container that exists.
    joined: Option<&'a Joined>,
    pub(super) io: &'a Io,
    pub(super) entry: &'a Entry,
    /// What is left on the host: on disk, too, before it is there.
    pub(crate) leftovers: Leftovers,
    /// The cgroup, as it was made.
    pub(crate) made: Option<Made>,
    /// The program of rules about devices, until it is attached.
    pub(super) device_program: Option<LoadedProgram>,
    /// The rules that are in force.
    pub(super) devices: Option<DeviceRecord>,
    /// The descriptors that init inherits, by their slots; none for a hierarchy that was left out.
    pub(super) inherited: Vec<Option<OwnedFd>>,
    pub(super) init: Option<Init>,
    /// Until init speaks: only then it surely has memory of its own.
    pub(super) undumpable: Option<sys::Undumpable>,
    pub(super) offer: Offer,
    /// The state for hooks that goes to init with the word to go on.
    pub(super) answer: Option<OwnedFd>,
    pub(super) console: Option<OwnedFd>,
    /// The caller's ends of the pipes that the process has for stdio.
    pub(super) returned: [Option<OwnedFd>; 3],
    pub(super) moved: Vec<Moved>,
    pub(super) warnings: Vec<Problem>,
    progress: Progress<'a>,
    /// When the creation began.
    pub(super) created: String,
    /// The pid file is written.
    pub(crate) has_pid_file: bool,
    /// Init has told of a step's failure.
    has_failed_at_a_step: bool,
}

/// A container that is made, and whose init is on its own.
#[derive(Debug)]
pub(crate) struct Launched {
    pub(crate) pid: Pid,
    pub(crate) pidfd: OwnedFd,
    pub(crate) console: Option<OwnedFd>,
    pub(crate) stdio: [Option<OwnedFd>; 3],
    pub(crate) warnings: Vec<Problem>,
}

impl<'a> Launching<'a> {
    pub(crate) fn new(plan: &'a Plan, io: &'a Io, entry: &'a Entry, trace: &'a Trace) -> Self {
        Self {
            plan,
            joined: None,
            io,
            entry,
            leftovers: Leftovers::default(),
            made: None,
            device_program: None,
            devices: None,
            inherited: Vec::new(),
            init: None,
            undumpable: None,
            offer: Offer::default(),
            answer: None,
            console: None,
            returned: [const { None }; 3],
            moved: Vec::new(),
            warnings: Vec::new(),
            progress: Progress::new(trace, &plan.acts),
            created: now(),
            has_pid_file: false,
            has_failed_at_a_step: false,
        }
    }

    /// A further process of a container that exists. Nothing of it is recorded, and it leaves nothing.
    pub(crate) fn joining(
        plan: &'a Plan,
        joined: &'a Joined,
        (io, entry): (&'a Io, &'a Entry),
        trace: &'a Trace,
    ) -> Self {
        Self {
            joined: Some(joined),
            ..Self::new(plan, io, entry, trace)
        }
    }

    /// Carries out the creation, or the exec. What fails leaves what it has made to whoever holds this.
    pub(crate) fn run(&mut self) -> Result<Launched, Error> {
        self.set_up()?;
        self.moved.drain(..).for_each(Moved::keep);
        if self.joined.is_some() {
            self.await_execute()?;
        }
        self.progress.end();
        let init = self.init.take().ok_or_else(|| broken("a creation without init"))?;
        Ok(Launched {
            pid: init.pid,
            pidfd: init.release()?,
            console: self.console.take(),
            stdio: std::mem::take(&mut self.returned),
            warnings: std::mem::take(&mut self.warnings),
        })
    }

    /// Carries out what init does in a container that exists, and is done with at its last turn. `had_failed` becomes
    /// whether init itself has told of a failure: then it has taken back what it had done.
    /// Gives what the caller is to be warned of.
    pub(crate) fn run_errand(&mut self, had_failed: &mut bool) -> Result<Vec<Problem>, Error> {
        let outcome = self.set_up();
        *had_failed = self.has_failed_at_a_step || self.init.is_none();
        if let Some(mut init) = self.init.take() {
            init.end()?;
        }
        outcome?;
        self.progress.end();
        Ok(std::mem::take(&mut self.warnings))
    }

    /// Up to the end of the last turn.
    fn set_up(&mut self) -> Result<(), Error> {
        let plan = self.plan;
        self.carry_out(acts::Place::Before)?;
        self.carry_out(acts::Place::Beside)?;
        let turns = plan.acts.turns();
        for turn in 0..turns {
            let cancel = self.io.cancel.as_ref().map(AsFd::as_fd);
            let mut failed_at = None;
            let offer = self.init()?.await_turn(turn, plan, cancel, &mut failed_at);
            self.undumpable = None;
            if let Some(step) = failed_at {
                self.has_failed_at_a_step = true;
                self.progress.fail_at(step);
            }
            self.offer = offer?;
            self.carry_out(acts::Place::Turn(turn))?;
            if turn + 1 == turns {
                self.tell_who_asked()?;
            }
            let answer = self.answer.take();
            self.init()?.go(turn, answer.as_ref().map(AsFd::as_fd))?;
        }
        Ok(())
    }

    /// The rules about devices as the config has them.
    pub(super) fn asked_rules(&self) -> Option<Arc<[DeviceRule]>> {
        self.plan.planned_rules.as_ref().map(|rules| rules.asked.clone())
    }

    /// The container gets no cgroup that its rules about devices could be applied to.
    ///
    /// # Errors
    /// It must not run without them.
    pub(super) fn leave_rules_out(&mut self) -> Result<(), Error> {
        let Some(rules) = &self.plan.planned_rules else {
            return Ok(());
        };
        let why = "no cgroup could be made for the container, whose hierarchy is read-only or another user's";
        self.warnings
            .extend(rules.left_out.told(sys::may_set_device_rules(), why)?);
        Ok(())
    }

    /// Ends what was begun: devices come back, init ends. Gives what is left on the host.
    ///
    /// # Errors
    /// Init hangs in the kernel, so that nothing can be undone yet.
    pub(crate) fn give_up(self) -> Result<(Leftovers, Option<Made>), Error> {
        drop(self.moved);
        if let Some(mut init) = self.init {
            init.end()?;
        }
        Ok((self.leftovers, self.made))
    }

    fn carry_out(&mut self, place: acts::Place) -> Result<(), Error> {
        let plan = self.plan;
        for (deed, origin) in plan.acts.deeds_at(place) {
            self.act(deed, origin)?;
        }
        Ok(())
    }

    fn act(&mut self, deed: &Deed, origin: &Origin) -> Result<(), Error> {
        self.progress.begin(deed);
        if let Some(leftover) = deed.told().leaves() {
            self.leftovers.add(self.entry, as_things_are(leftover))?;
        }
        deed.carry_out(origin, self)
    }

    pub(super) fn init(&self) -> Result<&Init, Error> {
        self.init
            .as_ref()
            .ok_or_else(|| broken("a deed before there is an init"))
    }

    /// The container's cgroup as it is known by now.
    pub(super) fn cgroup(&self) -> Cgroup {
        let planned = &self.plan.for_exec.cgroup;
        // Where the runtime makes it, it is known before.
        let left = self.leftovers.cgroup().filter(|_| planned.manager.scope().is_some());
        Cgroup::at(left.map_or(planned, |left| &left.placement))
    }

    /// The container that is joined.
    pub(super) fn joined(&self) -> Result<&'a Joined, Error> {
        self.joined.ok_or_else(|| broken("a creation that joins a container"))
    }

    /// Waits until the process is executed.
    fn await_execute(&mut self) -> Result<(), Error> {
        let cancel = self.io.cancel.as_ref().map(AsFd::as_fd);
        let mut failed_at = None;
        let executed = self.init()?.await_execute(self.plan, cancel, &mut failed_at);
        if let Some(step) = failed_at {
            self.progress.fail_at(step);
        }
        executed
    }

    /// Writes down which process init is. A further process is known by the container's cgroup and namespaces alone.
    pub(super) fn record_init(&mut self) -> Result<(), Error> {
        if self.joined.is_some() {
            return Ok(());
        }
        let init = self.init()?;
        let identity = Identity::of(init.pid, init.pidfd()?).map_err(|errno| Failure::new("identify init", errno))?;
        self.leftovers.add(self.entry, Leftover::Init(identity))
    }

    /// Opens the door to the cgroup of the hierarchy with these controllers, unless it was left out.
    pub(super) fn open_tasks(&mut self, controllers: &str) -> Result<Option<OwnedFd>, Error> {
        let Some(made) = &mut self.made else {
            return Ok(None);
        };
        let at = made.tasks.iter().position(|tasks| tasks.is_of(controllers));
        at.map(|at| made.tasks.swap_remove(at).open()).transpose()
    }

    /// Where the terminal goes is the caller's choice.
    pub(super) fn give_terminal(&mut self) -> Result<(), Error> {
        let Offer { text, file } = std::mem::take(&mut self.offer);
        let master = file.ok_or_else(|| broken("a terminal without its descriptor"))?;
        match &self.io.console {
            Console::Socket(path) => send_descriptor(path, "console socket", &text, master.as_fd()),
            Console::Return | Console::None => {
                leave_line_ends(&master).map_err(|errno| Failure::new("set up the terminal", errno))?;
                self.console = Some(master);
                Ok(())
            }
        }
    }

    /// Before init is let go: whoever finds the pid file finds a container that is created.
    fn tell_who_asked(&mut self) -> Result<(), Error> {
        if let Some(path) = &self.io.pid_file {
            write_pid_file(path, self.init()?.pid)?;
            self.has_pid_file = true;
        }
        if let Some(path) = &self.io.pidfd_socket {
            send_descriptor(path, "pidfd socket", "pidfd", self.init()?.pidfd()?.as_fd())?;
        }
        Ok(())
    }
}

/// The process does not run yet, so that nothing is shown in another way.
fn leave_line_ends(terminal: &OwnedFd) -> rustix::io::Result<()> {
    let mut modes = tcgetattr(terminal)?;
    modes.output_modes.remove(OutputModes::ONLCR);
    tcsetattr(terminal, OptionalActions::Now, &modes)
}

/// What is there already is not the container's to remove.
fn as_things_are(leftover: Leftover) -> Leftover {
    match leftover {
        // Whether a unit is there already systemd says.
        Leftover::Cgroup(left) if left.is_promised => Leftover::Cgroup(left),
        Leftover::Cgroup(mut left) => {
            let paths = left.placement.places().chain(&left.placement.inner).map(Place::path);
            let there: Vec<PathBuf> = paths.filter(|path| path.exists()).collect();
            if !there.is_empty() {
                Arc::make_mut(&mut left.placement).mark_as_there(&there);
            }
            Leftover::Cgroup(left)
        }
        Leftover::Resctrl(group) => Leftover::Resctrl(group.looked_at()),
        other => other,
    }
}
