//! Namespaces, and what needs one of its own (runtime-spec: config-linux.md#namespaces).

use super::super::config::Config;
use super::super::linux::NamespaceType;
use super::super::quote::Quoted;
use super::absolute;
use crate::problem::{JsonPath, Problems};

pub(super) fn namespaces(config: &Config, problems: &mut Problems) {
    let linux = &config.linux;
    let mut seen = [false; NamespaceType::ALL.len()];
    for (index, namespace) in linux.namespaces.iter().enumerate() {
        let path = || JsonPath::from("linux.namespaces").index(index);
        if let Some(seen) = seen.get_mut(namespace.kind as usize)
            && std::mem::replace(seen, true)
        {
            problems.error(
                path().member("type"),
                format!("the {} namespace is given twice", namespace.kind),
            );
        }
        if let Some(file) = &namespace.path {
            absolute(file, || path().member("path").to_string(), problems);
        }
    }
    // Whoever has no rights in the namespace that owns the runtime's mounts cannot go back to them.
    if linux.namespace(NamespaceType::Mount).is_none() && linux.namespace(NamespaceType::User).is_some() {
        problems.error(
            "linux.namespaces",
            "in a user namespace nothing can be mounted without a mount namespace; add {\"type\": \"mount\"}",
        );
    }
    for (name, value) in [("hostname", &config.hostname), ("domainname", &config.domainname)] {
        let Some(value) = value else { continue };
        if linux.namespace(NamespaceType::Uts).is_none() {
            problems.error(
                name,
                "needs a uts namespace in linux.namespaces; it would change the host's",
            );
        }
        // __NEW_UTS_LEN of linux/utsname.h
        if value.len() > 64 {
            problems.error(name, format!("{} is longer than the kernel's 64 bytes", Quoted(value)));
        }
    }
    if !linux.time_offsets.is_empty() {
        match linux.namespace(NamespaceType::Time) {
            None => problems.error("linux.timeOffsets", "needs a time namespace in linux.namespaces"),
            Some(time) if time.path.is_some() => {
                problems.error(
                    "linux.timeOffsets",
                    "the clocks of a time namespace that is joined cannot be set",
                );
            }
            Some(_) => {}
        }
    }
    for (clock, offset) in &linux.time_offsets {
        if offset.nanosecs.is_some_and(|nanoseconds| nanoseconds >= 1_000_000_000) {
            problems.error(
                JsonPath::from("linux.timeOffsets")
                    .member(clock.as_str())
                    .member("nanosecs"),
                "is a second or more",
            );
        }
    }
    network_devices(config, problems);
}

/// runtime-spec: config-linux.md#network-devices
fn network_devices(config: &Config, problems: &mut Problems) {
    let linux = &config.linux;
    let at = JsonPath::from("linux.netDevices");
    if !linux.net_devices.is_empty() && linux.namespace(NamespaceType::Network).is_none() {
        problems.error(at.clone(), "needs a network namespace in linux.namespaces");
    }
    let mut names = std::collections::BTreeSet::new();
    for (on_host, device) in &linux.net_devices {
        let path = || at.member(&super::super::quote::cut(on_host));
        let name = device.name.as_ref().unwrap_or(on_host);
        if !is_interface_name(on_host) {
            problems.error(path(), format!("{} is no name for a network device", Quoted(on_host)));
        }
        if let Some(name) = &device.name
            && !(is_interface_name(name) && is_plain_or_template(name))
        {
            problems.error(
                path().member("name"),
                format!("{} is no name for a network device", Quoted(name)),
            );
        }
        // A name with a number is chosen among those that are free when all others are taken.
        if !name.contains("%d") && !names.insert(name) {
            problems.error(path(), format!("a second device would have the name {}", Quoted(name)));
        }
    }
}

/// As the kernel takes templates: one `%d`, and no other `%` (Linux: __dev_alloc_name of net/core/dev.c).
fn is_plain_or_template(name: &str) -> bool {
    match name.matches('%').count() {
        0 => true,
        1 => name.contains("%d"),
        _ => false,
    }
}

/// Linux: dev_valid_name of net/core/dev.c.
fn is_interface_name(name: &str) -> bool {
    let plain = |byte: u8| byte != b'/' && byte != b':' && !byte.is_ascii_whitespace() && byte != 0x0b;
    (1..16).contains(&name.len()) && name != "." && name != ".." && name.bytes().all(plain)
}
