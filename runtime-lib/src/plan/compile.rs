//! From a bundle to a plan: the order in which a container is set up.

use super::acts::{Acts, Origin, Phase, Place};
use super::added_mounts::Adding;
use super::cgroup::{Placement, PlannedRules};
use super::deeds::{Deed, KeepPlan, LoadDeviceProgram, OpenInherited, RecordState, StartInit};
use super::inherited::Inherited;
use super::mounts::{Held, PropagationList};
use super::resources::{Asked, DeviceProgram, Knob};
use super::{About, Arguments, Filter, ForExec, Plan};
use crate::bundle::{Bundle, Config, NamespaceType};
use crate::host::Host;
use crate::problem::Problems;
use orlop_init::step::Numbered;
use orlop_init::wire::{Slot, Wire};
use std::sync::Arc;

/// A plan that is being put together.
pub(crate) struct Compiler<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) config: &'a Config,
    pub(crate) host: &'a Host,
    pub(crate) arguments: &'a Arguments,
    pub(crate) about: About,
    pub(crate) problems: Problems,
    pub(crate) acts: Acts,
    /// The descriptors that init inherits, by their slots.
    inherited: Vec<Inherited>,
    /// `CLONE_NEW*` of the namespaces that init is born into.
    pub(crate) new_namespaces: u64,
    /// Where the container's cgroup is.
    pub(crate) cgroup: Arc<Placement>,
    /// What is written to its files.
    pub(crate) knobs: Vec<Knob>,
    /// What its systemd unit is given, if it has one.
    pub(crate) unit_properties: Vec<Asked>,
    /// The rules about devices.
    pub(crate) planned_rules: Option<PlannedRules>,
    /// Their program, where cgroup v2 has them.
    pub(crate) device_program: Option<Arc<DeviceProgram>>,
    /// It is not attached yet.
    pub(crate) owes_program: bool,
    pub(crate) filter: Option<Filter>,
    /// The members of devices, as [`orlop_init::step::devices::demand`]s, that the user was told have no effect on a
    /// device that is bound.
    pub(crate) told_of_bound_devices: u32,
    /// The mounts whose sources are opened before init becomes another user; none where it stays the same.
    pub(crate) early_sources: Option<Vec<usize>>,
    /// Mounts that init keeps hold of.
    pub(crate) held: Held,
    /// Mounts whose own propagation is to outlive what the root's does to all: the number by which init holds each,
    /// its place in the config.
    pub(crate) propagating: Vec<(u32, usize, PropagationList)>,
    /// Init is not in the cgroup yet in which it stays.
    pub(crate) owes_payload: bool,
    /// The terminal has been made, and not handed over yet.
    pub(crate) owes_terminal: bool,
    /// Init goes on as another process than the one that was started.
    pub(crate) goes_on_in_child: bool,
    /// The container exists, and the mounts are added to it.
    pub(crate) adding: Option<Adding>,
}

pub(crate) fn compile(bundle: &Bundle, host: &Host, arguments: &Arguments) -> (Option<Plan>, Problems) {
    let mut compiler = Compiler::new(bundle, host, arguments);
    compiler.refuse_what_must_fail();
    compiler.before_all();
    compiler.cgroup();
    compiler.resctrl();
    compiler.enter_namespaces();
    compiler.take_hold_of_the_rootfs();
    compiler.mounts();
    compiler.mount_notify_folder();
    compiler.label_mounts();
    compiler.devices();
    compiler.network();
    compiler.console();
    compiler.hooks_before_pivot();
    compiler.names_and_parameters();
    compiler.open_labels();
    compiler.close_the_rootfs_off();
    compiler.process();
    compiler.start_init();
    compiler.after_the_start();
    compiler.deletion();
    compiler.finish()
}

