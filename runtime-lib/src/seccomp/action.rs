//! Actions, as the values that a filter returns (Linux: `linux/seccomp.h`).

use crate::bundle::SeccompAction;

/// `SECCOMP_RET_KILL_THREAD`: what `SCMP_ACT_KILL` means, and what libseccomp does with calls of an architecture that
/// the profile leaves out.
pub(super) const KILL_THREAD: u32 = 0;
/// `SECCOMP_RET_ERRNO` with `ENOSYS`.
pub(super) const NO_SUCH_CALL: u32 = ERRNO | 38;

const KILL_PROCESS: u32 = 0x8000_0000;
const TRAP: u32 = 0x0003_0000;
const ERRNO: u32 = 0x0005_0000;
const NOTIFY: u32 = 0x7fc0_0000;
const TRACE: u32 = 0x7ff0_0000;
pub(super) const LOG: u32 = 0x7ffc_0000;
pub(super) const ALLOW: u32 = 0x7fff_0000;
const EPERM: u32 = 1;

/// The largest errno an action takes; `None` if it takes none. For ERRNO the kernel cuts what is above `MAX_ERRNO`,
/// for TRACE it has 16 bits.
pub(super) const fn largest_errno(action: SeccompAction) -> Option<u32> {
    match action {
        SeccompAction::Errno => Some(4095),
        SeccompAction::Trace => Some(0xffff),
        _ => None,
    }
}

/// The value that makes the kernel act so.
pub(super) fn value(action: SeccompAction, errno: Option<u32>) -> u32 {
    let errno = errno.unwrap_or(EPERM) & 0xffff;
    match action {
        SeccompAction::Kill | SeccompAction::KillThread => KILL_THREAD,
        SeccompAction::KillProcess => KILL_PROCESS,
        SeccompAction::Trap => TRAP,
        SeccompAction::Errno => ERRNO | errno,
        SeccompAction::Trace => TRACE | errno,
        SeccompAction::Allow => ALLOW,
        SeccompAction::Log => LOG,
        SeccompAction::Notify => NOTIFY,
    }
}

/// Whether what a program returns ends the caller with SIGSYS, if that does nothing about it.
pub(super) const fn may_end(value: u32) -> bool {
    const ACTION: u32 = 0xffff_0000;
    matches!(value & ACTION, KILL_THREAD | KILL_PROCESS | TRAP)
}

/// How much an action lets through, by the kernel's own order of precedence: the higher, the more.
pub(super) const fn leniency(value: u32) -> i32 {
    (value & 0xffff_0000).cast_signed()
}
