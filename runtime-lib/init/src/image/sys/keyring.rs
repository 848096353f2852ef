//! Keys that the kernel keeps (`man 7 keyrings`).

use super::{Result, call, number};
use core::ffi::CStr;

/// Takes a new session keyring; its serial number (`man 2 keyctl`). ENOSYS from a kernel without keys.
pub(crate) fn join_session_keyring(name: &CStr) -> Result<usize> {
    const KEYCTL_JOIN_SESSION_KEYRING: u32 = 1;
    // SAFETY: the kernel reads the borrowed name, which ends with a NUL.
    unsafe { call(number::KEYCTL, [KEYCTL_JOIN_SESSION_KEYRING.into(), name.into()]) }
}

/// Lets whoever is the owner of a keyring find it by its name, beside what a session keyring allows anyway
/// (`man 2 keyctl`, `KEYCTL_SETPERM`). EACCES for another one's.
pub(crate) fn let_owner_find(keyring: usize) -> Result<()> {
    const KEYCTL_SETPERM: u32 = 5;
    /// All to who possesses it.
    const KEY_POS_ALL: u32 = 0x3f00_0000;
    const KEY_USR_VIEW: u32 = 0x0001_0000;
    const KEY_USR_READ: u32 = 0x0002_0000;
    const KEY_USR_SEARCH: u32 = 0x0008_0000;
    const KEY_USR_LINK: u32 = 0x0010_0000;
    let permissions = KEY_POS_ALL | KEY_USR_VIEW | KEY_USR_READ | KEY_USR_SEARCH | KEY_USR_LINK;
    // SAFETY: the arguments are numbers.
    unsafe {
        call(
            number::KEYCTL,
            [KEYCTL_SETPERM.into(), keyring.into(), permissions.into()],
        )
    }
    .map(drop)
}
