//! Opening, reading and writing files.

use super::{Arg, Errno, Fd, Result, call, number, retry};
use core::ffi::CStr;

pub(crate) const O_RDONLY: u32 = 0;
pub(crate) const O_WRONLY: u32 = 1;
pub(crate) const O_RDWR: u32 = 2;
pub(crate) const O_CREAT: u32 = 0o100;
pub(crate) const O_EXCL: u32 = 0o200;
pub(crate) const O_NOCTTY: u32 = 0o400;
pub(super) const O_CLOEXEC: u32 = 0o2_000_000;
pub(crate) const O_PATH: u32 = 0o10_000_000;

pub(crate) const RESOLVE_NO_XDEV: u64 = 0x01;
pub(crate) const RESOLVE_NO_MAGICLINKS: u64 = 0x02;
pub(crate) const RESOLVE_NO_SYMLINKS: u64 = 0x04;
pub(crate) const RESOLVE_BENEATH: u64 = 0x08;
pub(crate) const RESOLVE_IN_ROOT: u64 = 0x10;

pub(crate) const AT_SYMLINK_NOFOLLOW: u32 = 0x100;
pub(crate) const AT_EMPTY_PATH: u32 = 0x1000;
pub(crate) const AT_RECURSIVE: u32 = 0x8000;

/// `man 2 openat`; always close-on-exec. `mode` counts with [`O_CREAT`] only.
pub(crate) fn open(directory: Fd, path: &CStr, flags: u32, mode: u32) -> Result<Fd> {
    let arguments = [directory.into(), path.into(), (flags | O_CLOEXEC).into(), mode.into()];
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL.
    unsafe { call(number::OPENAT, arguments) }.map(Fd::new)
}

/// `struct open_how`.
#[repr(C)]
struct How {
    flags: u64,
    mode: u64,
    resolve: u64,
}

/// `man 2 openat2` (Linux 5.6), without making files; always close-on-exec. ENOSYS from older kernels and from filters
/// around the runtime; ELOOP for a link that may not be followed, EXDEV for a way out.
pub(crate) fn open_resolved(directory: Fd, path: &CStr, flags: u32, resolve: u64) -> Result<Fd> {
    let how = How {
        flags: u64::from(flags | O_CLOEXEC),
        mode: 0,
        resolve,
    };
    // A path with `..` is resolved again when a rename anywhere got between: seen at most twice in a row.
    for _ in 0..64 {
        let arguments = [
            directory.into(),
            path.into(),
            Arg::from_ref(&how),
            size_of::<How>().into(),
        ];
        // SAFETY: the kernel reads the borrowed path, which ends with a NUL, and a struct open_how of the size that is
        // given.
        match unsafe { call(number::OPENAT2, arguments) } {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result.map(Fd::new),
        }
    }
    Err(Errno::AGAIN)
}

/// Bytes that were read; 0 at the end (`man 2 read`).
pub(crate) fn read(file: Fd, buffer: &mut [u8]) -> Result<usize> {
    let size = buffer.len();
    // SAFETY: the kernel writes at most `size` bytes to the buffer, borrowed mutably.
    retry(|| unsafe { call(number::READ, [file.into(), Arg::from_mut(buffer), size.into()]) })
}

/// Reads at a place of the file, in bytes from its begin, wherever others are in it (`man 2 pread`).
pub(crate) fn read_at(file: Fd, buffer: &mut [u8], offset: u64) -> Result<usize> {
    let size = buffer.len();
    retry(|| {
        let arguments = [file.into(), Arg::from_mut(buffer), size.into(), offset.into()];
        // SAFETY: the kernel writes at most `size` bytes to the buffer, borrowed mutably.
        unsafe { call(number::PREAD64, arguments) }
    })
}

/// Bytes that were written, which may be fewer (`man 2 write`).
pub(crate) fn write(file: Fd, bytes: &[u8]) -> Result<usize> {
    // SAFETY: the kernel reads as many bytes as are borrowed.
    retry(|| unsafe { call(number::WRITE, [file.into(), Arg::from_ref(bytes), bytes.len().into()]) })
}

/// Back to the file's begin (`man 2 lseek`).
pub(crate) fn rewind(file: Fd) -> Result<()> {
    const SEEK_SET: u32 = 0;
    // SAFETY: the arguments are a descriptor and numbers.
    unsafe { call(number::LSEEK, [file.into(), Arg::NULL, SEEK_SET.into()]) }.map(drop)
}
