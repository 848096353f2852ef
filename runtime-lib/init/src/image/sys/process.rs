//! Processes: how they begin and end.

use super::{Arg, Fd, Result, arch, call, number, retry};
use crate::wire::KILLED;

pub(crate) const CLONE_PARENT: u64 = 0x8000;
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
const CSIGNAL: u64 = 0xff;
pub(crate) const SIGCHLD: u64 = 17;
pub(crate) const SIGKILL: i32 = 9;

/// A copy of this process: 0 in the copy, its pid in this one (`man 2 clone`). `flags` may hold [`CLONE_PARENT`] and
/// the signal that tells of its end, and nothing else counts. EAGAIN beyond the limit of processes.
pub(crate) fn fork(flags: u64) -> Result<usize> {
    let flags = flags & (CLONE_PARENT | CSIGNAL);
    // SAFETY: without CLONE_VM the copy has memory of its own, and goes on with the same stack.
    unsafe {
        call(
            number::CLONE,
            [flags.into(), Arg::NULL, Arg::NULL, Arg::NULL, Arg::NULL],
        )
    }
}

/// The same, as a child of this process's parent whose end is told as this one's, born into the v2 cgroup of a directory
/// (`man 2 clone3`, Linux 5.7). EBUSY if that takes no processes, EACCES without the right to put them there.
pub(crate) fn fork_into(cgroup: Fd) -> Result<usize> {
    /// `struct clone_args` (Linux: `include/uapi/linux/sched.h`).
    #[repr(C)]
    #[derive(Default)]
    struct Arguments {
        flags: u64,
        pidfd: u64,
        child_tid: u64,
        parent_tid: u64,
        exit_signal: u64,
        stack: u64,
        stack_size: u64,
        tls: u64,
        set_tid: u64,
        set_tid_size: u64,
        cgroup: u64,
    }
    let arguments = Arguments {
        flags: CLONE_PARENT | CLONE_INTO_CGROUP,
        cgroup: u64::try_from(cgroup.0).unwrap_or(u64::MAX),
        ..Arguments::default()
    };
    // SAFETY: the kernel reads a struct clone_args of this size, which is borrowed. Without CLONE_VM the copy has memory
    // of its own, and without a stack of its own it goes on with the same.
    unsafe {
        call(
            number::CLONE3,
            [Arg::from_ref(&arguments), size_of::<Arguments>().into()],
        )
    }
}

/// Waits for a child's end: the exit status, or [`KILLED`] and the signal's number (`man 2 waitid`).
pub(crate) fn wait(pid: usize) -> Result<u32> {
    const P_PID: u32 = 1;
    const WEXITED: u32 = 4;
    const CLD_EXITED: i32 = 1;
    let mut info = [0i32; 32];
    retry(|| {
        let arguments = [
            P_PID.into(),
            pid.into(),
            Arg::from_mut(&mut info),
            WEXITED.into(),
            Arg::NULL,
        ];
        // SAFETY: the kernel writes at most a siginfo_t, of 128 bytes as `info`, which is borrowed mutably; the usage
        // of resources nowhere.
        unsafe { call(number::WAITID, arguments) }
    })?;
    // siginfo_t of SIGCHLD: signo, errno, code, padding, pid, uid, status.
    let status = info[6].cast_unsigned();
    Ok(if info[2] == CLD_EXITED { status } else { KILLED + status })
}

/// A descriptor that can be read when the process ends (`man 2 pidfd_open`).
pub(crate) fn open_process(pid: usize) -> Result<Fd> {
    // SAFETY: the arguments are numbers.
    unsafe { call(number::PIDFD_OPEN, [pid.into(), Arg::NULL]) }.map(Fd::new)
}

/// The number of this process in its pid namespace (`man 2 getpid`).
pub(crate) fn own_number() -> usize {
    // SAFETY: there are no arguments.
    unsafe { call(number::GETPID, []) }.unwrap_or_default()
}

/// `man 2 kill`
pub(crate) fn kill(pid: usize, signal: i32) -> Result<()> {
    // SAFETY: the arguments are numbers. A signal of this process's own ends it, or runs the handler that was made for
    // that.
    unsafe { call(number::KILL, [pid.into(), signal.into()]) }.map(drop)
}

/// Kills the processes of a group (`man 2 kill`). ESRCH if there is none.
pub(crate) fn kill_group(leader: usize) -> Result<()> {
    // SAFETY: the arguments are numbers; of this process's memory nothing changes.
    unsafe { call(number::KILL, [0usize.wrapping_sub(leader).into(), SIGKILL.into()]) }.map(drop)
}

/// Leads a new session (`man 2 setsid`). EPERM for a leader of a process group.
pub(crate) fn new_session() -> Result<()> {
    // SAFETY: there are no arguments.
    unsafe { call(number::SETSID, []) }.map(drop)
}

/// Sets the file mode creation mask; the one before (`man 2 umask`).
pub(crate) fn set_umask(mask: u32) -> u32 {
    // SAFETY: the argument is a number.
    unsafe { call(number::UMASK, [mask.into()]) }
        .ok()
        .and_then(|mask| u32::try_from(mask).ok())
        .unwrap_or(0)
}

/// Ends the process (`man 2 exit_group`). A filter of the container's may refuse both calls without ending it: then a
/// fault does.
pub(crate) fn exit(status: i32) -> ! {
    for number in [number::EXIT_GROUP, number::EXIT] {
        // SAFETY: the argument is a number, and nothing of this process is used after the call.
        let _ = unsafe { call(number, [status.into()]) };
    }
    arch::fault()
}
