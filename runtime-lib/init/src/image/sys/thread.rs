//! A second thread.

use super::memory::{PAGE, RELEASED, guarded};
use super::{Arg, Result, call, number, outcome};
use core::ffi::c_void;

unsafe extern "C" {
    /// Calls clone with `flags`; the new thread calls `run` with `argument` on the stack that ends at `stack`.
    fn orlop_init_thread(flags: usize, stack: *mut c_void, run: *const c_void, argument: *const c_void) -> isize;
}

/// Starts a thread, with a stack of 64 KiB that it shares with what it knows: both are never unmapped (`man 2 clone`).
/// It lives until it exits, or this process executes another program. EAGAIN beyond the limit of processes.
pub(crate) fn thread<T: Sync>(shared: T, run: extern "C" fn(&'static T) -> !) -> Result<&'static T> {
    /// `CLONE_VM`, `CLONE_FS`, `CLONE_FILES`, `CLONE_SIGHAND`, `CLONE_THREAD`, `CLONE_SYSVSEM`
    const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;
    const STACK: usize = 64 << 10;
    /// As far down as the call that gives stacks back reaches: it rounds down to a page and leaves one.
    const GUARD: usize = RELEASED + 2 * PAGE;
    const ALIGNMENT: usize = 16;
    const {
        assert!(size_of::<T>() <= STACK / 4 && align_of::<T>() <= ALIGNMENT);
    }
    // The upper end is `shared`'s, so that a stack that overflows meets the guard and not what both threads know.
    let used = STACK - size_of::<T>().next_multiple_of(ALIGNMENT);
    let place = guarded(GUARD, STACK)?.wrapping_add(used).cast::<T>();
    // SAFETY: so many bytes are mapped there, for nobody else, and nobody unmaps them; a page, and so this place, is
    // aligned for `T`. What is below is the thread's stack; `run` takes just this argument, and never returns. `T` is
    // `Sync`, so both threads may look at it.
    unsafe {
        place.write(shared);
        outcome(orlop_init_thread(
            THREAD,
            place.cast(),
            run as *const c_void,
            place.cast(),
        ))?;
        Ok(&*place)
    }
}

/// Ends this thread, and not the process (`man 2 exit`).
pub(crate) fn exit_thread() -> ! {
    loop {
        // SAFETY: the argument is a number; nothing of this thread's is used after the call, and its stack stays
        // mapped.
        let _ = unsafe { call(number::EXIT, [Arg::NULL]) };
    }
}
