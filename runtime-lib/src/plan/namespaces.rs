//! `linux.namespaces` and the cgroup: where init is, before it touches anything.

use super::compile::Compiler;
use super::steps::{Input, Origin, c_string};
use crate::JsonPath;
use crate::bundle::{Clock, Namespace, NamespaceType, TimeOffset, sysctl_namespace};
use orlop_init::wire::{Slot, Step};

/// `CLONE_NEW*` (`man 2 clone`).
pub(crate) const fn clone_flag(kind: NamespaceType) -> u64 {
    match kind {
        NamespaceType::Time => 0x0000_0080,
        NamespaceType::Mount => 0x0002_0000,
        NamespaceType::Cgroup => 0x0200_0000,
        NamespaceType::Uts => 0x0400_0000,
        NamespaceType::Ipc => 0x0800_0000,
        NamespaceType::User => 0x1000_0000,
        NamespaceType::Pid => 0x2000_0000,
        NamespaceType::Network => 0x4000_0000,
    }
}

/// What is joined by `setns` at once, in an order that works: the mount namespace last, since it changes what paths mean.
const JOINED: [NamespaceType; 6] = [
    NamespaceType::Ipc,
    NamespaceType::Uts,
    NamespaceType::Network,
    NamespaceType::Cgroup,
    NamespaceType::Time,
    NamespaceType::Mount,
];

