//! What a container's state says that its bundle knows (runtime-spec: runtime.md#state).

use crate::bundle::Bundle;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a container's state says, but for what changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) oci_version: String,
    pub(crate) bundle: PathBuf,
    pub(crate) rootfs: PathBuf,
    pub(crate) annotations: BTreeMap<String, String>,
    /// There is a process to start.
    pub(crate) is_startable: bool,
    /// The process has a terminal.
    pub(crate) has_terminal: bool,
    /// Init is in a pid namespace of its own, so that its end is the end of all.
    pub(crate) own_pid_namespace: bool,
    /// There are poststop hooks.
    pub(crate) has_poststop: bool,
}

impl About {
    pub(crate) fn of(bundle: &Bundle) -> Self {
        let config = bundle.config();
        let annotations = config.annotations.iter();
        let pid = config.linux.namespace(crate::bundle::NamespaceType::Pid);
        Self {
            oci_version: config.oci_version.to_string(),
            bundle: bundle.dir().to_owned(),
            rootfs: bundle.rootfs().to_owned(),
            annotations: annotations
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
            is_startable: config.process.is_some(),
            has_terminal: config.process.as_ref().is_some_and(|process| process.terminal),
            own_pid_namespace: pid.is_some_and(|namespace| namespace.path.is_none()),
            has_poststop: !config.hooks.poststop.is_empty(),
        }
    }
}
