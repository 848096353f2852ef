//! The few calls without a safe face. The only unsafe code of the harness.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, set_parent_process_death_signal, setsid};
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Gives this process a mount namespace of its own.
pub(crate) fn own_mount_namespace() -> io::Result<()> {
    // SAFETY: only CLONE_FILES could take descriptors away from other threads, and it is not asked for.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }.map_err(io::Error::from)
}

/// What a program is started with beyond what std offers.
pub(crate) struct Inherit {
    /// Descriptors to hand over, each with the number it shall have there.
    pub(crate) descriptors: Vec<(OwnedFd, RawFd)>,
    /// Make stdin the controlling terminal of a new session.
    pub(crate) terminal: bool,
    /// A system call that is missing.
    pub(crate) missing: Option<u32>,
    /// Signals to ignore at start, as a careless parent would leave them.
    pub(crate) ignored: Vec<i32>,
}

/// Arranges what `inherit` asks for between fork and exec.
pub(crate) fn prepare(command: &mut Command, inherit: Inherit) {
    let action = move || {
        for (descriptor, number) in &inherit.descriptors {
            // SAFETY: dup2 touches no memory; the descriptor is owned by the closure.
            if unsafe { libc::dup2(descriptor.as_raw_fd(), *number) } < 0 {
                return Err(io::Error::last_os_error());
            }
            if descriptor.as_raw_fd() == *number {
                // SAFETY: as above; dup2 on itself keeps CLOEXEC, which must go.
                unsafe { libc::fcntl(*number, libc::F_SETFD, 0) };
            }
        }
        for signal in &inherit.ignored {
            // SAFETY: SIG_IGN is no pointer to code of ours.
            unsafe { libc::signal(*signal, libc::SIG_IGN) };
        }
        if inherit.terminal {
            // SAFETY: neither call touches memory; stdin is the terminal by then.
            if unsafe { libc::setsid() } < 0 || unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        inherit.missing.map_or(Ok(()), refuse_call)
    };
    // SAFETY: the closure only makes system calls that are safe between fork and exec; it allocates nothing.
    unsafe { command.pre_exec(action) };
}

/// From now on the system call does not exist, as on an older kernel.
fn refuse_call(number: u32) -> io::Result<()> {
    // BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K of linux/bpf_common.h; the number is the
    // first word of what a filter sees.
    const LOAD_NUMBER: u16 = 0x20;
    const IS: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let line = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut filter = [
        line(LOAD_NUMBER, 0, 0, 0),
        line(IS, 0, 1, number),
        line(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned()),
        line(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: 4,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the kernel copies the program, which lives until the call returns.
    if unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Starts the program in a session of its own, which ends with this process.
pub(crate) fn own_session(command: &mut Command) {
    let action = || {
        setsid()?;
        Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
    };
    // SAFETY: the closure only makes two system calls.
    unsafe { command.pre_exec(action) };
}

/// A child that is dead and not reaped yet.
pub(crate) fn dead_child() -> Option<Pid> {
    // SAFETY: all zeros are a valid value of this plain structure.
    let mut found: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: the kernel writes to the structure, which lives on.
    if unsafe { libc::waitid(libc::P_ALL, 0, &raw mut found, flags) } != 0 {
        return None;
    }
    // SAFETY: waitid fills the members of a child's signal, or leaves zeros.
    Pid::from_raw(unsafe { found.si_pid() })
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on SIGINT and SIGTERM do not end this process; they are remembered.
pub(crate) fn remember_interrupts() {
    extern "C" fn remember(_: libc::c_int) {
        INTERRUPTED.store(true, Ordering::Relaxed);
    }
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: the handler does nothing but store to an atomic.
        unsafe { libc::signal(signal, remember as *const () as libc::sighandler_t) };
    }
}

/// Whether SIGINT or SIGTERM has come.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// A system call that waits for an agent's answer (`struct seccomp_notif` of linux/seccomp.h).
pub(crate) struct Notification {
    id: u64,
    /// The process, as the agent's pid namespace knows it.
    pub(crate) pid: u32,
    /// The call's number.
    pub(crate) call: i64,
}

/// Waits for the next call; `None` once the filter's last process is gone.
pub(crate) fn next_notification(listener: &OwnedFd) -> io::Result<Option<Notification>> {
    const SECCOMP_IOCTL_NOTIF_RECV: libc::c_ulong = 0xc050_2100;
    loop {
        let mut files = [rustix::event::PollFd::new(listener, rustix::event::PollFlags::IN)];
        if rustix::event::poll(&mut files, None) == Err(rustix::io::Errno::INTR) {
            continue;
        }
        if files[0].revents().contains(rustix::event::PollFlags::HUP) {
            return Ok(None);
        }
        let mut notification = [0u64; 10];
        // SAFETY: the kernel writes a struct of 80 bytes, which this is room for.
        let result = unsafe {
            libc::ioctl(
                listener.as_raw_fd(),
                SECCOMP_IOCTL_NOTIF_RECV,
                notification.as_mut_ptr(),
            )
        };
        if result == 0 {
            return Ok(Some(Notification {
                id: notification[0],
                pid: (notification[1] & 0xffff_ffff) as u32,
                call: i64::from((notification[2] & 0xffff_ffff) as u32),
            }));
        }
        let error = io::Error::last_os_error();
        // ENOENT: the caller was ended meanwhile.
        if !matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) {
            return Err(error);
        }
    }
}

/// Answers: with an errno, or by letting the call go on.
pub(crate) fn answer_notification(listener: &OwnedFd, asked: &Notification, errno: Option<i32>) -> io::Result<()> {
    const SECCOMP_IOCTL_NOTIF_SEND: libc::c_ulong = 0xc018_2101;
    const SECCOMP_USER_NOTIF_FLAG_CONTINUE: u64 = 1;
    let error = errno.map_or(0, |errno| u64::from((-errno).cast_unsigned()));
    let flags = if errno.is_none() {
        SECCOMP_USER_NOTIF_FLAG_CONTINUE
    } else {
        0
    };
    let answer = [asked.id, 0, error | flags << 32];
    // SAFETY: the kernel reads a struct of 24 bytes, which this is.
    if unsafe { libc::ioctl(listener.as_raw_fd(), SECCOMP_IOCTL_NOTIF_SEND, answer.as_ptr()) } == 0 {
        Ok(())
    } else {
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
            error => Err(error),
        }
    }
}
