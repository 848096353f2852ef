//! From one program to the next: where the kernel enters this one, and how another takes its place.

use super::{Arg, Errno, Result, call, memory, number};
use core::ffi::{CStr, c_char};
use core::iter::repeat;

/// Where the kernel enters: the stack holds the number of arguments, and then their addresses.
pub(super) unsafe extern "C" fn entry(stack: *const usize) -> ! {
    // SAFETY: the kernel put argc at the top of the stack, and so many pointers to C strings behind it (`man 2
    // execve`).
    let argument = unsafe {
        let count = *stack;
        if count > 1 {
            Some(CStr::from_ptr(*stack.add(2).cast::<*const c_char>()))
        } else {
            None
        }
    };
    crate::begin(argument)
}

/// Room for the two lists of an [`execute`] with so many strings.
pub(crate) fn room_for(strings: usize) -> Result<&'static mut [usize]> {
    memory::words(strings + 2)
}

/// Executes a program; comes back only with the reason why not (`man 2 execve`). `room` is from [`room_for`]; EINVAL
/// when it is too small.
pub(crate) fn execute<'a>(
    room: &mut [usize],
    program: &CStr,
    args: impl Iterator<Item = &'a CStr>,
    args_count: usize,
    env: impl Iterator<Item = &'a CStr>,
    env_count: usize,
) -> Errno {
    let Some((args_list, env_list)) = room.split_at_mut_checked(args_count + 1) else {
        return Errno::INVAL;
    };
    if env_list.len() <= env_count {
        return Errno::INVAL;
    }
    fill(args_list, args.take(args_count));
    fill(env_list, env.take(env_count));
    let arguments = [program.into(), Arg::from_ref(args_list), Arg::from_ref(env_list)];
    // SAFETY: the kernel reads the borrowed path and two lists, which hold the addresses of strings that outlive this
    // call, and end with a zero: each has more room than strings. When the call succeeds, nothing of this program is
    // left to use anything.
    match unsafe { call(number::EXECVE, arguments) } {
        Err(errno) => errno,
        Ok(_) => Errno::INVAL,
    }
}

/// Fills a list with the strings' addresses, and with zeros behind them.
fn fill<'a>(list: &mut [usize], strings: impl Iterator<Item = &'a CStr>) {
    let addresses = strings.map(|string| string.as_ptr().expose_provenance());
    for (place, address) in list.iter_mut().zip(addresses.chain(repeat(0))) {
        *place = address;
    }
}
