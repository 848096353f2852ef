//! The calls that std has no safe face for. The only unsafe code of the probe.

use std::ffi::{CStr, CString, c_char, c_int, c_long};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// Where the C library enters. Rust's own entry would ignore SIGPIPE, catch SIGSEGV and reopen closed stdio before the
/// probe could look at them.
// SAFETY: no other `main` exists in a program that is built with `no_main`.
#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    let words = (0..count)
        .map(|index| {
            // SAFETY: the C library passes `count` pointers to NUL-terminated strings that live as long as the
            // process.
            let word = unsafe { CStr::from_ptr(*arguments.add(index)) };
            word.to_string_lossy().into_owned()
        })
        .collect();
    crate::enter(words)
}

fn check(result: c_long) -> io::Result<c_long> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

fn c_string(text: &str) -> io::Result<CString> {
    CString::new(text).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

/// One raw system call with integer arguments.
pub(crate) fn syscall(number: c_long, a: [c_long; 6]) -> io::Result<c_long> {
    // SAFETY: what the caller asks for may only harm this process, which exists to try such calls.
    check(unsafe { libc::syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]) })
}

/// The descriptor that such a call has made.
pub(crate) fn owned(descriptor: c_long) -> io::Result<OwnedFd> {
    let descriptor = c_int::try_from(descriptor).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made the descriptor, which nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Sends a message on a socket that takes it at once.
pub(crate) fn send(socket: c_int, message: &[u8]) -> io::Result<()> {
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    // SAFETY: pointer and length are of a live slice.
    let sent = unsafe { libc::send(socket, message.as_ptr().cast(), message.len(), flags) };
    if sent < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Writes all of `text` to a descriptor; a failure has nobody to be told to.
pub(crate) fn write_all(descriptor: c_int, mut text: &[u8]) {
    while !text.is_empty() {
        // SAFETY: pointer and length are of a live slice.
        let written = unsafe { libc::write(descriptor, text.as_ptr().cast(), text.len()) };
        match usize::try_from(written) {
            Ok(0) | Err(_) => return,
            Ok(written) => text = text.get(written..).unwrap_or_default(),
        }
    }
}

/// Real, effective and saved user id.
pub(crate) fn user_ids() -> [u32; 3] {
    let mut ids = [0; 3];
    let [real, effective, saved] = &mut ids;
    // SAFETY: three valid places to write to.
    unsafe { libc::getresuid(real, effective, saved) };
    ids
}

/// Real, effective and saved group id.
pub(crate) fn group_ids() -> [u32; 3] {
    let mut ids = [0; 3];
    let [real, effective, saved] = &mut ids;
    // SAFETY: three valid places to write to.
    unsafe { libc::getresgid(real, effective, saved) };
    ids
}

/// Supplementary groups.
pub(crate) fn groups() -> Vec<u32> {
    let mut list = vec![0; 65536];
    // SAFETY: the list has the room that is named.
    let count = unsafe { libc::getgroups(65536, list.as_mut_ptr()) };
    list.truncate(usize::try_from(count).unwrap_or(0));
    list
}

/// The umask, left as it was.
pub(crate) fn umask() -> u32 {
    // SAFETY: umask cannot fail and touches no memory.
    unsafe {
        let mask = libc::umask(0);
        libc::umask(mask);
        mask
    }
}

/// Soft and hard limit of one resource.
pub(crate) fn resource_limit(resource: u32) -> Option<(u64, u64)> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: a valid place to write to.
    let result = unsafe { libc::getrlimit(resource as _, &raw mut limit) };
    (result == 0).then_some((limit.rlim_cur, limit.rlim_max))
}

/// `struct sched_attr`, without what clamps add.
#[repr(C)]
#[derive(Default)]
pub(crate) struct Scheduling {
    size: u32,
    pub(crate) policy: u32,
    pub(crate) flags: u64,
    pub(crate) nice: i32,
    pub(crate) priority: u32,
    pub(crate) runtime: u64,
    pub(crate) deadline: u64,
    pub(crate) period: u64,
}

/// `sched_getattr(2)` of this thread.
pub(crate) fn scheduling() -> io::Result<Scheduling> {
    let mut attributes = Scheduling::default();
    // SAFETY: the kernel writes at most the size that it is told, which is that of the structure.
    check(unsafe {
        libc::syscall(
            libc::SYS_sched_getattr,
            0,
            &raw mut attributes,
            size_of::<Scheduling>(),
            0,
        )
    })?;
    Ok(attributes)
}

/// `get_mempolicy(2)` of this thread: mode and flags, and the nodes as bits.
pub(crate) fn memory_policy() -> io::Result<(i32, u64)> {
    let mut mode = 0;
    let mut nodes = [0u64; 16];
    // SAFETY: the kernel writes one int and so many bits as the list has.
    check(unsafe { libc::syscall(libc::SYS_get_mempolicy, &raw mut mode, nodes.as_mut_ptr(), 1024, 0, 0) })?;
    Ok((mode, nodes[0]))
}

/// The machine's name, which depends on the execution domain.
pub(crate) fn machine() -> String {
    // SAFETY: utsname is an array of bytes, valid when zeroed; uname fills it with NUL-terminated strings.
    let names = unsafe {
        let mut names: libc::utsname = std::mem::zeroed();
        libc::uname(&raw mut names);
        names
    };
    // SAFETY: the field is NUL-terminated, by the kernel or by the zeroes from before.
    unsafe { CStr::from_ptr(names.machine.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}

/// Node name and domain name as the UTS namespace has them.
pub(crate) fn node_and_domain() -> (String, String) {
    // SAFETY: utsname is an array of bytes, valid when zeroed; uname fills it with NUL-terminated strings.
    let names = unsafe {
        let mut names: libc::utsname = std::mem::zeroed();
        libc::uname(&raw mut names);
        names
    };
    let text = |field: &[c_char]| {
        // SAFETY: the field is NUL-terminated, by the kernel or by the zeroes from before.
        unsafe { CStr::from_ptr(field.as_ptr()) }.to_string_lossy().into_owned()
    };
    (text(&names.nodename), text(&names.domainname))
}

/// Process id, parent, group and session.
pub(crate) fn process_ids() -> [i32; 4] {
    // SAFETY: none of these touches memory.
    unsafe { [libc::getpid(), libc::getppid(), libc::getpgrp(), libc::getsid(0)] }
}

/// A prctl that only reads, with its value as the result.
pub(crate) fn prctl(option: c_int) -> i64 {
    // SAFETY: the options that are asked return a number and take no pointer.
    i64::from(unsafe { libc::prctl(option, 0, 0, 0, 0) })
}

/// PR_GET_PDEATHSIG, which answers through a pointer.
pub(crate) fn parent_death_signal() -> i32 {
    let mut signal = 0;
    // SAFETY: the option writes one int to the pointer.
    unsafe { libc::prctl(libc::PR_GET_PDEATHSIG, &raw mut signal, 0, 0, 0) };
    signal
}

/// Is the descriptor a terminal?
pub(crate) fn is_terminal(descriptor: c_int) -> bool {
    // SAFETY: no memory is touched.
    unsafe { libc::isatty(descriptor) == 1 }
}

/// Rows and columns of a terminal.
pub(crate) fn window_size(descriptor: c_int) -> Option<(u16, u16)> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one winsize.
    let result = unsafe { libc::ioctl(descriptor, libc::TIOCGWINSZ, &raw mut size) };
    (result == 0).then_some((size.ws_row, size.ws_col))
}

/// The flags of a network interface.
pub(crate) fn interface_flags(name: &str) -> io::Result<i32> {
    // SAFETY: ifreq is plain data, valid when zeroed.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes().take(libc::IFNAMSIZ - 1)) {
        *to = c_char::from_ne_bytes([from]);
    }
    // SAFETY: the socket is closed before the return; the request is one ifreq with a NUL-terminated name, and the
    // kernel fills the member that is read.
    unsafe {
        let socket = check(c_long::from(libc::socket(
            libc::AF_INET,
            libc::SOCK_DGRAM | libc::SOCK_CLOEXEC,
            0,
        )))?;
        let socket = c_int::try_from(socket).unwrap_or(-1);
        let result = check(c_long::from(libc::ioctl(socket, libc::SIOCGIFFLAGS, &raw mut request)));
        libc::close(socket);
        result.map(|_| i32::from(request.ifr_ifru.ifru_flags))
    }
}

/// `mount(2)` without data.
pub(crate) fn mount(source: &str, target: &str, kind: &str, flags: u64) -> io::Result<()> {
    let (source, target, kind) = (c_string(source)?, c_string(target)?, c_string(kind)?);
    // SAFETY: the strings live until the call returns.
    let result = unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, std::ptr::null()) };
    check(c_long::from(result)).map(drop)
}

