//! From a bundle to a plan: the order in which a container is set up.

use super::attributes::oom_score;
use super::late_read_only::LateReadOnly;
use super::propagation_list::PropagationList;
use super::steps::{Inputs, Origin, Steps, below_root, c_string};
use super::{Arguments, Host, Plan};
use crate::bundle::{Bundle, Config, NamespaceType, NetDevice, Text};
use crate::cgroup::{Paths, devices, unsupported_resources};
use crate::problem::{JsonPath, Problems};
use crate::{Error, Severity};
use orlop_init::wire::Step;

/// A plan that is being put together.
pub(crate) struct Compiler<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) config: &'a Config,
    pub(crate) host: &'a Host,
    pub(crate) arguments: &'a Arguments,
    pub(crate) problems: Problems,
    pub(crate) steps: Steps,
    pub(crate) inputs: Inputs,
    /// `CLONE_NEW*` of the namespaces that init is born into.
    pub(crate) new_namespaces: u64,
    /// Where the container's cgroup is.
    pub(crate) cgroup: Paths,
    /// The members of devices, as `NODE_*`, that the user was told have no effect on a device that is bound.
    pub(crate) told_of_bound_devices: u32,
    /// Whether sources are opened before init becomes another user.
    pub(crate) has_early_sources: bool,
    /// The mounts whose sources these are.
    pub(crate) early_sources: Vec<usize>,
    /// Mounts that are made read-only when all else is in its place.
    pub(crate) late: LateReadOnly,
    /// Mounts whose own propagation is to outlive what the root's does to all: the number by which init keeps hold of each, its place in the config.
    pub(crate) propagating: Vec<(u32, usize, PropagationList)>,
}

pub(crate) fn compile(bundle: &Bundle, host: &Host, arguments: &Arguments) -> (Option<Plan>, Problems) {
    let mut compiler = Compiler {
        bundle,
        config: bundle.config(),
        host,
        arguments,
        problems: Problems::default(),
        steps: Steps::with_capacity(16 << 10),
        inputs: Inputs::default(),
        new_namespaces: 0,
        cgroup: Paths::default(),
        told_of_bound_devices: 0,
        has_early_sources: false,
        early_sources: Vec::new(),
        late: LateReadOnly::default(),
        propagating: Vec::new(),
    };
    compiler.find_cgroup();
    let resctrl = compiler.resctrl();
    compiler.enter_namespaces();
    compiler.take_hold_of_the_rootfs();
    compiler.mounts();
    compiler.notify_folder();
    compiler.label_mounts();
    compiler.devices();
    compiler.console();
    compiler.loopback();
    compiler.hooks_before_pivot();
    compiler.names_and_parameters();
    compiler.open_labels();
    compiler.close_the_rootfs_off();
    compiler.process();
    let outside = compiler.outside();
    let Compiler {
        problems,
        steps,
        inputs,
        new_namespaces,
        cgroup,
        ..
    } = compiler;
    let refused = problems.all().iter().any(|problem| problem.severity == Severity::Error);
    let plan = (!refused).then_some(Plan {
        steps,
        inputs,
        new_namespaces,
        cgroup,
        resctrl,
        outside,
    });
    (plan, problems)
}

impl Compiler<'_> {
    /// Whether the config makes a new namespace of this type, rather than joining one or staying.
    pub(crate) fn makes(&self, kind: NamespaceType) -> bool {
        self.config
            .linux
            .namespace(kind)
            .is_some_and(|namespace| namespace.path.is_none())
    }

    /// Whether init is in another user namespace than the runtime.
    pub(crate) fn in_user_namespace(&self) -> bool {
        self.config.linux.namespace(NamespaceType::User).is_some()
    }

    fn find_cgroup(&mut self) {
        let asked = self.config.linux.cgroups_path.as_deref();
        match self.host.cgroups.paths(asked, &self.arguments.id) {
            Ok(paths) => self.cgroup = paths,
            Err(Error::Config(problem)) => self.problems.push(problem),
            Err(error) => self.problems.error("linux.cgroupsPath", error.to_string()),
        }
        if let Some(resources) = &self.config.linux.resources {
            for (path, what) in unsupported_resources(resources) {
                self.problems.warning(path, what);
            }
        }
        for problem in devices::problems(self.config, &self.host.cgroups) {
            // That every container may make nodes, which engines deny by habit, changes nothing for it.
            let is_denied_habit = self.host.cgroups.has_v1_devices() && problem.severity == Severity::Warning;
            self.problems.push(if is_denied_habit {
                problem.into_notice()
            } else {
                problem
            });
        }
    }

    fn names_and_parameters(&mut self) {
        if let Some(name) = &self.config.hostname {
            self.steps
                .push(Step::Hostname { name: &c_string(name) }, Origin::Member("hostname"));
        }
        if let Some(name) = &self.config.domainname {
            self.steps
                .push(Step::Domainname { name: &c_string(name) }, Origin::Member("domainname"));
        }
        for (name, value) in &self.config.linux.sysctl {
            let path = c_string(&crate::bundle::sysctl_file(name).unwrap_or_default());
            let origin = crate::JsonPath::from("linux.sysctl").member(name);
            self.steps.push(
                Step::Sysctl {
                    path: &path,
                    value: &c_string(value),
                },
                Origin::Named(origin),
            );
        }
        let Some(process) = &self.config.process else {
            return;
        };
        if let Some(step) = oom_score(process).filter(|_| !self.outside().oom_score) {
            self.steps.push(step, Origin::Member("process.oomScoreAdj"));
        }
    }

    fn loopback(&mut self) {
        if self.makes(NamespaceType::Network) {
            self.steps.push(Step::Loopback, Origin::Default);
        }
        let name = |(on_host, device): &(&'_ Text, &'_ NetDevice)| device.name.as_ref().unwrap_or(on_host).to_string();
        let mut devices: Vec<_> = self.config.linux.net_devices.iter().collect();
        // A number is chosen when all names are taken that are asked for outright.
        devices.sort_by_key(|device| name(device).contains("%d"));
        for (on_host, device) in devices {
            let step = Step::NetworkDevice {
                from: &c_string(on_host),
                to: &c_string(&name(&(on_host, device))),
            };
            let origin = crate::JsonPath::from("linux.netDevices").member(on_host);
            self.steps.push(step, Origin::Named(origin));
        }
    }

    fn close_the_rootfs_off(&mut self) {
        if let Some(process) = &self.config.process {
            let path = below_root(&process.cwd);
            // Usually it is the root.
            if !path.is_empty() {
                self.steps.push(
                    Step::Directory {
                        path: &path,
                        mode: 0o755,
                    },
                    Origin::Member("process.cwd"),
                );
            }
        }
        self.make_mounts_read_only();
        for (index, path) in self.config.linux.readonly_paths.iter().enumerate() {
            let path = below_root(path);
            let step = if path.is_empty() {
                Step::ReadonlyRoot
            } else {
                Step::ReadonlyPath { path: &path }
            };
            self.steps.push(step, Origin::Element("linux.readonlyPaths", index));
        }
        for (index, path) in self.config.linux.masked_paths.iter().enumerate() {
            let path = below_root(path);
            if path.is_empty() {
                let place = JsonPath::from("linux.maskedPaths").index(index);
                self.problems.error(place, "the root itself cannot be hidden");
            }
            let step = Step::MaskPath { path: &path };
            self.steps.push(step, Origin::Element("linux.maskedPaths", index));
        }
        if self.config.root.readonly {
            self.steps.push(Step::ReadonlyRoot, Origin::Member("root.readonly"));
        }
        self.change_root();
    }
}
