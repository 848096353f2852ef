//! A further process in a container: joins first, then the same rooms for the process as at a creation, and the same
//! tail as at the start.
//!
//! Whoever lives in the container sees nothing of this but the very end. What is done with the runtime's own rights is
//! done by a process that is not in the container's pid namespace yet; only a child of it is, which has no more than
//! the process will have, no file of the host's, and nothing left to do but to load the filter and to execute.

use super::StdioUser;
use super::acts::{Acts, Origin, Phase, Place, c_string};
use super::deeds::{FollowInit, GiveStdio, HandOverTerminal, OpenInherited, StartInit, TellAgent};
use super::for_exec::{ForExec, Keyring};
use super::inherited::Inherited;
use super::namespaces::keyring_name;
use super::process::{Around, Rooms};
use super::sub_cgroup::Below;
use super::{About, Arguments, ExecArguments, ExplainedAct, Filter, Plan};
use crate::Id;
use crate::bundle::{Process, Rlimit, number_mask};
use crate::host::Host;
use crate::problem::Problems;
use crate::seccomp::allows_all;
use orlop_init::linux::namespace;
use orlop_init::step::namespaces::{BecomeRoot, Dumpable, GoOnInChild, JoinCgroup, JoinProcess, NewKeyring};
use orlop_init::step::process::{Cpus, EveryCpu};
use orlop_init::step::program::{Agent, CapabilitySets, LoadFilter};
use orlop_init::step::rootfs::{HoldProc, ShareRoot};
use orlop_init::step::start::{CloseOnExecute, LetGoOfHost, Outlive};
use orlop_init::step::terminal::TakeTerminal;
use orlop_init::wire::Slot;

/// What will be done to run one more process in a container.
#[derive(Clone, Debug)]
pub struct Exec(pub(crate) Plan);

impl Plan {
    /// Plans one more process in a container that is made by this plan.
    pub fn exec(&self, process: &Process, arguments: &ExecArguments, host: &Host) -> (Option<Exec>, Problems) {
        let container = Described {
            id: &self.arguments.id,
            about: &self.about,
            kept: &self.for_exec,
            filter: self.filter.as_ref(),
        };
        Exec::compile(container, &self.for_exec.filled(process), arguments, host)
    }
}

/// A container, as far as a further process depends on it.
#[derive(Clone, Copy)]
pub(crate) struct Described<'c> {
    pub(crate) id: &'c Id,
    pub(crate) about: &'c About,
    pub(crate) kept: &'c ForExec,
    pub(crate) filter: Option<&'c Filter>,
}

impl Exec {
    pub(crate) fn compile(
        container: Described<'_>,
        process: &Process,
        arguments: &ExecArguments,
        host: &Host,
    ) -> (Option<Self>, Problems) {
        let (acts, problems) = exec(container, process, arguments, host);
        let plan = (!problems.has_errors()).then(|| {
            let mut about = container.about.clone();
            about.has_terminal = process.terminal;
            let mut passed = Arguments::new(container.id.clone());
            passed.preserve_fds = arguments.preserve_fds;
            Self(Plan {
                acts,
                about,
                filter: container.filter.cloned(),
                held: 0,
                planned_rules: None,
                user: (!process.terminal).then(|| StdioUser {
                    uid: process.user.uid,
                    on_host: (!container.kept.is_in_user_namespace()).then_some(process.user.uid),
                }),
                for_exec: container.kept.clone(),
                arguments: passed,
            })
        });
        (plan, problems)
    }

    /// What will be done, in the order in which it is done.
    pub fn explain(&self) -> Vec<ExplainedAct> {
        self.0.explain()
    }
}

