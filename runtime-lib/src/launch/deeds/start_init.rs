//! Init's start, and which process it is.

use crate::bundle::Quoted;
use crate::launch::channel::Channel;
use crate::launch::descriptors::above;
use crate::launch::init::Init;
use crate::launch::launching::Launching;
use crate::launch::sending::send_descriptor;
use crate::launch::stdio::Stdio;
use crate::launch::{broken, id_maps, image};
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, FollowInit, MapIds, SendPidfd, StartInit};
use crate::process::{Pid, number_in_proc};
use crate::sys::{self, Program, Spawn};
use crate::{Error, Failure};
use orlop_init::wire::Header;
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;

impl Carry<Launching<'_>> for StartInit {
    fn carry_out(&self, origin: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let passed = launching.plan.arguments.passed();
        let first_own = RawFd::try_from(passed.saturating_add(3)).map_err(|_| {
            let why = format!("{passed} are more than a process may have (RLIMIT_NOFILE)");
            Failure::plain("preserve descriptors", why)
        })?;
        let (ours, theirs) = Channel::pair()?;
        let theirs = above(theirs, first_own)?;
        let slots = launching.raise_inherited(first_own)?;
        let stdio = Stdio::choose(launching, first_own)?;
        let given = launching.given(first_own)?;
        let plan = above(launching.sealed_plan(&theirs, &stdio, &slots)?, first_own)?;
        let image = above(image::open(image::Readers::of(self.is_hidden))?, first_own)?;

        let mut inherited = vec![theirs.as_raw_fd(), plan.as_raw_fd()];
        inherited.extend(slots.iter().filter(|slot| **slot >= 0));
        inherited.extend(stdio.chosen.iter().flatten().map(AsRawFd::as_raw_fd));
        let placed: Vec<(BorrowedFd<'_>, RawFd)> = given.iter().map(|(file, number)| (file.as_fd(), *number)).collect();
        let argument = CString::new(plan.as_raw_fd().to_string()).unwrap_or_default();
        let v2 = launching.made.as_ref().and_then(|made| made.v2.as_ref());
        let spawned = sys::spawn(&Spawn {
            program: Program::Open(image.as_fd()),
            args: &[c"orlop-init", &argument],
            env: &[],
            namespaces: self.namespaces,
            is_hidden: self.is_hidden,
            cgroup: v2.map(AsFd::as_fd),
            placed: &placed,
            inherited: &inherited,
            directory: None,
            adopts: false,
        })
        .map_err(|errno| match v2 {
            Some(_) if is_about_the_cgroup(errno) => not_let_in(errno),
            _ => refused(origin, errno),
        })?;
        let pid = Pid::of(spawned.pid);
        launching.undumpable = spawned.undumpable;
        launching.returned = stdio.returned;
        launching.close_inputs();
        launching.init = Some(Init::new(pid, spawned.pidfd, ours));
        let v2 = launching.made.as_ref().and_then(|made| made.v2.as_ref());
        if let Some(v2) = v2.filter(|_| !spawned.is_in_cgroup) {
            join(v2, pid).map_err(|errno| Failure::new("put init into its cgroup", errno).at("linux.cgroupsPath"))?;
        }
        launching.record_init()
    }
}

/// `man 2 clone`, `CLONE_INTO_CGROUP`.
fn is_about_the_cgroup(errno: Errno) -> bool {
    matches!(errno, Errno::ACCESS | Errno::BUSY | Errno::OPNOTSUPP)
}

fn not_let_in(errno: Errno) -> Failure {
    let failure = Failure::new("put init into its cgroup", errno).at("linux.cgroupsPath");
    failure.hint(match errno {
        Errno::ACCESS => {
            "the caller has to be in a cgroup below one that was given to it, in which the container's is as well; \
             `systemd-run --user --scope -p Delegate=yes` starts a program in one"
        }
        Errno::BUSY => "it passes controllers on to cgroups below it, and such a cgroup has no processes of its own",
        _ => "one above it is threaded (cgroup.type), and has nothing but threads below it",
    })
}

