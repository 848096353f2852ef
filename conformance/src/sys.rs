//! The few calls without a safe face. The only unsafe code of the harness.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

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
        Ok(())
    };
    // SAFETY: the closure only makes system calls that are safe between fork and exec; it allocates nothing.
    unsafe { command.pre_exec(action) };
}
