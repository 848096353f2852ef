//! What a system call is given: numbers, descriptors, and memory that is borrowed for the call.

use super::Fd;
use core::ffi::CStr;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

/// An argument as the kernel takes it from a register. Its lifetime is that of the borrow behind it.
///
/// A pointer stays one until the register, so that the compiler knows which memory the kernel may see.
#[repr(transparent)]
pub(super) struct Arg<'a> {
    register: *mut u8,
    borrowed: PhantomData<&'a mut u8>,
}

impl<'a> Arg<'a> {
    /// No pointer, or the number 0.
    pub(super) const NULL: Self = Self::of(core::ptr::null_mut());

    /// The address of what the kernel reads, and does not write. How long it is, is another argument or part of the
    /// call.
    #[inline(always)]
    pub(super) fn from_ref<T: ?Sized>(value: &'a T) -> Self {
        Self::of((&raw const *value).cast::<u8>().cast_mut())
    }

    /// The address of what the kernel writes, or reads and writes.
    #[inline(always)]
    pub(super) fn from_mut<T: ?Sized>(value: &'a mut T) -> Self {
        Self::of((&raw mut *value).cast::<u8>())
    }

    /// A pointer that some other borrow than the argument's own keeps alive: the caller's SAFETY line names it.
    #[inline(always)]
    pub(super) fn from_pointer(pointer: *mut u8) -> Self {
        Self::of(pointer)
    }

    #[inline(always)]
    pub(super) fn register(&self) -> MaybeUninit<*mut u8> {
        MaybeUninit::new(self.register)
    }

    const fn of(register: *mut u8) -> Self {
        Self {
            register,
            borrowed: PhantomData,
        }
    }
}

impl From<usize> for Arg<'_> {
    #[inline(always)]
    fn from(number: usize) -> Self {
        Self::of(core::ptr::without_provenance_mut(number))
    }
}

impl From<u64> for Arg<'_> {
    #[inline(always)]
    fn from(number: u64) -> Self {
        // usize has 64 bits on both machines that this image runs on.
        usize::try_from(number).unwrap_or(usize::MAX).into()
    }
}

impl From<u32> for Arg<'_> {
    #[inline(always)]
    fn from(number: u32) -> Self {
        (number as usize).into()
    }
}

impl From<i32> for Arg<'_> {
    /// Sign-extended, as the kernel takes an int from a register.
    #[inline(always)]
    fn from(number: i32) -> Self {
        (number as isize).cast_unsigned().into()
    }
}

impl From<Fd> for Arg<'_> {
    #[inline(always)]
    fn from(file: Fd) -> Self {
        file.0.into()
    }
}

impl<'a> From<&'a CStr> for Arg<'a> {
    /// The string's address. The kernel reads up to the NUL.
    #[inline(always)]
    fn from(string: &'a CStr) -> Self {
        Self::of(string.as_ptr().cast::<u8>().cast_mut())
    }
}
