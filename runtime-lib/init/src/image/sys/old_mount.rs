//! Mounts by path: the calls that every kernel has.

use super::{Arg, Result, call, number};
pub(crate) use crate::linux::mount_flag::{
    BIND as MS_BIND, DIRSYNC as MS_DIRSYNC, LAZYTIME as MS_LAZYTIME, MANDLOCK as MS_MANDLOCK, MOVE as MS_MOVE,
    NOATIME as MS_NOATIME, PRIVATE as MS_PRIVATE, RDONLY as MS_RDONLY, REC as MS_REC, RELATIME as MS_RELATIME,
    REMOUNT as MS_REMOUNT, SLAVE as MS_SLAVE, STRICTATIME as MS_STRICTATIME, SYNCHRONOUS as MS_SYNCHRONOUS,
};
use core::ffi::CStr;

pub(crate) const MNT_DETACH: u32 = 2;
pub(crate) const UMOUNT_NOFOLLOW: u32 = 8;

/// Binds, moves, changes a mount or its propagation, as `flags` say (`man 2 mount`).
pub(crate) fn mount(source: &CStr, target: &CStr, flags: u64) -> Result<()> {
    let arguments = [source.into(), target.into(), Arg::NULL, flags.into(), Arg::NULL];
    // SAFETY: the kernel reads the two borrowed paths, which end with a NUL; a filesystem that is mounted anew gets no
    // data.
    unsafe { call(number::MOUNT, arguments) }.map(drop)
}

/// Mounts a new filesystem (`man 2 mount`). ENODEV for a kind that the kernel does not have.
pub(crate) fn mount_filesystem_at(source: &CStr, target: &CStr, kind: &CStr, flags: u64, data: &CStr) -> Result<()> {
    let arguments = [source.into(), target.into(), kind.into(), flags.into(), data.into()];
    // SAFETY: the kernel reads the borrowed strings, which end with a NUL. It copies a whole page from `data` on, or
    // what there is of it, and looks no further than the NUL: what this process has behind that is neither changed nor
    // seen.
    unsafe { call(number::MOUNT, arguments) }.map(drop)
}

/// `man 2 umount2`. EINVAL for what is no mount.
pub(crate) fn unmount(target: &CStr, flags: u32) -> Result<()> {
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL.
    unsafe { call(number::UMOUNT2, [target.into(), flags.into()]) }.map(drop)
}

/// `man 2 pivot_root`. EINVAL from the first root of a machine, which is no mount on a mount.
pub(crate) fn pivot_root(new: &CStr, old: &CStr) -> Result<()> {
    // SAFETY: the kernel reads the two borrowed paths, which end with a NUL.
    unsafe { call(number::PIVOT_ROOT, [new.into(), old.into()]) }.map(drop)
}
