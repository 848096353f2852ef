//! Filters of system calls.

use super::{Arg, Errno, Result, call, number};
use crate::linux::seccomp::SECCOMP_SET_MODE_FILTER;

/// `struct sock_fprog`.
#[repr(C)]
struct FilterProgram {
    length: u16,
    filter: *const u8,
}

/// Loads a filter of `struct sock_filter`s, of 8 bytes each; with a listener the result is its descriptor (`man 2
/// seccomp`). EINVAL for a filter that is too long or that the kernel does not understand; EBUSY for a second
/// listener.
pub(crate) fn load_filter(filter: &[u8], flags: u64) -> Result<usize> {
    let program = FilterProgram {
        length: u16::try_from(filter.len() / 8).map_err(|_| Errno::INVAL)?,
        filter: filter.as_ptr(),
    };
    let arguments = [SECCOMP_SET_MODE_FILTER.into(), flags.into(), Arg::from_ref(&program)];
    // SAFETY: the kernel reads a struct sock_fprog and as many instructions as that says, which are no more than the
    // borrowed bytes.
    unsafe { call(number::SECCOMP, arguments) }
}
