//! What is in directories, and which directories this process is in.

use super::{Arg, Errno, Fd, Result, call, number};
use core::ffi::CStr;

/// `man 2 mkdirat`. EEXIST for a name that is there.
pub(crate) fn make_directory(directory: Fd, path: &CStr, mode: u32) -> Result<()> {
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL.
    unsafe { call(number::MKDIRAT, [directory.into(), path.into(), mode.into()]) }.map(drop)
}

/// `man 2 mknodat`. EEXIST for a name that is there, EPERM where devices cannot be made.
pub(crate) fn make_node(directory: Fd, path: &CStr, mode: u32, major: u32, minor: u32) -> Result<()> {
    // The kernel's own coding of a device number (`new_encode_dev`): it takes 12 bits of major and 20 of minor.
    let device = (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12);
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL.
    unsafe {
        call(
            number::MKNODAT,
            [directory.into(), path.into(), mode.into(), device.into()],
        )
    }
    .map(drop)
}

/// `man 2 symlinkat`. EEXIST for a name that is there.
pub(crate) fn make_link(target: &CStr, directory: Fd, path: &CStr) -> Result<()> {
    // SAFETY: the kernel reads the two borrowed strings, which end with a NUL.
    unsafe { call(number::SYMLINKAT, [target.into(), directory.into(), path.into()]) }.map(drop)
}

/// Takes away a name that is no directory's (`man 2 unlinkat`).
pub(crate) fn unlink(directory: Fd, path: &CStr) -> Result<()> {
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL.
    unsafe { call(number::UNLINKAT, [directory.into(), path.into(), Arg::NULL]) }.map(drop)
}

/// The target of a link, cut off where `buffer` ends (`man 2 readlinkat`). EINVAL for what is no link.
pub(crate) fn read_link<'a>(directory: Fd, path: &CStr, buffer: &'a mut [u8]) -> Result<&'a [u8]> {
    let size = buffer.len();
    let arguments = [directory.into(), path.into(), Arg::from_mut(buffer), size.into()];
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL, and writes at most `size` bytes to the
    // buffer, borrowed mutably.
    let length = unsafe { call(number::READLINKAT, arguments) }?;
    buffer.get(..length).ok_or(Errno::NAMETOOLONG)
}

/// The next entries of a directory as `struct linux_dirent64`s, in bytes of `buffer`; 0 at the end (`man 2
/// getdents64`).
pub(crate) fn entries(directory: Fd, buffer: &mut [u8]) -> Result<usize> {
    let size = buffer.len();
    // SAFETY: the kernel writes at most `size` bytes to the buffer, borrowed mutably.
    unsafe {
        call(
            number::GETDENTS64,
            [directory.into(), Arg::from_mut(buffer), size.into()],
        )
    }
}

/// `man 2 chdir`. ENOENT, ENOTDIR, EACCES for a path that does not lead to a directory.
pub(crate) fn change_directory(path: &CStr) -> Result<()> {
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL.
    unsafe { call(number::CHDIR, [path.into()]) }.map(drop)
}

/// `man 2 fchdir`
pub(crate) fn enter_directory(directory: Fd) -> Result<()> {
    // SAFETY: the argument is a descriptor.
    unsafe { call(number::FCHDIR, [directory.into()]) }.map(drop)
}

/// `man 2 chroot`
pub(crate) fn change_root(path: &CStr) -> Result<()> {
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL.
    unsafe { call(number::CHROOT, [path.into()]) }.map(drop)
}

/// Whether the working directory is inside the root: outside, the kernel's path does not start with a slash (`man 2
/// getcwd`).
pub(crate) fn working_directory_is_inside() -> Result<bool> {
    let mut buffer = [0u8; 4096];
    let size = buffer.len();
    // SAFETY: the kernel writes at most `size` bytes to the buffer, borrowed mutably.
    unsafe { call(number::GETCWD, [Arg::from_mut(&mut buffer), size.into()]) }?;
    Ok(buffer.starts_with(b"/"))
}
