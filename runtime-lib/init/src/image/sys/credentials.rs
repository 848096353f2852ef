//! Whose process this is: ids, groups, capabilities (`man 7 credentials`).

use super::{Arg, Result, call, number};

/// Sets the supplementary groups; `groups` holds `u32`s (`man 2 setgroups`). EPERM also where the user namespace
/// denies it.
pub(crate) fn set_groups(groups: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads so many 32-bit numbers, which are no more than the borrowed bytes.
    unsafe { call(number::SETGROUPS, [(groups.len() / 4).into(), Arg::from_ref(groups)]) }.map(drop)
}

/// Sets the real, the effective and the saved group (`man 2 setresgid`).
pub(crate) fn set_gid(gid: u32) -> Result<()> {
    // SAFETY: the arguments are numbers.
    unsafe { call(number::SETRESGID, [gid.into(), gid.into(), gid.into()]) }.map(drop)
}

/// Sets the real, the effective and the saved user (`man 2 setresuid`).
pub(crate) fn set_uid(uid: u32) -> Result<()> {
    // SAFETY: the arguments are numbers.
    unsafe { call(number::SETRESUID, [uid.into(), uid.into(), uid.into()]) }.map(drop)
}

/// Sets this thread's capabilities; a bit for each (`man 2 capset`).
pub(crate) fn set_capabilities(effective: u64, permitted: u64, inheritable: u64) -> Result<()> {
    const LINUX_CAPABILITY_VERSION_3: u32 = 0x2008_0522;
    // The kernel writes the version that it prefers over one that it does not know.
    let mut header = [LINUX_CAPABILITY_VERSION_3, 0];
    let low = |set: u64| u32::try_from(set & 0xffff_ffff).unwrap_or(0);
    let high = |set: u64| u32::try_from(set >> 32).unwrap_or(0);
    let sets = [
        low(effective),
        low(permitted),
        low(inheritable),
        high(effective),
        high(permitted),
        high(inheritable),
    ];
    // SAFETY: the kernel reads, and may write, the header of two numbers, borrowed mutably; version 3 has two times
    // three sets of 32 bits to read.
    unsafe { call(number::CAPSET, [Arg::from_mut(&mut header), Arg::from_ref(&sets)]) }.map(drop)
}
