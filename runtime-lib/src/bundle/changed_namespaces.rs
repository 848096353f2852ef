//! Which members of a config change something in a namespace, so that it must not be the runtime's own.

use super::config::Config;
use super::linux::NamespaceType;
use super::validate::sysctl_namespace;
use crate::problem::JsonPath;

impl Config {
    /// The first member that changes something in the container's namespace of this type.
    pub(crate) fn changes_namespace(&self, kind: NamespaceType) -> Option<JsonPath> {
        let linux = &self.linux;
        let parameter = linux.sysctl.keys().find(|name| sysctl_namespace(name) == Some(kind));
        let member = match kind {
            NamespaceType::Uts if self.hostname.is_some() => Some("hostname"),
            NamespaceType::Uts if self.domainname.is_some() => Some("domainname"),
            NamespaceType::Network if !linux.net_devices.is_empty() => Some("linux.netDevices"),
            // The rootfs becomes the root there; and the kernel lets nobody join the user namespace that it is in.
            NamespaceType::Mount | NamespaceType::User => return self.path_of_namespace(kind),
            _ => None,
        };
        let parameter = || Some(JsonPath::from("linux.sysctl").member(parameter?));
        member.map(JsonPath::from).or_else(parameter)
    }

    fn path_of_namespace(&self, kind: NamespaceType) -> Option<JsonPath> {
        let mut namespaces = self.linux.namespaces.iter();
        let index = namespaces.position(|namespace| namespace.kind == kind)?;
        Some(JsonPath::from("linux.namespaces").index(index).member("path"))
    }
}
