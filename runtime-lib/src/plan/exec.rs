//! A further process in a container: joins first, then the same rooms for the process as at a creation, and the same
//! tail as at the start.

use super::acts::{Acts, Origin, Place, c_string};
use super::deeds::{FollowInit, GiveStdio, OpenInherited, StartInit};
use super::for_exec::ForExec;
use super::inherited::Inherited;
use super::process::{Around, Rooms};
use super::{ExplainedAct, Filter, Plan};
use crate::bundle::Process;
use crate::host::Host;
use crate::problem::Problems;
use orlop_init::linux::namespace;
use orlop_init::step::labels::{OpenLabel, SecurityModule};
use orlop_init::step::namespaces::{BecomeRoot, Dumpable, GoOnInChild, JoinCgroup, JoinProcess};
use orlop_init::step::process::EveryCpu;
use orlop_init::step::rootfs::ShareRoot;
use orlop_init::step::start::{CloseOnExecute, LetGoOfHost, Outlive};
use orlop_init::wire::Slot;

/// What will be done to run one more process in a container.
#[derive(Clone, Debug)]
pub struct Exec(pub(crate) Plan);

impl Plan {
    /// Plans one more process in a container that is made by this plan.
    pub fn exec(&self, process: &Process, host: &Host) -> (Option<Exec>, Problems) {
        let (acts, problems) = exec(&self.for_exec, self.filter.as_ref(), process, host);
        let plan = (!problems.has_errors()).then(|| {
            Exec(Plan {
                acts,
                about: self.about.clone(),
                filter: self.filter.clone(),
                held: 0,
                planned_rules: None,
                for_exec: self.for_exec.clone(),
                arguments: self.arguments.clone(),
            })
        });
        (plan, problems)
    }
}

impl Exec {
    /// What will be done, in the order in which it is done.
    pub fn explain(&self) -> Vec<ExplainedAct> {
        self.0.explain()
    }
}

/// The acts of an exec, from what is kept of the container's plan.
fn exec(container: &ForExec, filter: Option<&Filter>, process: &Process, host: &Host) -> (Acts, Problems) {
    let mut acts = Acts::with_capacity(4 << 10);
    let mut problems = Problems::default();
    let instructions = filter.map_or(0, Filter::instructions);
    join(&mut acts, container, process);
    let in_user_namespace = container.namespaces & namespace::NEWUSER != 0;
    let runtime_gives_stdio = in_user_namespace && host.may_change_owners();
    let mut rooms = Rooms {
        acts: &mut acts,
        problems: &mut problems,
        process,
        around: Around {
            in_user_namespace,
            runtime_gives_stdio,
            permitted_capabilities: host.permitted_capabilities,
            keep_groups: container.keep_groups,
            personality: container.personality.as_ref(),
            memory_policy: container.memory_policy.as_ref(),
            instructions,
            ..Around::default()
        },
    };
    rooms.before_the_credentials();
    rooms.credentials(false);
    rooms.umask();
    let environment = rooms.find_program();
    rooms.no_new_privileges();
    let let_go = LetGoOfHost {
        listener: None,
        agent: None,
        preserve: 0,
    };
    rooms.acts.step(&let_go, Origin::Default);
    rooms.acts.step(&Outlive {}, Origin::Default);
    let ready = rooms.acts.turn(Origin::Default);
    if runtime_gives_stdio && !process.terminal {
        let uid = process.user.uid;
        let give = GiveStdio { uid, on_host: None };
        rooms.acts.deed(ready, give, Origin::Member("process.user.uid"));
    }
    rooms.acts.step(&CloseOnExecute { preserve: 0 }, Origin::Default);
    rooms.labels();
    rooms.limits(crate::bundle::Rlimit::is_too_small_for_init);
    rooms.execute(false, None, &environment);
    acts.deed(
        Place::Before,
        StartInit {
            namespaces: 0,
            is_hidden: false,
        },
        Origin::Default,
    );
    (acts, problems)
}

/// The way into the container: its cgroups, its labels, its namespaces.
fn join(acts: &mut Acts, container: &ForExec, process: &Process) {
    let mut slots = 0;
    let mut inherited = |acts: &mut Acts, inherited| {
        let slot = Slot(slots);
        slots += 1;
        acts.deed(Place::Before, OpenInherited { slot, inherited }, Origin::Default);
        slot
    };
    acts.step(&Dumpable { yes: false }, Origin::Default);
    for place in &container.cgroup.v1 {
        let controllers = place.controllers.clone();
        let name = c_string(&controllers);
        let file = inherited(acts, Inherited::CgroupTasks { controllers });
        let step = JoinCgroup {
            file,
            controllers: &name,
        };
        acts.step(&step, Origin::Default);
    }
    let affinity = process.exec_cpu_affinity.as_ref();
    if affinity.is_none_or(|affinity| affinity.last.is_none()) {
        acts.step(&EveryCpu {}, Origin::Default);
    }
    for (module, label, origin) in [
        (
            SecurityModule::AppArmor,
            &process.apparmor_profile,
            "process.apparmorProfile",
        ),
        (SecurityModule::SeLinux, &process.selinux_label, "process.selinuxLabel"),
    ] {
        if label.is_some() {
            acts.step(&OpenLabel { module }, Origin::Member(origin));
        }
    }
    if container.namespaces != 0 {
        let pidfd = inherited(acts, Inherited::InitPidfd);
        let kinds = container.namespaces;
        acts.step(&JoinProcess { pidfd, kinds }, Origin::Default);
    }
    if container.chroot {
        let root = inherited(acts, Inherited::InitRoot);
        acts.step(&ShareRoot { root }, Origin::Default);
    }
    if container.namespaces & namespace::NEWUSER != 0 {
        let keep_groups = container.keep_groups;
        acts.step(&BecomeRoot { keep_groups }, Origin::Default);
    }
    if container.namespaces & namespace::NEWPID != 0 {
        let turn = acts.next_turn();
        acts.step(&GoOnInChild { turn }, Origin::Default);
        acts.deed(Place::Turn(turn), FollowInit, Origin::Default);
    }
}
