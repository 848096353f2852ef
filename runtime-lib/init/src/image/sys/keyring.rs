//! Keys that the kernel keeps (`man 7 keyrings`).

use super::{Result, call, number};
use core::ffi::CStr;

/// Takes a new session keyring; its serial number (`man 2 keyctl`). ENOSYS from a kernel without keys.
pub(crate) fn join_session_keyring(name: &CStr) -> Result<usize> {
    const KEYCTL_JOIN_SESSION_KEYRING: u32 = 1;
    // SAFETY: the kernel reads the borrowed name, which ends with a NUL.
    unsafe { call(number::KEYCTL, [KEYCTL_JOIN_SESSION_KEYRING.into(), name.into()]) }
}
