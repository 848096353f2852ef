//! Runs the runtime and all that it starts system call by system call, and does something to one of them.
//!
//! strace has this too (`--inject`), but counts each process's calls of each name apart: what is to hit init's third
//! openat hits the runtime's before there is an init.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::fault::Fault;
use super::point::Place;

/// So long what the runtime left behind may go on when it has ended, until it waits or ends.
const GRACE: Duration = Duration::from_millis(300);

/// Entry and exit of a call (`man 2 ptrace`, `PTRACE_GET_SYSCALL_INFO`).
const ENTRY: u8 = libc::PTRACE_SYSCALL_INFO_ENTRY;
const EXIT: u8 = libc::PTRACE_SYSCALL_INFO_EXIT;

/// What was traced.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// How many calls each process made, in the order in which they began.
    pub(super) calls: Vec<usize>,
    /// The number of the call that the fault was injected into; `None` if it was not reached.
    pub(super) hit: Option<i64>,
    /// Every process that was born, of the runtime or not.
    pub(super) born: Vec<i32>,
    /// The runtime's exit status.
    pub(super) code: Option<i32>,
    /// The signal that ended the runtime.
    pub(super) signal: Option<Signal>,
}

/// The processes of a trace, for whoever ends one that does not end by itself.
#[derive(Debug, Default)]
pub(super) struct Guard {
    state: Mutex<Guarded>,
}

#[derive(Debug, Default)]
struct Guarded {
    until: Option<Instant>,
    pids: Vec<i32>,
    has_struck: bool,
}

impl Guard {
    fn with<T>(&self, work: impl FnOnce(&mut Guarded) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&mut state)
    }

    /// Kills what is past its time.
    pub(super) fn strike(&self) {
        self.with(|state| {
            if state.until.is_some_and(|until| until < Instant::now()) {
                state.has_struck = true;
                for pid in &state.pids {
                    let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
                }
            }
        });
    }

    /// Whether it had to, since it was asked last.
    pub(super) fn has_struck(&self) -> bool {
        self.with(|state| std::mem::take(&mut state.has_struck))
    }
}

/// One process of the tree.
struct Tracee {
    pid: Pid,
    number: usize,
    is_counted: bool,
    /// The error that its call is to come back with.
    answer: Option<Errno>,
    /// It is in a call that waits for somebody.
    waits: bool,
    is_gone: bool,
}

struct Tracer<'a> {
    runtime: &'a Path,
    at: Option<(Place, Fault)>,
    tracees: Vec<Tracee>,
    trace: Trace,
    guard: &'a Guard,
    /// The runtime has ended, and what it left has had its time.
    is_over: bool,
}

/// Runs the runtime with these words to its end, at most for so long. `also` is a process that is there already and is
/// traced too, as number 1.
///
/// # Errors
/// The kernel does not let us trace.
pub(super) fn run(
    runtime: &Path,
    words: &[&str],
    streams: (Stdio, Stdio),
    also: Option<i32>,
    at: Option<(Place, Fault)>,
    (guard, limit): (&Guard, Duration),
) -> io::Result<Trace> {
    // The shell waits until it is traced, and becomes the runtime then.
    let mut child = Command::new("/bin/sh")
        .args(["-c", "read go; exec \"$0\" \"$@\""])
        .arg(runtime)
        .args(words)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::piped())
        .stdout(streams.0)
        .stderr(streams.1)
        .spawn()?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    let mut tracer = Tracer {
        runtime,
        at,
        tracees: Vec::new(),
        trace: Trace::default(),
        guard,
        is_over: false,
    };
    guard.with(|state| {
        *state = Guarded {
            until: Some(Instant::now() + limit),
            ..Guarded::default()
        }
    });
    tracer.seize(pid)?;
    if let Some(also) = also {
        tracer.seize(also)?;
        ptrace::interrupt(Pid::from_raw(also))?;
    }
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(b"\n")?;
    }
    tracer.follow(Pid::from_raw(pid));
    guard.with(|state| state.until = None);
    Ok(tracer.trace)
}

