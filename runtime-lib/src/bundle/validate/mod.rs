//! What types cannot say: rules between members, and those about what a text holds. Each fault is a problem with its
//! path.
//!
//! What the spec calls an error is one, and so is what the kernel would refuse or silently take for something else.

mod devices;
mod hooks;
mod idmap;
mod linux;
mod mounts;
mod namespaces;
mod process;
mod resources;
mod sysctl;
mod version;

use super::config::Config;
use super::number_range;
use crate::problem::Problems;

pub(super) use mounts::mounts as of_mounts;
pub(super) use process::process;
pub(super) use resources::resources;
pub use sysctl::sysctl_file;
pub(crate) use sysctl::sysctl_namespace;

/// Collects the faults of a config.
pub(super) fn config(config: &Config, problems: &mut Problems) {
    version::version(&config.oci_version, problems);
    if config.root.path.is_empty() {
        problems.error("root.path", "is empty");
    }
    for (present, system) in [
        (config.windows, "windows"),
        (config.solaris, "solaris"),
        (config.zos, "zos"),
        (config.freebsd, "freebsd"),
    ] {
        if present.0 {
            problems.warning(system, "not for Linux, ignored");
        }
    }
    if config.vm.0 {
        problems.error("vm", "this runtime runs no virtual machines");
    }
    if let Some(process) = &config.process {
        self::process(process, "process", problems);
    }
    mounts::mounts(&config.mounts, problems);
    hooks::hooks(&config.hooks, problems);
    namespaces::namespaces(config, problems);
    idmap::mappings(&config.linux, problems);
    sysctl::sysctls(&config.linux, problems);
    devices::devices(&config.linux.devices, problems);
    if let Some(resources) = &config.linux.resources {
        self::resources(resources, "linux.resources", problems);
    }
    linux::linux(&config.linux, problems);
}

/// Says that a path is not absolute, if so.
pub(super) fn absolute(path: &str, at: impl FnOnce() -> String, problems: &mut Problems) {
    if path.is_empty() {
        problems.error(crate::JsonPath::new(at()), "is empty");
    } else if !path.starts_with('/') {
        problems.error(
            crate::JsonPath::new(at()),
            format!("{} is not absolute", super::quote::Quoted(path)),
        );
    }
}

/// Whether the text is a list of numbers and ranges, as the kernel writes CPUs and memory nodes: `0-3,7`.
fn is_number_list(list: &str) -> bool {
    list.split(',').all(|item| number_range(item).is_some())
}

/// An id that system calls take for "leave it as it is", so that nobody can have it.
const NO_ID: u32 = u32::MAX;
