//! Every system call of the image, as safe functions over descriptors and C strings, a file for each concept of the
//! operating system. All of the image's unsafe code is in this folder.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod argument;
mod clock;
mod control;
mod credentials;
mod descriptor;
mod directory;
mod file;
mod filesystem;
mod inode;
mod keyring;
mod landlock;
mod libc_words;
mod limits;
mod memory;
mod mount;
mod namespace;
mod network;
mod old_mount;
mod process;
mod program;
mod schedule;
mod seccomp;
mod signals;
mod socket;
mod status;
mod terminal;
mod thread;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
use aarch64 as arch;
#[cfg(target_arch = "x86_64")]
use x86_64 as arch;

use arch::number;
use argument::Arg;
use core::mem::MaybeUninit;

pub(crate) use crate::linux::file_type::{S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK};
pub(crate) use crate::linux::scheduling::SchedulingAttributes;
pub(crate) use arch::{O_DIRECTORY, O_NOFOLLOW};
pub(crate) use clock::{monotonic_milliseconds, nap};
pub(crate) use control::{
    PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, PR_CAP_AMBIENT_RAISE, PR_CAPBSET_DROP, PR_CAPBSET_READ, PR_SET_DUMPABLE,
    PR_SET_KEEPCAPS, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, process_control, set_name,
};
pub(crate) use credentials::{set_capabilities, set_gid, set_groups, set_uid};
pub(crate) use descriptor::{close, close_on_exec_from, close_range, duplicate, is_writable, pipe, poll};
pub(crate) use directory::{
    change_directory, change_root, enter_directory, entries, make_directory, make_link, make_node, read_link, unlink,
    working_directory_is_inside,
};
pub(crate) use file::{
    AT_EMPTY_PATH, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW, O_CREAT, O_EXCL, O_NOCTTY, O_PATH, O_RDONLY, O_RDWR, O_WRONLY,
    RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, open, open_resolved,
    read, read_at, rewind, write,
};
pub(crate) use filesystem::{
    configure, configure_flag, create_filesystem, mount_filesystem, open_filesystem, pick_filesystem,
    reconfigure_filesystem,
};
pub(crate) use inode::{change_mode, change_owner, change_owner_at, change_owner_of_place, set_extended_attribute};
pub(crate) use keyring::{join_session_keyring, let_owner_find};
pub(crate) use landlock::{allow_beneath, allow_port, create_ruleset, restrict_self};
pub(crate) use limits::{hard_limit, set_limit};
pub(crate) use memory::{map, release_stack};
pub(crate) use mount::{
    MOUNT_ATTR_RDONLY, MountPlace, OPEN_TREE_CLONE, attach, map_ids, open_tree, place_of, set_attributes,
};
pub(crate) use namespace::{join_namespace, set_domainname, set_hostname, unshare};
pub(crate) use network::{datagram_socket, netlink_socket, set_interface_flags};
pub(crate) use old_mount::{
    MNT_DETACH, MS_BIND, MS_DIRSYNC, MS_LAZYTIME, MS_MANDLOCK, MS_MOVE, MS_NOATIME, MS_PRIVATE, MS_RDONLY, MS_REC,
    MS_RELATIME, MS_REMOUNT, MS_SLAVE, MS_STRICTATIME, MS_SYNCHRONOUS, UMOUNT_NOFOLLOW, mount, mount_filesystem_at,
    pivot_root, unmount,
};
pub(crate) use process::{
    CLONE_PARENT, SIGCHLD, SIGKILL, exit, fork, fork_into, kill, kill_group, new_session, open_process, own_number,
    set_umask, wait,
};
pub(crate) use program::{execute, room_for};
pub(crate) use schedule::{
    allow_cpus, allow_every_cpu, set_io_priority, set_memory_policy, set_personality, set_scheduling,
};
pub(crate) use seccomp::load_filter;
pub(crate) use signals::exit_on;
pub(crate) use socket::{accept, receive, send};
pub(crate) use status::{Status, filesystem, mount_flags, status, unique_mount};
pub(crate) use terminal::{set_controlling_terminal, set_window_size, terminal_number, terminal_peer, unlock_terminal};
pub(crate) use thread::{exit_thread, thread};

/// A system call's refusal, as the kernel gives it: positive (`man 3 errno`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

impl Errno {
    pub(crate) const PERM: Self = Self(1);
    pub(crate) const NOENT: Self = Self(2);
    pub(crate) const INTR: Self = Self(4);
    pub(crate) const AGAIN: Self = Self(11);
    pub(crate) const ACCES: Self = Self(13);
    pub(crate) const BUSY: Self = Self(16);
    pub(crate) const EXIST: Self = Self(17);
    pub(crate) const XDEV: Self = Self(18);
    pub(crate) const NODEV: Self = Self(19);
    pub(crate) const NOTDIR: Self = Self(20);
    pub(crate) const ISDIR: Self = Self(21);
    pub(crate) const INVAL: Self = Self(22);
    pub(crate) const PIPE: Self = Self(32);
    pub(crate) const NAMETOOLONG: Self = Self(36);
    pub(crate) const NOSYS: Self = Self(38);
    pub(crate) const LOOP: Self = Self(40);
    pub(crate) const CONNRESET: Self = Self(104);
}

pub(crate) type Result<T> = core::result::Result<T, Errno>;

/// A descriptor of this process. Init is short-lived and every descriptor is close-on-exec, so most are left to the
/// kernel to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fd(pub(crate) i32);

impl Fd {
    /// The working directory, for calls that take a directory.
    pub(crate) const CWD: Self = Self(-100);
    /// No descriptor.
    pub(crate) const NONE: Self = Self(-1);

    /// From the result of a call that makes a descriptor.
    fn new(result: usize) -> Self {
        Self(i32::try_from(result).unwrap_or(-1))
    }
}

/// One system call. What `arguments` borrow lives until it returns.
///
/// # Safety
/// For this call and these arguments the kernel reads no more memory than what they borrow, writes no more than what
/// they borrow mutably (and there only what is valid for its type), keeps no pointer past its return, and neither
/// unmaps nor shares memory that is in use.
#[inline(always)]
unsafe fn call<const N: usize>(number: usize, arguments: [Arg<'_>; N]) -> Result<usize> {
    // The kernel does not look at the registers of arguments that a call does not have. No loop: the compiler would go
    // by way of memory.
    let register = |index| arguments.get(index).map_or(MaybeUninit::uninit(), Arg::register);
    let registers = [
        register(0),
        register(1),
        register(2),
        register(3),
        register(4),
        register(5),
    ];
    // SAFETY: the caller answers for the call and its arguments.
    outcome(unsafe { arch::syscall(number, registers) })
}

/// The kernel's results from -4095 to -1 are errors.
#[inline(always)]
fn outcome(result: isize) -> Result<usize> {
    if (-4095..0).contains(&result) {
        Err(Errno(i32::try_from(-result).unwrap_or(i32::MAX)))
    } else {
        Ok(result.cast_unsigned())
    }
}

/// Again, as long as a signal interrupts the call.
fn retry(mut attempt: impl FnMut() -> Result<usize>) -> Result<usize> {
    loop {
        match attempt() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}
