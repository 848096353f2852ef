//! Mounts that are added to a container that exists, and taken off it: init joins the container, does just that, and
//! ends.
//!
//! What is bound is taken where the caller sees it, before the container's mount namespace is joined. All is mounted or
//! nothing: what has its place when a later mount fails is taken off again.

use super::acts::{Origin, Phase, Place, c_string};
use super::added_mount::AddedMount;
use super::compile::Compiler;
use super::deeds::{ForgetMounts, RecordMount, StartInit};
use super::exec::Described;
use super::inherited::Inherited;
use super::{Arguments, Plan};
use crate::bundle::{Bind, Bundle, Filesystem, Mount, MountKind, below_root};
use crate::host::Host;
use crate::problem::Problems;
use orlop_init::linux::namespace;
use orlop_init::step::mounts::{CopyMounts, KnownMounts, TakeTree, Unmount};
use orlop_init::step::namespaces::{BecomeRoot, Dumpable, JoinProcess};
use orlop_init::step::rootfs::{HoldContainer, HoldProc};
use orlop_init::step::start::End;
use orlop_init::wire::Slot;

/// How the trees of bind mounts are had that are added to a container that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adding {
    /// The runtime opens them.
    Opened,
    /// Init takes them, in the container's user namespace.
    Taken,
}

/// Where the source of a bind mount is that is added.
pub(super) enum AddedSource {
    /// The runtime opens it.
    Opened(Slot),
    /// Init takes it, as the one of this number.
    Taken(u32),
}

/// Plans the mounts of `bundle`, of which nothing else counts, for a container whose mounts with the ids in `shared`
/// show outside of it.
pub(crate) fn add(container: Described<'_>, bundle: &Bundle, host: &Host, shared: &[u64]) -> (Option<Plan>, Problems) {
    const CAP_SYS_ADMIN: u64 = 1 << 21;
    let arguments = Arguments::new(container.id.clone());
    let mut compiler = Compiler::new(bundle, host, &arguments);
    let may_take = host.permitted_capabilities & CAP_SYS_ADMIN != 0;
    // In a user namespace a tree's flags and its covers are to be locked, which is so of one that is taken in a mount
    // namespace of the user namespace's (`man 7 mount_namespaces`).
    let opens = may_take && !compiler.in_user_namespace();
    compiler.adding = Some(if opens { Adding::Opened } else { Adding::Taken });
    compiler.refuse_what_cannot_be_added();
    compiler.join_for_mounts(container);
    let shared: Vec<u8> = shared.iter().flat_map(|id| id.to_ne_bytes()).collect();
    let turn = compiler.acts.turns();
    compiler.step(&HoldContainer { shared: &shared, turn }, Origin::Default);
    compiler.mounts();
    compiler.make_held_mounts_read_only();
    compiler.finish_mounts(container)
}

/// Plans that what was mounted on these destinations is taken off, the last first: of each destination's mounts the
/// first one that is mounted still.
pub(crate) fn remove(
    container: Described<'_>,
    bundle: &Bundle,
    host: &Host,
    destinations: &[(&str, Vec<AddedMount>)],
) -> (Option<Plan>, Problems) {
    let arguments = Arguments::new(container.id.clone());
    let mut compiler = Compiler::new(bundle, host, &arguments);
    compiler.join_for_mounts(container);
    compiler.step(&HoldContainer { shared: &[], turn: 0 }, Origin::Default);
    for (index, (destination, mounts)) in destinations.iter().enumerate().rev() {
        let bytes: Vec<u8> = mounts.iter().flat_map(|mount| mount.known().to_bytes()).collect();
        let turn = compiler.acts.next_turn();
        let step = Unmount {
            target: &below_root(destination),
            mounts: KnownMounts::new(&bytes),
            turn,
        };
        compiler.step(&step, Origin::Element("mounts", index));
        let deed = ForgetMounts { mounts: mounts.clone() };
        compiler.deed(Place::Turn(turn), deed, Origin::Element("mounts", index));
    }
    compiler.finish_mounts(container)
}

