//! All that looks at the host for a plan: a plan is compiled from a bundle and what stands here, and looks at nothing.

#[cfg(any(test, feature = "fuzzing"))]
mod described;
mod filesystem;
mod foresight;
mod groups;
mod hidden_sources;
mod hierarchies;
mod locked_flags;
mod mapped_ids;
mod membership;
mod mountinfo;
mod outside;
mod own_namespaces;
mod proc_file;
mod security_modules;
mod shared_filesystems;

pub(crate) use filesystem::{CgroupVersion, cgroup_version_of};
pub(crate) use foresight::Foresight;
pub(crate) use hidden_sources::HiddenSources;
pub(crate) use hierarchies::{Hierarchies, Hierarchy};
pub(crate) use locked_flags::LockedFlags;
pub(crate) use mapped_ids::MappedIds;
pub(crate) use outside::mounts_shown_outside;
pub(crate) use own_namespaces::OwnNamespaces;
pub(crate) use proc_file::{NO_PROCFS, has_procfs, read_to_end};
pub(crate) use security_modules::SecurityModules;
pub(crate) use shared_filesystems::SharedFilesystems;

use crate::bundle::{Bundle, Config, DeviceType, Hook, NamespaceType, Process, Resources};
use crate::process::Pid;
use crate::systemd::{About, Bus, Systemd};
use crate::{Error, Failure};
use rustix::io::Errno;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

const CAP_SYS_ADMIN: u64 = 1 << 21;

/// Facts about the host and the caller, as far as a bundle's plan depends on them.
#[derive(Clone, Debug)]
pub struct Host {
    pub(crate) hierarchies: Hierarchies,
    /// The caller's permitted capabilities, as bits: more than these it cannot give.
    pub(crate) permitted_capabilities: u64,
    /// Whether the runtime itself is in a user namespace, where device nodes are refused to root, too, and programs of
    /// cgroups. Looked at only if the bundle asks for a node and has no user namespace of its own, in which they are
    /// refused anyway, or if rules about devices are no files here, and the caller seems to have the right to set them.
    pub(crate) is_in_user_namespace: bool,
    /// Whether the cgroup namespace that the bundle joins by its path is the machine's first one.
    pub(crate) joins_first_cgroup_namespace: bool,
    /// Where the host has filesystems that it shares with all who mount them. Looked at only if the bundle has one.
    pub(crate) shared_filesystems: SharedFilesystems,
    /// Whether the runtime can do what init's files in /proc are needed for although nobody else can read them: it is
    /// root, and may trace all that is its own. Looked at only if the bundle has a new user namespace.
    pub(crate) hides_init: bool,
    pub(crate) security_modules: SecurityModules,
    /// Whether there is a resource director. Looked at only if the bundle has `linux.intelRdt`.
    pub(crate) has_resctrl: bool,
    pub(crate) own_namespaces: OwnNamespaces,
    /// The runtime's environment. Looked at only if init runs hooks with it.
    pub(crate) environment: Vec<CString>,
    /// Whether nobody can change groups where the process will be. Looked at only if the bundle has
    /// `process.user.additionalGids`.
    pub(crate) denies_groups: bool,
    /// Looked at only if a bind mount of the bundle says that a flag of its source is to end.
    pub(crate) locked_flags: LockedFlags,
    /// Looked at only if the bundle has a user namespace.
    pub(crate) hidden_sources: HiddenSources,
    /// The systemd that is to make the container's cgroup. Asked only by [`Host::asking_systemd`].
    pub(crate) systemd: Option<About>,
    /// What the kernel will say. Looked at only by [`Host::look_ahead`].
    pub(crate) foresight: Option<Foresight>,
}

impl Host {
    /// Whether the caller may give a cgroup of v2 a program, which takes the right over the whole machine.
    pub(crate) fn may_give_programs(&self) -> bool {
        self.permitted_capabilities & CAP_SYS_ADMIN != 0 && !self.is_in_user_namespace
    }

    /// Whether a container's rules about devices become a program.
    fn gives_programs(&self) -> bool {
        self.hierarchies.v2.is_some() && !self.hierarchies.is_on_v1("devices") && self.may_give_programs()
    }

    /// Whether the caller may give a file to another user.
    pub(crate) fn may_change_owners(&self) -> bool {
        const CAP_CHOWN: u64 = 1;
        self.permitted_capabilities & CAP_CHOWN != 0
    }

    /// Looks at this host, as the calling thread sees it, for what the bundle asks for.
    ///
    /// # Errors
    /// A file of /proc that cannot be read.
    pub fn look(bundle: &Bundle) -> Result<Self, Error> {
        let config = bundle.config();
        let mut hierarchies = Hierarchies::look(config.linux.cgroups_path.as_deref())?;
        if config.linux.resources.as_ref().is_some_and(Resources::limits) {
            hierarchies = hierarchies.with_controllers()?;
        }
        let permitted_capabilities = crate::sys::permitted_capabilities();
        let may_depend = !hierarchies.is_on_v1("devices") && permitted_capabilities & CAP_SYS_ADMIN != 0;
        Ok(Self {
            is_in_user_namespace: (makes_devices(config) || may_depend) && crate::sys::is_in_user_namespace(),
            joins_first_cgroup_namespace: joins_first_cgroup_namespace(config),
            shared_filesystems: SharedFilesystems::look(bundle)?,
            hides_init: config.linux.namespace(NamespaceType::User).is_some() && crate::sys::can_hide_processes(),
            hierarchies,
            permitted_capabilities,
            security_modules: SecurityModules::look(bundle),
            own_namespaces: OwnNamespaces::look(config),
            has_resctrl: config.linux.intel_rdt.is_some() && filesystem::is_resctrl(crate::resctrl::MOUNT),
            environment: if inherits_environment(&config.hooks.create_container) {
                environment()
            } else {
                Vec::new()
            },
            denies_groups: groups::are_denied(config),
            locked_flags: LockedFlags::look(bundle),
            hidden_sources: HiddenSources::look(bundle),
            systemd: None,
            foresight: None,
        })
    }

