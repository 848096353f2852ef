//! The library's unsafe code: the few calls that no crate wraps.

mod bpf;
mod clone;
mod heard;
mod kernel;
mod locked_memory;
mod mount;
mod priority;
mod process;
mod signals;
mod spawn;
mod stack;
mod undumpable;

pub(crate) use bpf::{
    PROGRAM_NAME, attach_program, attached_programs, detach_program, load_device_program, program_by_id, program_info,
    try_device_program,
};
pub(crate) use heard::hear;
pub(crate) use kernel::{
    knows_clone_into_cgroup, knows_close_range_cloexec, knows_mount_setattr, knows_pidfd_info, knows_seccomp_action,
    knows_seccomp_flags, knows_seccomp_notifications, landlock_version,
};
pub(crate) use mount::{map_mount, set_propagation};
pub(crate) use priority::{set_io_priority, set_scheduling};
pub(crate) use process::{
    exit_status, has_ended, inherited, is_in_user_namespace, namespace_kind, send_signal, set_limit, wait_for_any,
};
pub(crate) use signals::Blocked;
pub(crate) use spawn::{Program, Spawn, spawn};
pub(crate) use undumpable::Undumpable;

/// The calling thread's permitted capabilities, as bits (`man 2 capget`); none if the kernel does not tell.
pub(crate) fn permitted_capabilities() -> u64 {
    rustix::thread::capabilities(None).map_or(0, |sets| sets.permitted.bits())
}

/// Whether the calling thread may set rules about devices, on either version of cgroups: it takes the right over the whole
/// machine.
pub(crate) fn may_set_device_rules() -> bool {
    const CAP_SYS_ADMIN: u64 = 1 << 21;
    permitted_capabilities() & CAP_SYS_ADMIN != 0 && !is_in_user_namespace()
}

/// Whether what the calling thread starts can be kept from being dumped and still have its maps written: its files in
/// /proc are root's then (`man 5 proc`).
pub(crate) fn can_hide_processes() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether the calling thread may also open what only those may who trace such a process: its namespaces
/// (`man 2 ptrace`).
pub(crate) fn can_trace_hidden_processes() -> bool {
    const CAP_SYS_PTRACE: u64 = 1 << 19;
    can_hide_processes() && permitted_capabilities() & CAP_SYS_PTRACE != 0
}
