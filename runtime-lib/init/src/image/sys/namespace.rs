//! Namespaces, and the names that a UTS namespace holds (`man 7 namespaces`).

use super::{Fd, Result, call, number};
use core::ffi::CStr;

/// Takes new namespaces, as `CLONE_NEW*` say (`man 2 unshare`). EPERM without the capability, ENOSPC beyond the limit
/// of a user's namespaces.
pub(crate) fn unshare(flags: u64) -> Result<()> {
    // SAFETY: the argument is a number. A process without threads that share its memory keeps that as it is; of one
    // with threads the kernel refuses to unshare it.
    unsafe { call(number::UNSHARE, [flags.into()]) }.map(drop)
}

/// Joins the namespace of a file; `kind` is its `CLONE_NEW*`, or 0 (`man 2 setns`). EPERM without the capability in
/// the namespace's owner.
pub(crate) fn join_namespace(file: Fd, kind: u64) -> Result<()> {
    // SAFETY: the arguments are a descriptor and a number.
    unsafe { call(number::SETNS, [file.into(), kind.into()]) }.map(drop)
}

/// At most 64 bytes (`man 2 sethostname`).
pub(crate) fn set_hostname(name: &CStr) -> Result<()> {
    // SAFETY: the kernel reads as many bytes as the borrowed name has.
    unsafe { call(number::SETHOSTNAME, [name.into(), name.count_bytes().into()]) }.map(drop)
}

/// At most 64 bytes (`man 2 setdomainname`).
pub(crate) fn set_domainname(name: &CStr) -> Result<()> {
    // SAFETY: the kernel reads as many bytes as the borrowed name has.
    unsafe { call(number::SETDOMAINNAME, [name.into(), name.count_bytes().into()]) }.map(drop)
}