/// `umount2(2)` with `MNT_DETACH`.
pub(crate) fn unmount(target: &str) -> io::Result<()> {
    let target = c_string(target)?;
    // SAFETY: the string lives until the call returns.
    let result = unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
    check(c_long::from(result)).map(drop)
}

/// `setns(2)` into a mount namespace.
pub(crate) fn join(namespace: &std::fs::File) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: the arguments are a live descriptor and a number.
    check(c_long::from(unsafe {
        libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNS)
    }))
    .map(drop)
}

/// Adds keys to the process's keyring (`man 2 add_key`) until the user may have no more; how many those are.
pub(crate) fn collect_keys() -> i64 {
    let mut count = 0;
    while let Ok(name) = c_string(&format!("key {count}")) {
        // SAFETY: the strings live until the call returns, the length is that of the payload.
        let key = unsafe {
            libc::syscall(
                libc::SYS_add_key,
                c"user".as_ptr(),
                name.as_ptr(),
                c"x".as_ptr(),
                1,
                libc::KEY_SPEC_PROCESS_KEYRING,
            )
        };
        if key < 0 {
            break;
        }
        count += 1;
    }
    count
}

/// `sethostname(2)`.
pub(crate) fn set_hostname(name: &str) -> io::Result<()> {
    // SAFETY: pointer and length are of a live string.
    check(c_long::from(unsafe {
        libc::sethostname(name.as_ptr().cast(), name.len())
    }))
    .map(drop)
}

