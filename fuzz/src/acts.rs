use orlop::Plan;
use orlop::fuzzing::{self, Act, Deed, Opened, Place, What};
use orlop_init::linux::namespace;
use orlop_init::step::labels::SecurityModule;
use orlop_init::step::mounts::{Mapping, Source};
use orlop_init::step::program::Agent;
use orlop_init::step::{
    Step, hooks, labels, landlock, mounts, namespaces, network, program, rootfs, start, terminal, turns,
};
use orlop_init::wire::Slot;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString};

/// A plan's acts: each stands where it is done, and what it refers to is there by then.
pub(crate) fn check(plan: &Plan, is_exec: bool) {
    let mut hand = Hand {
        plan,
        is_exec,
        ..Hand::new(plan)
    };
    for act in fuzzing::acts(plan) {
        hand.take(&act);
    }
    hand.end();
}

/// What was done so far.
struct Hand<'p> {
    plan: &'p Plan,
    is_exec: bool,
    phase: usize,
    /// Which hand is at work: 0 before init, 1 beside it, 2 in turns with it.
    place: usize,
    /// What is behind the slots, and whether anything came for it.
    slots: Vec<(Opened, bool)>,
    is_init_started: bool,
    turns: u32,
    /// What init has made for the runtime since the last turn, and what it had made for this one.
    offer: Option<Offer>,
    offered: Option<Offer>,
    sources: Option<Vec<CString>>,
    held: BTreeSet<u32>,
    deferred: BTreeSet<u32>,
    opened_labels: Vec<SecurityModule>,
    has_ruleset: bool,
    has_time_namespace: bool,
    is_state_given: bool,
    let_go: Option<(Option<Slot>, Option<Agent>, u32)>,
    told_agent: Option<Slot>,
    is_created: bool,
    is_waiting: bool,
    is_let_start: bool,
    has_executed: bool,
    is_removed: bool,
    steps: usize,
    steps_of_start: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offer {
    Terminal,
    Netlink,
    Child,
}

