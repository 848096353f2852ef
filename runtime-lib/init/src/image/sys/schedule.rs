//! How the process is run and fed: its scheduling, its execution domain and where its memory comes from.

use super::{Arg, Result, call, number};
use crate::linux::scheduling::{IOPRIO_CLASS_SHIFT, IOPRIO_WHO_PROCESS, SchedulingAttributes};

/// Sets the policy of this thread; `size` is filled in here (`man 2 sched_setattr`). EPERM beyond the limits, EBUSY
/// for a deadline too much.
pub(crate) fn set_scheduling(mut attributes: SchedulingAttributes) -> Result<()> {
    attributes.size = u32::try_from(size_of::<SchedulingAttributes>()).unwrap_or(0);
    let arguments = [Arg::NULL, Arg::from_mut(&mut attributes), Arg::NULL];
    // SAFETY: the kernel reads a struct sched_attr of the size in it, and writes another size there when it does not
    // know this one.
    unsafe { call(number::SCHED_SETATTR, arguments) }.map(drop)
}

/// Allows this thread each CPU; the kernel keeps to those of its cpuset (`man 2 sched_setaffinity`).
pub(crate) fn allow_every_cpu() -> Result<()> {
    /// As many as a kernel can be built for (Linux: `NR_CPUS`); it passes over what it has no CPU for.
    const CPUS: usize = 8192;
    let all = [u64::MAX; CPUS / 64];
    let arguments = [Arg::NULL, size_of_val(&all).into(), Arg::from_ref(&all)];
    // SAFETY: the kernel reads at most so many bytes, which are borrowed.
    unsafe { call(number::SCHED_SETAFFINITY, arguments) }.map(drop)
}

/// Allows this thread the CPUs of a mask, `u64`s with a bit for each (`man 2 sched_setaffinity`). EINVAL if its cpuset has
/// none of them.
pub(crate) fn allow_cpus(mask: &[u8]) -> Result<()> {
    let arguments = [Arg::NULL, mask.len().into(), Arg::from_ref(mask)];
    // SAFETY: the kernel reads at most so many bytes, which are borrowed.
    unsafe { call(number::SCHED_SETAFFINITY, arguments) }.map(drop)
}

/// Sets the priority for input and output of this process (`man 2 ioprio_set`).
pub(crate) fn set_io_priority(class: u32, priority: u32) -> Result<()> {
    let value = class << IOPRIO_CLASS_SHIFT | priority;
    // SAFETY: the arguments are numbers.
    unsafe { call(number::IOPRIO_SET, [IOPRIO_WHO_PROCESS.into(), Arg::NULL, value.into()]) }.map(drop)
}

/// `man 2 personality`
pub(crate) fn set_personality(domain: u64) -> Result<()> {
    // SAFETY: the argument is a number, and counts for what is mapped and executed later.
    unsafe { call(number::PERSONALITY, [domain.into()]) }.map(drop)
}

/// `nodes` holds `u64`s, a bit for each node (`man 2 set_mempolicy`).
pub(crate) fn set_memory_policy(mode: u32, nodes: &[u8]) -> Result<()> {
    let (words, _) = nodes.as_chunks::<8>();
    // The kernel takes one from the number of bits before it uses it.
    let (nodes, bits) = match words.len() {
        0 => (Arg::NULL, 0),
        count => (Arg::from_ref(words), count * 64 + 1),
    };
    // SAFETY: the kernel reads as many words as `bits` less one fill, and these are borrowed.
    unsafe { call(number::SET_MEMPOLICY, [mode.into(), nodes, bits.into()]) }.map(drop)
}
