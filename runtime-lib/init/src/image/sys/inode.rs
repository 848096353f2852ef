//! What a file's inode has: its mode, its owner, its extended attributes (`man 7 inode`).

use super::file::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW};
use super::{Arg, Fd, Result, call, number};
use core::ffi::CStr;

/// `man 2 fchmod`
pub(crate) fn change_mode(file: Fd, mode: u32) -> Result<()> {
    // SAFETY: the arguments are a descriptor and a number.
    unsafe { call(number::FCHMOD, [file.into(), mode.into()]) }.map(drop)
}

/// `u32::MAX` leaves the user or the group as it is (`man 2 fchown`). EINVAL for an id that the user namespace does
/// not map.
pub(crate) fn change_owner(file: Fd, uid: u32, gid: u32) -> Result<()> {
    // SAFETY: the arguments are a descriptor and numbers.
    unsafe { call(number::FCHOWN, [file.into(), uid.into(), gid.into()]) }.map(drop)
}

/// The same for a descriptor that is only a place (`O_PATH`; `man 2 fchownat`, `AT_EMPTY_PATH`).
pub(crate) fn change_owner_of_place(place: Fd, uid: u32, gid: u32) -> Result<()> {
    let arguments = [place.into(), c"".into(), uid.into(), gid.into(), AT_EMPTY_PATH.into()];
    // SAFETY: the kernel reads the empty path.
    unsafe { call(number::FCHOWNAT, arguments) }.map(drop)
}

/// The same for a name, and for a link itself (`man 2 fchownat`).
pub(crate) fn change_owner_at(directory: Fd, path: &CStr, uid: u32, gid: u32) -> Result<()> {
    let arguments = [
        directory.into(),
        path.into(),
        uid.into(),
        gid.into(),
        AT_SYMLINK_NOFOLLOW.into(),
    ];
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL.
    unsafe { call(number::FCHOWNAT, arguments) }.map(drop)
}

/// `man 2 fsetxattr`. EOPNOTSUPP where the filesystem has none of the name's class.
pub(crate) fn set_extended_attribute(file: Fd, name: &CStr, value: &[u8]) -> Result<()> {
    let arguments = [
        file.into(),
        name.into(),
        Arg::from_ref(value),
        value.len().into(),
        Arg::NULL,
    ];
    // SAFETY: the kernel reads the borrowed name, which ends with a NUL, and as many bytes of the value as are
    // borrowed.
    unsafe { call(number::FSETXATTR, arguments) }.map(drop)
}
