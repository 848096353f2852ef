//! The words of C that the compiler writes calls of, and what else a program without a libc has to bring itself.

use super::arch;

/// # Safety
/// As C's memcpy: both regions hold `length` bytes and do not overlap.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    // SAFETY: the caller answers for both regions.
    unsafe { arch::copy(to, from, length) }
    to
}

/// # Safety
/// As C's memmove: both regions hold `length` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    // SAFETY: the caller answers for both regions; from the end when the start would be overwritten too early.
    unsafe {
        if to.addr() <= from.addr() {
            arch::copy(to, from, length);
        } else {
            // Volatile, or the compiler would turn the loop into a call of memmove.
            for index in (0..length).rev() {
                to.add(index).write_volatile(*from.add(index));
            }
        }
    }
    to
}

/// # Safety
/// As C's memset: the region holds `length` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn memset(to: *mut u8, byte: i32, length: usize) -> *mut u8 {
    // SAFETY: the caller answers for the region.
    unsafe { arch::fill(to, byte.to_le_bytes()[0], length) }
    to
}

/// # Safety
/// As C's memcmp: both regions hold `length` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    // SAFETY: the caller answers for both regions.
    unsafe {
        for index in 0..length {
            let (left, right) = (left.add(index).read_volatile(), right.add(index).read_volatile());
            if left != right {
                return i32::from(left) - i32::from(right);
            }
        }
    }
    0
}

/// # Safety
/// As C's bcmp: both regions hold `length` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    // SAFETY: the caller answers for both regions.
    unsafe { memcmp(left, right, length) }
}

/// # Safety
/// As C's strlen: a NUL ends the string.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn strlen(string: *const u8) -> usize {
    let mut length = 0;
    // SAFETY: the caller answers for the NUL.
    while unsafe { string.add(length).read_volatile() } != 0 {
        length += 1;
    }
    length
}

/// The library `core` is compiled for unwinding and names this; nothing here ever unwinds.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn rust_eh_personality() {}

/// Named by the unwind tables of `core` on some targets; never called.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn _Unwind_Resume() -> ! {
    super::exit(255)
}