impl Tracer<'_> {
    fn seize(&mut self, pid: i32) -> io::Result<()> {
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACEEXEC;
        ptrace::seize(Pid::from_raw(pid), options)?;
        // The runtime counts from its execve on.
        let is_counted = !self.tracees.is_empty();
        self.take_on(pid, is_counted);
        Ok(())
    }

    fn take_on(&mut self, pid: i32, is_counted: bool) {
        if self.tracees.iter().any(|tracee| tracee.pid.as_raw() == pid) {
            return;
        }
        self.guard.with(|state| state.pids.push(pid));
        self.trace.born.push(pid);
        self.trace.calls.push(0);
        self.tracees.push(Tracee {
            pid: Pid::from_raw(pid),
            number: self.tracees.len(),
            is_counted,
            answer: None,
            waits: false,
            is_gone: false,
        });
    }

    /// Goes on until nothing is traced any more.
    fn follow(&mut self, main: Pid) {
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        let mut ended: Option<Instant> = None;
        loop {
            let flags = if ended.is_some() {
                flags | WaitPidFlag::WNOHANG
            } else {
                flags
            };
            let status = match waitpid(None, Some(flags)) {
                Ok(status) => status,
                Err(Errno::EINTR) => continue,
                // Nothing is left.
                Err(_) => return,
            };
            match status {
                WaitStatus::Exited(pid, code) if pid == main => {
                    self.trace.code = Some(code);
                    ended = Some(Instant::now());
                }
                WaitStatus::Signaled(pid, signal, _) if pid == main => {
                    self.trace.signal = Some(signal);
                    ended = Some(Instant::now());
                }
                WaitStatus::StillAlive => {
                    self.is_over = ended.is_some_and(|ended| ended.elapsed() > GRACE);
                    self.let_go();
                    std::thread::sleep(Duration::from_micros(300));
                }
                status => self.on_stop(status),
            }
            if let Some(pid) = status.pid()
                && matches!(status, WaitStatus::Exited(..) | WaitStatus::Signaled(..))
            {
                self.forget(pid);
            }
            if ended.is_some() && self.tracees.iter().all(|tracee| tracee.is_gone) {
                return;
            }
        }
    }

    fn forget(&mut self, pid: Pid) {
        if let Some(tracee) = self.tracees.iter_mut().find(|tracee| tracee.pid == pid) {
            tracee.is_gone = true;
        }
        self.guard
            .with(|state| state.pids.retain(|other| *other != pid.as_raw()));
    }

    /// Stops those that only wait, or all: from their stop on they go on by themselves.
    fn let_go(&mut self) {
        for tracee in self.tracees.iter().filter(|tracee| !tracee.is_gone) {
            if tracee.waits || self.is_over {
                let _ = ptrace::interrupt(tracee.pid);
            }
        }
    }

    fn on_stop(&mut self, status: WaitStatus) {
        let (pid, outcome) = match status {
            WaitStatus::PtraceSyscall(pid) => (pid, self.on_call(pid)),
            WaitStatus::PtraceEvent(pid, _, libc::PTRACE_EVENT_EXEC) => (pid, self.on_execve(pid)),
            WaitStatus::PtraceEvent(pid, _, libc::PTRACE_EVENT_STOP) => (pid, self.on_interrupt(pid)),
            WaitStatus::PtraceEvent(pid, ..) => {
                let child = ptrace::getevent(pid).ok().and_then(|child| i32::try_from(child).ok());
                if let Some(child) = child {
                    self.take_on(child, true);
                }
                (pid, ptrace::syscall(pid, None))
            }
            WaitStatus::Stopped(pid, signal) => (pid, ptrace::syscall(pid, signal)),
            _ => return,
        };
        if outcome.is_err() {
            // It was killed meanwhile; its end is told of.
            self.forget(pid);
        }
    }

    fn on_interrupt(&mut self, pid: Pid) -> nix::Result<()> {
        let runtime_has_ended = self.trace.code.is_some() || self.trace.signal.is_some();
        let is_over = self.is_over;
        let may_go = |tracee: &Tracee| tracee.pid == pid && (tracee.waits || is_over);
        if runtime_has_ended && self.tracees.iter().any(may_go) {
            return self.release(pid);
        }
        // A process that has just begun may be told of before its parent's call.
        self.take_on(pid.as_raw(), true);
        ptrace::syscall(pid, None)
    }

    fn release(&mut self, pid: Pid) -> nix::Result<()> {
        let outcome = ptrace::detach(pid, None);
        self.forget(pid);
        outcome
    }

    /// Goes on with programs of the runtime's; others are not what is tested.
    fn on_execve(&mut self, pid: Pid) -> nix::Result<()> {
        let program = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        let is_of_runtime = program == self.runtime || program.to_string_lossy().contains("/memfd:");
        let Some(tracee) = self.tracees.iter_mut().find(|tracee| tracee.pid == pid) else {
            return ptrace::syscall(pid, None);
        };
        // The shell's own execve may be seen, too, by which the runtime's process begins.
        if tracee.is_counted && !is_of_runtime {
            return self.release(pid);
        }
        tracee.is_counted = is_of_runtime;
        ptrace::syscall(pid, None)
    }

    fn on_call(&mut self, pid: Pid) -> nix::Result<()> {
        let Some(tracee) = self.tracees.iter_mut().find(|tracee| tracee.pid == pid) else {
            return ptrace::syscall(pid, None);
        };
        let info = ptrace::syscall_info(pid)?;
        if info.op == EXIT {
            if let Some(errno) = tracee.answer.take() {
                registers::answer(pid, errno)?;
            }
            return ptrace::syscall(pid, None);
        }
        if info.op != ENTRY || !tracee.is_counted {
            return ptrace::syscall(pid, None);
        }
        let number = registers::number(pid)?;
        tracee.waits = [libc::SYS_accept, libc::SYS_accept4].contains(&number);
        self.trace.calls[tracee.number] += 1;
        let place = Place {
            process: tracee.number,
            call: self.trace.calls[tracee.number],
        };
        // The first has no error for the clocks that there are, and mostly is no call at all (`man 7 vdso`); the second has
        // none (`man 2 geteuid`).
        let cannot_fail = [libc::SYS_clock_gettime, libc::SYS_geteuid].contains(&number);
        match self.at {
            Some((at, fault)) if at == place && !(cannot_fail && fault != Fault::Kill) => {
                self.trace.hit = Some(number);
                match fault {
                    Fault::Kill => kill(pid, Signal::SIGKILL)?,
                    Fault::Error(errno) => {
                        tracee.answer = Some(errno);
                        tracee.waits = false;
                        // A descriptor is closed whatever the call says (`man 2 close`).
                        if number != libc::SYS_close {
                            registers::skip_call(pid)?;
                        }
                        ptrace::syscall(pid, None)?;
                    }
                }
                Ok(())
            }
            _ => ptrace::syscall(pid, None),
        }
    }
}

