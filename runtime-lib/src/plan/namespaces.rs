//! `linux.namespaces` and the cgroup: where init is, before it touches anything.

use super::compile::Compiler;
use super::steps::{Input, Origin, c_string};
use crate::JsonPath;
use crate::bundle::{Namespace, NamespaceType};
use orlop_init::wire::Step;

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

impl Compiler<'_> {
    pub(crate) fn enter_namespaces(&mut self) {
        let namespaces = &self.config.linux.namespaces;
        let joined = |kind: NamespaceType| {
            let mut numbered = namespaces.iter().enumerate();
            numbered.find(|(_, namespace)| namespace.kind == kind && namespace.path.is_some())
        };
        // Init goes on as another process there, so nothing is worth doing before.
        if let Some((index, namespace)) = joined(NamespaceType::Pid) {
            let file = self.namespace_file(index, namespace);
            self.steps.push(
                Step::JoinPidNamespace { file },
                Origin::Element("linux.namespaces", index),
            );
        }
        if !self.arguments.no_new_keyring {
            let name = c_string(&format!("_ses.{}", self.arguments.id));
            self.steps.push(Step::NewKeyring { name: &name }, Origin::Default);
        }
        let hierarchies = self.cgroup.v1.len();
        for index in 0..hierarchies {
            let file = self.inputs.add(Input::CgroupTasks(index));
            self.steps
                .push(Step::JoinCgroup { file }, Origin::Member("linux.cgroupsPath"));
        }
        for kind in [
            NamespaceType::Ipc,
            NamespaceType::Uts,
            NamespaceType::Network,
            NamespaceType::Cgroup,
            NamespaceType::Mount,
        ] {
            if let Some((index, namespace)) = joined(kind) {
                let file = self.namespace_file(index, namespace);
                let step = Step::JoinNamespace {
                    file,
                    kind: clone_flag(kind),
                };
                self.steps.push(step, Origin::Element("linux.namespaces", index));
            }
        }
        for (index, namespace) in namespaces
            .iter()
            .enumerate()
            .filter(|(_, namespace)| namespace.path.is_none())
        {
            let flag = clone_flag(namespace.kind);
            // A cgroup namespace is rooted where its maker is: on v1 init joins its cgroups itself, and only then makes it.
            if namespace.kind == NamespaceType::Cgroup && hierarchies > 0 {
                self.steps.push(
                    Step::Unshare { flags: flag },
                    Origin::Element("linux.namespaces", index),
                );
            } else {
                self.new_namespaces |= flag;
            }
        }
    }

    fn namespace_file(&mut self, index: usize, namespace: &Namespace) -> orlop_init::wire::Slot {
        let path = namespace.path.as_deref().unwrap_or_default().to_owned();
        let origin = JsonPath::from("linux.namespaces").index(index).member("path");
        self.inputs.add(Input::Namespace {
            path,
            kind: clone_flag(namespace.kind),
            origin,
        })
    }
}
