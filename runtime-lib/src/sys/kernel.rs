//! Calls that only find out what the kernel knows. None of them changes anything: each is given something that the
//! kernel refuses in a way that tells.

use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::io::Errno;

fn result(number: libc::c_long) -> Result<u32, Errno> {
    if number < 0 {
        Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))
    } else {
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }
}

/// Whether `seccomp(2)` knows an action, `SECCOMP_RET_*` (`SECCOMP_GET_ACTION_AVAIL`, Linux 4.14).
pub(crate) fn knows_seccomp_action(action: u32) -> bool {
    const SECCOMP_GET_ACTION_AVAIL: libc::c_uint = 2;
    // SAFETY: the kernel reads the action, which lives as long as the call.
    result(unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) }).is_ok()
}

/// Whether `seccomp(2)` knows flags, `SECCOMP_FILTER_FLAG_*`: those are looked at before the filter, which is not
/// there.
pub(crate) fn knows_seccomp_flags(flags: u32) -> bool {
    const SECCOMP_SET_MODE_FILTER: libc::c_uint = 1;
    let filter = std::ptr::null::<libc::sock_fprog>();
    // SAFETY: a filter at the null address cannot be read, so that none is loaded.
    result(unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter) }) == Err(Errno::FAULT)
}

/// Whether `seccomp(2)` tells how long notifications are (`SECCOMP_GET_NOTIF_SIZES`, Linux 5.0).
pub(crate) fn knows_seccomp_notifications() -> bool {
    const SECCOMP_GET_NOTIF_SIZES: libc::c_uint = 3;
    let mut sizes = [0u16; 3];
    // SAFETY: the kernel writes three numbers of 16 bits, which there is room for.
    result(unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &raw mut sizes) }).is_ok()
}

/// The version of Landlock's interface; 0 without Landlock (`man 7 landlock`).
pub(crate) fn landlock_version() -> u32 {
    const LANDLOCK_CREATE_RULESET_VERSION: libc::c_uint = 1;
    let none = std::ptr::null::<libc::c_void>();
    // SAFETY: with this flag the kernel takes no attributes, and only tells a number.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            none,
            0usize,
            LANDLOCK_CREATE_RULESET_VERSION,
        )
    };
    result(version).unwrap_or(0)
}

/// Whether `clone3(2)` can put a process into a cgroup (Linux 5.7). The descriptor is of no cgroup, so that no process
/// is made.
pub(crate) fn knows_clone_into_cgroup(no_cgroup: BorrowedFd<'_>) -> bool {
    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
    let signal = u64::from(libc::SIGCHLD.cast_unsigned());
    let cgroup = u64::from(no_cgroup.as_raw_fd().cast_unsigned());
    // struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
    // set_tid_size, cgroup
    let arguments: [u64; 11] = [CLONE_INTO_CGROUP, 0, 0, 0, signal, 0, 0, 0, 0, 0, cgroup];
    // SAFETY: the structure lives as long as the call. The kernel finds that the descriptor is of no cgroup before
    // there is a child; should it make one nevertheless, that ends at once.
    let child = unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size_of_val(&arguments)) };
    if child == 0 {
        // SAFETY: the child of a fork may make this call.
        unsafe { libc::_exit(0) };
    }
    result(child) == Err(Errno::BADF)
}

/// Whether `mount_setattr(2)` is there (Linux 5.12). The descriptor is none.
pub(crate) fn knows_mount_setattr() -> bool {
    let attributes = [0u64; 4];
    // SAFETY: path and structure live as long as the call, which only reads them.
    let call = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            -1,
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of_val(&attributes),
        )
    };
    result(call) != Err(Errno::NOSYS)
}

/// Whether descriptors can be marked close-on-exec by `close_range(2)` (Linux 5.11). No descriptor has such a number.
pub(crate) fn knows_close_range_cloexec() -> bool {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    // SAFETY: no memory is passed, and no descriptor is in the range.
    result(unsafe { libc::syscall(libc::SYS_close_range, u32::MAX, u32::MAX, CLOSE_RANGE_CLOEXEC) }).is_ok()
}

/// Whether a process can be asked about by its pidfd (`PIDFD_GET_INFO`, Linux 6.13).
pub(crate) fn knows_pidfd_info(pidfd: BorrowedFd<'_>) -> bool {
    const PIDFD_GET_INFO: libc::Ioctl = 0xc040_ff0b_u32 as libc::Ioctl;
    let mut info = [0u64; 8];
    // SAFETY: the number holds the size of the structure, 64 bytes, which there is room for.
    let call = unsafe { libc::ioctl(pidfd.as_raw_fd(), PIDFD_GET_INFO, &raw mut info) };
    result(call.into()).is_ok()
}
