//! System calls of x86_64 (`man 2 syscall`, Linux's `arch/x86/entry/syscalls/syscall_64.tbl`).

use core::arch::{asm, global_asm};
use core::mem::MaybeUninit;

global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {entry}",
    "ud2",
    entry = sym super::program::entry,
);

global_asm!(
    ".globl orlop_init_restore",
    "orlop_init_restore:",
    "mov eax, 15",
    "syscall"
);

// clone(flags, stack): the new thread finds itself behind the call with 0 in rax, and the other registers as they
// were.
global_asm!(
    ".globl orlop_init_thread",
    "orlop_init_thread:",
    "mov r8, rdx",
    "mov r9, rcx",
    "xor edx, edx",
    "xor r10d, r10d",
    "mov eax, 56",
    "syscall",
    "test rax, rax",
    "jnz 2f",
    "xor ebp, ebp",
    "mov rdi, r9",
    "call r8",
    "ud2",
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
    // SAFETY: the caller answers for the arguments; the kernel clobbers rcx and r11 and no other register.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number.cast_signed() => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// Ends the process by an instruction that there is not: a fault of its own ends even pid 1 of a pid namespace.
pub(super) fn fault() -> ! {
    // SAFETY: nothing comes after it.
    unsafe { asm!("ud2", options(noreturn, nomem, nostack)) }
}

pub(crate) const O_DIRECTORY: u32 = 0o200_000;
pub(crate) const O_NOFOLLOW: u32 = 0o400_000;

pub(super) mod number {
    pub(crate) const READ: usize = 0;
    pub(crate) const WRITE: usize = 1;
    pub(crate) const CLOSE: usize = 3;
    pub(crate) const PREAD64: usize = 17;
    pub(crate) const LSEEK: usize = 8;
    pub(crate) const MMAP: usize = 9;
    pub(crate) const MPROTECT: usize = 10;
    pub(crate) const MADVISE: usize = 28;
    pub(crate) const RT_SIGACTION: usize = 13;
    pub(crate) const IOCTL: usize = 16;
    pub(crate) const NANOSLEEP: usize = 35;
    pub(crate) const GETPID: usize = 39;
    pub(crate) const SOCKET: usize = 41;
    pub(crate) const SENDMSG: usize = 46;
    pub(crate) const RECVMSG: usize = 47;
    pub(crate) const CLONE: usize = 56;
    pub(crate) const EXECVE: usize = 59;
    pub(crate) const KILL: usize = 62;
    pub(crate) const FCNTL: usize = 72;
    pub(crate) const GETCWD: usize = 79;
    pub(crate) const CHDIR: usize = 80;
    pub(crate) const FCHDIR: usize = 81;
    pub(crate) const FCHMOD: usize = 91;
    pub(crate) const FCHOWN: usize = 93;
    pub(crate) const UMASK: usize = 95;
    pub(crate) const SETSID: usize = 112;
    pub(crate) const SETGROUPS: usize = 116;
    pub(crate) const SETRESUID: usize = 117;
    pub(crate) const SETRESGID: usize = 119;
    pub(crate) const CAPSET: usize = 126;
    pub(crate) const FSTATFS: usize = 138;
    pub(crate) const PERSONALITY: usize = 135;
    pub(crate) const PIVOT_ROOT: usize = 155;
    pub(crate) const PRCTL: usize = 157;
    pub(crate) const CHROOT: usize = 161;
    pub(crate) const MOUNT: usize = 165;
    pub(crate) const UMOUNT2: usize = 166;
    pub(crate) const SETHOSTNAME: usize = 170;
    pub(crate) const SETDOMAINNAME: usize = 171;
    pub(crate) const FSETXATTR: usize = 190;
    pub(crate) const SCHED_SETAFFINITY: usize = 203;
    pub(crate) const GETDENTS64: usize = 217;
    pub(crate) const CLOCK_GETTIME: usize = 228;
    pub(crate) const SET_MEMPOLICY: usize = 238;
    pub(crate) const EXIT: usize = 60;
    pub(crate) const EXIT_GROUP: usize = 231;
    pub(crate) const WAITID: usize = 247;
    pub(crate) const KEYCTL: usize = 250;
    pub(crate) const IOPRIO_SET: usize = 251;
    pub(crate) const OPENAT: usize = 257;
    pub(crate) const MKDIRAT: usize = 258;
    pub(crate) const MKNODAT: usize = 259;
    pub(crate) const FCHOWNAT: usize = 260;
    pub(crate) const UNLINKAT: usize = 263;
    pub(crate) const SYMLINKAT: usize = 266;
    pub(crate) const READLINKAT: usize = 267;
    pub(crate) const PPOLL: usize = 271;
    pub(crate) const UNSHARE: usize = 272;
    pub(crate) const ACCEPT4: usize = 288;
    pub(crate) const DUP3: usize = 292;
    pub(crate) const PIPE2: usize = 293;
    pub(crate) const PRLIMIT64: usize = 302;
    pub(crate) const SETNS: usize = 308;
    pub(crate) const SCHED_SETATTR: usize = 314;
    pub(crate) const SECCOMP: usize = 317;
    pub(crate) const STATX: usize = 332;
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
    // SAFETY: the caller answers for both regions; the direction flag is clear between instructions of Rust.
    unsafe {
        asm!(
            "rep movsb",
            inout("rcx") length => _,
            inout("rdi") to => _,
            inout("rsi") from => _,
            options(nostack, preserves_flags)
        );
    }
}

/// Sets bytes.
///
/// # Safety
/// The region holds `length` bytes.
#[inline(always)]
pub(super) unsafe fn fill(to: *mut u8, byte: u8, length: usize) {
    // SAFETY: the caller answers for the region; the direction flag is clear between instructions of Rust.
    unsafe {
        asm!(
            "rep stosb",
            inout("rcx") length => _,
            inout("rdi") to => _,
            in("al") byte,
            options(nostack, preserves_flags)
        );
    }
}