/// `mknod(2)` of a device, open for all.
pub(crate) fn make_node(path: &str, kind: u32, major: u32, minor: u32) -> io::Result<()> {
    let path = c_string(path)?;
    // SAFETY: the string lives until the call returns.
    let result = unsafe { libc::mknod(path.as_ptr(), kind | 0o666, libc::makedev(major, minor)) };
    check(c_long::from(result)).map(drop)
}

/// Major and minor number of a device.
pub(crate) fn device_numbers(device: u64) -> (u32, u32) {
    (libc::major(device), libc::minor(device))
}

/// Magic number of the filesystem that holds a path.
pub(crate) fn filesystem(path: &str) -> io::Result<i64> {
    let path = c_string(path)?;
    // SAFETY: statfs is plain data, valid when zeroed; the string lives until the call returns.
    let (result, answer) = unsafe {
        let mut answer: libc::statfs = std::mem::zeroed();
        (libc::statfs(path.as_ptr(), &raw mut answer), answer)
    };
    check(c_long::from(result))?;
    Ok(answer.f_type)
}

/// Blocks the signals, so that [`wait_for_signal`] gets them.
pub(crate) fn block_signals(signals: &[c_int]) {
    // SAFETY: the set is made by sigemptyset before it is used.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// Waits for one of the signals, which must be blocked.
pub(crate) fn wait_for_signal(signals: &[c_int]) -> c_int {
    // SAFETY: the set is made by sigemptyset before it is used, and both pointers are valid.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        let mut signal = 0;
        libc::sigwait(&raw const set, &raw mut signal);
        signal
    }
}

/// Sends a signal to a process.
pub(crate) fn kill(process: i32, signal: c_int) -> io::Result<()> {
    // SAFETY: no memory is touched.
    check(c_long::from(unsafe { libc::kill(process, signal) })).map(drop)
}

/// Leaves a child behind that sleeps for some seconds, in a session of its own if asked for.
pub(crate) fn leave_sleeper(seconds: u32, own_session: bool) -> io::Result<i32> {
    // SAFETY: the probe has one thread; the child makes system calls only.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            if own_session {
                libc::setsid();
            }
            libc::sleep(seconds);
            libc::_exit(0);
        }
        check(c_long::from(child))?;
        Ok(child)
    }
}

/// Fails where the process has no controlling terminal.
pub(crate) fn controlling_terminal() -> io::Result<()> {
    // SAFETY: the string is a literal; the descriptor is closed at once.
    unsafe {
        let terminal = libc::open(c"/dev/tty".as_ptr(), libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC);
        check(c_long::from(terminal))?;
        libc::close(terminal);
    }
    Ok(())
}
