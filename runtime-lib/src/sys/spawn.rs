//! Starting a program from a process that may have many threads and much memory: the child borrows the parent's memory
//! until its execve and the calling thread waits for just that, as `posix_spawn` does. Nothing of the parent's heap,
//! locks or threads is used.

use super::Blocked;
use super::clone::{self, CloneArgs};
use super::stack::Stack;
use super::undumpable::Undumpable;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags};
use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// What is executed.
pub(crate) enum Program<'a> {
    /// An open file.
    Open(BorrowedFd<'a>),
    /// A path.
    Path(&'a CStr),
}

/// How a program is started.
pub(crate) struct Spawn<'a> {
    pub(crate) program: Program<'a>,
    pub(crate) args: &'a [&'a CStr],
    pub(crate) env: &'a [&'a CStr],
    /// `CLONE_NEW*` of namespaces that it is born into.
    pub(crate) namespaces: u64,
    /// Whether nobody who has less than this process is to reach it before its execve, as the owner of a new user
    /// namespace could.
    pub(crate) is_hidden: bool,
    /// The v2 cgroup that it is born into.
    pub(crate) cgroup: Option<BorrowedFd<'a>>,
    /// Descriptors that it gets as copies, by these numbers. None of them has one of the numbers itself.
    pub(crate) placed: &'a [(BorrowedFd<'a>, RawFd)],
    /// Descriptors that it inherits at their own numbers.
    pub(crate) inherited: &'a [RawFd],
    /// Its working directory, if it is to be another one than the caller's and is there.
    pub(crate) directory: Option<&'a CStr>,
    /// Whether what its descendants leave behind becomes its own child, rather than somebody else's.
    pub(crate) adopts: bool,
}

/// A child.
#[derive(Debug)]
pub(crate) struct Spawned {
    pub(crate) pid: Pid,
    pub(crate) pidfd: OwnedFd,
    /// Whether it is in the cgroup that was asked for.
    pub(crate) is_in_cgroup: bool,
    /// To be kept until the child has said something, or ended: this process goes on a little before the child has
    /// left its memory.
    pub(crate) undumpable: Option<Undumpable>,
}

/// `man 2 clone3` (Linux 5.7); the libc crate's constant does not fit its type.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// What the child reads, and the one word that it writes.
struct Task {
    program_file: RawFd,
    program_path: *const c_char,
    flags: c_int,
    args: *const *const c_char,
    env: *const *const c_char,
    placed: *const (RawFd, RawFd),
    placed_count: usize,
    inherited: *const RawFd,
    inherited_count: usize,
    directory: *const c_char,
    keeps_capabilities: bool,
    adopts: bool,
    errno: c_int,
}

/// Starts a program; it is running, or has ended, when this returns.
pub(crate) fn spawn(spawn: &Spawn<'_>) -> Result<Spawned, Errno> {
    let args = pointers(spawn.args);
    let env = pointers(spawn.env);
    let placed: Vec<(RawFd, RawFd)> = spawn.placed.iter().map(|(file, at)| (file.as_raw_fd(), *at)).collect();
    let (program_file, program_path, flags) = match &spawn.program {
        Program::Open(file) => (file.as_raw_fd(), c"".as_ptr(), libc::AT_EMPTY_PATH),
        Program::Path(path) => (libc::AT_FDCWD, path.as_ptr(), 0),
    };
    let mut task = Task {
        program_file,
        program_path,
        flags,
        args: args.as_ptr(),
        env: env.as_ptr(),
        placed: placed.as_ptr(),
        placed_count: placed.len(),
        inherited: spawn.inherited.as_ptr(),
        inherited_count: spawn.inherited.len(),
        directory: spawn.directory.map_or(ptr::null(), CStr::as_ptr),
        keeps_capabilities: spawn.namespaces & libc::CLONE_NEWUSER as u64 != 0,
        adopts: spawn.adopts,
        errno: 0,
    };
    let stack = Stack::new()?;
    let mut pidfd: c_int = -1;
    let cgroup_flags = if spawn.cgroup.is_some() { CLONE_INTO_CGROUP } else { 0 };
    let flags = (libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD) as u64;
    let mut args = CloneArgs {
        flags: flags | spawn.namespaces | cgroup_flags,
        pidfd: (&raw mut pidfd).expose_provenance() as u64,
        exit_signal: libc::SIGCHLD as u64,
        stack: stack.lowest().expose_provenance() as u64,
        stack_size: stack.size() as u64,
        cgroup: spawn
            .cgroup
            .map_or(0, |cgroup| u64::from(cgroup.as_raw_fd().cast_unsigned())),
        ..CloneArgs::default()
    };
    // A handler of the parent's must not run in the child, on a stack of its own size and with its memory.
    let blocked = Blocked::all();
    let undumpable = spawn.is_hidden.then(Undumpable::new);
    let argument = (&raw mut task).cast::<c_void>();
    // SAFETY: VM and VFORK are set: the child has the stack for itself until its execve or end, and so long this
    // frame, which owns stack and task, stands still. `become_program` touches nothing but these and makes raw system
    // calls only.
    let mut result = unsafe { clone::clone3(&args, become_program, argument) };
    let mut is_in_cgroup = spawn.cgroup.is_some();
    if result == -i64::from(libc::ENOSYS) {
        args.flags &= !CLONE_INTO_CGROUP;
        is_in_cgroup = false;
        // SAFETY: as above.
        result = unsafe { clone::clone(&args, become_program_by_clone, argument) };
    }
    drop(blocked);
    drop(stack);
    if result < 0 {
        return Err(Errno::from_raw_os_error(i32::try_from(-result).unwrap_or(libc::EINVAL)));
    }
    let pid = i32::try_from(result).ok().and_then(Pid::from_raw).ok_or(Errno::INVAL)?;
    let pidfd = if pidfd >= 0 {
        // SAFETY: with CLONE_PIDFD the kernel has just put a new descriptor there, which is ours.
        unsafe { OwnedFd::from_raw_fd(pidfd) }
    } else {
        rustix::process::pidfd_open(pid, PidfdFlags::empty())?
    };
    // SAFETY: the child wrote it before it ended or executed, and cannot write again.
    let errno = unsafe { (&raw const task.errno).read_volatile() };
    if errno != 0 {
        let _ = rustix::process::waitid(
            rustix::process::WaitId::PidFd(pidfd_borrowed(&pidfd)),
            rustix::process::WaitIdOptions::EXITED,
        );
        return Err(Errno::from_raw_os_error(errno));
    }
    Ok(Spawned {
        pid,
        pidfd,
        is_in_cgroup,
        undumpable,
    })
}

