//! The parent's half of a launch: init is started, talked to until all is set up, and its failures are turned into sentences.

mod console;
mod descriptors;
mod failure;
mod hooks;
mod idmap;
mod image;
mod inputs;
mod maps;
mod message;
mod seccomp_agent;
mod start;

pub(crate) use console::send_descriptor;
pub(crate) use failure::EXEC;
pub(crate) use hooks::{HookState, Watched, run as run_hooks};
pub(crate) use maps::namespace as map_namespace;
pub(crate) use message::send;
pub(crate) use seccomp_agent::Agent;
pub(crate) use start::{is_waiting, start};

use crate::bundle::{Bundle, NamespaceType};
use crate::cgroup::Made;
use crate::container::{Console, CreateOptions};
use crate::network::Moved;
use crate::plan::{Input, Plan};
use crate::store::Entry;
use crate::sys::{self, Program, Spawn};
use crate::{Error, Failure, State, Status};
use descriptors::above;
use message::{Channel, Received};
use orlop_init::wire::{Header, Message, Sink, Step};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::ffi::CString;

/// What a launch is made from.
pub(crate) struct Launch<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a CreateOptions,
    /// The caller's descriptors that the process gets.
    pub(crate) passed: &'a [RawFd],
    pub(crate) entry: &'a Entry,
    pub(crate) cgroup: &'a Made,
    /// The state as hooks get it, but for its pid and status.
    pub(crate) state: &'a State,
}

/// Init, until it is released. Dropped before that, it is killed.
#[derive(Debug)]
pub(crate) struct Launched {
    pid: Pid,
    pidfd: Option<OwnedFd>,
    channel: Channel,
    console: Option<OwnedFd>,
    devices: Vec<Moved>,
    has_start_hooks: bool,
}

/// An init that is on its own.
#[derive(Debug)]
pub(crate) struct Released {
    pub(crate) pidfd: OwnedFd,
    pub(crate) console: Option<OwnedFd>,
}