fn refused(origin: &Origin, errno: Errno) -> Failure {
    let mut failure = Failure::new("start init in its namespaces", errno);
    failure.path = origin.path().or_else(|| Some("linux.namespaces".into()));
    match errno {
        Errno::PERM => failure.hint(
            "new namespaces need CAP_SYS_ADMIN, or a user namespace, which the kernel does not make for a process in a chroot",
        ),
        Errno::NOSPC => failure.hint("a limit in /proc/sys/user is reached"),
        // Linux: security/tomoyo/domain.c, `tomoyo_find_next_domain`.
        Errno::NOENT => failure.hint("TOMOYO looks an open program up in /dev/fd, a link to /proc/self/fd"),
        _ => failure,
    }
}

/// Where `clone3` is refused, the cgroup is joined afterwards.
fn join(v2: &OwnedFd, pid: Pid) -> Result<(), Errno> {
    let file = rustix::fs::openat(v2, c"cgroup.procs", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, pid.to_string().as_bytes()).map(drop)
}

impl Launching<'_> {
    /// Moves the descriptors that init inherits out of the way of the process's, and gives their numbers by slot: -1
    /// where a hierarchy was left out.
    fn raise_inherited(&mut self, first_own: RawFd) -> Result<Vec<RawFd>, Error> {
        let mut slots = Vec::with_capacity(self.inherited.len());
        for place in &mut self.inherited {
            let Some(file) = place.take() else {
                slots.push(-1);
                continue;
            };
            let file = above(file, first_own)?;
            slots.push(file.as_raw_fd());
            *place = Some(file);
        }
        Ok(slots)
    }

    /// Init has them now. Only what the agent is told is still to be written.
    fn close_inputs(&mut self) {
        let kept = self.plan.acts.agent_state();
        for (slot, place) in (0..).zip(&mut self.inherited) {
            if Some(slot) != kept {
                *place = None;
            }
        }
    }

    /// Copies of what the process is given, out of the way of the numbers that it gets there.
    fn given(&self, first_own: RawFd) -> Result<Vec<(OwnedFd, RawFd)>, Error> {
        let mut given = Vec::with_capacity(self.io.passed.len());
        for passed in &self.io.passed {
            let number = RawFd::try_from(passed.number)
                .ok()
                .filter(|number| (3..first_own).contains(number));
            let Some(number) = number else {
                let why = format!("the plan has no room for the number {}", passed.number);
                return Err(Failure::plain("pass a descriptor to the process", why).into());
            };
            let copy = rustix::io::fcntl_dupfd_cloexec(&passed.file, first_own)
                .map_err(|errno| Failure::new("pass a descriptor to the process", errno))?;
            given.push((copy, number));
        }
        Ok(given)
    }

    /// The plan as init reads it.
    fn sealed_plan(&self, socket: &OwnedFd, stdio: &Stdio, slots: &[RawFd]) -> Result<OwnedFd, Error> {
        let chosen = stdio.chosen.each_ref();
        let chosen = chosen.map(|file| file.as_ref().map_or(-1, AsRawFd::as_raw_fd));
        let mut header = Header::new(socket.as_raw_fd(), chosen);
        header.given = stdio.given;
        header.held = self.plan.held;
        if let Some(filter) = &self.plan.filter {
            header.filter = &filter.program;
            header.filter_flags = filter.flags;
        }
        let head = self.plan.acts.head(&header, slots);
        image::sealed(c"orlop-plan", &[&head, self.plan.acts.bytes()])
    }
}

impl Carry<Launching<'_>> for MapIds {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let init = launching.init()?;
        id_maps::write(number_in_proc(init.pidfd()?, init.pid), &self.uids, &self.gids)
    }
}

impl Carry<Launching<'_>> for FollowInit {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let number = launching.offer.text.parse().ok().and_then(Pid::new);
        let pid = number.ok_or_else(|| broken(&format!("{} for a pid", Quoted(&launching.offer.text))))?;
        let init = launching.init.as_mut();
        init.ok_or_else(|| broken("a successor without init"))?.follow(pid)?;
        launching.record_init()
    }
}

impl Carry<Launching<'_>> for SendPidfd {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        send_descriptor(&self.path, "pidfd socket", "pidfd", launching.init()?.pidfd()?.as_fd())
    }
}
