//! Memory from the kernel, and back to it.

use super::file::AT_EMPTY_PATH;
use super::{Arg, Errno, Fd, Result, call, number, status};

/// A page has no more bytes than that: up to 64 KiB on aarch64.
pub(super) const PAGE: usize = if cfg!(target_arch = "x86_64") {
    4 << 10
} else {
    64 << 10
};

/// What [`release_stack`] gives back.
pub(super) const RELEASED: usize = 64 << 10;

const PROT_NONE: u32 = 0;
const PROT_READ: u32 = 1;
const PROT_READ_WRITE: u32 = 3;
const MAP_PRIVATE: u32 = 2;
const MAP_ANONYMOUS: u32 = 0x20;

/// The bytes of a sealed file, mapped; they are never unmapped (`man 2 mmap`). EINVAL for an empty file, EPERM for one
/// that may change.
pub(crate) fn map(file: Fd) -> Result<&'static [u8]> {
    const F_GET_SEALS: u32 = 1034;
    const F_SEAL_SHRINK: usize = 0x2;
    const F_SEAL_WRITE: usize = 0x8;
    // SAFETY: the arguments are a descriptor and numbers.
    let seals = unsafe { call(number::FCNTL, [file.into(), F_GET_SEALS.into(), Arg::NULL]) }?;
    if seals & F_SEAL_SHRINK == 0 || seals & F_SEAL_WRITE == 0 {
        return Err(Errno::PERM);
    }
    let length = usize::try_from(status(file, c"", AT_EMPTY_PATH)?.size).unwrap_or(0);
    let place = new_mapping(length, PROT_READ, MAP_PRIVATE, file)?;
    // SAFETY: the kernel just mapped `length` bytes there, nobody unmaps them, and the seals keep the file from
    // shrinking and changing.
    Ok(unsafe { core::slice::from_raw_parts(place, length) })
}

/// So many zeroed words of memory, which are never unmapped (`man 2 mmap`). EINVAL for none.
pub(super) fn words(count: usize) -> Result<&'static mut [usize]> {
    let length = count.checked_mul(size_of::<usize>()).ok_or(Errno::INVAL)?;
    let place = new_mapping(length, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, Fd::NONE)?;
    // SAFETY: the kernel just mapped so many zeroed words there, for nobody else, and nobody unmaps them.
    Ok(unsafe { core::slice::from_raw_parts_mut(place.cast(), count) })
}

/// Zeroed memory of `length` bytes, which are never unmapped, above a guard of `guard` bytes, which nobody can touch.
/// Both are multiples of a page.
pub(super) fn guarded(guard: usize, length: usize) -> Result<*mut u8> {
    let all = guard.checked_add(length).ok_or(Errno::INVAL)?;
    let place = new_mapping(all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, Fd::NONE)?.wrapping_add(guard);
    let arguments = [Arg::from_pointer(place), length.into(), PROT_READ_WRITE.into()];
    // SAFETY: the bytes from `place` on are the upper end of what the kernel just mapped, and nobody else knows of
    // them.
    unsafe { call(number::MPROTECT, arguments) }?;
    Ok(place)
}

/// `man 2 mmap`, at a place that the kernel chooses.
fn new_mapping(length: usize, protection: u32, flags: u32, file: Fd) -> Result<*mut u8> {
    let arguments = [
        Arg::NULL,
        length.into(),
        protection.into(),
        flags.into(),
        file.into(),
        Arg::NULL,
    ];
    // SAFETY: without MAP_FIXED the kernel takes a place where nothing is mapped.
    unsafe { call(number::MMAP, arguments) }.map(core::ptr::with_exposed_provenance_mut)
}

/// Gives the kernel back the part of the stack that earlier steps have used: half of what a waiting init would cost
/// (`man 2 madvise`).
///
/// Never inlined: below its own small frame there is nothing of its caller's.
#[inline(never)]
pub(crate) fn release_stack() {
    const MADV_DONTNEED: u32 = 4;
    let mut here = 0u8;
    let here = &raw mut here;
    // The page below is left to the calls that are under way.
    let end = here.map_addr(|address| (address & !(PAGE - 1)) - PAGE);
    let arguments = [
        Arg::from_pointer(end.wrapping_sub(RELEASED)),
        RELEASED.into(),
        MADV_DONTNEED.into(),
    ];
    // SAFETY: below the page below this frame, a stack holds nothing that is still used, and nothing else is so near:
    // a new program's stack has 128 KiB and more, and the second thread's has a guard under it that is as large as all
    // that is given back.
    let _ = unsafe { call(number::MADVISE, arguments) };
}