impl<'a> Compiler<'a> {
    pub(super) fn new(bundle: &'a Bundle, host: &'a Host, arguments: &'a Arguments) -> Self {
        Self {
            bundle,
            config: bundle.config(),
            host,
            arguments,
            about: About::of(bundle),
            problems: Problems::default(),
            acts: Acts::with_capacity(16 << 10),
            inherited: Vec::new(),
            new_namespaces: 0,
            cgroup: Arc::default(),
            knobs: Vec::new(),
            unit_properties: Vec::new(),
            planned_rules: None,
            device_program: None,
            owes_program: false,
            filter: None,
            told_of_bound_devices: 0,
            early_sources: None,
            held: Held::default(),
            propagating: Vec::new(),
            owes_payload: false,
            owes_terminal: false,
            goes_on_in_child: false,
            adding: None,
        }
    }

    pub(crate) fn step<'w, S: Numbered + Wire<'w>>(&mut self, step: &S, origin: Origin) {
        self.acts.step(step, origin);
    }

    pub(crate) fn deed(&mut self, place: Place, deed: impl Into<Deed>, origin: Origin) {
        self.acts.deed(place, deed, origin);
    }

    /// The slot of a descriptor that init inherits.
    pub(crate) fn inherit(&mut self, inherited: Inherited, origin: Origin) -> Slot {
        let slot = Slot(u32::try_from(self.inherited.len()).unwrap_or(u32::MAX));
        self.inherited.push(inherited.clone());
        self.deed(Place::Before, OpenInherited { slot, inherited }, origin);
        slot
    }

    /// The slot of the first inherited descriptor that is like this.
    pub(crate) fn find_inherited(&self, is_like: impl Fn(&Inherited) -> bool) -> Option<Slot> {
        let at = self.inherited.iter().position(is_like)?;
        u32::try_from(at).ok().map(Slot)
    }

    /// Whether the config makes a new namespace of this type, rather than joining one or staying.
    pub(crate) fn makes(&self, kind: NamespaceType) -> bool {
        self.config
            .linux
            .namespace(kind)
            .is_some_and(|namespace| namespace.path.is_none())
    }

    /// Whether the container has no mount namespace, neither a new one nor one that is joined: it inherits the
    /// runtime's (runtime-spec: config-linux.md#namespaces), in which nothing may be mounted for it.
    pub(crate) fn inherits_mounts(&self) -> bool {
        self.config.linux.namespace(NamespaceType::Mount).is_none()
    }

    /// Whether init is in another user namespace than the runtime.
    pub(crate) fn in_user_namespace(&self) -> bool {
        self.config.linux.namespace(NamespaceType::User).is_some()
    }

    fn before_all(&mut self) {
        let state = RecordState {
            is_created: false,
            has_poststop: self.about.has_poststop,
        };
        self.deed(Place::Before, state, Origin::Default);
    }

    fn start_init(&mut self) {
        let origin = if self.new_namespaces == 0 {
            Origin::Default
        } else {
            Origin::Member("linux.namespaces")
        };
        let start = StartInit {
            namespaces: self.new_namespaces,
            is_hidden: self.host.hides_init && self.new_namespaces & orlop_init::linux::namespace::NEWUSER != 0,
        };
        self.acts.begin(Phase::Create);
        self.deed(Place::Before, start, origin);
        self.deed(Place::Beside, KeepPlan, Origin::Default);
        if let Some(program) = &self.device_program {
            let load = LoadDeviceProgram {
                program: program.clone(),
            };
            self.deed(Place::Beside, load, Origin::Default);
        }
    }

    fn finish(self) -> (Option<Plan>, Problems) {
        let for_exec = ForExec::of(&self);
        let user = self.stdio_user();
        let plan = (!self.problems.has_errors()).then_some(Plan {
            acts: self.acts,
            about: self.about,
            filter: self.filter,
            held: self.held.count(),
            planned_rules: self.planned_rules,
            user,
            for_exec,
            arguments: self.arguments.clone(),
        });
        (plan, self.problems)
    }
}
