//! The system calls of the floor program, as safe functions. Its only unsafe code.

use std::ffi::{CStr, CString, c_char, c_int, c_long};
use std::io;

/// libc's constant overflows.
const CLONE_INTO_CGROUP: u64 = 1 << 33;

/// Where the C library enters: Rust's own entry would do work that is not the kernel's.
// SAFETY: no other `main` exists in a program that is built with `no_main`.
#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    let words = (0..usize::try_from(count).unwrap_or(0))
        .map(|index| {
            // SAFETY: the C library passes `count` pointers to NUL-terminated strings that live as long as the
            // process.
            let word = unsafe { CStr::from_ptr(*arguments.add(index)) };
            word.to_string_lossy().into_owned()
        })
        .collect();
    crate::enter(words)
}

fn check(what: &str, result: c_long) -> Result<c_long, String> {
    if result < 0 {
        Err(format!("{what}: {}", io::Error::last_os_error()))
    } else {
        Ok(result)
    }
}

fn text(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

/// `clone3(2)` without shared memory: 0 in the child.
pub(crate) fn clone_process(flags: c_int, cgroup: Option<c_int>) -> Result<i32, String> {
    // SAFETY: clone_args is plain data, valid when zeroed.
    let mut request: libc::clone_args = unsafe { std::mem::zeroed() };
    request.flags = u64::try_from(flags).unwrap_or(0);
    request.exit_signal = u64::try_from(libc::SIGCHLD).unwrap_or(0);
    if let Some(cgroup) = cgroup {
        request.flags |= CLONE_INTO_CGROUP;
        request.cgroup = u64::try_from(cgroup).unwrap_or(0);
    }
    // SAFETY: the structure and its size are right, and this program has one thread, so that the child may go on
    // freely.
    let child = unsafe { libc::syscall(libc::SYS_clone3, &raw mut request, size_of::<libc::clone_args>()) };
    check("clone3", child).map(|child| i32::try_from(child).unwrap_or(-1))
}

/// `mount(2)`.
pub(crate) fn mount(source: &str, target: &str, kind: &str, flags: u64, data: &str) -> Result<(), String> {
    let strings = [source, target, kind, data].map(text);
    let [source_c, target_c, kind_c, data_c] = &strings;
    let or_null = |string: &CString| {
        if string.is_empty() {
            std::ptr::null()
        } else {
            string.as_ptr()
        }
    };
    // SAFETY: the strings live until the call returns; NULL stands for those that are not given.
    let result = unsafe {
        libc::mount(
            or_null(source_c),
            target_c.as_ptr(),
            or_null(kind_c),
            flags,
            or_null(data_c).cast(),
        )
    };
    check(target, c_long::from(result)).map(drop)
}

/// A mount namespace of this process' own, cut off from the caller's.
pub(crate) fn own_mounts() -> Result<(), String> {
    // SAFETY: no memory is touched.
    check("unshare", c_long::from(unsafe { libc::unshare(libc::CLONE_NEWNS) }))?;
    mount("", "/", "", libc::MS_PRIVATE | libc::MS_REC, "")
}

/// `pivot_root(".", ".")`, then the old root is detached.
pub(crate) fn enter_root() -> Result<(), String> {
    // SAFETY: the strings are literals.
    unsafe {
        check(
            "pivot_root",
            libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()),
        )?;
        check("umount", c_long::from(libc::umount2(c".".as_ptr(), libc::MNT_DETACH)))?;
        check("chdir", c_long::from(libc::chdir(c"/".as_ptr()))).map(drop)
    }
}

/// `mknod(2)` of a character device for all.
pub(crate) fn make_device(path: &str, major: u32, minor: u32) -> Result<(), String> {
    let path_c = text(path);
    // SAFETY: the string lives until the call returns.
    let result = unsafe { libc::mknod(path_c.as_ptr(), libc::S_IFCHR | 0o666, libc::makedev(major, minor)) };
    check(path, c_long::from(result)).map(drop)
}

/// Sets the umask.
pub(crate) fn set_umask(mask: u32) {
    // SAFETY: umask cannot fail and touches no memory.
    unsafe { libc::umask(mask) };
}