/// A call in a process's registers.
#[cfg(target_arch = "x86_64")]
mod registers {
    use nix::errno::Errno;
    use nix::sys::ptrace::{getregs, setregs};
    use nix::unistd::Pid;

    /// Which call it is.
    pub(super) fn number(pid: Pid) -> nix::Result<i64> {
        Ok(getregs(pid)?.orig_rax.cast_signed())
    }

    /// No call is made.
    pub(super) fn skip_call(pid: Pid) -> nix::Result<()> {
        let mut registers = getregs(pid)?;
        registers.orig_rax = u64::MAX;
        setregs(pid, registers)
    }

    /// It comes back with this.
    pub(super) fn answer(pid: Pid, errno: Errno) -> nix::Result<()> {
        let mut registers = getregs(pid)?;
        registers.rax = i64::from(-(errno as i32)).cast_unsigned();
        setregs(pid, registers)
    }
}

/// The same elsewhere: not built yet, which the command says before it begins.
#[cfg(not(target_arch = "x86_64"))]
mod registers {
    use nix::errno::Errno;
    use nix::unistd::Pid;

    pub(super) fn number(_: Pid) -> nix::Result<i64> {
        Err(Errno::ENOSYS)
    }

    pub(super) fn skip_call(_: Pid) -> nix::Result<()> {
        Err(Errno::ENOSYS)
    }

    pub(super) fn answer(_: Pid, _: Errno) -> nix::Result<()> {
        Err(Errno::ENOSYS)
    }
}
