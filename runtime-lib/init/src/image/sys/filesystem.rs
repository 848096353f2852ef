//! Filesystems that are configured word by word before they are mounted (Linux 5.2).

use super::{Arg, Fd, Result, call, number};
use core::ffi::CStr;

const FSCONFIG_SET_FLAG: u32 = 0;
const FSCONFIG_SET_STRING: u32 = 1;
const FSCONFIG_CMD_CREATE: u32 = 6;
const FSCONFIG_CMD_RECONFIGURE: u32 = 7;

/// A context for a new filesystem (`man 2 fsopen`). ENODEV for a kind that the kernel does not have.
pub(crate) fn open_filesystem(kind: &CStr) -> Result<Fd> {
    const FSOPEN_CLOEXEC: u32 = 1;
    // SAFETY: the kernel reads the borrowed name, which ends with a NUL.
    unsafe { call(number::FSOPEN, [kind.into(), FSOPEN_CLOEXEC.into()]) }.map(Fd::new)
}

/// A context of the filesystem of a mount, to configure it anew (`man 2 fspick`).
pub(crate) fn pick_filesystem(mount: Fd) -> Result<Fd> {
    const FSPICK_CLOEXEC: u32 = 1;
    const FSPICK_EMPTY_PATH: u32 = 8;
    let flags = FSPICK_CLOEXEC | FSPICK_EMPTY_PATH;
    // SAFETY: the kernel reads the empty path.
    unsafe { call(number::FSPICK, [mount.into(), c"".into(), flags.into()]) }.map(Fd::new)
}

/// Adds a word (`man 2 fsconfig`). EINVAL for one that the filesystem does not know; why is read from the context.
pub(crate) fn configure_flag(context: Fd, key: &CStr) -> Result<()> {
    config(context, FSCONFIG_SET_FLAG, key.into(), Arg::NULL)
}

/// Adds a word with a value (`man 2 fsconfig`). EINVAL as for [`configure_flag`].
pub(crate) fn configure(context: Fd, key: &CStr, value: &CStr) -> Result<()> {
    config(context, FSCONFIG_SET_STRING, key.into(), value.into())
}

/// Makes the filesystem of what was configured (`man 2 fsconfig`).
pub(crate) fn create_filesystem(context: Fd) -> Result<()> {
    config(context, FSCONFIG_CMD_CREATE, Arg::NULL, Arg::NULL)
}

/// Gives a filesystem that was picked what was configured (`man 2 fsconfig`).
pub(crate) fn reconfigure_filesystem(context: Fd) -> Result<()> {
    config(context, FSCONFIG_CMD_RECONFIGURE, Arg::NULL, Arg::NULL)
}

fn config(context: Fd, command: u32, key: Arg<'_>, value: Arg<'_>) -> Result<()> {
    let arguments = [context.into(), command.into(), key, value, Arg::NULL];
    // SAFETY: the functions above give the commands of linux/mount.h what they read: one or two borrowed strings that
    // end with a NUL, or nothing.
    unsafe { call(number::FSCONFIG, arguments) }.map(drop)
}

/// A mount of the filesystem that has no place yet, with the attributes `MOUNT_ATTR_*` (`man 2 fsmount`).
pub(crate) fn mount_filesystem(context: Fd, attributes: u64) -> Result<Fd> {
    const FSMOUNT_CLOEXEC: u32 = 1;
    // SAFETY: the arguments are a descriptor and numbers.
    unsafe {
        call(
            number::FSMOUNT,
            [context.into(), FSMOUNT_CLOEXEC.into(), attributes.into()],
        )
    }
    .map(Fd::new)
}
