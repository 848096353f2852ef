//! System calls of aarch64 (`man 2 syscall`, Linux's `include/uapi/asm-generic/unistd.h`).

use core::arch::{asm, global_asm};
use core::mem::MaybeUninit;

global_asm!(
    ".globl _start",
    "_start:",
    "mov x29, xzr",
    "mov x30, xzr",
    "mov x0, sp",
    "bl {entry}",
    "brk #1",
    entry = sym super::program::entry,
);

global_asm!(
    ".globl orlop_init_restore",
    "orlop_init_restore:",
    "mov x8, #139",
    "svc #0"
);

// clone(flags, stack): the new thread finds itself behind the call with 0 in x0, and the other registers as they were.
global_asm!(
    ".globl orlop_init_thread",
    "orlop_init_thread:",
    "mov x9, x2",
    "mov x10, x3",
    "mov x2, xzr",
    "mov x3, xzr",
    "mov x4, xzr",
    "mov x8, #220",
    "svc #0",
    "cbnz x0, 2f",
    "mov x29, xzr",
    "mov x30, xzr",
    "mov x0, x10",
    "blr x9",
    "brk #1",
    "2:",
    "ret",
);

/// One system call.
///
/// # Safety
/// The arguments are what the call wants; pointers among them point to memory that lives as long as the call needs it.
/// Those that it does not look at may be uninitialized: no instruction is spent on them.
#[inline(always)]
pub(super) unsafe fn syscall(number: usize, arguments: [MaybeUninit<*mut u8>; 6]) -> isize {
    let result: isize;
    // SAFETY: the caller answers for the arguments; the kernel clobbers no register but x0.
    unsafe {
        asm!(
            "svc #0",
            in("x8") number,
            inlateout("x0") arguments[0] => result,
            in("x1") arguments[1],
            in("x2") arguments[2],
            in("x3") arguments[3],
            in("x4") arguments[4],
            in("x5") arguments[5],
            options(nostack),
        );
    }
    result
}

/// Ends the process by an instruction that there is not: a fault of its own ends even pid 1 of a pid namespace.
pub(super) fn fault() -> ! {
    // SAFETY: nothing comes after it.
    unsafe { asm!("udf #0", options(noreturn, nomem, nostack)) }
}

pub(crate) const O_DIRECTORY: u32 = 0o40_000;
pub(crate) const O_NOFOLLOW: u32 = 0o100_000;

