//! Limits of this process.

use super::{Arg, Result, call, number};

/// `struct rlimit64`.
#[repr(C)]
struct Limit {
    soft: u64,
    hard: u64,
}

/// Sets `RLIMIT_*` by number, in the resource's own unit (`man 2 prlimit`). EPERM for a hard limit above what it was.
pub(crate) fn set_limit(resource: u32, soft: u64, hard: u64) -> Result<()> {
    let limit = Limit { soft, hard };
    let arguments = [Arg::NULL, resource.into(), Arg::from_ref(&limit), Arg::NULL];
    // SAFETY: the kernel reads the borrowed struct rlimit64, and writes the old limit nowhere.
    unsafe { call(number::PRLIMIT64, arguments) }.map(drop)
}
