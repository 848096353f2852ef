//! Where this runs: on somebody's host, or in a virtual machine of the lab, which is ours as a whole.

use std::time::Duration;

/// Set inside a virtual machine of the lab: which cgroups it has, and whether systemd has started it.
const FORM: &str = "LAB_FORM";

/// How much longer everything takes where qemu interprets each instruction, with an engine's thousands of pages of code.
const SLOWNESS: u8 = 10;

/// Whether this is a virtual machine of the lab that systemd has started, where engines run with their defaults.
pub(super) fn has_systemd() -> bool {
    std::env::var_os(FORM).is_some_and(|form| form == "systemd")
}

/// Where AppArmor tells whether it is on (`man 7 apparmor`).
const APPARMOR: &str = "/sys/module/apparmor/parameters/enabled";

/// Whether the kernel at hand has AppArmor, and it is on.
pub(super) fn has_apparmor() -> bool {
    std::fs::read_to_string(APPARMOR).is_ok_and(|text| text.starts_with('Y'))
}

fn slowness() -> u8 {
    if std::env::var_os(FORM).is_some() { SLOWNESS } else { 1 }
}

/// A shell's command that lasts so many seconds on a host, and as much longer as everything else elsewhere: for what has
/// to come after a call of the engine's that is made meanwhile.
pub(super) fn sleep(seconds: f32) -> String {
    format!("sleep {}", seconds * f32::from(slowness()))
}

/// The longest time for what is done within so many seconds on a host.
pub(super) fn patience(seconds: u64) -> Duration {
    Duration::from_secs(seconds * u64::from(slowness()))
}
