//! Namespaces that a config joins, and that the caller is in.

use crate::bundle::{Config, NamespaceType};

/// Which of the namespaces that a config joins by a path and changes are the calling thread's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnNamespaces(Vec<NamespaceType>);

impl OwnNamespaces {
    pub(super) fn look(config: &Config) -> Self {
        let joined = config.linux.namespaces.iter().filter_map(|namespace| {
            let path = namespace.path.as_deref()?;
            config.changes_namespace(namespace.kind)?;
            is_own(namespace.kind, path).then_some(namespace.kind)
        });
        Self(joined.collect())
    }

    pub(crate) fn contains(&self, kind: NamespaceType) -> bool {
        self.0.contains(&kind)
    }
}

/// What cannot be looked at is told when it is joined.
fn is_own(kind: NamespaceType, path: &str) -> bool {
    let name = match kind {
        NamespaceType::Mount => "mnt",
        NamespaceType::Uts => "uts",
        NamespaceType::Ipc => "ipc",
        NamespaceType::User => "user",
        NamespaceType::Network => "net",
        NamespaceType::Pid => "pid",
        NamespaceType::Cgroup => "cgroup",
        NamespaceType::Time => "time",
    };
    let file = |path: &str| {
        let status = rustix::fs::stat(path).ok()?;
        Some((status.st_dev, status.st_ino))
    };
    file(path).is_some_and(|joined| file(&format!("/proc/thread-self/ns/{name}")) == Some(joined))
}
