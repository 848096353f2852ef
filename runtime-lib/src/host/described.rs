//! Hosts that are only described, for tests and fuzzing.

use super::{Hierarchies, Hierarchy, Host, SecurityModules, SharedFilesystems};
use std::path::Path;

const ALL_CAPABILITIES: u64 = (1 << 41) - 1;
const USUAL: &str = "/sys/fs/cgroup";

const UNIFIED: [&str; 8] = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc"];

impl Host {
    /// A hybrid host with two v1 hierarchies, seen from their roots, by a caller with all capabilities.
    pub(crate) fn hybrid() -> Self {
        let hierarchy = |controllers: &str, name: &str| Hierarchy {
            controllers: controllers.into(),
            mount: Path::new(USUAL).join(name),
            own: Some("/".into()),
        };
        let v1 = |controllers| hierarchy(controllers, controllers);
        Self::with(Hierarchies {
            v2: Some(hierarchy("", "unified")),
            v1: [
                "cpu,cpuacct",
                "devices",
                "memory",
                "pids",
                "cpuset",
                "blkio",
                "net_cls",
                "net_prio",
            ]
            .map(v1)
            .into(),
            unified: Some(vec!["hugetlb".into()]),
        })
    }

    /// A host with nothing but v2, seen from its root, by a caller with all capabilities.
    pub(crate) fn v2() -> Self {
        Self::with(Hierarchies {
            v2: Some(Hierarchy {
                controllers: String::new(),
                mount: USUAL.into(),
                own: Some("/".into()),
            }),
            v1: Vec::new(),
            unified: Some(UNIFIED.map(Into::into).into()),
        })
    }

    fn with(hierarchies: Hierarchies) -> Self {
        Self {
            hierarchies,
            permitted_capabilities: ALL_CAPABILITIES,
            is_in_user_namespace: false,
            joins_first_cgroup_namespace: false,
            shared_filesystems: SharedFilesystems::default(),
            security_modules: SecurityModules {
                landlock_version: 6,
                ..SecurityModules::default()
            },
            has_resctrl: false,
            hides_init: true,
            own_namespaces: super::OwnNamespaces::default(),
            environment: vec![c"PATH=/usr/sbin:/usr/bin".to_owned(), c"ODD=\xff".to_owned()],
            denies_groups: false,
            locked_flags: super::LockedFlags::default(),
            hidden_sources: super::HiddenSources::default(),
            systemd: None,
            foresight: None,
        }
    }
}
