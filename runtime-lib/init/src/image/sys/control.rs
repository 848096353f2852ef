//! Attributes of this process that prctl sets (`man 2 prctl`).

use super::{Arg, Result, call, number};
use core::ffi::CStr;

/// An operation whose arguments are numbers only. Others take addresses, to write to or to keep.
#[derive(Clone, Copy)]
pub(crate) struct Operation(u32);

pub(crate) const PR_SET_PDEATHSIG: Operation = Operation(1);
pub(crate) const PR_SET_DUMPABLE: Operation = Operation(4);
pub(crate) const PR_SET_KEEPCAPS: Operation = Operation(8);
pub(crate) const PR_CAPBSET_READ: Operation = Operation(23);
pub(crate) const PR_CAPBSET_DROP: Operation = Operation(24);
pub(crate) const PR_SET_NO_NEW_PRIVS: Operation = Operation(38);
pub(crate) const PR_CAP_AMBIENT: Operation = Operation(47);
pub(crate) const PR_CAP_AMBIENT_RAISE: u32 = 2;
pub(crate) const PR_CAP_AMBIENT_CLEAR_ALL: u32 = 4;

/// `man 2 prctl`. EINVAL also for a capability that the kernel does not have.
pub(crate) fn process_control(operation: Operation, second: u64, third: u64) -> Result<usize> {
    let arguments = [operation.0.into(), second.into(), third.into(), Arg::NULL, Arg::NULL];
    // SAFETY: the operations above take no address, and change nothing of this process's memory.
    unsafe { call(number::PRCTL, arguments) }
}

/// The name that `ps` shows, and by which `start` knows a process that did not get to its execve. At most 15 bytes of
/// it.
pub(crate) fn set_name(name: &CStr) {
    const PR_SET_NAME: u32 = 15;
    // SAFETY: the kernel reads the name up to its NUL or 15 bytes of it.
    let _ = unsafe { call(number::PRCTL, [PR_SET_NAME.into(), name.into()]) };
}
