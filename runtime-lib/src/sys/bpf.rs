//! `bpf(2)`, as far as programs of cgroups need it that decide about devices.

use super::locked_memory::RaisedLimit;
use rustix::io::Errno;
use std::ffi::{CStr, c_int};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

const PROG_LOAD: c_int = 5;
const PROG_ATTACH: c_int = 8;
const PROG_DETACH: c_int = 9;
const PROG_GET_FD_BY_ID: c_int = 13;
const OBJ_GET_INFO_BY_FD: c_int = 15;
const PROG_QUERY: c_int = 16;

/// `BPF_PROG_TYPE_CGROUP_DEVICE` (Linux 4.15).
const PROGRAM_TYPE: u32 = 15;
/// `BPF_CGROUP_DEVICE`.
const ATTACH_TYPE: u32 = 6;

/// Beside the programs that are there already, and those of the cgroups above: what all of them allow is allowed.
const ALLOW_MULTI: u32 = 2;
/// In the place of another one, in one step (Linux 5.6).
const REPLACE: u32 = 4;

/// No helper that the kernel keeps for GPL programs is called; the licence is told all the same.
const LICENSE: &CStr = c"Apache-2.0";

/// The name that the programs have, of at most 15 letters.
pub(crate) const PROGRAM_NAME: [u8; 16] = *b"orlop_devices\0\0\0";

/// So many programs of one type one cgroup can have (Linux: include/linux/bpf-cgroup.h, `BPF_CGROUP_MAX_PROGS`).
const MOST_PROGRAMS: usize = 64;

/// `struct { ... } BPF_PROG_LOAD` of `union bpf_attr`, as far as it is used.
#[repr(C)]
struct Load {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
}

#[repr(C)]
#[derive(Default)]
struct Attach {
    target: c_int,
    program: c_int,
    kind: u32,
    flags: u32,
    replaced: c_int,
}

#[repr(C)]
struct Query {
    target: c_int,
    kind: u32,
    query_flags: u32,
    attach_flags: u32,
    ids: u64,
    count: u32,
    padding: u32,
}

#[repr(C)]
#[derive(Default)]
struct ById {
    id: u32,
    next: u32,
    flags: u32,
}

#[repr(C)]
struct GetInfo {
    descriptor: c_int,
    size: u32,
    info: u64,
}

/// `struct bpf_prog_info` up to the name (Linux 4.15).
#[repr(C)]
#[derive(Default)]
struct Info {
    kind: u32,
    id: u32,
    tag: [u8; 8],
    lengths: [u32; 2],
    instructions: [u64; 2],
    loaded: u64,
    user: u32,
    map_count: u32,
    maps: u64,
    name: [u8; 16],
}

/// Asks the kernel for something with a member of `union bpf_attr`.
///
/// # Safety
/// Every address in the attributes is that of memory which the command may read or write as it will, and which lives
/// until the call returns.
unsafe fn bpf<T>(command: c_int, attributes: &mut T) -> Result<c_int, Errno> {
    // SAFETY: the attributes live as long as the call, which is told their size; the rest is the caller's promise.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attributes), size_of::<T>()) };
    if result < 0 {
        return Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO));
    }
    c_int::try_from(result).map_err(|_| Errno::IO)
}

/// Loads a program of `struct bpf_insn`s. It lives as long as its descriptor, or a cgroup that it is attached to.
///
/// # Errors
/// The kernel's, and what its verifier says.
pub(crate) fn load_device_program(instructions: &[u64]) -> Result<OwnedFd, (Errno, String)> {
    let mut loaded = load(instructions, &mut []);
    if loaded.as_ref().is_err_and(|errno| *errno == Errno::PERM)
        && let Some(_raised) = RaisedLimit::new()
    {
        // Before Linux 5.11 all programs of a user are memory that is locked, of which few may have 64 KiB.
        loaded = load(instructions, &mut []);
    }
    loaded.map_err(|errno| {
        // The kernel tells why only to those who ask, and takes longer for it.
        let mut log = vec![0; 1 << 16];
        match load(instructions, &mut log) {
            Err(errno) => {
                let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
                (errno, String::from_utf8_lossy(&log[..end]).trim().to_owned())
            }
            // It has changed its mind; the caller is told of the first answer.
            Ok(_) => (errno, String::new()),
        }
    })
}