/// The acts of an exec, from what is kept of the container's plan.
fn exec(container: Described<'_>, process: &Process, arguments: &ExecArguments, host: &Host) -> (Acts, Problems) {
    let kept = container.kept;
    let mut problems = Problems::default();
    let below = Below::of(&arguments.cgroups, &kept.cgroup).unwrap_or_else(|problem| {
        problems.push(problem);
        Below::default()
    });
    let in_user_namespace = kept.is_in_user_namespace();
    let around = Around {
        in_user_namespace,
        runtime_gives_stdio: in_user_namespace && host.may_change_owners(),
        permitted_capabilities: host.permitted_capabilities,
        keep_groups: kept.keep_groups,
        denies_groups: host.denies_groups,
        personality: kept.personality.as_ref(),
        memory_policy: kept.memory_policy.as_ref(),
        instructions: container.filter.map_or(0, Filter::instructions),
        landlock: kept.landlock.as_ref(),
        modules: host.security_modules,
        is_further: true,
        ..Around::default()
    };
    let mut acts = Acts::with_capacity(4 << 10);
    acts.begin(Phase::Exec);
    let mut joining = Joining {
        container,
        preserve: arguments.preserve_fds,
        slots: 0,
        rooms: Rooms {
            acts: &mut acts,
            problems: &mut problems,
            process,
            around,
        },
    };
    joining.enter_cgroups(&below);
    joining.join();
    joining.become_the_process();
    let start = StartInit {
        namespaces: 0,
        is_hidden: false,
    };
    acts.deed(Place::Before, start, Origin::Default);
    (acts, problems)
}

/// An exec that is being put together.
struct Joining<'c, 'r> {
    container: Described<'c>,
    /// So many descriptors from 3 on are the process's.
    preserve: u32,
    /// So many descriptors init inherits.
    slots: u32,
    rooms: Rooms<'r>,
}

impl Joining<'_, '_> {
    fn inherit(&mut self, inherited: Inherited, origin: Origin) -> Slot {
        let slot = Slot(self.slots);
        self.slots += 1;
        let deed = OpenInherited { slot, inherited };
        self.rooms.acts.deed(Place::Before, deed, origin);
        slot
    }

    /// Init goes on as a child, and the runtime with that.
    fn go_on_in_child(&mut self, cgroup: Option<Slot>, otherwise: Option<Slot>) -> Place {
        let turn = self.rooms.acts.next_turn();
        let step = GoOnInChild {
            turn,
            cgroup,
            otherwise,
        };
        self.rooms.acts.step(&step, Origin::Default);
        self.rooms.acts.deed(Place::Turn(turn), FollowInit, Origin::Default);
        Place::Turn(turn)
    }

    /// The container's cgroups: those of v1 by a write of init's, that of v2 by a child that is born there. Both wait for
    /// nobody, and a container that has frozen itself holds nobody but that child.
    fn enter_cgroups(&mut self, below: &Below) {
        let process = self.rooms.process;
        self.rooms.acts.step(&Dumpable { yes: false }, Origin::Default);
        let affinity = process.exec_cpu_affinity.as_ref();
        let initial = affinity.and_then(|affinity| affinity.initial.as_deref());
        let last = affinity.and_then(|affinity| affinity.last.as_deref());
        self.cpus(initial, "process.execCPUAffinity.initial");
        for (number, place) in self.container.kept.cgroup.v1.iter().enumerate() {
            let controllers = place.controllers.clone();
            let name = c_string(&controllers);
            let below = below.v1(number).to_owned();
            let file = self.inherit(Inherited::TasksOfContainer { controllers, below }, Origin::Default);
            let step = JoinCgroup {
                file,
                controllers: &name,
            };
            self.rooms.acts.step(&step, Origin::Default);
        }
        if self.container.kept.cgroup.v2.is_some() {
            let below = below.v2().map(ToOwned::to_owned);
            let is_chosen = below.is_some();
            let cgroup = self.inherit(Inherited::CgroupOfContainer { below }, Origin::Default);
            // A payload like systemd passes controllers on at any time, and has moved init before that.
            let otherwise = (!is_chosen).then(|| self.inherit(Inherited::CgroupOfInit, Origin::Default));
            self.go_on_in_child(Some(cgroup), otherwise);
        }
        // What the caller is bound to is no matter of the container's.
        if initial.is_none() && last.is_none() {
            self.rooms.acts.step(&EveryCpu {}, Origin::Default);
        }
        self.cpus(last, "process.execCPUAffinity.final");
    }