impl Launch<'_> {
    /// Starts init and sees it through to where it waits for `start`.
    ///
    /// `known` is called as soon as hooks may ask for the container's state.
    pub(crate) fn run(&self, mut known: impl FnMut(Pid, &OwnedFd) -> Result<(), Error>) -> Result<Launched, Error> {
        let mut init = self.start()?;
        loop {
            let received = match init.channel.receive(self.options.cancel.as_ref().map(AsFd::as_fd))? {
                Received::Message(message, text, descriptor) => (message, text, descriptor),
                Received::End => return Err(init.ended_early()),
                Received::Cancelled => return Err(Error::Cancelled),
            };
            let (message, text, descriptor) = received;
            match message.kind {
                Message::READY => {
                    self.limits_from_outside(init.pid)?;
                    self.attributes_from_outside(&init)?;
                    return Ok(init);
                }
                Message::FAILED => return Err(failure::of_plan(&self.plan.steps, &message, &text)),
                Message::MOVED => init.moved(&message)?,
                Message::MAPS => {
                    idmap::write(number_in_proc(init.pidfd()?, init.pid), &self.bundle.config().linux)?;
                    init.go(None)?;
                }
                Message::CONSOLE => {
                    let master = descriptor.ok_or_else(|| broken("a terminal without its descriptor"))?;
                    match &self.options.console {
                        Console::Socket(path) => send_descriptor(path, "console socket", &text, master.as_fd())?,
                        Console::Return | Console::None => init.console = Some(master),
                    }
                }
                Message::NETWORK => {
                    let socket = descriptor.ok_or_else(|| broken("a network without its socket"))?;
                    let moved = self.move_device(message.step, socket, init.pid)?;
                    init.devices.push(moved);
                    init.channel.go(None)?;
                }
                Message::HOOKS => {
                    known(init.pid, init.pidfd()?)?;
                    let state = self.runtime_hooks(&init)?;
                    init.go(Some(state.as_fd()))?;
                }
                kind => return Err(broken(&format!("a message of kind {kind}"))),
            }
        }
    }

    fn start(&self) -> Result<Launched, Error> {
        let passed = self.options.preserve_fds.saturating_add(self.options.listen_fds);
        let first_own =
            RawFd::try_from(passed.saturating_add(3)).map_err(|_| broken("too many descriptors to preserve"))?;
        let (ours, theirs) = Channel::pair()?;
        let theirs = above(theirs, first_own)?;
        let (files, slots) = self.inputs(first_own)?;
        let stdio = self.stdio(first_own)?;
        let numbers = stdio
            .each_ref()
            .map(|file| file.as_ref().map_or(-1, AsRawFd::as_raw_fd));
        let mut head = Bytes(Vec::with_capacity(128));
        Header::put(&mut head, theirs.as_raw_fd(), numbers, slots.iter().copied());
        let plan = above(
            image::sealed(c"orlop-plan", &[&head.0, self.plan.steps.as_bytes()])?,
            first_own,
        )?;
        let image = above(image::open()?, first_own)?;

        let mut inherited = self.passed.to_vec();
        inherited.extend([theirs.as_raw_fd(), plan.as_raw_fd()]);
        inherited.extend(slots.iter().filter(|slot| **slot >= 0));
        inherited.extend(stdio.iter().flatten().map(AsRawFd::as_raw_fd));
        let argument = CString::new(plan.as_raw_fd().to_string()).unwrap_or_default();
        let spawned = sys::spawn(&Spawn {
            program: Program::Open(image.as_fd()),
            args: &[c"orlop-init", &argument],
            env: &[],
            namespaces: self.plan.new_namespaces,
            cgroup: self.cgroup.v2.as_ref().map(AsFd::as_fd),
            stdio: [None; 3],
            inherited: &inherited,
            directory: None,
        })
        .map_err(|errno| {
            let failure = Failure::new("start init in its namespaces", errno).at("linux.namespaces");
            match errno {
                rustix::io::Errno::PERM => failure.hint("new namespaces need CAP_SYS_ADMIN, or a user namespace"),
                rustix::io::Errno::NOSPC => failure.hint("a limit in /proc/sys/user is reached"),
                _ => failure,
            }
        })?;
        drop(files);
        if let Some(v2) = self.cgroup.v2.as_ref().filter(|_| !spawned.is_in_cgroup) {
            join(v2, spawned.pid)
                .map_err(|errno| Failure::new("put init into its cgroup", errno).at("linux.cgroupsPath"))?;
        }
        let has_start_hooks = !self.bundle.config().hooks.start_container.is_empty();
        Ok(Launched {
            pid: spawned.pid,
            pidfd: Some(spawned.pidfd),
            channel: ours,
            console: None,
            devices: Vec::new(),
            has_start_hooks,
        })
    }

    /// The descriptors that init inherits, to be held until it has them, and their numbers by slot: -1 where a hierarchy was left out.
    fn inputs(&self, first_own: RawFd) -> Result<(Vec<OwnedFd>, Vec<RawFd>), Error> {
        let opened = inputs::open(self.plan.inputs.iter(), self.entry)?;
        let (mut files, mut slots) = (Vec::with_capacity(opened.len()), Vec::with_capacity(opened.len()));
        for (input, file) in self.plan.inputs.iter().zip(opened) {
            if let Some(file) = file {
                let file = above(file, first_own)?;
                slots.push(file.as_raw_fd());
                files.push(file);
                continue;
            }
            let Input::CgroupTasks(index) = input else {
                return Err(broken("a descriptor that nobody opened"));
            };
            let controllers = self.plan.cgroup.v1.get(*index).map(|place| place.controllers.as_str());
            match self
                .cgroup
                .tasks
                .iter()
                .find(|tasks| Some(tasks.controllers.as_str()) == controllers)
            {
                None => slots.push(-1),
                Some(tasks) if tasks.fd.as_raw_fd() >= first_own => slots.push(tasks.fd.as_raw_fd()),
                Some(tasks) => {
                    let copy = rustix::io::fcntl_dupfd_cloexec(&tasks.fd, first_own)
                        .map_err(|errno| Failure::new("copy a descriptor", errno))?;
                    slots.push(copy.as_raw_fd());
                    files.push(copy);
                }
            }
        }
        Ok((files, slots))
    }

    /// Descriptors for init's stdio; with a terminal it gets none of ours that it would keep.
    fn stdio(&self, first_own: RawFd) -> Result<[Option<OwnedFd>; 3], Error> {
        let mut stdio = [const { None }; 3];
        for (place, chosen) in stdio.iter_mut().zip(&self.options.stdio) {
            if let Some(file) = chosen {
                let copy = rustix::io::fcntl_dupfd_cloexec(file, first_own.max(3));
                *place = Some(copy.map_err(|errno| Failure::new("copy a descriptor for stdio", errno))?);
            }
        }
        Ok(stdio)
    }

    /// In a user namespace nobody may raise a hard limit, so that is done from here.
    fn limits_from_outside(&self, pid: Pid) -> Result<(), Error> {
        let config = self.bundle.config();
        if config.linux.namespace(NamespaceType::User).is_none() {
            return Ok(());
        }
        let limits = config.process.iter().flat_map(|process| &process.rlimits).enumerate();
        for (index, limit) in limits.filter(|(_, limit)| !limit.is_too_small_for_init()) {
            sys::set_limit(pid, limit.resource as u32, limit.soft, limit.hard).map_err(|errno| {
                let attempted = format!("set {} to {} (hard limit {})", limit.resource, limit.soft, limit.hard);
                let failure = Failure::new(attempted, errno).at(crate::JsonPath::from("process.rlimits").index(index));
                if errno == rustix::io::Errno::PERM {
                    failure.hint("raising a hard limit needs CAP_SYS_RESOURCE")
                } else {
                    failure
                }
            })?;
        }
        Ok(())
    }

    /// Nor may anybody there give real time, a better priority than its own, or a lower OOM score.
    fn attributes_from_outside(&self, init: &Launched) -> Result<(), Error> {
        let pid = init.pid;
        let process = self.bundle.config().process.as_ref();
        for (step, path) in process.into_iter().flat_map(|process| self.plan.outside.steps(process)) {
            let set = match step {
                Step::OomScore { value } => set_oom_score(number_in_proc(init.pidfd()?, pid), value),
                _ => sys::set_priority(pid, &step),
            };
            set.map_err(|errno| failure::from_outside(&step, path, errno))?;
        }
        Ok(())
    }

    fn move_device(&self, step: u32, socket: OwnedFd, pid: Pid) -> Result<Moved, Error> {
        let step = self.plan.steps.get(step as usize);
        let Some((Step::NetworkDevice { from, to }, origin)) = step else {
            return Err(broken("a network that nobody asked for"));
        };
        let origin = origin.path().unwrap_or_else(|| "linux.netDevices".into());
        let pid = pid.as_raw_nonzero().get();
        Moved::into(pid, socket, &from.to_string_lossy(), &to.to_string_lossy(), &origin)
    }

    /// Runs the hooks of the host, and gives the state that init's own hooks read: with the pid that they see.
    fn runtime_hooks(&self, init: &Launched) -> Result<OwnedFd, Error> {
        let hooks = &self.bundle.config().hooks;
        let output = &self.bundle.annotated().hooks;
        let pid = init.pid.as_raw_nonzero().get();
        let watched = Watched {
            cancel: self.options.cancel.as_ref().map(AsFd::as_fd),
            init: init.pidfd.as_ref().map(AsFd::as_fd),
        };
        // What a prestart hook sees is what it saw before the spec had the later kinds.
        let created = HookState::new(self.state, Status::Created, pid);
        run_hooks("prestart", &hooks.prestart, &created, output, watched)?;
        let creating = HookState::new(self.state, Status::Creating, pid);
        run_hooks("createRuntime", &hooks.create_runtime, &creating, output, watched)?;
        HookState::new(self.state, Status::Creating, hooks::pid_inside(pid)).file()
    }
}