impl Compiler<'_> {
    pub(crate) fn enter_namespaces(&mut self) {
        let user = self.config.linux.namespace(NamespaceType::User);
        let joins = self
            .config
            .linux
            .namespaces
            .iter()
            .any(|namespace| namespace.path.is_some());
        if user.is_some() && joins {
            self.enter_by_stages();
        } else {
            self.enter_at_once();
            self.enter_time_namespace();
        }
    }

    fn enter_time_namespace(&mut self) {
        if !self.makes(NamespaceType::Time) {
            return;
        }
        let offsets = &self.config.linux.time_offsets;
        self.steps.push(
            Step::Unshare {
                flags: clone_flag(NamespaceType::Time),
            },
            self.element(NamespaceType::Time),
        );
        if !offsets.is_empty() {
            let line = |(clock, offset): (&Clock, &TimeOffset)| {
                format!(
                    "{clock} {} {}\n",
                    offset.secs.unwrap_or(0),
                    offset.nanosecs.unwrap_or(0)
                )
            };
            let text = c_string(&offsets.iter().map(line).collect::<String>());
            self.steps
                .push(Step::TimeOffsets { text: &text }, Origin::Member("linux.timeOffsets"));
        }
        self.steps
            .push(Step::EnterTimeNamespace, self.element(NamespaceType::Time));
    }

    /// Init is born into all new namespaces, and joins the others.
    fn enter_at_once(&mut self) {
        let makes_user = self.makes(NamespaceType::User);
        if makes_user {
            self.steps.push(Step::MapIds, Origin::Member("linux.uidMappings"));
        }
        // Init goes on as another process there, so nothing is worth doing before.
        if let Some((index, file)) = self.joined(NamespaceType::Pid) {
            self.steps.push(
                Step::JoinPidNamespace { file },
                Origin::Element("linux.namespaces", index),
            );
        }
        self.keyring_and_cgroups();
        if makes_user {
            self.open_sources();
            self.steps.push(
                self.become_root(),
                Origin::Element("linux.namespaces", self.index(NamespaceType::User)),
            );
        }
        for kind in JOINED {
            if let Some((index, file)) = self.joined(kind) {
                let step = Step::JoinNamespace {
                    file,
                    kind: clone_flag(kind),
                    defer: false,
                };
                self.steps.push(step, Origin::Element("linux.namespaces", index));
            }
        }
        for namespace in &self.config.linux.namespaces {
            // A cgroup namespace is rooted where its maker is: on v1 init joins its cgroups itself, and only then makes it. A time namespace is made later.
            let later = namespace.kind == NamespaceType::Time
                || namespace.kind == NamespaceType::Cgroup && !self.cgroup.v1.is_empty();
            if namespace.path.is_none() && !later {
                self.new_namespaces |= clone_flag(namespace.kind);
            }
        }
        if self.makes(NamespaceType::Cgroup) && !self.cgroup.v1.is_empty() {
            self.steps.push(
                Step::Unshare {
                    flags: clone_flag(NamespaceType::Cgroup),
                },
                self.element(NamespaceType::Cgroup),
            );
        }
    }

    /// With a user namespace and others that are joined the order counts: what belongs to the host's user namespace can only be joined before the
    /// container's is entered, what belongs to the container's own perhaps only afterwards, and what is new has to be made inside.
    fn enter_by_stages(&mut self) {
        if !self.config.linux.time_offsets.is_empty() {
            self.steps
                .push(Step::OpenTimeOffsets, Origin::Member("linux.timeOffsets"));
        }
        self.keyring_and_cgroups();
        if !self.bundle.annotated().keep_original_groups {
            self.steps.push(Step::DropGroups, self.element(NamespaceType::User));
        }
        let pid = self.joined(NamespaceType::Pid);
        let joined: Vec<_> = JOINED
            .into_iter()
            .filter_map(|kind| Some((kind, self.joined(kind)?)))
            .chain(pid.map(|pid| (NamespaceType::Pid, pid)))
            .collect();
        for (kind, (index, file)) in &joined {
            let step = Step::JoinNamespace {
                file: *file,
                kind: clone_flag(*kind),
                defer: true,
            };
            self.steps.push(step, Origin::Element("linux.namespaces", *index));
        }
        let user = clone_flag(NamespaceType::User);
        match self.joined(NamespaceType::User) {
            Some((index, file)) => {
                let step = Step::JoinNamespace {
                    file,
                    kind: user,
                    defer: false,
                };
                self.steps.push(step, Origin::Element("linux.namespaces", index));
            }
            None => {
                self.steps
                    .push(Step::Unshare { flags: user }, self.element(NamespaceType::User));
                self.steps.push(Step::MapIds, Origin::Member("linux.uidMappings"));
            }
        }
        for (kind, (index, file)) in &joined {
            let step = Step::JoinDeferred {
                file: *file,
                kind: clone_flag(*kind),
            };
            self.steps.push(step, Origin::Element("linux.namespaces", *index));
        }
        let new = self
            .config
            .linux
            .namespaces
            .iter()
            .filter(|namespace| namespace.path.is_none());
        let flags = new
            .filter(|namespace| !matches!(namespace.kind, NamespaceType::User | NamespaceType::Time))
            .fold(0, |flags, namespace| flags | clone_flag(namespace.kind));
        if flags != 0 {
            self.steps
                .push(Step::Unshare { flags }, Origin::Member("linux.namespaces"));
        }
        // By the process that has opened the file for the offsets.
        self.enter_time_namespace();
        // In the mount namespace that they are bound in.
        self.open_sources();
        self.steps.push(self.become_root(), self.element(NamespaceType::User));
        if self.config.linux.namespace(NamespaceType::Pid).is_some() {
            // Only children are in the pid namespace that was made or joined.
            self.steps
                .push(Step::EnterPidNamespace, self.element(NamespaceType::Pid));
        }
    }

    fn become_root(&self) -> Step<'static> {
        Step::BecomeRoot {
            keep_groups: self.bundle.annotated().keep_original_groups,
        }
    }

    fn keyring_and_cgroups(&mut self) {
        if !self.arguments.no_new_keyring {
            self.label_keys();
            let name = c_string(&format!("_ses.{}", self.arguments.id));
            self.steps.push(Step::NewKeyring { name: &name }, Origin::Default);
        }
        for index in 0..self.cgroup.v1.len() {
            let file = self.inputs.add(Input::CgroupTasks(index));
            self.steps
                .push(Step::JoinCgroup { file }, Origin::Member("linux.cgroupsPath"));
        }
    }

    /// Where in the config a namespace of this type is.
    fn index(&self, kind: NamespaceType) -> usize {
        self.config
            .linux
            .namespaces
            .iter()
            .position(|namespace| namespace.kind == kind)
            .unwrap_or_default()
    }

    fn element(&self, kind: NamespaceType) -> Origin {
        Origin::Element("linux.namespaces", self.index(kind))
    }

    /// The file of a namespace that is joined, and where in the config it is.
    fn joined(&mut self, kind: NamespaceType) -> Option<(usize, Slot)> {
        let index = self.index(kind);
        let namespace = self
            .config
            .linux
            .namespaces
            .get(index)
            .filter(|namespace| namespace.kind == kind && namespace.path.is_some())?;
        Some((index, self.namespace_file(index, namespace)))
    }

    fn namespace_file(&mut self, index: usize, namespace: &Namespace) -> Slot {
        let path = namespace.path.as_deref().unwrap_or_default().to_owned();
        let origin = JsonPath::from("linux.namespaces").index(index).member("path");
        self.inputs.add(Input::Namespace {
            path,
            kind: clone_flag(namespace.kind),
            origin,
            set_by: self.set_by(namespace.kind),
        })
    }

    /// The first thing in the config that changes something of a namespace of this type.
    pub(crate) fn set_by(&self, kind: NamespaceType) -> Option<JsonPath> {
        let linux = &self.config.linux;
        let parameter = linux.sysctl.keys().find(|name| sysctl_namespace(name) == Some(kind));
        let member = match kind {
            NamespaceType::Uts if self.config.hostname.is_some() => Some("hostname"),
            NamespaceType::Uts if self.config.domainname.is_some() => Some("domainname"),
            NamespaceType::Network if !linux.net_devices.is_empty() => Some("linux.netDevices"),
            _ => None,
        };
        let parameter = || Some(JsonPath::from("linux.sysctl").member(parameter?));
        member.map(JsonPath::from).or_else(parameter)
    }
}