/// Brings the loopback interface up.
pub(crate) fn loopback_up() -> Result<(), String> {
    // SAFETY: ifreq is plain data, valid when zeroed; the name is NUL-terminated by the zeroes; the socket is closed.
    unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        for (to, from) in request.ifr_name.iter_mut().zip(*b"lo") {
            *to = c_char::from_ne_bytes([from]);
        }
        request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or(0);
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        check("socket", c_long::from(socket))?;
        let result = libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request);
        libc::close(socket);
        check("lo", c_long::from(result)).map(drop)
    }
}

/// Hostname, file limit, session, groups and ids, bounding set, capabilities, no_new_privs; descriptors close on exec.
pub(crate) fn become_process(hostname: &str, files: u64, keep: u64) -> Result<(), String> {
    let low = u32::try_from(keep & 0xffff_ffff).unwrap_or(0);
    let high = u32::try_from(keep >> 32).unwrap_or(0);
    // The kernel's version 3 of the structures (man 2 capset).
    let header: [u32; 2] = [0x2008_0522, 0];
    let sets: [u32; 6] = [low, low, 0, high, high, 0];
    let limit = libc::rlimit {
        rlim_cur: files,
        rlim_max: files,
    };
    // SAFETY: every pointer is of a live local of the kernel's layout; nothing else touches memory.
    unsafe {
        check(
            "sethostname",
            c_long::from(libc::sethostname(hostname.as_ptr().cast(), hostname.len())),
        )?;
        check(
            "setrlimit",
            c_long::from(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit)),
        )?;
        libc::setsid();
        check("setgroups", c_long::from(libc::setgroups(0, std::ptr::null())))?;
        for capability in (0..41).filter(|capability| keep >> capability & 1 == 0) {
            libc::prctl(libc::PR_CAPBSET_DROP, c_long::from(capability), 0, 0, 0);
        }
        check("setresgid", c_long::from(libc::setresgid(0, 0, 0)))?;
        check("setresuid", c_long::from(libc::setresuid(0, 0, 0)))?;
        check(
            "capset",
            libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()),
        )?;
        check(
            "no_new_privs",
            c_long::from(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),
        )?;
        check("close_range", libc::syscall(libc::SYS_close_range, 3, c_int::MAX, 4)).map(drop)
    }
}

/// `execve(2)`; comes back only with an error.
pub(crate) fn execute(words: &[String], environment: Option<&[&str]>) -> String {
    let words: Vec<CString> = words.iter().map(|word| text(word)).collect();
    let mut pointers: Vec<*const c_char> = words.iter().map(|word| word.as_ptr()).collect();
    pointers.push(std::ptr::null());
    let environment = environment.map(|all| all.iter().map(|one| text(one)).collect::<Vec<_>>());
    let Some(program) = words.first() else {
        return "no program".into();
    };
    // SAFETY: both lists end with NULL and hold strings that live until the call; without a list of its own the
    // program gets the environment of this process.
    unsafe {
        match &environment {
            Some(all) => {
                let mut list: Vec<*const c_char> = all.iter().map(|one| one.as_ptr()).collect();
                list.push(std::ptr::null());
                libc::execve(program.as_ptr(), pointers.as_ptr(), list.as_ptr());
            }
            None => {
                libc::execv(program.as_ptr(), pointers.as_ptr());
            }
        }
    }
    format!("{}: {}", program.to_string_lossy(), io::Error::last_os_error())
}

/// What a finished child used.
pub(crate) struct Usage {
    pub(crate) status: i32,
    pub(crate) cpu_us: i64,
    pub(crate) peak_kib: i64,
}

/// `wait4(2)`.
pub(crate) fn wait(child: i32) -> Result<Usage, String> {
    let mut status = 0;
    // SAFETY: rusage is plain data, valid when zeroed; both pointers are of live locals.
    let (result, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(child, &raw mut status, 0, &raw mut usage), usage)
    };
    check("wait4", c_long::from(result))?;
    let micro = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
    let status = if libc::WIFEXITED(status) {
        libc::WEXITSTATUS(status)
    } else {
        128 + libc::WTERMSIG(status)
    };
    Ok(Usage {
        status,
        cpu_us: micro(usage.ru_utime) + micro(usage.ru_stime),
        peak_kib: usage.ru_maxrss,
    })
}

/// Ends the child at once, without the C library's work at exit.
pub(crate) fn end(status: i32) -> ! {
    // SAFETY: _exit does not return and touches no memory of ours.
    unsafe { libc::_exit(status) }
}
