//! Whether the process can be given supplementary groups.

use crate::bundle::{Config, IdMapping, NamespaceType, Process};
use crate::process::Pid;

/// Whether the kernel lets nobody change groups in the user namespace that the bundle's process will be in
/// (`man 7 user_namespaces`, "setgroups"). Looked at only if the bundle asks for groups.
pub(super) fn are_denied(config: &Config) -> bool {
    let asks = |process: &Process| !process.user.additional_gids.is_empty();
    if !config.process.as_ref().is_some_and(asks) {
        return false;
    }
    let user = config.linux.namespace(NamespaceType::User);
    match user.map(|namespace| namespace.path.as_deref()) {
        Some(Some(path)) => path.strip_suffix("ns/user").is_some_and(is_denied_at),
        // What is denied in a namespace is denied in those below.
        Some(None) => maps_only_callers_own(&config.linux.gid_mappings) || is_denied_at("/proc/self/"),
        None => is_denied_at("/proc/self/"),
    }
}

/// Whether this is the one map of groups that an ordinary user may write without help, at the price of being denied
/// all others.
fn maps_only_callers_own(gids: &[IdMapping]) -> bool {
    !rustix::process::geteuid().is_root()
        && matches!(gids, [only] if only.size == 1 && only.host_id == rustix::process::getegid().as_raw())
}

/// The same for one more process in the user namespace of a process, if it is another one than the caller's.
pub(super) fn are_denied_beside(process: &Process, other: Option<Pid>) -> bool {
    !process.user.additional_gids.is_empty()
        && match other {
            Some(other) => is_denied_at(&format!("/proc/{other}/")),
            None => is_denied_at("/proc/self/"),
        }
}

/// What the file of a process says; `process` is its folder in a procfs, with a slash.
fn is_denied_at(process: &str) -> bool {
    std::fs::read(format!("{process}setgroups")).is_ok_and(|word| word.starts_with(b"deny"))
}