    fn cpus(&mut self, list: Option<&str>, path: &'static str) {
        let Some(list) = list.filter(|list| !list.is_empty()) else {
            return;
        };
        match number_mask(list, MOST_CPUS) {
            Some(words) => {
                let mask: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
                self.rooms.acts.step(&Cpus { mask: &mask }, Origin::Member(path));
            }
            None => {
                let text = format!("{list:?} is beyond the {MOST_CPUS} CPUs that Linux knows");
                self.rooms.problems.error(path, text);
            }
        }
    }

    /// The container's namespaces, all at once: of a process that is held, and of nobody who has its number by then.
    fn join(&mut self) {
        let kept = self.container.kept;
        // Before any of them is joined it is surely the host's procfs, which is needed until the end.
        self.rooms.oom_score();
        self.rooms.acts.step(&HoldProc {}, Origin::Default);
        if kept.keyring != Keyring::Callers {
            self.rooms.label_keys();
        }
        if kept.keyring == Keyring::OwnOutside {
            self.take_keyring();
        }
        let chroot = kept.chroot.then(|| self.inherit(Inherited::InitRoot, Origin::Default));
        if kept.namespaces != 0 {
            let pidfd = self.inherit(Inherited::InitPidfd, Origin::Default);
            let kinds = kept.namespaces;
            self.rooms.acts.step(&JoinProcess { pidfd, kinds }, Origin::Default);
        }
        if let Some(root) = chroot {
            self.rooms.acts.step(&ShareRoot { root }, Origin::Default);
        }
        if kept.keyring == Keyring::Own {
            self.take_keyring();
        }
        if self.rooms.around.in_user_namespace {
            let keep_groups = kept.keep_groups;
            self.rooms.acts.step(&BecomeRoot { keep_groups }, Origin::Default);
        }
    }

    fn take_keyring(&mut self) {
        let name = &keyring_name(self.container.id);
        self.rooms.acts.step(&NewKeyring { name }, Origin::Default);
    }

    fn become_the_process(&mut self) {
        let process = self.rooms.process;
        if process.terminal {
            self.rooms.terminal();
            let turn = self.rooms.acts.turn(Origin::Member("process.terminal"));
            let origin = Origin::Member("process.terminal");
            self.rooms.acts.deed(turn, HandOverTerminal, origin);
        }
        let agent = self.filter_agent();
        self.rooms.before_the_credentials();
        let landlock = self.rooms.landlock();
        self.rooms.open_labels();
        let back_to = self.rooms.credentials(landlock);
        self.rooms.umask();
        let environment = self.rooms.find_program();
        self.rooms.no_new_privileges();
        // The labels pass to the child, and the files that take them do not work for it.
        self.rooms.labels();
        let let_go = LetGoOfHost {
            listener: None,
            agent,
            preserve: self.preserve,
        };
        self.rooms.acts.step(&let_go, Origin::Default);
        // From here on only a listener for an agent is a descriptor more.
        if agent.is_none() {
            self.rooms.limits(Rlimit::is_too_small_for_init);
        }
        let is_bound_early = self.can_be_bound_early(agent, back_to);
        if is_bound_early {
            self.close_on_execute();
            let load = LoadFilter {
                landlock,
                instructions: self.rooms.around.instructions,
                back_to,
            };
            self.rooms.acts.step(&load, Origin::Member("linux.seccomp"));
            self.rooms.around.instructions = 0;
        }
        let ready = if self.is_in_pid_namespace() {
            self.go_on_in_child(None, None)
        } else {
            self.rooms.acts.turn(Origin::Default)
        };
        self.when_ready(ready, agent);
        self.rooms.acts.step(&Outlive {}, Origin::Default);
        if process.terminal {
            let origin = Origin::Member("process.terminal");
            self.rooms.acts.step(&TakeTerminal {}, origin);
        }
        self.rooms.priorities();
        if !is_bound_early {
            self.close_on_execute();
        }
        if agent.is_some() {
            self.rooms.limits(Rlimit::is_too_small_for_init);
        }
        if !self.rooms.around.in_user_namespace {
            self.rooms.limits(Rlimit::is_for_copies);
        }
        self.rooms.execute(landlock && !is_bound_early, agent, &environment);
    }