impl Launched {
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    pub(crate) fn pidfd(&self) -> Result<&OwnedFd, Error> {
        self.pidfd
            .as_ref()
            .ok_or_else(|| broken("an init without a descriptor"))
    }

    /// Lets init go: from now on it lives on its own, and waits for `start`.
    pub(crate) fn release(mut self, state: &State) -> Result<Released, Error> {
        let hooks_state = if self.has_start_hooks {
            Some({
                let pid = hooks::pid_inside(self.pid.as_raw_nonzero().get());
                HookState::new(state, Status::Created, pid).file()?
            })
        } else {
            None
        };
        self.go(hooks_state.as_ref().map(AsFd::as_fd))?;
        self.devices.drain(..).for_each(Moved::keep);
        let pidfd = self
            .pidfd
            .take()
            .ok_or_else(|| broken("an init without a descriptor"))?;
        Ok(Released {
            pidfd,
            console: self.console.take(),
        })
    }

    /// Init goes on as another process, also a child of ours.
    fn moved(&mut self, message: &Message) -> Result<(), Error> {
        let pid = i32::try_from(message.detail)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| broken("no pid"))?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(|errno| Failure::new("open init's pidfd", errno))?;
        if let Some(before) = self.pidfd.replace(pidfd) {
            let _ = crate::container::wait_for(before.as_fd());
        }
        self.pid = pid;
        self.go(None)
    }

    /// Tells init to go on. That it cannot be told anything is not what the user has to know.
    fn go(&self, descriptor: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        self.channel.go(descriptor).map_err(|error| match &self.pidfd {
            Some(pidfd) if sys::has_ended(pidfd) == Ok(true) => self.ended_early(),
            _ => error,
        })
    }

    fn ended_early(&self) -> Error {
        let status = self
            .pidfd
            .as_ref()
            .and_then(|pidfd| crate::container::wait_for(pidfd.as_fd()).ok());
        let how = match status {
            Some(137) => "it was killed (SIGKILL); a memory limit may be too small".to_owned(),
            Some(status @ 129..) => format!("it was ended by signal {}", status - 128),
            Some(status) => format!("it exited with status {status}"),
            None => "it is gone".to_owned(),
        };
        Failure::plain("set the container up: init ended early", how).into()
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        if let Some(pidfd) = &self.pidfd {
            let _ = pidfd_send_signal(pidfd, Signal::KILL);
            let _ = crate::container::wait_for(pidfd.as_fd());
        }
    }
}

/// A process's number in the procfs that is mounted here, which may be another pid namespace's than ours: `/proc/PID` would be somebody else.
fn number_in_proc(pidfd: &OwnedFd, pid: Pid) -> Pid {
    let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd())).unwrap_or_default();
    let number = about
        .lines()
        .find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok());
    number.and_then(Pid::from_raw).unwrap_or(pid)
}

fn set_oom_score(pid: Pid, value: i32) -> Result<(), rustix::io::Errno> {
    let path = format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero());
    let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, value.to_string().as_bytes()).map(drop)
}

/// Where `clone3` is refused, the cgroup is joined afterwards.
fn join(v2: &OwnedFd, pid: Pid) -> Result<(), rustix::io::Errno> {
    let file = rustix::fs::openat(v2, c"cgroup.procs", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, pid.as_raw_nonzero().to_string().as_bytes()).map(drop)
}

struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Our two halves do not understand one another: a fault of this library.
fn broken(what: &str) -> Error {
    Failure::plain(
        "set the container up",
        format!("init sent {what}; this is a fault of orlop's"),
    )
    .into()
}

/// A file that is waited on together with the caller's wish to stop.
pub(crate) type Cancel<'a> = Option<BorrowedFd<'a>>;
