//! Limits of this process.

use super::{Arg, Result, call, number};

/// `struct rlimit64`.
#[repr(C)]
struct Limit {
    soft: u64,
    hard: u64,
}

/// The hard limit `RLIMIT_*` by number, in the resource's own unit (`man 2 prlimit`).
pub(crate) fn hard_limit(resource: u32) -> Result<u64> {
    let mut limit = Limit { soft: 0, hard: 0 };
    let arguments = [Arg::NULL, resource.into(), Arg::NULL, Arg::from_mut(&mut limit)];
    // SAFETY: the kernel writes a struct rlimit64 into one that is borrowed mutably, and reads no new limit.
    unsafe { call(number::PRLIMIT64, arguments) }?;
    Ok(limit.hard)
}

/// Sets `RLIMIT_*` by number, in the resource's own unit (`man 2 prlimit`). EPERM for a hard limit above what it was.
pub(crate) fn set_limit(resource: u32, soft: u64, hard: u64) -> Result<()> {
    let limit = Limit { soft, hard };
    let arguments = [Arg::NULL, resource.into(), Arg::from_ref(&limit), Arg::NULL];
    // SAFETY: the kernel reads the borrowed struct rlimit64, and writes the old limit nowhere.
    unsafe { call(number::PRLIMIT64, arguments) }.map(drop)
}
