//! Labels of security modules: of the process and of its mounts (runtime-spec: config.md#linux-process, config-linux.md#mount-label).

use super::compile::Compiler;
use super::steps::{Origin, below_root, c_string, shown};
use crate::bundle::Process;
use orlop_init::wire::{SecurityModule, Step};

impl Compiler<'_> {
    /// Opens the files that take the process's labels, while the host's procfs can be reached.
    pub(crate) fn open_labels(&mut self) {
        let Some(process) = &self.config.process else {
            return;
        };
        if process.apparmor_profile.is_some() {
            if !self.host.rare.has_apparmor() {
                self.problems.error(
                    "process.apparmorProfile",
                    "AppArmor profile is specified in config, but AppArmor is disabled or not supported",
                );
            }
            let module = SecurityModule::AppArmor;
            self.steps
                .push(Step::OpenLabel { module }, Origin::Member("process.apparmorProfile"));
        }
        if process.selinux_label.is_some() {
            if !self.host.rare.has_selinux() {
                self.problems.error(
                    "process.selinuxLabel",
                    "selinux label is specified in config, but selinux is disabled or not supported",
                );
            }
            let module = SecurityModule::SeLinux;
            self.steps
                .push(Step::OpenLabel { module }, Origin::Member("process.selinuxLabel"));
        }
    }

    /// Labels the session keyring that is about to be made: under the runtime's own label the process could not use it.
    pub(crate) fn label_keys(&mut self) {
        let process = self.config.process.as_ref();
        if let Some(label) = process.and_then(|process| process.selinux_label.as_ref()) {
            let label = c_string(label);
            self.steps
                .push(Step::KeyLabel { label: &label }, Origin::Member("process.selinuxLabel"));
        }
    }

    /// Sets the labels that the process's execve takes up.
    pub(crate) fn labels(&mut self, process: &Process) {
        if let Some(profile) = &process.apparmor_profile {
            let step = Step::Label {
                module: SecurityModule::AppArmor,
                text: &c_string(profile),
            };
            self.steps.push(step, Origin::Member("process.apparmorProfile"));
        }
        if let Some(label) = &process.selinux_label {
            let step = Step::Label {
                module: SecurityModule::SeLinux,
                text: &c_string(label),
            };
            self.steps.push(step, Origin::Member("process.selinuxLabel"));
        }
    }

    /// The parameter that labels a new filesystem of this kind. The kernel's own filesystems have labels by the policy.
    pub(crate) fn mount_context(&self, kind: &str) -> Option<String> {
        let label = self.config.linux.mount_label.as_ref()?;
        let by_policy = matches!(kind, "proc" | "sysfs" | "cgroup" | "cgroup2" | "mqueue");
        (!by_policy && self.host.rare.has_selinux())
            .then(|| format!("{}={label}", self.bundle.annotated().mount_context.as_str()))
    }

    /// Labels message queues, which the kernel mounted long before, without asking for a label; warns where there are no labels.
    pub(crate) fn label_mounts(&mut self) {
        let Some(label) = &self.config.linux.mount_label else {
            return;
        };
        if !self.host.rare.has_selinux() {
            self.problems
                .warning("linux.mountLabel", "SELinux is disabled or not supported; ignored");
            return;
        }
        for mount in &self.config.mounts {
            if mount.fs_type.as_deref() == Some("mqueue") {
                let step = Step::LabelMount {
                    target: &below_root(&mount.destination),
                    label: &c_string(label),
                };
                self.steps.push(step, Origin::Member("linux.mountLabel"));
            }
        }
    }
}

/// How a step of this file reads; empty for those of others.
pub(super) fn phrase(step: &Step<'_>) -> String {
    match *step {
        Step::OpenLabel { module } => format!("open {} for the process's label", file(module)),
        Step::Label { module, text } => {
            let what = match module {
                SecurityModule::AppArmor => "AppArmor profile",
                SecurityModule::SeLinux => "SELinux label",
            };
            format!("set the {what} {:?} (write {})", shown(text), file(module))
        }
        Step::KeyLabel { label } => format!("label its keys {:?} (write /proc/self/attr/keycreate)", shown(label)),
        Step::LabelMount { target, label } => format!("label /{} {:?}", shown(target), shown(label)),
        _ => String::new(),
    }
}

fn file(module: SecurityModule) -> &'static str {
    match module {
        SecurityModule::AppArmor => "/proc/self/attr/apparmor/exec",
        SecurityModule::SeLinux => "/proc/self/attr/exec",
    }
}
