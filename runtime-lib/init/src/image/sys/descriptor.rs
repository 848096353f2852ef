//! Descriptors, whatever they are of.

use super::clock::Time;
use super::file::O_CLOEXEC;
use super::{Arg, Errno, Fd, Result, call, number};

const F_SETFD: u32 = 2;

/// `man 2 close`
pub(crate) fn close(file: Fd) {
    // SAFETY: the argument is a descriptor. Memory that was mapped from it stays mapped.
    let _ = unsafe { call(number::CLOSE, [file.into()]) };
}

/// Makes `number` a copy of `file` that survives execve (`man 2 dup3`).
pub(crate) fn duplicate(file: Fd, number: i32) -> Result<()> {
    if file.0 == number {
        // SAFETY: the arguments are a descriptor and numbers.
        return unsafe { call(number::FCNTL, [file.into(), F_SETFD.into(), Arg::NULL]) }.map(drop);
    }
    // SAFETY: the arguments are descriptors and a number.
    unsafe { call(number::DUP3, [file.into(), number.into(), Arg::NULL]) }.map(drop)
}

/// Closes the descriptors from `first` to `last` (`man 2 close_range`, Linux 5.9).
pub(crate) fn close_range(first: u32, last: u32) {
    // SAFETY: the arguments are numbers; without CLOSE_RANGE_UNSHARE nothing but descriptors changes.
    let _ = unsafe { call(number::CLOSE_RANGE, [first.into(), last.into(), Arg::NULL]) };
}

/// Marks every descriptor from `first` on as close-on-exec (`man 2 close_range`).
pub(crate) fn close_on_exec_from(first: u32) -> Result<()> {
    const CLOSE_RANGE_CLOEXEC: u32 = 4;
    const FD_CLOEXEC: u32 = 1;
    let arguments = [first.into(), u32::MAX.into(), CLOSE_RANGE_CLOEXEC.into()];
    // SAFETY: the arguments are numbers.
    let outcome = unsafe { call(number::CLOSE_RANGE, arguments) };
    if matches!(outcome, Err(Errno::INVAL | Errno::NOSYS)) {
        // Before Linux 5.11 there is no such flag.
        for number in first..65536 {
            // SAFETY: the arguments are a descriptor, which may not be there (EBADF), and numbers.
            let _ = unsafe { call(number::FCNTL, [number.into(), F_SETFD.into(), FD_CLOEXEC.into()]) };
        }
        return Ok(());
    }
    outcome.map(drop)
}

/// Whether a descriptor can be written to (`man 2 fcntl`, `F_GETFL`).
pub(crate) fn is_writable(file: Fd) -> bool {
    const F_GETFL: u32 = 3;
    const O_WRONLY: usize = 1;
    const O_RDWR: usize = 2;
    // SAFETY: the arguments are a descriptor and numbers.
    unsafe { call(number::FCNTL, [file.into(), F_GETFL.into(), Arg::NULL]) }
        .is_ok_and(|flags| flags & (O_WRONLY | O_RDWR) != 0)
}

/// The end to read from and the end to write to (`man 2 pipe2`).
pub(crate) fn pipe() -> Result<(Fd, Fd)> {
    let mut ends = [-1i32; 2];
    // SAFETY: the kernel writes two ints, and both are borrowed mutably.
    unsafe { call(number::PIPE2, [Arg::from_mut(&mut ends), O_CLOEXEC.into()]) }?;
    let [reader, writer] = ends.map(Fd);
    Ok((reader, writer))
}

/// `struct pollfd`.
#[repr(C)]
struct Poll {
    file: i32,
    events: i16,
    returned: i16,
}

/// Waits until one of the files can be read, at most `milliseconds` (`None`: for ever); tells which can (`man 2
/// ppoll`). EINTR when a signal comes.
pub(crate) fn poll<const N: usize>(files: [Fd; N], milliseconds: Option<u64>) -> Result<[bool; N]> {
    const POLLIN: i16 = 1;
    let mut entries = files.map(|file| Poll {
        file: file.0,
        events: POLLIN,
        returned: 0,
    });
    let mut time = milliseconds.map(|milliseconds| Time {
        seconds: milliseconds / 1000,
        nanoseconds: milliseconds % 1000 * 1_000_000,
    });
    let arguments = [
        Arg::from_mut(&mut entries),
        N.into(),
        time.as_mut().map_or(Arg::NULL, Arg::from_mut),
        Arg::NULL,
        Arg::NULL,
    ];
    // SAFETY: the kernel writes N entries and what is left of the time; both are borrowed mutably. There is no set of
    // signals.
    unsafe { call(number::PPOLL, arguments) }?;
    Ok(entries.map(|entry| entry.returned != 0))
}