impl Compiler<'_> {
    /// Joins what the mounts need of the container. Its processes see nothing of init: that stays in the runtime's pid
    /// namespace.
    fn join_for_mounts(&mut self, container: Described<'_>) {
        self.acts.begin(Phase::Mounts);
        self.step(&Dumpable { yes: false }, Origin::Default);
        self.step(&HoldProc {}, Origin::Default);
        let pidfd = self.inherit(Inherited::InitPidfd, Origin::Default);
        let kept = container.kept;
        let has = |name: &str| {
            let mut types = self.bundle.mounts().iter().map(Mount::filesystem_type);
            types.any(|kind| kind == Some(name))
        };
        let mut kinds = namespace::NEWNS;
        for (filesystem, kind) in [("sysfs", namespace::NEWNET), ("mqueue", namespace::NEWIPC)] {
            if has(filesystem) {
                kinds |= kind & kept.namespaces;
            }
        }
        if kept.is_in_user_namespace() {
            if self.takes_trees() {
                let kinds = namespace::NEWUSER;
                self.step(&JoinProcess { pidfd, kinds }, Origin::Default);
                self.take_trees();
            } else {
                kinds |= namespace::NEWUSER;
            }
        }
        self.step(&JoinProcess { pidfd, kinds }, Origin::Default);
        if kept.is_in_user_namespace() {
            let keep_groups = kept.keep_groups;
            self.step(&BecomeRoot { keep_groups }, Origin::Default);
        }
    }

    /// Whether init takes the tree of any bind mount.
    fn takes_trees(&self) -> bool {
        let mut mounts = self.bundle.mounts().iter();
        self.adding == Some(Adding::Taken) && mounts.any(|mount| mount.as_bind().is_some())
    }

    fn take_trees(&mut self) {
        let bundle = self.bundle;
        let binds = || {
            bundle
                .mounts()
                .iter()
                .filter_map(|mount| Some((mount, mount.as_bind()?)))
        };
        let trees = u32::try_from(binds().count()).unwrap_or(u32::MAX);
        self.step(&CopyMounts { trees }, Origin::Member("mounts"));
        for (number, (mount, bind)) in (0..).zip(binds()) {
            self.take_source(number, mount.index, &bind.source);
            let step = TakeTree {
                number,
                path: &c_string(&bind.source),
                recursive: bind.recursive,
                keeps_link: bind.links.keep_source,
            };
            self.step(&step, Origin::Element("mounts", mount.index));
        }
    }

    /// Where the container exists, the runtime writes down which mount it is that this one has become, before it has its
    /// place.
    pub(super) fn record_if_added(&mut self, mount: &Mount) {
        if self.adding.is_some() {
            let deed = RecordMount {
                destination: format!("/{}", mount.target.to_string_lossy()),
            };
            let turn = Place::Turn(self.acts.next_turn());
            self.deed(turn, deed, Origin::Element("mounts", mount.index));
        }
    }

    /// The source of a bind mount, if that is added.
    pub(super) fn added_source(&mut self, mount: &Mount, bind: &Bind) -> Option<AddedSource> {
        match self.adding? {
            Adding::Taken => {
                let earlier = self.bundle.mounts().iter().take(mount.index);
                let number = earlier.filter_map(Mount::as_bind).count();
                u32::try_from(number).ok().map(AddedSource::Taken)
            }
            Adding::Opened => {
                let tree = Inherited::BoundTree {
                    source: bind.source.clone(),
                    recursive: bind.recursive,
                    keeps_link: bind.links.keep_source,
                    propagation: self.propagation_of_trees(),
                    origin: mount.path(),
                };
                Some(AddedSource::Opened(
                    self.inherit(tree, Origin::Element("mounts", mount.index)),
                ))
            }
        }
    }

    /// What only a container in the making can have mounted.
    fn refuse_what_cannot_be_added(&mut self) {
        for mount in self.bundle.mounts() {
            let (member, text) = match &mount.kind {
                _ if mount.target.is_empty() => ("destination", "the root of a container that exists stays as it is"),
                MountKind::Remount(_) => (
                    "options",
                    "mounts are added to a container that exists, and none is changed",
                ),
                MountKind::Cgroup => ("type", "cgroups are mounted when a container is created"),
                MountKind::Filesystem(filesystem) => match refused(filesystem) {
                    Some(refused) => refused,
                    None => continue,
                },
                MountKind::Bind(bind) if bind.links.copy => ("options", "a link is no mount"),
                MountKind::Bind(_) => continue,
            };
            self.problems.error(mount.path().member(member), text);
        }
    }

    fn finish_mounts(mut self, container: Described<'_>) -> (Option<Plan>, Problems) {
        // Where the runtime hears that all is done.
        self.acts.turn(Origin::Default);
        self.step(&End {}, Origin::Default);
        let start = StartInit {
            namespaces: 0,
            is_hidden: false,
        };
        self.deed(Place::Before, start, Origin::Default);
        let plan = (!self.problems.has_errors()).then(|| Plan {
            held: self.held.count(),
            acts: self.acts,
            about: container.about.clone(),
            filter: None,
            planned_rules: None,
            user: None,
            for_exec: container.kept.clone(),
            arguments: self.arguments.clone(),
        });
        (plan, self.problems)
    }
}

/// The member of a filesystem's entry for which it cannot be added, and why.
fn refused(filesystem: &Filesystem) -> Option<(&'static str, &'static str)> {
    if &*filesystem.name == "proc" {
        let text = "a procfs shows the pid namespace of who mounts it, which is not the container's once that exists";
        return Some(("type", text));
    }
    // The files would count for the runtime, and not for the container.
    filesystem
        .copy_up
        .then_some(("options", "files are copied up (tmpcopyup) when a container is created"))
}
