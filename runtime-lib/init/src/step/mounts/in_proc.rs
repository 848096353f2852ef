//! What may be mounted in `/proc`.

use core::ffi::CStr;

/// Places below the root where a mount may lie in `/proc`: itself, where nothing but a procfs may be, and the files that
/// lxcfs and its like stand in for. All else there is what programs, and runtimes, have to believe (CVE-2019-16884).
const IN_PROC: [&CStr; 11] = [
    c"proc",
    c"proc/cpuinfo",
    c"proc/diskstats",
    c"proc/loadavg",
    c"proc/meminfo",
    c"proc/slabinfo",
    c"proc/stat",
    c"proc/swaps",
    c"proc/sys/crypto/fips_enabled",
    c"proc/sys/kernel/ns_last_pid",
    c"proc/uptime",
];

/// Whether a mount may lie at this place below the root if that is in `/proc`.
pub fn may_lie_in_proc(target: &CStr) -> bool {
    IN_PROC.contains(&target)
}