    fn close_on_execute(&mut self) {
        let preserve = self.preserve;
        self.rooms.acts.step(&CloseOnExecute { preserve }, Origin::Default);
    }

    fn is_in_pid_namespace(&self) -> bool {
        self.container.kept.namespaces & namespace::NEWPID != 0
    }

    /// Whether the filter can be loaded before there is a process that the container sees: it has to let through what is
    /// left to do then. A process of the container that may trace others could otherwise act by one without a filter.
    fn can_be_bound_early(&self, agent: Option<Agent>, back_to: Option<CapabilitySets>) -> bool {
        let process = self.rooms.process;
        let is_plain = agent.is_none() && !self.rooms.init_sets_priorities();
        let Some(filter) = self.container.filter.filter(|_| is_plain && self.is_in_pid_namespace()) else {
            return false;
        };
        let mut calls = AFTER_THE_FILTER.to_vec();
        if back_to.is_some() {
            calls.push(("capset", NONE));
        }
        if process.rlimits.iter().any(Rlimit::is_for_copies) && !self.rooms.around.in_user_namespace {
            calls.push(("prlimit64", NONE));
        }
        if process.terminal {
            calls.push(("ioctl", [0, SET_CONTROLLING_TERMINAL, 0, 0, 0, 0]));
        }
        allows_all(&filter.program, &calls)
    }

    fn filter_agent(&mut self) -> Option<Agent> {
        let agent = self.container.kept.agent.as_ref()?;
        let origin = || Origin::Member("linux.seccomp.listenerPath");
        let path = agent.path.clone();
        Some(Agent {
            socket: self.inherit(Inherited::SeccompAgent { path }, origin()),
            state: self.inherit(Inherited::AgentState, origin()),
        })
    }

    /// What the runtime does for the process that will be executed.
    fn when_ready(&mut self, ready: Place, agent: Option<Agent>) {
        let uid = self.rooms.process.user.uid;
        if self.rooms.around.runtime_gives_stdio && !self.rooms.process.terminal {
            let give = GiveStdio { uid, on_host: None };
            let origin = Origin::Member("process.user.uid");
            self.rooms.acts.deed(ready, give, origin);
        }
        self.rooms.set_attributes(ready);
        if let Some(agent) = agent {
            let metadata = self.container.kept.agent.as_ref();
            let tell = TellAgent {
                state: agent.state,
                metadata: metadata.and_then(|agent| agent.metadata.clone()),
            };
            let origin = Origin::Member("linux.seccomp.listenerPath");
            self.rooms.acts.deed(ready, tell, origin);
        }
    }
}

const NONE: [u64; 6] = [0; 6];

/// `TIOCSCTTY` of `man 2 TIOCSCTTY`.
const SET_CONTROLLING_TERMINAL: u64 = 0x540e;

/// What init does behind a filter that is loaded before it goes on as the process that the container sees: the copy
/// (`CLONE_PARENT`, with SIGCHLD at its end), a word to the parent and one of it, the parent's end as its own or not,
/// room for the program's arguments, and what tells of a failure.
const AFTER_THE_FILTER: [(&str, [u64; 6]); 10] = [
    ("clone", [0x8000 | 17, 0, 0, 0, 0, 0]),
    ("sendmsg", NONE),
    ("recvmsg", NONE),
    ("prctl", [1, 9, 0, 0, 0, 0]),
    ("prctl", [1, 0, 0, 0, 0, 0]),
    ("setsid", NONE),
    ("mmap", [0, 4096, 3, 0x22, u64::MAX, 0]),
    ("execve", NONE),
    ("write", NONE),
    ("exit_group", NONE),
];

/// So many CPUs a kernel can be built for (Linux: `NR_CPUS`).
const MOST_CPUS: u32 = 8192;