    /// Looks at this host for one more process in a container, whose init has this number in /proc and is, or is not, in
    /// another user namespace.
    pub(crate) fn look_for_exec(process: &Process, has_landlock: bool, (init, is_apart): (Pid, bool)) -> Self {
        Self {
            is_in_user_namespace: false,
            joins_first_cgroup_namespace: false,
            shared_filesystems: SharedFilesystems::default(),
            hides_init: false,
            hierarchies: Hierarchies::default(),
            permitted_capabilities: crate::sys::permitted_capabilities(),
            security_modules: SecurityModules::for_process(Some(process), false, has_landlock),
            own_namespaces: OwnNamespaces::default(),
            has_resctrl: false,
            environment: Vec::new(),
            denies_groups: groups::are_denied_beside(process, is_apart.then_some(init)),
            locked_flags: LockedFlags::default(),
            hidden_sources: HiddenSources::default(),
            systemd: None,
            foresight: None,
        }
    }

    /// The same for a container whose cgroup systemd makes: it is asked, if it can do that on this host.
    ///
    /// # Errors
    /// systemd cannot be reached, or does not answer within seconds.
    pub fn asking_systemd(self) -> Result<Self, Error> {
        if !self.hierarchies.is_pure_v2() {
            return Ok(self);
        }
        let about = Systemd::connect(Bus::of_the_caller())?.about()?;
        Ok(Self {
            systemd: Some(about),
            ..self
        })
    }

    /// The same, and all that the kernel would say later, when the container is created: for whoever only checks the
    /// bundle.
    ///
    /// # Errors
    /// A file of /proc that cannot be read, or no procfs there.
    pub fn look_ahead(bundle: &Bundle) -> Result<Self, Error> {
        if !has_procfs() {
            return Err(Failure::new("look at /proc/self", Errno::NOENT).hint(NO_PROCFS).into());
        }
        let host = Self::look(bundle)?;
        let mut foresight = Foresight::look(bundle)?;
        if host.gives_programs() {
            let refusal = crate::sys::try_device_program().err();
            foresight.refuses_programs = refusal.map(|errno| Failure::new("load one", errno).to_string());
        }
        Ok(Self {
            foresight: Some(foresight),
            ..host
        })
    }
}

/// Whether one of these hooks has no environment of its own.
fn inherits_environment(hooks: &[Hook]) -> bool {
    hooks.iter().any(|hook| hook.env.is_none())
}

/// The runtime's environment as `execve` takes it.
pub(crate) fn environment() -> Vec<CString> {
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let variable = [name.as_bytes(), b"=", value.as_bytes()].concat();
        CString::new(variable).ok()
    });
    variables.collect()
}

/// Whether the bundle's device nodes are the runtime's user namespace to make.
fn makes_devices(config: &Config) -> bool {
    let mut devices = config.linux.devices.iter();
    config.linux.namespace(NamespaceType::User).is_none() && devices.any(|device| device.kind != DeviceType::Fifo)
}

/// The inode of the first cgroup namespace (Linux: include/linux/proc_ns.h, `PROC_CGROUP_INIT_INO`).
const FIRST_CGROUP_NAMESPACE: u64 = 0xeffffffb;

fn joins_first_cgroup_namespace(config: &Config) -> bool {
    let namespace = config.linux.namespace(NamespaceType::Cgroup);
    let path = namespace.and_then(|namespace| namespace.path.as_deref());
    path.is_some_and(|path| std::fs::metadata(path).is_ok_and(|found| found.ino() == FIRST_CGROUP_NAMESPACE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(linux: &str) -> bool {
        let config = format!(
            r#"{{"ociVersion":"1.0.2","root":{{"path":"rootfs"}},"process":{{"args":["/x"],"cwd":"/"}},"linux":{{{linux}}}}}"#
        );
        let bundle = Bundle::parse("/bundle", &config).unwrap();
        makes_devices(bundle.config())
    }

    #[test]
    fn the_runtimes_user_namespace_is_looked_at_where_a_plan_depends_on_it() {
        let device = |kind| format!(r#""devices":[{{"path":"/dev/x","type":"{kind}","major":1,"minor":3}}]"#);
        let mount = r#""namespaces":[{"type":"mount"}]"#;
        assert!(asks(&format!("{mount},{}", device("c"))));
        assert!(!asks(&format!("{mount},{}", device("p"))));
        assert!(!asks(mount));
    }
}
