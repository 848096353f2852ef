//! Labels of security modules: of the process and of its mounts (runtime-spec: config.md#linux-process,
//! config-linux.md#mount-label).

use super::Rooms;
use crate::plan::acts::{Origin, c_string};
use crate::plan::compile::Compiler;
use orlop_init::step::labels::{KeyLabel, Label, OpenLabel, SecurityModule};
use orlop_init::step::mounts::LabelMount;

impl Compiler<'_> {
    /// Opens the files that take the process's labels, while the host's procfs can be reached.
    pub(crate) fn open_labels(&mut self) {
        if let Some(process) = &self.config.process {
            self.rooms(process).open_labels();
        }
    }

    /// Labels the session keyring that is about to be made.
    pub(crate) fn label_keys(&mut self) {
        if let Some(process) = &self.config.process {
            self.rooms(process).label_keys();
        }
    }

    /// The parameter that labels a new filesystem of this kind. The kernel's own filesystems have labels by the
    /// policy.
    pub(crate) fn mount_context(&self, kind: &str) -> Option<String> {
        let label = self.config.linux.mount_label.as_ref()?;
        let by_policy = matches!(kind, "proc" | "sysfs" | "cgroup" | "cgroup2" | "mqueue");
        (!by_policy && self.host.security_modules.has_selinux)
            .then(|| format!("{}={label}", self.bundle.annotated().mount_context.as_str()))
    }

    /// Labels message queues, which the kernel mounted long before, without asking for a label; warns where there are
    /// no labels.
    pub(crate) fn label_mounts(&mut self) {
        let Some(label) = &self.config.linux.mount_label else {
            return;
        };
        if !self.host.security_modules.has_selinux {
            self.problems
                .warning("linux.mountLabel", "SELinux is disabled or not supported; ignored");
            return;
        }
        for mount in self.bundle.mounts() {
            if mount.filesystem_type() == Some("mqueue") {
                let step = LabelMount {
                    target: &mount.target,
                    label: &c_string(label),
                };
                self.step(&step, Origin::Member("linux.mountLabel"));
            }
        }
    }
}

impl Rooms<'_> {
    /// Opens the files that take the labels, while the host's procfs is at hand.
    pub(crate) fn open_labels(&mut self) {
        let modules = self.around.modules;
        if self.process.apparmor_profile.is_some() {
            let path = "process.apparmorProfile";
            if !modules.has_apparmor {
                let text = "AppArmor profile is specified in config, but AppArmor is disabled or not supported";
                self.problems.error(path, text);
            }
            let module = SecurityModule::AppArmor;
            self.acts.step(&OpenLabel { module }, Origin::Member(path));
        }
        if self.process.selinux_label.is_some() {
            let path = "process.selinuxLabel";
            if !modules.has_selinux {
                let text = "selinux label is specified in config, but selinux is disabled or not supported";
                self.problems.error(path, text);
            }
            let module = SecurityModule::SeLinux;
            self.acts.step(&OpenLabel { module }, Origin::Member(path));
        }
    }

    /// Labels the session keyring that is about to be made or joined: under the runtime's own label the process could
    /// not use it.
    pub(crate) fn label_keys(&mut self) {
        if let Some(label) = &self.process.selinux_label {
            let label = &c_string(label);
            self.acts
                .step(&KeyLabel { label }, Origin::Member("process.selinuxLabel"));
        }
    }

    /// Sets the labels that the process's execve takes up.
    pub(crate) fn labels(&mut self) {
        if let Some(profile) = &self.process.apparmor_profile {
            let step = Label {
                module: SecurityModule::AppArmor,
                text: &c_string(profile),
            };
            self.acts.step(&step, Origin::Member("process.apparmorProfile"));
        }
        if let Some(label) = &self.process.selinux_label {
            let step = Label {
                module: SecurityModule::SeLinux,
                text: &c_string(label),
            };
            self.acts.step(&step, Origin::Member("process.selinuxLabel"));
        }
    }
}
