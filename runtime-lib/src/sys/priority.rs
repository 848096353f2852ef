//! Priorities of another process.

use orlop_init::linux::scheduling::{IOPRIO_CLASS_SHIFT, IOPRIO_WHO_PROCESS, SchedulingAttributes};
use orlop_init::step::process::{IoPriority, Scheduling};
use rustix::io::Errno;
use rustix::process::Pid;

/// Sets how another process is scheduled (`man 2 sched_setattr`).
pub(crate) fn set_scheduling(pid: Pid, step: &Scheduling) -> Result<(), Errno> {
    let attributes = SchedulingAttributes {
        size: u32::try_from(size_of::<SchedulingAttributes>()).unwrap_or(0),
        policy: step.policy,
        flags: step.flags,
        nice: step.nice,
        priority: step.priority,
        runtime: step.runtime,
        deadline: step.deadline,
        period: step.period,
        utilization_min: 0,
        utilization_max: 0,
    };
    // SAFETY: the kernel reads the structure, whose size is in it, before the call returns.
    result(unsafe {
        libc::syscall(
            libc::SYS_sched_setattr,
            pid.as_raw_nonzero().get(),
            &raw const attributes,
            0,
        )
    })
}

/// Sets the priority for input and output of another process (`man 2 ioprio_set`).
///
/// Of the process alone: until a child leads a session of its own its group is that of its parent, which may be gone.
pub(crate) fn set_io_priority(pid: Pid, step: &IoPriority) -> Result<(), Errno> {
    let pid = pid.as_raw_nonzero().get();
    let priority = step.class << IOPRIO_CLASS_SHIFT | step.priority;
    // SAFETY: no memory is touched.
    result(unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, priority) })
}

fn result(code: libc::c_long) -> Result<(), Errno> {
    if code == 0 {
        return Ok(());
    }
    Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))
}
