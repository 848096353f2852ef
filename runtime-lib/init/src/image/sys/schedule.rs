//! How the process is run and fed: its scheduling, its execution domain and where its memory comes from.

use super::{Result, call, number, word};

/// `struct sched_attr` (`man 2 sched_setattr`).
#[repr(C)]
pub(crate) struct SchedulingAttributes {
    pub(crate) size: u32,
    pub(crate) policy: u32,
    pub(crate) flags: u64,
    pub(crate) nice: i32,
    pub(crate) priority: u32,
    pub(crate) runtime: u64,
    pub(crate) deadline: u64,
    pub(crate) period: u64,
    pub(crate) utilization_min: u32,
    pub(crate) utilization_max: u32,
}

const _: () = assert!(size_of::<SchedulingAttributes>() == 56);

/// Sets the policy of this thread; `size` is filled in here.
pub(crate) fn set_scheduling(mut attributes: SchedulingAttributes) -> Result<()> {
    attributes.size = u32::try_from(size_of::<SchedulingAttributes>()).unwrap_or(0);
    let address = (&raw const attributes).expose_provenance();
    call(number::SCHED_SETATTR, [0, address, 0, 0, 0, 0]).map(drop)
}

/// Sets the priority for input and output of this process's group (`man 2 ioprio_set`).
pub(crate) fn set_io_priority(class: u32, priority: u32) -> Result<()> {
    const IOPRIO_WHO_PGRP: usize = 2;
    const IOPRIO_CLASS_SHIFT: usize = 13;
    let value = (class as usize) << IOPRIO_CLASS_SHIFT | priority as usize;
    call(number::IOPRIO_SET, [IOPRIO_WHO_PGRP, 0, value, 0, 0, 0]).map(drop)
}

/// `man 2 personality`.
pub(crate) fn set_personality(domain: u64) -> Result<()> {
    call(number::PERSONALITY, [word(domain), 0, 0, 0, 0, 0]).map(drop)
}

/// `man 2 set_mempolicy`; `nodes` holds `u64`s, a bit for each node.
pub(crate) fn set_memory_policy(mode: u32, nodes: &[u8]) -> Result<()> {
    // The kernel takes one from the number of bits before it uses it.
    let (address, bits) = match nodes.len() {
        0 => (0, 0),
        length => (nodes.as_ptr().expose_provenance(), length * 8 + 1),
    };
    call(number::SET_MEMPOLICY, [mode as usize, address, bits, 0, 0, 0]).map(drop)
}
