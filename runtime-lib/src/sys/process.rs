//! What the kernel tells of namespaces and of processes that ended.

use orlop_init::step::process::Rlimit;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Pid;
use std::ffi::c_ulong;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// The `CLONE_NEW*` flag of the namespace behind a file (`man 2 ioctl_ns`, `NS_GET_NSTYPE`, Linux 4.11).
pub(crate) fn namespace_kind(file: &OwnedFd) -> Result<u64, Errno> {
    const NS_GET_NSTYPE: c_ulong = 0xb703;
    // SAFETY: this ioctl takes no argument and changes nothing; a file that is no namespace refuses it, and the number
    // is no other device's: 0xb7 is the namespaces' own.
    let kind = unsafe { libc::ioctl(file.as_raw_fd(), NS_GET_NSTYPE as _) };
    u64::try_from(kind).map_err(|_| Errno::NOTTY)
}

/// `struct pidfd_info` in its first size.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

/// The wait status of a process that was reaped by somebody else (`PIDFD_GET_INFO` of `linux/pidfd.h`, Linux 6.15);
/// `None` until its reaping is complete.
///
/// # Errors
/// The kernel does not keep it.
pub(crate) fn exit_status(pidfd: impl AsFd) -> Result<Option<i32>, Errno> {
    const PIDFD_GET_INFO: c_ulong = 0xc000_ff0b | (64 << 16);
    const PIDFD_INFO_EXIT: u64 = 1 << 3;
    const { assert!(size_of::<PidfdInfo>() == 64) };
    let mut info = PidfdInfo {
        mask: PIDFD_INFO_EXIT,
        ..PidfdInfo::default()
    };
    // SAFETY: the kernel writes at most the size that is coded into the request, which is that of the structure.
    let result = unsafe { libc::ioctl(pidfd.as_fd().as_raw_fd(), PIDFD_GET_INFO as _, &raw mut info) };
    if result != 0 {
        return Err(Errno::NOTTY);
    }
    Ok((info.mask & PIDFD_INFO_EXIT != 0).then_some(info.exit_code))
}

/// Whether the process has ended, reaped or not.
pub(crate) fn has_ended(pidfd: impl AsFd) -> Result<bool, Errno> {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    Ok(poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&now))? > 0)
}

/// Whether this process is in another user namespace than the first: that one maps all ids to themselves
/// (`man 7 user_namespaces`).
pub(crate) fn is_in_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let numbers: Vec<&str> = map.split_whitespace().collect();
    !map.is_empty() && numbers != ["0", "0", "4294967295"]
}

/// A copy of the descriptor of this number, if an execve leaves it open; `None` if it is none.
pub(crate) fn inherited(number: RawFd) -> Result<Option<OwnedFd>, Errno> {
    // SAFETY: asking for a descriptor's flags changes nothing, and a number that is none is refused.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    if flags < 0 || flags & libc::FD_CLOEXEC != 0 {
        return Ok(None);
    }
    // SAFETY: the call makes a copy, and touches no memory.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
    if copy < 0 {
        return Err(last_error());
    }
    // SAFETY: the kernel has just made the descriptor, which nobody else has.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(copy) }))
}

/// Sends a signal by its number, which may be 0 or a realtime signal, to the process behind a pidfd
/// (`man 2 pidfd_send_signal`).
pub(crate) fn send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> Result<(), Errno> {
    // SAFETY: the call takes two numbers, a null pointer and a zero; the descriptor lives as long as the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            signal,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    if result == 0 { Ok(()) } else { Err(last_error()) }
}

/// Sets a resource limit of another process (`man 2 prlimit`).
pub(crate) fn set_limit(pid: Pid, step: &Rlimit) -> Result<(), Errno> {
    let limit = libc::rlimit64 {
        rlim_cur: step.soft,
        rlim_max: step.hard,
    };
    let no_old = std::ptr::null_mut::<libc::rlimit64>();
    // SAFETY: the structure lives until the call returns, and nothing is written through the null pointer.
    let result = unsafe {
        libc::syscall(
            libc::SYS_prlimit64,
            pid.as_raw_nonzero().get(),
            step.resource,
            &raw const limit,
            no_old,
        )
    };
    if result == 0 { Ok(()) } else { Err(last_error()) }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// Waits until one of the files, by number, can be read or has ended, at most `limit`; `None` if that is over. A
/// number below 0 is passed over (`man 2 poll`).
pub(crate) fn wait_for_any<const N: usize>(
    files: [RawFd; N],
    limit: Option<Duration>,
) -> Result<Option<[bool; N]>, Errno> {
    let mut entries = files.map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    let time = limit.map(|limit| libc::timespec {
        tv_sec: limit.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    });
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the entries and the time live until the call returns, and their number is the array's.
    let ready = unsafe { libc::ppoll(entries.as_mut_ptr(), N as libc::nfds_t, time, std::ptr::null()) };
    match ready {
        0 => Ok(None),
        1.. => Ok(Some(entries.map(|entry| entry.revents != 0))),
        _ => match last_error() {
            // The caller looks at its clock and asks again.
            Errno::INTR => Ok(Some([false; N])),
            errno => Err(errno),
        },
    }
}
