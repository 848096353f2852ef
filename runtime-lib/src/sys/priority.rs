//! Priorities of another process.

use orlop_init::wire::Step;
use rustix::io::Errno;
use rustix::process::Pid;

/// `struct sched_attr` (`man 2 sched_setattr`), without what clamps add.
#[repr(C)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
    utilization_min: u32,
    utilization_max: u32,
}

/// Carries out `Scheduling` or `IoPriority` for another process.
pub(crate) fn set_priority(pid: Pid, step: &Step<'_>) -> Result<(), Errno> {
    let result = match *step {
        Step::Scheduling {
            policy,
            flags,
            nice,
            priority,
            runtime,
            deadline,
            period,
        } => {
            let attributes = Attributes {
                size: u32::try_from(size_of::<Attributes>()).unwrap_or(0),
                policy,
                flags,
                nice,
                priority,
                runtime,
                deadline,
                period,
                utilization_min: 0,
                utilization_max: 0,
            };
            let pid = pid.as_raw_nonzero().get();
            // SAFETY: the kernel reads the structure, whose size is in it, before the call returns.
            unsafe { libc::syscall(libc::SYS_sched_setattr, pid, &raw const attributes, 0) }
        }
        Step::IoPriority { class, priority } => {
            const IOPRIO_WHO_PGRP: i32 = 2;
            let group = rustix::process::getpgid(Some(pid))?.as_raw_nonzero().get();
            // SAFETY: no memory is touched.
            unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PGRP, group, class << 13 | priority) }
        }
        _ => return Err(Errno::INVAL),
    };
    if result == 0 {
        return Ok(());
    }
    Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))
}
