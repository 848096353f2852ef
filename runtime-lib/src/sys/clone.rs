//! `clone3` with the parent's memory and a stack of its own (`man 2 clone3`, Linux 5.3).

use std::arch::asm;
use std::ffi::{c_int, c_void};

/// `struct clone_args`.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CloneArgs {
    pub(super) flags: u64,
    pub(super) pidfd: u64,
    pub(super) child_tid: u64,
    pub(super) parent_tid: u64,
    pub(super) exit_signal: u64,
    pub(super) stack: u64,
    pub(super) stack_size: u64,
    pub(super) tls: u64,
    pub(super) set_tid: u64,
    pub(super) set_tid_size: u64,
    pub(super) cgroup: u64,
}

/// What the child runs: it never returns.
pub(super) type Entry = extern "C" fn(*mut c_void) -> !;

/// The child's pid, or a negative errno.
///
/// # Safety
/// `args` asks for `CLONE_VM` and `CLONE_VFORK` and names a stack that nothing else uses; `entry` touches nothing but
/// that stack and what `argument` points to, makes no call that allocates or locks, and ends in execve or exit.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn clone3(args: &CloneArgs, entry: Entry, argument: *mut c_void) -> i64 {
    let result: i64;
    // SAFETY: in the parent this is a plain system call. In the child, which is on its own stack, nothing of this
    // function's frame is used: what it needs is in registers.
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, {argument}",
            "call {entry}",
            "ud2",
            "2:",
            argument = in(reg) argument,
            entry = in(reg) entry,
            inlateout("rax") libc::SYS_clone3 => result,
            in("rdi") args,
            in("rsi") size_of::<CloneArgs>(),
            // Not late: the kernel overwrites both while the child still needs its inputs.
            out("rcx") _,
            out("r11") _,
        );
    }
    result
}

/// The child's pid, or a negative errno.
///
/// # Safety
/// `args` asks for `CLONE_VM` and `CLONE_VFORK` and names a stack that nothing else uses; `entry` touches nothing but
/// that stack and what `argument` points to, makes no call that allocates or locks, and ends in execve or exit.
#[cfg(target_arch = "aarch64")]
pub(super) unsafe fn clone3(args: &CloneArgs, entry: Entry, argument: *mut c_void) -> i64 {
    let result: i64;
    // SAFETY: in the parent this is a plain system call. In the child, which is on its own stack, nothing of this
    // function's frame is used: what it needs is in registers.
    unsafe {
        asm!(
            "svc #0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, {argument}",
            "blr {entry}",
            "brk #1",
            "2:",
            argument = in(reg) argument,
            entry = in(reg) entry,
            in("x8") libc::SYS_clone3,
            inlateout("x0") args as *const CloneArgs => result,
            in("x1") size_of::<CloneArgs>(),
        );
    }
    result
}

/// The same by the old `clone`, for an outer seccomp filter that refuses `clone3` because it cannot see its flags. It
/// cannot place the child in a cgroup.
///
/// # Safety
/// As for [`clone3`].
pub(super) unsafe fn clone(args: &CloneArgs, entry: extern "C" fn(*mut c_void) -> c_int, argument: *mut c_void) -> i64 {
    // The flags that clone takes fit an int; those above are clone3's own.
    let flags = c_int::from_ne_bytes(low_half((args.flags & 0xffff_ffff) | args.exit_signal));
    let top = (args.stack + args.stack_size) as *mut c_void;
    // SAFETY: the caller answers for the stack and the entry; the C library's wrapper passes both on.
    let pid = unsafe { libc::clone(entry, top, flags, argument, args.pidfd as *mut c_int) };
    if pid >= 0 {
        return pid.into();
    }
    -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL))
}

/// The lower four bytes of a number.
fn low_half(number: u64) -> [u8; 4] {
    u32::try_from(number & 0xffff_ffff).unwrap_or(0).to_ne_bytes()
}
