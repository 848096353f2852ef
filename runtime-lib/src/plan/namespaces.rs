//! `linux.namespaces` and the cgroup: where init is, before it touches anything.

use super::acts::{Origin, Place, c_string};
use super::compile::Compiler;
use super::deeds::{FollowInit, MapIds};
use super::for_exec::Keyring;
use super::inherited::Inherited;
use crate::bundle::{Clock, Namespace, NamespaceType, TimeOffset};
use crate::{Id, JsonPath};
use orlop_init::linux::namespace;
use orlop_init::step::namespaces::{
    BecomeRoot, DropGroups, Dumpable, EnterTimeNamespace, GoOnInChild, JoinCgroup, JoinDeferred, JoinNamespace,
    NewKeyring, OpenTimeOffsets, TimeOffsets, Unshare,
};
use orlop_init::step::process::EveryCpu;
use orlop_init::wire::Slot;
use std::ffi::CString;

/// `CLONE_NEW*` (`man 2 clone`).
pub(crate) const fn clone_flag(kind: NamespaceType) -> u64 {
    match kind {
        NamespaceType::Time => namespace::NEWTIME,
        NamespaceType::Mount => namespace::NEWNS,
        NamespaceType::Cgroup => namespace::NEWCGROUP,
        NamespaceType::Uts => namespace::NEWUTS,
        NamespaceType::Ipc => namespace::NEWIPC,
        NamespaceType::User => namespace::NEWUSER,
        NamespaceType::Pid => namespace::NEWPID,
        NamespaceType::Network => namespace::NEWNET,
    }
}

/// The name of a container's session keyring, which runc gave it first.
pub(super) fn keyring_name(id: &Id) -> CString {
    c_string(&format!("_ses.{id}"))
}

