//! What a profile may not ask for, though each of its words is known.

use super::action;
use crate::bundle::{Seccomp, SeccompAction, SeccompFlag};
use crate::problem::{JsonPath, Problems};

/// Where the profile is in a config.
pub(super) fn path() -> JsonPath {
    JsonPath::from("linux").member("seccomp")
}

/// Where a rule is.
pub(super) fn rule_path(rule: usize) -> JsonPath {
    path().member("syscalls").index(rule)
}

/// Notes what the spec forbids, or what could not work.
pub(super) fn check(profile: &Seccomp, problems: &mut Problems) {
    if profile.default_action == SeccompAction::Notify {
        problems.error(
            path().member("defaultAction"),
            "SCMP_ACT_NOTIFY cannot be used as default action",
        );
    }
    if let Some(text) = errno_fault(profile.default_action, profile.default_errno_ret) {
        problems.error(path().member("defaultErrnoRet"), text);
    }
    for (number, rule) in profile.syscalls.iter().enumerate() {
        if rule.names.is_empty() {
            problems.error(rule_path(number).member("names"), "at least one name is needed");
        }
        if let Some(text) = errno_fault(rule.action, rule.errno_ret) {
            problems.error(rule_path(number).member("errnoRet"), text);
        }
        if rule.action == SeccompAction::Notify
            && let Some(at) = rule.names.iter().position(|name| *name == "write")
        {
            // The container's init writes to the parent after the filter is loaded; nobody would answer for it yet.
            let path = rule_path(number).member("names").index(at);
            problems.error(path, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
        }
    }
    check_listener(profile, problems);
}

fn check_listener(profile: &Seccomp, problems: &mut Problems) {
    let notifier = profile
        .syscalls
        .iter()
        .position(|rule| rule.action == SeccompAction::Notify);
    match (notifier, &profile.listener_path) {
        (Some(rule), None) => {
            problems.error(
                rule_path(rule).member("action"),
                "SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath",
            );
        }
        (None, Some(_)) => {
            problems.warning(
                path().member("listenerPath"),
                "ignored, since no rule has the action SCMP_ACT_NOTIFY",
            );
        }
        _ => {}
    }
    if profile.listener_metadata.is_some() && profile.listener_path.is_none() {
        problems.error(
            path().member("listenerMetadata"),
            "cannot be set without linux.seccomp.listenerPath",
        );
    }
    if notifier.is_none()
        && let Some(at) = profile
            .flags
            .iter()
            .position(|flag| *flag == SeccompFlag::WaitKillableRecv)
    {
        // The kernel would say EINVAL.
        problems.error(
            path().member("flags").index(at),
            format!("{} needs a rule with SCMP_ACT_NOTIFY", profile.flags[at]),
        );
    }
}

/// What is wrong with the errno of an action. The spec: an action that takes none, and has one, is an error.
fn errno_fault(action: SeccompAction, errno: Option<u32>) -> Option<String> {
    let errno = errno?;
    match action::largest_errno(action) {
        None => Some(format!("{action} takes no errno")),
        Some(largest) if errno > largest => Some(format!("{errno} is too large: at most {largest} for {action}")),
        Some(_) => None,
    }
}
