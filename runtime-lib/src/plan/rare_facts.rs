//! What only few hosts have, and few configs ask for.

use std::sync::OnceLock;

/// Facts that only few configs ask for: the host is looked at when one does.
#[derive(Debug, Default)]
pub(crate) struct RareFacts {
    apparmor: OnceLock<bool>,
    selinux: OnceLock<bool>,
    resctrl: OnceLock<bool>,
    landlock: OnceLock<u32>,
    user_namespace: OnceLock<bool>,
}

impl RareFacts {
    /// Facts of a host that is only described.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn described(apparmor: bool, selinux: bool, resctrl: bool, landlock: u32) -> Self {
        Self {
            apparmor: apparmor.into(),
            selinux: selinux.into(),
            resctrl: resctrl.into(),
            landlock: landlock.into(),
            user_namespace: false.into(),
        }
    }

    /// Whether profiles can be set (Linux: `Documentation/admin-guide/LSM/apparmor.rst`).
    pub(crate) fn has_apparmor(&self) -> bool {
        *self.apparmor.get_or_init(|| {
            std::fs::read("/sys/module/apparmor/parameters/enabled").is_ok_and(|text| text.starts_with(b"Y"))
        })
    }

    /// Whether labels can be set: selinuxfs is mounted where SELinux's own programs look for it.
    pub(crate) fn has_selinux(&self) -> bool {
        const SELINUX_MAGIC: u64 = 0xf97c_ff8c;
        *self
            .selinux
            .get_or_init(|| is_filesystem("/sys/fs/selinux", SELINUX_MAGIC))
    }

    /// Whether there is a resource director.
    pub(crate) fn has_resctrl(&self) -> bool {
        const RDTGROUP_SUPER_MAGIC: u64 = 0x0765_5821;
        *self
            .resctrl
            .get_or_init(|| is_filesystem(crate::resctrl::MOUNT, RDTGROUP_SUPER_MAGIC))
    }

    /// Whether the runtime itself is in a user namespace, where some things are refused to root, too.
    pub(crate) fn is_in_user_namespace(&self) -> bool {
        *self.user_namespace.get_or_init(crate::sys::is_in_user_namespace)
    }

    /// The version of Landlock's interface (`man 2 landlock_create_ruleset`, `LANDLOCK_CREATE_RULESET_VERSION`); 0 if there is none.
    pub(crate) fn landlock_version(&self) -> u32 {
        *self.landlock.get_or_init(crate::sys::landlock_version)
    }
}

fn is_filesystem(path: &str, magic: u64) -> bool {
    rustix::fs::statfs(path).is_ok_and(|status| u64::try_from(status.f_type).is_ok_and(|found| found == magic))
}
