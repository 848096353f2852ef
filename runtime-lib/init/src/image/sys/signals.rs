//! Signals that end this process.

use super::{Arg, call, exit, number};

unsafe extern "C" {
    /// Returns from a signal handler; the kernel wants its address.
    fn orlop_init_restore();
}

/// `struct sigaction` of the kernel.
#[repr(C)]
struct SignalAction {
    handler: extern "C" fn(i32),
    flags: usize,
    restorer: unsafe extern "C" fn(),
    mask: u64,
}

/// Ends the process on `signal`, which pid 1 of a pid namespace would otherwise not see (`man 2 rt_sigaction`).
pub(crate) fn exit_on(signal: i32) {
    const SA_RESTORER: usize = 0x0400_0000;
    let action = SignalAction {
        handler: end,
        flags: SA_RESTORER,
        restorer: orlop_init_restore,
        mask: 0,
    };
    let arguments = [
        signal.into(),
        Arg::from_ref(&action),
        Arg::NULL,
        size_of_val(&action.mask).into(),
    ];
    // SAFETY: the kernel reads the borrowed action and writes the old one nowhere. The handler may run between any two
    // instructions: it uses nothing but its argument, and never returns.
    let _ = unsafe { call(number::RT_SIGACTION, arguments) };
}

extern "C" fn end(signal: i32) {
    exit(128 + signal)
}