/// What is joined by `setns` at once, in an order that works: the mount namespace last, since it changes what paths
/// mean.
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
        self.refuse_our_own();
        let mut namespaces = self.config.linux.namespaces.iter();
        let joins = namespaces.any(|namespace| namespace.path.is_some());
        if self.in_user_namespace() && joins {
            self.enter_by_stages();
        } else {
            self.enter_at_once();
            self.enter_time_namespace();
        }
        if !self.goes_on_in_child {
            self.join_resctrl(Place::Beside);
        }
    }

    fn enter_time_namespace(&mut self) {
        if !self.makes(NamespaceType::Time) {
            return;
        }
        let flags = namespace::NEWTIME;
        self.step(&Unshare { flags }, self.element(NamespaceType::Time));
        let offsets = &self.config.linux.time_offsets;
        if !offsets.is_empty() {
            let line = |(clock, offset): (&Clock, &TimeOffset)| {
                format!(
                    "{clock} {} {}\n",
                    offset.secs.unwrap_or(0),
                    offset.nanosecs.unwrap_or(0)
                )
            };
            let text = c_string(&offsets.iter().map(line).collect::<String>());
            self.step(&TimeOffsets { text: &text }, Origin::Member("linux.timeOffsets"));
        }
        self.step(&EnterTimeNamespace {}, self.element(NamespaceType::Time));
    }

    /// Init is born into all new namespaces, and joins the others.
    fn enter_at_once(&mut self) {
        let makes_user = self.makes(NamespaceType::User);
        if !makes_user || self.host.hides_init {
            self.step(&Dumpable { yes: false }, Origin::Default);
        }
        if makes_user {
            self.map_ids();
        }
        // Init goes on as another process there, so nothing is worth doing before.
        if let Some((index, file)) = self.joined(NamespaceType::Pid) {
            self.join(NamespaceType::Pid, index, file, false);
            self.go_on_in_child();
        }
        self.keyring_and_cgroups();
        if makes_user {
            self.open_time_offsets();
            self.open_sources();
            self.become_root();
        }
        for kind in JOINED {
            if let Some((index, file)) = self.joined(kind) {
                self.join(kind, index, file, false);
            }
        }
        for namespace in &self.config.linux.namespaces {
            // On v1 init joins its cgroups itself, and in a unit it is put into its own; only then it makes the
            // namespace. A time namespace is made later.
            let later = namespace.kind == NamespaceType::Time
                || namespace.kind == NamespaceType::Cgroup && self.enters_cgroup_later();
            if namespace.path.is_none() && !later {
                self.new_namespaces |= clone_flag(namespace.kind);
            }
        }
        if self.inherits_mounts() {
            // One that passes: the rootfs is put together in it, and then taken along into the runtime's.
            self.new_namespaces |= namespace::NEWNS;
        }
        if self.makes(NamespaceType::Cgroup) && self.enters_cgroup_later() {
            let flags = namespace::NEWCGROUP;
            self.step(&Unshare { flags }, self.element(NamespaceType::Cgroup));
        }
    }

    /// With a user namespace and others that are joined the order counts: what belongs to the host's user namespace
    /// can only be joined before the container's is entered, what belongs to the container's own perhaps only
    /// afterwards, and what is new has to be made inside.
    fn enter_by_stages(&mut self) {
        self.step(&Dumpable { yes: false }, Origin::Default);
        self.open_time_offsets();
        self.keyring_and_cgroups();
        if !self.bundle.annotated().keep_original_groups {
            self.step(&DropGroups {}, self.element(NamespaceType::User));
        }
        let pid = self.joined(NamespaceType::Pid);
        let joined: Vec<_> = JOINED
            .into_iter()
            .filter_map(|kind| Some((kind, self.joined(kind)?)))
            .chain(pid.map(|pid| (NamespaceType::Pid, pid)))
            .collect();
        for (kind, (index, file)) in &joined {
            self.join(*kind, *index, *file, true);
        }
        match self.joined(NamespaceType::User) {
            Some((index, file)) => self.join(NamespaceType::User, index, file, false),
            None => {
                let flags = namespace::NEWUSER;
                self.step(&Unshare { flags }, self.element(NamespaceType::User));
                self.map_ids();
            }
        }
        for (kind, (index, file)) in &joined {
            let step = JoinDeferred {
                file: *file,
                kind: clone_flag(*kind),
            };
            self.step(&step, Origin::Element("linux.namespaces", *index));
        }
        self.make_the_others();
        // By the process that has opened the file for the offsets.
        self.enter_time_namespace();
        // In the mount namespace that they are bound in.
        self.open_sources();
        self.become_root();
        if self.config.linux.namespace(NamespaceType::Pid).is_some() {
            // Only children are in the pid namespace that was made or joined.
            self.go_on_in_child();
        }
    }

    /// The file of a process that cannot be dumped is the host's root's: it is opened by init while it is that.
    fn open_time_offsets(&mut self) {
        if !self.config.linux.time_offsets.is_empty() {
            self.step(&OpenTimeOffsets {}, Origin::Member("linux.timeOffsets"));
        }
    }

    /// Makes the new namespaces, but for those of users and time, inside of the user namespace.
    fn make_the_others(&mut self) {
        let namespaces = self.config.linux.namespaces.iter();
        let flags = namespaces
            .filter(|namespace| namespace.path.is_none())
            .filter(|namespace| !matches!(namespace.kind, NamespaceType::User | NamespaceType::Time))
            .fold(0, |flags, namespace| flags | clone_flag(namespace.kind));
        if flags != 0 {
            self.step(&Unshare { flags }, Origin::Member("linux.namespaces"));
        }
    }

    fn join(&mut self, kind: NamespaceType, index: usize, file: Slot, defer: bool) {
        let step = JoinNamespace {
            file,
            kind: clone_flag(kind),
            defer,
        };
        self.step(&step, Origin::Element("linux.namespaces", index));
    }

    /// Init waits while the runtime writes the maps of its new user namespace, which only somebody outside may do.
    fn map_ids(&mut self) {
        let origin = || Origin::Member("linux.uidMappings");
        // An ordinary user may write the maps of a process only that could be dumped.
        let shows = !self.host.hides_init;
        if shows {
            self.step(&Dumpable { yes: true }, Origin::Default);
        }
        let turn = self.acts.turn(origin());
        let linux = &self.config.linux;
        let deed = MapIds {
            uids: linux.uid_mappings.clone(),
            gids: linux.gid_mappings.clone(),
        };
        self.deed(turn, deed, origin());
        if shows {
            self.step(&Dumpable { yes: false }, Origin::Default);
        }
    }

    fn go_on_in_child(&mut self) {
        let turn = self.acts.next_turn();
        let origin = || self.element(NamespaceType::Pid);
        let (step_origin, deed_origin) = (origin(), origin());
        self.step(
            &GoOnInChild {
                turn,
                cgroup: None,
                otherwise: None,
            },
            step_origin,
        );
        self.deed(Place::Turn(turn), FollowInit, deed_origin);
        self.goes_on_in_child = true;
    }

    fn become_root(&mut self) {
        let keep_groups = self.bundle.annotated().keep_original_groups;
        self.step(&BecomeRoot { keep_groups }, self.element(NamespaceType::User));
    }

    /// Which session keyring the container has.
    pub(super) fn keyring(&self) -> Keyring {
        let mut namespaces = self.config.linux.namespaces.iter();
        match self.arguments.no_new_keyring {
            true => Keyring::Callers,
            false if self.in_user_namespace() && namespaces.any(|namespace| namespace.path.is_some()) => {
                Keyring::OwnOutside
            }
            false => Keyring::Own,
        }
    }

    fn keyring_and_cgroups(&mut self) {
        if !self.arguments.no_new_keyring {
            self.label_keys();
            let name = keyring_name(&self.arguments.id);
            self.step(&NewKeyring { name: &name }, Origin::Default);
        }
        let controllers: Vec<String> = self.cgroup.v1.iter().map(|place| place.controllers.clone()).collect();
        for controllers in controllers {
            let name = c_string(&controllers);
            let file = self.inherit(
                Inherited::CgroupTasks { controllers },
                Origin::Member("linux.cgroupsPath"),
            );
            let step = JoinCgroup {
                file,
                controllers: &name,
            };
            self.step(&step, Origin::Member("linux.cgroupsPath"));
        }
        self.enter_unit();
        // What the caller is bound to is no matter of the container's. As runc does: in time for the hooks of init.
        self.step(&EveryCpu {}, Origin::Default);
    }

    /// Where in the config a namespace of this type is.
    fn index(&self, kind: NamespaceType) -> usize {
        let mut namespaces = self.config.linux.namespaces.iter();
        namespaces
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
        let inherited = Inherited::Namespace {
            path: namespace.path.as_deref().unwrap_or_default().to_owned(),
            kind: clone_flag(namespace.kind),
            origin: JsonPath::from("linux.namespaces").index(index).member("path"),
            set_by: self.config.changes_namespace(namespace.kind),
        };
        self.inherit(inherited, Origin::Element("linux.namespaces", index))
    }

    /// What the container would set there would be set for the runtime, and for all others that are in it.
    fn refuse_our_own(&mut self) {
        for namespace in &self.config.linux.namespaces {
            let kind = namespace.kind;
            if namespace.path.is_some()
                && self.host.own_namespaces.contains(kind)
                && let Some(set_by) = self.config.changes_namespace(kind)
            {
                let text =
                    format!("not allowed in the host's {kind} namespace: it is the one that the runtime itself is in");
                self.problems.error(set_by, text);
            }
        }
    }
}
