//! The stack of a child that shares this process's memory until its execve.

use rustix::io::Errno;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::ffi::c_void;
use std::ptr;

/// What the child may use: it calls a few functions that call the kernel.
const SIZE: usize = 32 << 10;

/// Nobody can touch so much below: a child that went further would end by a signal, and not change what is its
/// parent's. A page has no more bytes than that.
const GUARD: usize = 64 << 10;

/// Memory for one stack, above a guard. It is given back when this is dropped.
pub(super) struct Stack {
    /// Where the guard begins.
    mapping: *mut c_void,
}

impl Stack {
    /// # Errors
    /// ENOMEM, as the kernel gives it.
    pub(super) fn new() -> Result<Self, Errno> {
        // SAFETY: the kernel takes a place where nothing is mapped.
        let mapping = unsafe {
            mmap_anonymous(
                ptr::null_mut(),
                GUARD + SIZE,
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::STACK,
            )
        }?;
        let stack = Self { mapping };
        // SAFETY: this is the upper end of what was just mapped, and nobody else knows of it.
        unsafe { mprotect(stack.lowest(), SIZE, MprotectFlags::READ | MprotectFlags::WRITE) }?;
        Ok(stack)
    }

    /// The lowest byte of what may be used.
    pub(super) fn lowest(&self) -> *mut c_void {
        self.mapping.wrapping_byte_add(GUARD)
    }

    /// In bytes, from the lowest.
    pub(super) fn size(&self) -> usize {
        SIZE
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: this is just what was mapped. Who had the stack has executed or ended: `spawn` drops it after that.
        let _ = unsafe { munmap(self.mapping, GUARD + SIZE) };
    }
}

#[cfg(test)]
mod tests {
    use super::Stack;

    #[test]
    fn below_the_stack_is_what_nobody_can_touch() {
        let stack = Stack::new().unwrap();
        let lowest = stack.lowest().addr();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        // "7f0000000000-7f0000010000 ---p ..."
        let around: Vec<_> = maps
            .lines()
            .filter_map(|line| {
                let (range, rest) = line.split_once(' ')?;
                let (from, to) = range.split_once('-')?;
                let number = |text| usize::from_str_radix(text, 16).ok();
                Some((number(from)?, number(to)?, rest.split(' ').next()?))
            })
            .filter(|(from, to, _)| *from == lowest || *to == lowest || (*from..*to).contains(&lowest))
            .collect();
        let [(_, end_of_guard, guard), (from, to, used)] = around[..] else {
            panic!("{around:x?}");
        };
        assert_eq!((end_of_guard, guard), (lowest, "---p"));
        assert_eq!((from, used), (lowest, "rw-p"));
        assert!(to >= lowest + stack.size());
    }
}
