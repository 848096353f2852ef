//! All that looks at the host for a plan: a plan is compiled from a bundle and what stands here, and looks at nothing.

#[cfg(any(test, feature = "fuzzing"))]
mod described;
mod filesystem;
mod hierarchies;
mod membership;
mod mountinfo;
mod proc_file;
mod security_modules;

pub(crate) use filesystem::{CgroupVersion, cgroup_version_of};
pub(crate) use hierarchies::{Hierarchies, Hierarchy};
pub(crate) use proc_file::read_to_end;
pub(crate) use security_modules::SecurityModules;

use crate::Error;
use crate::bundle::{Bundle, Config, DeviceType, NamespaceType};

/// Facts about the host and the caller, as far as a bundle's plan depends on them.
#[derive(Clone, Debug)]
pub struct Host {
    pub(crate) hierarchies: Hierarchies,
    /// The caller's permitted capabilities, as bits: more than these it cannot give.
    pub(crate) permitted_capabilities: u64,
    /// Whether the runtime itself is in a user namespace, where some things are refused to root, too. Looked at only
    /// if the bundle asks for one of them and has no user namespace of its own, in which they are refused anyway.
    pub(crate) is_in_user_namespace: bool,
    pub(crate) security_modules: SecurityModules,
    /// Whether there is a resource director. Looked at only if the bundle has `linux.intelRdt`.
    pub(crate) has_resctrl: bool,
}

impl Host {
    /// Looks at this host, as the calling thread sees it, for what the bundle asks for.
    ///
    /// # Errors
    /// A file of /proc that cannot be read.
    pub fn look(bundle: &Bundle) -> Result<Self, Error> {
        let config = bundle.config();
        let hierarchies = Hierarchies::look(config.linux.cgroups_path.as_deref())?;
        Ok(Self {
            is_in_user_namespace: depends_on_user_namespace(config, &hierarchies) && crate::sys::is_in_user_namespace(),
            hierarchies,
            permitted_capabilities: crate::sys::permitted_capabilities(),
            security_modules: SecurityModules::look(bundle),
            has_resctrl: config.linux.intel_rdt.is_some() && filesystem::is_resctrl(crate::resctrl::MOUNT),
        })
    }
}

/// Whether something is planned in another way when the runtime is in a user namespace: device nodes, and the mount
/// of a cgroup filesystem on a host with nothing but v2.
fn depends_on_user_namespace(config: &Config, hierarchies: &Hierarchies) -> bool {
    let has = |kind| config.linux.namespace(kind).is_some();
    let makes_devices = || {
        let mut devices = config.linux.devices.iter();
        devices.any(|device| device.kind != DeviceType::Fifo)
    };
    let mounts_cgroups = || {
        let is_cgroup = |kind: &str| matches!(kind, "cgroup" | "cgroup2");
        let mut kinds = config.mounts.iter().filter_map(|mount| mount.fs_type.as_deref());
        hierarchies.is_pure_v2() && !has(NamespaceType::Cgroup) && kinds.any(is_cgroup)
    };
    !has(NamespaceType::User) && (makes_devices() || mounts_cgroups())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(linux: &str, mounts: &str, host: &Host) -> bool {
        let config = format!(
            r#"{{"ociVersion":"1.0.2","root":{{"path":"rootfs"}},"process":{{"args":["/x"],"cwd":"/"}},
            "mounts":[{mounts}],"linux":{{{linux}}}}}"#
        );
        let bundle = Bundle::parse("/bundle", &config).unwrap();
        depends_on_user_namespace(bundle.config(), &host.hierarchies)
    }

    #[test]
    fn the_runtimes_user_namespace_is_looked_at_where_a_plan_depends_on_it() {
        let device = |kind| format!(r#""devices":[{{"path":"/dev/x","type":"{kind}","major":1,"minor":3}}]"#);
        let cgroups = r#"{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup"}"#;
        let mount = r#""namespaces":[{"type":"mount"}]"#;
        assert!(asks(&format!("{mount},{}", device("c")), "", &Host::hybrid()));
        assert!(!asks(&format!("{mount},{}", device("p")), "", &Host::hybrid()));
        assert!(asks(mount, cgroups, &Host::v2()));
        assert!(!asks(mount, cgroups, &Host::hybrid()));
        assert!(!asks(
            r#""namespaces":[{"type":"mount"},{"type":"cgroup"}]"#,
            cgroups,
            &Host::v2()
        ));
    }
}