pub(super) mod number {
    pub(crate) const FSETXATTR: usize = 7;
    pub(crate) const IOPRIO_SET: usize = 30;
    pub(crate) const PERSONALITY: usize = 92;
    pub(crate) const GETPID: usize = 172;
    pub(crate) const SET_MEMPOLICY: usize = 237;
    pub(crate) const SCHED_SETAFFINITY: usize = 122;
    pub(crate) const SCHED_SETATTR: usize = 274;
    pub(crate) const NANOSLEEP: usize = 101;
    pub(crate) const FCNTL: usize = 25;
    pub(crate) const DUP3: usize = 24;
    pub(crate) const IOCTL: usize = 29;
    pub(crate) const MKNODAT: usize = 33;
    pub(crate) const MKDIRAT: usize = 34;
    pub(crate) const UNLINKAT: usize = 35;
    pub(crate) const SYMLINKAT: usize = 36;
    pub(crate) const UMOUNT2: usize = 39;
    pub(crate) const MOUNT: usize = 40;
    pub(crate) const PIVOT_ROOT: usize = 41;
    pub(crate) const FSTATFS: usize = 44;
    pub(crate) const CHDIR: usize = 49;
    pub(crate) const FCHDIR: usize = 50;
    pub(crate) const CHROOT: usize = 51;
    pub(crate) const FCHMOD: usize = 52;
    pub(crate) const FCHOWNAT: usize = 54;
    pub(crate) const FCHOWN: usize = 55;
    pub(crate) const OPENAT: usize = 56;
    pub(crate) const CLOSE: usize = 57;
    pub(crate) const PIPE2: usize = 59;
    pub(crate) const GETDENTS64: usize = 61;
    pub(crate) const PREAD64: usize = 67;
    pub(crate) const LSEEK: usize = 62;
    pub(crate) const READ: usize = 63;
    pub(crate) const WRITE: usize = 64;
    pub(crate) const PPOLL: usize = 73;
    pub(crate) const READLINKAT: usize = 78;
    pub(crate) const CAPSET: usize = 91;
    pub(crate) const EXIT: usize = 93;
    pub(crate) const EXIT_GROUP: usize = 94;
    pub(crate) const WAITID: usize = 95;
    pub(crate) const UNSHARE: usize = 97;
    pub(crate) const CLOCK_GETTIME: usize = 113;
    pub(crate) const KILL: usize = 129;
    pub(crate) const RT_SIGACTION: usize = 134;
    pub(crate) const SETRESUID: usize = 147;
    pub(crate) const SETRESGID: usize = 149;
    pub(crate) const SETSID: usize = 157;
    pub(crate) const SETGROUPS: usize = 159;
    pub(crate) const SETHOSTNAME: usize = 161;
    pub(crate) const SETDOMAINNAME: usize = 162;
    pub(crate) const UMASK: usize = 166;
    pub(crate) const PRCTL: usize = 167;
    pub(crate) const GETCWD: usize = 17;
    pub(crate) const SOCKET: usize = 198;
    pub(crate) const SENDMSG: usize = 211;
    pub(crate) const RECVMSG: usize = 212;
    pub(crate) const KEYCTL: usize = 219;
    pub(crate) const CLONE: usize = 220;
    pub(crate) const EXECVE: usize = 221;
    pub(crate) const MMAP: usize = 222;
    pub(crate) const MPROTECT: usize = 226;
    pub(crate) const MADVISE: usize = 233;
    pub(crate) const ACCEPT4: usize = 242;
    pub(crate) const PRLIMIT64: usize = 261;
    pub(crate) const SETNS: usize = 268;
    pub(crate) const SECCOMP: usize = 277;
    pub(crate) const STATX: usize = 291;
    pub(crate) const OPEN_TREE: usize = 428;
    pub(crate) const MOVE_MOUNT: usize = 429;
    pub(crate) const FSOPEN: usize = 430;
    pub(crate) const FSCONFIG: usize = 431;
    pub(crate) const FSMOUNT: usize = 432;
    pub(crate) const FSPICK: usize = 433;
    pub(crate) const CLONE3: usize = 435;
    pub(crate) const PIDFD_OPEN: usize = 434;
    pub(crate) const CLOSE_RANGE: usize = 436;
    pub(crate) const OPENAT2: usize = 437;
    pub(crate) const MOUNT_SETATTR: usize = 442;
    pub(crate) const STATMOUNT: usize = 457;
    pub(crate) const LANDLOCK_CREATE_RULESET: usize = 444;
    pub(crate) const LANDLOCK_ADD_RULE: usize = 445;
    pub(crate) const LANDLOCK_RESTRICT_SELF: usize = 446;
}

/// Copies bytes from the first to the last.
///
/// # Safety
/// Both regions hold `length` bytes, and `to` does not begin inside of the other.
#[inline(always)]
pub(super) unsafe fn copy(to: *mut u8, from: *const u8, length: usize) {
    // SAFETY: the caller answers for both regions. Volatile, or the compiler would turn the loop into a call of memcpy.
    unsafe {
        for index in 0..length {
            to.add(index).write_volatile(*from.add(index));
        }
    }
}

/// Sets bytes.
///
/// # Safety
/// The region holds `length` bytes.
#[inline(always)]
pub(super) unsafe fn fill(to: *mut u8, byte: u8, length: usize) {
    // SAFETY: the caller answers for the region. Volatile, or the compiler would turn the loop into a call of memset.
    unsafe {
        for index in 0..length {
            to.add(index).write_volatile(byte);
        }
    }
}
