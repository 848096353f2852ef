//! Programs about devices that are attached to cgroups of v2 (`man 2 bpf`), as hooks of device plugins deal with them.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::sys::{owned, syscall};

const LOAD: i64 = 5;
const ATTACH: i64 = 8;
const BY_ID: i64 = 13;
const QUERY: i64 = 16;

/// `BPF_PROG_TYPE_CGROUP_DEVICE`, `BPF_CGROUP_DEVICE`, and `BPF_F_ALLOW_MULTI` with `BPF_F_REPLACE`.
const PROGRAM_TYPE: u32 = 15;
const ATTACH_TYPE: u32 = 6;
const BESIDE_OTHERS: u32 = 2;
const IN_PLACE: u32 = 4;

fn bpf(command: i64, attributes: &mut [u64]) -> io::Result<i64> {
    let size = i64::try_from(size_of_val(attributes)).map_err(io::Error::other)?;
    let address = i64::try_from(attributes.as_mut_ptr().addr()).map_err(io::Error::other)?;
    syscall(libc::SYS_bpf, [command, address, size, 0, 0, 0])
}

/// Two numbers as they lie beside each other.
fn pair(first: u32, second: u32) -> u64 {
    u64::from(first) | u64::from(second) << 32
}

fn number(descriptor: &impl AsRawFd) -> u32 {
    descriptor.as_raw_fd().cast_unsigned()
}

/// The ids of those that are attached to the cgroup in this folder.
pub(crate) fn attached(folder: &str) -> io::Result<Vec<u32>> {
    let cgroup = File::open(folder)?;
    let mut ids = [0_u32; 64];
    let address = ids.as_mut_ptr().addr() as u64;
    let mut attributes = [pair(number(&cgroup), ATTACH_TYPE), 0, address, 64];
    bpf(QUERY, &mut attributes)?;
    let count = usize::try_from(attributes[3]).map_err(io::Error::other)?;
    Ok(ids.into_iter().take(count).collect())
}

/// Puts one that allows everything in the place of the first of them.
pub(crate) fn allow_all(folder: &str) -> io::Result<()> {
    // `r0 = 1; exit`
    let instructions = [0x0000_0001_0000_00b7_u64, 0x95];
    let license = c"GPL";
    let mut attributes = [
        pair(PROGRAM_TYPE, 2),
        instructions.as_ptr().addr() as u64,
        license.as_ptr().addr() as u64,
        0,
        0,
        0,
    ];
    let program = owned(bpf(LOAD, &mut attributes)?)?;
    let first = attached(folder)?.first().copied().ok_or(io::ErrorKind::NotFound)?;
    let replaced = owned(bpf(BY_ID, &mut [pair(first, 0), 0])?)?;
    let cgroup = File::open(folder)?;
    let mut attributes = [
        pair(number(&cgroup), number(&program)),
        pair(ATTACH_TYPE, BESIDE_OTHERS | IN_PLACE),
        u64::from(number(&replaced)),
    ];
    bpf(ATTACH, &mut attributes).map(drop)
}