fn pidfd_borrowed(pidfd: &OwnedFd) -> BorrowedFd<'_> {
    use std::os::fd::AsFd;
    pidfd.as_fd()
}

fn pointers(strings: &[&CStr]) -> Vec<*const c_char> {
    strings
        .iter()
        .map(|string| string.as_ptr())
        .chain([ptr::null()])
        .collect()
}

extern "C" fn become_program_by_clone(argument: *mut c_void) -> c_int {
    become_program(argument)
}

/// The child, until its execve.
extern "C" fn become_program(argument: *mut c_void) -> ! {
    let task = argument.cast::<Task>();
    // SAFETY: the parent's frame holds the task and waits; every pointer in it points to memory of the parent's that
    // stays. The calls are raw system calls: no allocation, no lock, and errno's place in the waiting thread's storage
    // is the only other thing written.
    unsafe {
        default_signals();
        if (*task).keeps_capabilities {
            keep_capabilities();
        }
        let errno = execute(&*task);
        (&raw mut (*task).errno).write_volatile(errno);
        loop {
            libc::syscall(libc::SYS_exit_group, 127 as c_long);
        }
    }
}

/// # Safety
/// As in [`become_program`].
unsafe fn execute(task: &Task) -> c_int {
    // SAFETY: the caller answers for the pointers; the descriptors are numbers, of which a wrong one is refused.
    unsafe {
        // What the caller forgot to close on exec is not for containers or hooks; before Linux 5.11 init closes it at
        // its start.
        libc::syscall(
            libc::SYS_close_range,
            3 as c_uint,
            c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        );
        for index in 0..task.placed_count {
            let (file, number) = *task.placed.add(index);
            if libc::syscall(libc::SYS_dup3, file, number, 0 as c_int) < 0 {
                return *libc::__errno_location();
            }
        }
        if !task.directory.is_null() {
            libc::syscall(libc::SYS_chdir, task.directory);
        }
        if task.adopts {
            // It outlasts the execve, and is not for children (`man 2 PR_SET_CHILD_SUBREAPER`).
            libc::syscall(
                libc::SYS_prctl,
                libc::PR_SET_CHILD_SUBREAPER,
                1 as c_long,
                0 as c_long,
                0 as c_long,
                0 as c_long,
            );
        }
        for index in 0..task.inherited_count {
            libc::syscall(libc::SYS_fcntl, *task.inherited.add(index), libc::F_SETFD, 0 as c_int);
        }
        libc::syscall(
            libc::SYS_execveat,
            task.program_file,
            task.program_path,
            task.args,
            task.env,
            task.flags,
        );
        *libc::__errno_location()
    }
}

/// Gives every signal its default effect, and blocks none: a program is not to inherit what its runtime, or that one's
/// caller, ignored.
///
/// # Safety
/// In a child that has signal dispositions of its own.
unsafe fn default_signals() {
    // struct sigaction of the kernel: handler, flags, restorer, mask; all zero is the default.
    let action = [0u64; 4];
    let none = 0u64;
    // SAFETY: both structures are the kernel's and live on this stack; sizes of signal sets are those of the kernel.
    unsafe {
        for signal in 1..=64 as c_int {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                action.as_ptr(),
                ptr::null::<c_void>(),
                size_of::<u64>(),
            );
        }
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const none,
            ptr::null::<c_void>(),
            size_of::<u64>(),
        );
    }
}

/// Makes all capabilities of a new user namespace survive the execve of a user who is not mapped in it yet: by the
/// ambient set.
///
/// # Safety
/// In a child that has credentials of its own.
unsafe fn keep_capabilities() {
    const LINUX_CAPABILITY_VERSION_3: u32 = 0x2008_0522;
    let header = [LINUX_CAPABILITY_VERSION_3, 0];
    // Effective, permitted, inheritable; the lower halves first.
    let mut sets = [0u32; 6];
    // SAFETY: both arrays have the layout and size that version 3 has, and live on this stack. What the kernel refuses
    // is missed by init.
    unsafe {
        libc::syscall(libc::SYS_capget, header.as_ptr(), sets.as_mut_ptr());
        sets[2] = sets[1];
        sets[5] = sets[4];
        libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr());
        for capability in 0..64 as c_long {
            libc::syscall(
                libc::SYS_prctl,
                libc::PR_CAP_AMBIENT,
                libc::PR_CAP_AMBIENT_RAISE,
                capability,
                0 as c_long,
                0 as c_long,
            );
        }
    }
}
