//! Kernel parameters (runtime-spec: config-linux.md#sysctl): only those that a namespace of the container has for its
//! own.

use super::super::linux::{Linux, NamespaceType};
use super::super::quote::{Quoted, cut};
use crate::problem::{JsonPath, Problems};
use std::collections::BTreeSet;

/// The System V parameters of an ipc namespace (man 7 ipc_namespaces), below `kernel`.
const IPC: &[&str] = &[
    "msgmax",
    "msgmnb",
    "msgmni",
    "msg_next_id",
    "sem",
    "sem_next_id",
    "shmall",
    "shmmax",
    "shmmni",
    "shm_next_id",
    "shm_rmid_forced",
];

/// The parameter's file below `/proc/sys`, for a name in either form: if the first separator is a slash it is a path
/// as it stands; if it is a dot, dots and slashes change places (man 8 sysctl). `None` for what is no name.
pub fn sysctl_file(name: &str) -> Option<String> {
    let first = name.bytes().find(|byte| matches!(byte, b'.' | b'/'))?;
    let file: String = match first {
        b'/' => name.to_owned(),
        _ => name
            .chars()
            .map(|letter| {
                if letter == '.' {
                    '/'
                } else if letter == '/' {
                    '.'
                } else {
                    letter
                }
            })
            .collect(),
    };
    file.split('/')
        .all(|part| !matches!(part, "" | "." | ".."))
        .then_some(file)
}

pub(super) fn sysctls(linux: &Linux, problems: &mut Problems) {
    let mut files = BTreeSet::new();
    for (name, value) in &linux.sysctl {
        let path = || JsonPath::from("linux.sysctl").member(&cut(name));
        let Some(file) = sysctl_file(name) else {
            problems.error(path(), "is no kernel parameter's name");
            continue;
        };
        if value.is_empty() {
            problems.error(path(), "has no value, so nothing would be set");
        }
        match owner(&file) {
            Owner::Namespace(kind) if linux.namespace(kind).is_none() => {
                problems.error(
                    path(),
                    format!("needs a {kind} namespace in linux.namespaces; it would change the host's"),
                );
            }
            Owner::Namespace(_) => {}
            Owner::Hostname => problems.error(path(), "is set by the config's hostname"),
            Owner::Host => problems.error(path(), "no namespace has it for its own, it would change the host's"),
        }
        if files.contains(&file) {
            problems.error(path(), format!("the parameter {} is given twice", Quoted(&file)));
        }
        files.insert(file);
    }
}

/// The type of namespace that has a parameter for its own.
pub(crate) fn sysctl_namespace(name: &str) -> Option<NamespaceType> {
    match owner(&sysctl_file(name)?) {
        Owner::Namespace(kind) => Some(kind),
        Owner::Hostname | Owner::Host => None,
    }
}

enum Owner {
    Namespace(NamespaceType),
    Hostname,
    Host,
}

fn owner(file: &str) -> Owner {
    match file.split_once('/') {
        Some(("net", _)) => Owner::Namespace(NamespaceType::Network),
        Some(("user", _)) => Owner::Namespace(NamespaceType::User),
        Some(("fs", rest)) if rest.starts_with("mqueue/") => Owner::Namespace(NamespaceType::Ipc),
        Some(("kernel", name)) if IPC.contains(&name) => Owner::Namespace(NamespaceType::Ipc),
        Some(("kernel", "domainname")) => Owner::Namespace(NamespaceType::Uts),
        Some(("kernel", "hostname")) => Owner::Hostname,
        _ => Owner::Host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_same_file() {
        for name in ["net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding"] {
            assert_eq!(sysctl_file(name).as_deref(), Some("net/ipv4/conf/eth0.1/forwarding"));
        }
        for bad in [
            "",
            "kernel",
            "net..x",
            "net/../kernel/core_pattern",
            "net/ipv4/..",
            "/net/x",
            "net/",
            ".net",
            "net.//.core",
            "net/./x",
        ] {
            assert_eq!(sysctl_file(bad), None, "{bad}");
        }
    }
}
