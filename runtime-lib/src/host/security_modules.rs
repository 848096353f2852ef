//! Which security modules this kernel has, as far as a bundle asks for one.

use super::filesystem::is_selinux;
use crate::bundle::{Bundle, Process};

/// What a bundle does not ask for is not looked at, and stands here as missing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SecurityModules {
    /// Whether profiles can be set (Linux: `Documentation/admin-guide/LSM/apparmor.rst`).
    pub(crate) has_apparmor: bool,
    /// Whether labels can be set: selinuxfs is mounted where SELinux's own programs look for it.
    pub(crate) has_selinux: bool,
    /// The version of Landlock's interface (`man 2 landlock_create_ruleset`, `LANDLOCK_CREATE_RULESET_VERSION`);
    /// 0 if there is none.
    pub(crate) landlock_version: u32,
}

impl SecurityModules {
    pub(super) fn look(bundle: &Bundle) -> Self {
        let config = bundle.config();
        let labels_mounts = config.linux.mount_label.is_some();
        Self::for_process(config.process.as_ref(), labels_mounts, bundle.landlock().is_some())
    }

    pub(super) fn for_process(process: Option<&Process>, labels_mounts: bool, has_landlock: bool) -> Self {
        let has_profile = process.is_some_and(|process| process.apparmor_profile.is_some());
        let has_label = process.is_some_and(|process| process.selinux_label.is_some()) || labels_mounts;
        Self {
            has_apparmor: has_profile && is_apparmor_enabled(),
            has_selinux: has_label && is_selinux("/sys/fs/selinux"),
            landlock_version: if has_landlock {
                crate::sys::landlock_version()
            } else {
                0
            },
        }
    }
}

fn is_apparmor_enabled() -> bool {
    std::fs::read("/sys/module/apparmor/parameters/enabled").is_ok_and(|text| text.starts_with(b"Y"))
}
