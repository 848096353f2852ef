//! What the spec has and this runtime does not yet: refused with its path, never dropped.

use super::compile::Compiler;

impl Compiler<'_> {
    pub(crate) fn refuse_what_is_not_built(&mut self) {
        let linux = &self.config.linux;
        let process = self.config.process.as_ref();
        let refused = [
            (
                "process.apparmorProfile",
                process.is_some_and(|process| process.apparmor_profile.is_some()),
                "AppArmor profiles are",
            ),
            (
                "process.selinuxLabel",
                process.is_some_and(|process| process.selinux_label.is_some()),
                "SELinux labels are",
            ),
            ("linux.intelRdt", linux.intel_rdt.is_some(), "Intel RDT is"),
        ];
        for (path, is_set, what) in refused {
            if is_set {
                self.problems.error(path, format!("{what} not built yet"));
            }
        }
        if linux.mount_label.is_some() {
            self.problems
                .warning("linux.mountLabel", "SELinux labels are not built yet; ignored");
        }
    }
}