fn load(instructions: &[u64], log: &mut [u8]) -> Result<OwnedFd, Errno> {
    let mut attributes = Load {
        kind: PROGRAM_TYPE,
        count: u32::try_from(instructions.len()).map_err(|_| Errno::TOOBIG)?,
        instructions: instructions.as_ptr().addr() as u64,
        license: LICENSE.as_ptr().addr() as u64,
        log_level: u32::from(!log.is_empty()),
        log_size: u32::try_from(log.len()).map_err(|_| Errno::TOOBIG)?,
        log: if log.is_empty() {
            0
        } else {
            log.as_mut_ptr().addr() as u64
        },
        kernel_version: 0,
        flags: 0,
        name: PROGRAM_NAME,
    };
    // SAFETY: the kernel reads so many instructions and the licence, and writes no more to the log than it has room
    // for; all three outlive the call.
    let descriptor = unsafe { bpf(PROG_LOAD, &mut attributes) }?;
    // SAFETY: the kernel has just made the descriptor, which nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Whether the kernel takes a program about devices from this caller: the shortest there is, which is let go again.
pub(crate) fn try_device_program() -> Result<(), Errno> {
    const RETURN_1: [u64; 2] = [0x0000_0001_0000_00b7, 0x95];
    load(&RETURN_1, &mut []).map(drop)
}

/// Attaches a program to a cgroup of v2, beside others or in the place of one.
pub(crate) fn attach_program(
    cgroup: BorrowedFd<'_>,
    program: BorrowedFd<'_>,
    replaced: Option<BorrowedFd<'_>>,
) -> Result<(), Errno> {
    let mut attributes = Attach {
        target: cgroup.as_raw_fd(),
        program: program.as_raw_fd(),
        kind: ATTACH_TYPE,
        flags: ALLOW_MULTI | replaced.map_or(0, |_| REPLACE),
        replaced: replaced.map_or(0, |program| program.as_raw_fd()),
    };
    // SAFETY: the attributes hold no address; the descriptors live as long as the call.
    unsafe { bpf(PROG_ATTACH, &mut attributes) }.map(drop)
}

/// Detaches a program from a cgroup.
pub(crate) fn detach_program(cgroup: BorrowedFd<'_>, program: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut attributes = Attach {
        target: cgroup.as_raw_fd(),
        program: program.as_raw_fd(),
        kind: ATTACH_TYPE,
        ..Attach::default()
    };
    // SAFETY: the attributes hold no address; the descriptors live as long as the call.
    unsafe { bpf(PROG_DETACH, &mut attributes) }.map(drop)
}

/// The ids of the programs about devices that are attached to a cgroup itself, in the order in which they are asked.
pub(crate) fn attached_programs(cgroup: BorrowedFd<'_>) -> Result<Vec<u32>, Errno> {
    let mut ids = vec![0_u32; MOST_PROGRAMS];
    let mut attributes = Query {
        target: cgroup.as_raw_fd(),
        kind: ATTACH_TYPE,
        query_flags: 0,
        attach_flags: 0,
        ids: ids.as_mut_ptr().addr() as u64,
        count: u32::try_from(MOST_PROGRAMS).map_err(|_| Errno::TOOBIG)?,
        padding: 0,
    };
    // SAFETY: the kernel writes at most so many ids as it is told that there is room for.
    unsafe { bpf(PROG_QUERY, &mut attributes) }?;
    ids.truncate(usize::try_from(attributes.count).unwrap_or(0));
    Ok(ids)
}

/// The program of this id.
pub(crate) fn program_by_id(id: u32) -> Result<OwnedFd, Errno> {
    let mut attributes = ById { id, ..ById::default() };
    // SAFETY: the attributes hold no address.
    let descriptor = unsafe { bpf(PROG_GET_FD_BY_ID, &mut attributes) }?;
    // SAFETY: the kernel has just made the descriptor, which nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// A program's id and name.
pub(crate) fn program_info(program: impl AsFd) -> Result<(u32, [u8; 16]), Errno> {
    const { assert!(size_of::<Info>() == 80) };
    let mut info = Info::default();
    let mut attributes = GetInfo {
        descriptor: program.as_fd().as_raw_fd(),
        size: u32::try_from(size_of::<Info>()).unwrap_or(0),
        info: std::ptr::from_mut(&mut info).addr() as u64,
    };
    // SAFETY: the kernel writes at most the size that it is told, and reads from the same memory that no list of
    // instructions or maps is wanted: the numbers and addresses of them are 0.
    unsafe { bpf(OBJ_GET_INFO_BY_FD, &mut attributes) }?;
    Ok((info.id, info.name))
}
