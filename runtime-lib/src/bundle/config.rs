//! The config's top level (runtime-spec: config.md).

use super::hooks::Hooks;
use super::json::Present;
use super::linux::Linux;
use super::mounts::MountEntry;
use super::process::Process;
use super::text::Text;
use std::collections::BTreeMap;

object! {
    /// `config.json` as it stands, each value right by its type. Members that Linux has no use for are only known to
    /// be there.
    ///
    /// `null` and an absent member are the same, and so is the empty string for text that may be left out, as in Go.
    pub struct Config {
        /// The version of the spec that the bundle is written for.
        oci_version: Text = "ociVersion",
        /// The root filesystem.
        root: Root = "root",
        /// What is mounted, in this order.
        mounts: Vec<MountEntry> = "mounts",
        /// The container's first process. A container can be created without one, but not started.
        process: Option<Process> = "process",
        /// The host's name in the container.
        hostname: Option<Text> = "hostname",
        /// The NIS domain's name in the container.
        domainname: Option<Text> = "domainname",
        /// What is run beside the container.
        hooks: Hooks = "hooks" or default,
        /// Free words of the user's; some of them are read by runtimes.
        annotations: BTreeMap<Text, Text> = "annotations",
        /// What is special to Linux.
        linux: Linux = "linux" or default,
        /// For virtual machines; refused.
        vm: Present = "vm",
        /// For Windows; ignored with a warning.
        windows: Present = "windows",
        /// For Solaris; ignored with a warning.
        solaris: Present = "solaris",
        /// For z/OS; ignored with a warning.
        zos: Present = "zos",
        /// For FreeBSD; ignored with a warning.
        freebsd: Present = "freebsd",
    }
}

object! {
    /// The root filesystem (runtime-spec: config.md#root).
    pub struct Root {
        /// Where it is; relative to the bundle if it is not absolute.
        path: Text = "path",
        /// Whether the container may not write to it.
        readonly: bool = "readonly",
    }
}