impl<'p> Hand<'p> {
    fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            is_exec: false,
            phase: 0,
            place: 0,
            slots: Vec::new(),
            is_init_started: false,
            turns: 0,
            offer: None,
            offered: None,
            sources: None,
            held: BTreeSet::new(),
            deferred: BTreeSet::new(),
            opened_labels: Vec::new(),
            has_ruleset: false,
            has_time_namespace: false,
            is_state_given: false,
            let_go: None,
            told_agent: None,
            is_created: false,
            is_waiting: false,
            is_let_start: false,
            has_executed: false,
            is_removed: false,
            steps: 0,
            steps_of_start: 0,
        }
    }

    fn take(&mut self, act: &Act<'_>) {
        let phases = ["create", "start", "delete"];
        let phase = phases.iter().position(|name| *name == act.phase).expect("a phase");
        assert!(self.phase <= phase, "{act:?} stands behind what is done later");
        self.phase = phase;
        assert!(
            act.path.as_ref().is_none_or(|path| !path.as_str().is_empty()),
            "{act:?}"
        );
        let place = match (act.place, act.phase) {
            (Some(Place::Before), "create") => 0,
            (Some(Place::Beside), "create") => 1,
            (Some(Place::Turn(number)), "create") => {
                assert_eq!(number + 1, self.turns, "{act:?} is not done at its turn");
                2
            }
            (Some(Place::Alone), "start" | "delete") | (None, "create" | "start") => 2,
            _ => panic!("{act:?} is never done"),
        };
        assert!(self.place <= place, "{act:?} stands behind what is done later");
        self.place = place;
        match &act.what {
            What::Deed(deed) => self.deed(deed, act),
            What::Step(step) => {
                self.steps += 1;
                self.steps_of_start += usize::from(self.phase == 1);
                self.step(step, act);
            }
        }
    }

    fn deed(&mut self, deed: &Deed, act: &Act<'_>) {
        match deed {
            Deed::Open(slot, opened) => {
                assert!(!self.is_init_started, "{act:?} comes too late");
                assert_eq!(slot.0 as usize, self.slots.len(), "slots are opened in their order");
                if let Opened::MappedTree(maps) = opened {
                    self.maps(*maps, act);
                }
                self.slots.push((*opened, false));
            }
            Deed::StartInit => {
                assert_eq!(act.place, Some(Place::Before));
                assert!(!std::mem::replace(&mut self.is_init_started, true), "two inits");
            }
            // What is done before there is an init does not come behind its start, which is the last thing before.
            _ if act.place == Some(Place::Before) => assert!(!self.is_init_started, "{act:?} comes too late"),
            Deed::FollowInit => assert_eq!(self.offered.take(), Some(Offer::Child), "{act:?}"),
            Deed::HandOverTerminal => assert_eq!(self.offered.take(), Some(Offer::Terminal), "{act:?}"),
            // Several devices can come by one socket.
            Deed::MoveDevice => assert_eq!(self.offered, Some(Offer::Netlink), "{act:?}"),
            Deed::GiveState => {
                assert!(matches!(act.place, Some(Place::Turn(_))), "{act:?}");
                self.is_state_given = true;
            }
            Deed::TellAgent(state) => {
                self.slot(*state, act, |opened| opened == Opened::AgentState);
                assert!(self.told_agent.replace(*state).is_none(), "two agents");
            }
            Deed::Record { is_created } => {
                assert!(!self.is_created, "{act:?}: it is created already");
                self.is_created = *is_created;
            }
            Deed::RunHook(kind) => {
                let phase = match *kind {
                    "poststart" => "start",
                    "poststop" => "delete",
                    _ => "create",
                };
                assert_eq!(act.phase, phase, "{act:?}");
                assert_eq!(act.phase == "delete", self.is_removed, "{act:?}");
            }
            Deed::LetStart => {
                assert!(
                    self.is_waiting && self.steps_of_start == 0,
                    "{act:?}: init does not wait"
                );
                assert!(!std::mem::replace(&mut self.is_let_start, true), "started twice");
            }
            Deed::KeepPlan => assert_eq!(act.place, Some(Place::Beside)),
            Deed::EndInit | Deed::Undo => assert!(act.phase == "delete" && !self.is_removed, "{act:?}"),
            Deed::RemoveState => {
                assert_eq!(act.phase, "delete");
                assert!(!std::mem::replace(&mut self.is_removed, true), "removed twice");
            }
            Deed::MapIds => assert!(matches!(act.place, Some(Place::Turn(_))), "{act:?}"),
            Deed::Other => {}
        }
    }

    fn step(&mut self, step: &Step<'_>, act: &Act<'_>) {
        assert!(!self.has_executed, "{act:?} stands behind the execve");
        assert_eq!(
            self.is_waiting,
            self.phase == 1,
            "{act:?} stands at the wrong side of the wait"
        );
        match step {
            Step::Turns(turns::Steps::Turn(turn)) => self.turn(turn.number),
            Step::Namespaces(step) => self.namespaces(step, act),
            Step::Rootfs(rootfs::Steps::OpenSources(open)) => {
                let sources = open.paths.iter().map(CStr::to_owned).collect();
                assert!(self.sources.replace(sources).is_none(), "two lists of sources");
            }
            Step::Rootfs(rootfs::Steps::OpenRoot(open)) => match open.opened {
                Some(number) => self.source(number, open.path, act),
                None => assert!(self.sources.is_none(), "{act:?}: it was opened early"),
            },
            Step::Mounts(step) => self.mounts(step, act),
            Step::Terminal(terminal::Steps::Console(_)) => self.make(Offer::Terminal, act),
            Step::Network(network::Steps::OpenNetlink(_)) => self.make(Offer::Netlink, act),
            Step::Hooks(hooks::Steps::HookOutput(output)) => {
                for slot in [output.stdout, output.stderr].into_iter().flatten() {
                    self.slot(slot, act, |opened| opened == Opened::HookOutput);
                }
            }
            Step::Hooks(hooks::Steps::Hook(hook)) => {
                assert!(self.is_state_given, "{act:?}: a hook without a state");
                assert_eq!(hook.bound, self.phase == 1, "{act:?}");
                assert!(!hook.args.is_empty(), "{act:?}");
            }
            Step::Labels(labels::Steps::OpenLabel(open)) => self.opened_labels.push(open.module),
            Step::Labels(labels::Steps::Label(label)) => {
                let at = self.opened_labels.iter().position(|module| *module == label.module);
                self.opened_labels.remove(at.expect("a file for the label"));
            }
            Step::Landlock(landlock::Steps::Ruleset(_)) => {
                assert!(!std::mem::replace(&mut self.has_ruleset, true), "two rulesets");
            }
            Step::Landlock(_) => assert!(self.has_ruleset, "{act:?}: a rule without a ruleset"),
            Step::Start(step) => self.start(step, act),
            Step::Program(program::Steps::Execute(execute)) => {
                let (_, agent, _) = self.let_go.expect("what is open of the host is closed");
                assert_eq!(execute.agent, agent, "{act:?}");
                assert_eq!(execute.landlock, self.has_ruleset, "{act:?}");
                assert_eq!(execute.instructions, fuzzing::instructions(self.plan), "{act:?}");
                self.has_executed = true;
            }
            _ => {}
        }
    }

    fn namespaces(&mut self, step: &namespaces::Steps<'_>, act: &Act<'_>) {
        match step {
            namespaces::Steps::JoinCgroup(join) => self.slot(join.file, act, |opened| opened == Opened::CgroupTasks),
            namespaces::Steps::JoinNamespace(join) => {
                self.slot(join.file, act, |opened| opened == Opened::Namespace(join.kind));
                if join.defer {
                    self.deferred.insert(join.file.0);
                }
                self.has_time_namespace |= join.kind == namespace::NEWTIME;
            }
            namespaces::Steps::JoinDeferred(join) => {
                self.slot(join.file, act, |opened| opened == Opened::Namespace(join.kind));
                assert!(self.deferred.remove(&join.file.0), "{act:?}: it was not tried before");
            }
            namespaces::Steps::JoinProcess(join) => {
                self.slot(join.pidfd, act, |opened| opened == Opened::InitPidfd);
            }
            namespaces::Steps::Unshare(unshare) => {
                assert_ne!(unshare.flags, 0, "{act:?}");
                self.has_time_namespace |= unshare.flags & namespace::NEWTIME != 0;
            }
            namespaces::Steps::TimeOffsets(_) | namespaces::Steps::EnterTimeNamespace(_) => {
                assert!(self.has_time_namespace, "{act:?}: no time namespace");
            }
            namespaces::Steps::GoOnInChild(child) => {
                if let Some(cgroup) = child.cgroup {
                    self.slot(cgroup, act, |opened| opened == Opened::CgroupDirectory);
                }
                self.make(Offer::Child, act);
                self.turn(child.turn);
            }
            _ => {}
        }
    }

    fn mounts(&mut self, step: &mounts::Steps<'_>, act: &Act<'_>) {
        let (mapping, hold) = match step {
            mounts::Steps::Mount(mount) => (mount.mapping, mount.hold),
            mounts::Steps::Bind(bind) => {
                match bind.source {
                    Source::Opened(number, path) => {
                        assert_ne!(number, 0, "{act:?}: the first is the rootfs");
                        self.source(number, path, act);
                    }
                    Source::Tree(slot, _) => self.slot(slot, act, |opened| {
                        matches!(opened, Opened::Tree | Opened::MappedTree(_))
                    }),
                    Source::Path(_) | Source::Either(..) => {}
                }
                (bind.mapping, bind.hold)
            }
            mounts::Steps::ChangeMount(change) => (None, change.hold),
            mounts::Steps::ReadonlyHeld(mounts::ReadonlyHeld { number, .. })
            | mounts::Steps::PropagateHeld(mounts::PropagateHeld { number, .. }) => {
                assert!(self.held.contains(number), "{act:?}: it is not held");
                (None, None)
            }
            _ => (None, None),
        };
        if let Some(Mapping { namespace, .. }) = mapping {
            self.maps(namespace, act);
        }
        if let Some(number) = hold {
            assert!(number < fuzzing::held(self.plan), "{act:?}: no room to hold it");
            assert!(self.held.insert(number), "{act:?}: the number is taken");
        }
    }

    fn start(&mut self, step: &start::Steps, act: &Act<'_>) {
        match step {
            start::Steps::LetGoOfHost(let_go) => {
                if let Some(listener) = let_go.listener {
                    self.slot(listener, act, |opened| opened == Opened::StartSocket);
                }
                assert_eq!(let_go.listener.is_none(), self.is_exec, "{act:?}");
                if let Some(agent) = let_go.agent {
                    self.slot(agent.socket, act, |opened| opened == Opened::SeccompAgent);
                    self.slot(agent.state, act, |opened| opened == Opened::AgentState);
                }
                let kept = (let_go.listener, let_go.agent, let_go.preserve);
                assert!(self.let_go.replace(kept).is_none(), "{act:?}: for the second time");
            }
            start::Steps::AwaitStart(wait) => {
                let (listener, ..) = self.let_go.expect("what is open of the host is closed");
                assert_eq!(listener, Some(wait.listener), "{act:?}");
                assert!(self.is_created, "{act:?}: it is not created yet");
                self.is_waiting = true;
            }
            start::Steps::CloseOnExecute(close) => {
                let (.., preserve) = self.let_go.expect("what is open of the host is closed");
                assert_eq!(close.preserve, preserve, "{act:?}");
            }
            start::Steps::CatchSignals(_) | start::Steps::Outlive(_) => assert!(self.let_go.is_some(), "{act:?}"),
        }
    }

    /// Init waits, and what it has made goes to the runtime.
    fn turn(&mut self, number: u32) {
        assert_eq!(number, self.turns, "turns are counted in their order");
        self.turns += 1;
        // Of a terminal and of a child nobody else takes care.
        assert!(
            !matches!(self.offered, Some(Offer::Terminal | Offer::Child)),
            "nobody took it"
        );
        self.offered = self.offer.take();
    }

    /// A message carries one descriptor.
    fn make(&mut self, offer: Offer, act: &Act<'_>) {
        assert_eq!(self.offer.replace(offer), None, "{act:?}: two things for one turn");
    }

    fn slot(&mut self, slot: Slot, act: &Act<'_>, is_right: impl Fn(Opened) -> bool) {
        let (opened, is_used) = self
            .slots
            .get_mut(slot.0 as usize)
            .unwrap_or_else(|| panic!("{act:?}: nobody opened it"));
        assert!(is_right(*opened), "{act:?}: it is {opened:?}");
        *is_used = true;
    }

    /// A user namespace.
    fn maps(&mut self, slot: Slot, act: &Act<'_>) {
        self.slot(slot, act, |opened| {
            matches!(opened, Opened::Maps | Opened::Namespace(namespace::NEWUSER))
        });
    }

    /// What was opened early is what the step names.
    fn source(&self, number: u32, path: &CStr, act: &Act<'_>) {
        let sources = self
            .sources
            .as_ref()
            .unwrap_or_else(|| panic!("{act:?}: nothing is open"));
        let opened = sources.get(number as usize).map(|path| &**path);
        assert_eq!(opened, Some(path), "{act:?}");
    }

    fn end(self) {
        assert!(self.is_init_started);
        assert_eq!(self.turns, fuzzing::turns(self.plan));
        assert!(self.turns > 0, "the runtime is never told that init is ready");
        assert_eq!(self.offer, None, "nobody is told of what init has made");
        assert!(
            !matches!(self.offered, Some(Offer::Terminal | Offer::Child)),
            "nobody took it"
        );
        assert!(self.deferred.is_empty(), "never joined: {:?}", self.deferred);
        assert!(self.opened_labels.is_empty(), "no label: {:?}", self.opened_labels);
        let unused = self.slots.iter().position(|(_, is_used)| !is_used);
        assert_eq!(unused, None, "nobody has a use for the slot: {:?}", self.slots);
        let (_, agent, _) = self.let_go.expect("what is open of the host is closed");
        assert_eq!(self.told_agent, agent.map(|agent| agent.state));
        let (first, bytes, count) = fuzzing::start(self.plan);
        if self.is_exec {
            assert!(self.has_executed);
            return;
        }
        assert!(self.is_created && self.is_let_start && self.is_removed);
        assert_eq!((first + count, count), (self.steps, self.steps_of_start));
        assert!(fuzzing::steps(self.plan).ends_with(bytes));
    }
}
