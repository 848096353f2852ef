//! From a container that is set up to its process, and to its end.

use super::acts::{Origin, Phase, Place};
use super::compile::Compiler;
use super::deeds::{
    AttachDeviceProgram, GiveState, HandOverTerminal, Later, RecordState, RunHook, SendPidfd, TellAgent, WriteKnobs,
};
use super::for_exec::FilterAgent;
use super::inherited::Inherited;
use crate::bundle::{SeccompAction, annotation_place};
use crate::state::Status;
use orlop_init::step::program::Agent;
use orlop_init::step::start::{AwaitStart, CatchSignals, LetGoOfHost, Outlive};
use std::path::PathBuf;

impl Compiler<'_> {
    /// Pushes what stands between a container that is set up and its start.
    pub(super) fn wait_for_start(&mut self, agent: Option<Agent>) {
        let listener = self.inherit(Inherited::StartSocket, Origin::Default);
        let preserve = self.arguments.passed();
        let let_go = LetGoOfHost {
            listener: Some(listener),
            agent,
            preserve,
        };
        self.step(&let_go, Origin::Default);
        self.step(&CatchSignals {}, Origin::Default);
        self.step(&Outlive {}, Origin::Default);
        let ready = self.acts.turn(Origin::Default);
        self.when_ready(ready, agent);
        self.step(&AwaitStart { listener }, Origin::Default);
        self.acts.begin(Phase::Start);
        self.deed(Place::Alone, Later::LetStart, Origin::Default);
    }

    /// What the runtime does at the last turn of a creation.
    fn when_ready(&mut self, ready: Place, agent: Option<Agent>) {
        self.settle(ready);
        self.give_stdio(ready);
        self.set_attributes(ready);
        if self.goes_on_in_child {
            self.join_resctrl(ready);
        }
        if !self.config.hooks.start_container.is_empty() {
            let status = Status::Created;
            self.deed(ready, GiveState { status }, Origin::Member("hooks.startContainer"));
        }
        let state = RecordState {
            is_created: true,
            has_poststop: self.about.has_poststop,
        };
        self.deed(ready, state, Origin::Default);
        if let Some(agent) = agent {
            let tell = TellAgent {
                state: agent.state,
                metadata: self.filter_agent().and_then(|agent| agent.metadata),
            };
            self.deed(ready, tell, Origin::Member("linux.seccomp.listenerPath"));
        }
        if let Some(path) = self.bundle.annotated().pidfd_receiver.as_deref() {
            let path = PathBuf::from(path);
            let origin = Origin::Named(annotation_place("run.oci.pidfd_receiver"));
            self.deed(ready, SendPidfd { path }, origin);
        }
    }

    /// What is due after the last mount and before the first hook of the host, which may extend it; without hooks when
    /// all is ready.
    pub(super) fn settle(&mut self, turn: Place) {
        if std::mem::take(&mut self.owes_terminal) {
            self.deed(turn, HandOverTerminal, Origin::Member("process.terminal"));
        }
        self.enter_payload(turn);
        // Not before: mounting a filesystem from a device opens it, which the container itself may not be allowed to.
        if let Some(place) = self.cgroup.v2.as_ref().filter(|_| self.owes_program) {
            let cgroup = place.path();
            self.owes_program = false;
            self.deed(turn, AttachDeviceProgram { cgroup }, Origin::Default);
        }
        let knobs = std::mem::take(&mut self.knobs);
        if !knobs.is_empty() {
            self.deed(turn, WriteKnobs { knobs }, Origin::Default);
        }
    }

    /// A connection with the filter's agent, if there is one, and a file for what it is told.
    pub(super) fn seccomp_agent(&mut self) -> Option<Agent> {
        let FilterAgent { path, .. } = self.filter_agent()?;
        let origin = || Origin::Member("linux.seccomp.listenerPath");
        Some(Agent {
            socket: self.inherit(Inherited::SeccompAgent { path }, origin()),
            state: self.inherit(Inherited::AgentState, origin()),
        })
    }

    /// The agent of the filter, if a rule of the profile has something for it.
    pub(super) fn filter_agent(&self) -> Option<FilterAgent> {
        let profile = self.config.linux.seccomp.as_ref()?;
        let notifies = profile.syscalls.iter().any(|rule| rule.action == SeccompAction::Notify);
        let path = profile.listener_path.as_ref().filter(|_| notifies)?;
        Some(FilterAgent {
            path: PathBuf::from(path.as_str()),
            metadata: profile.listener_metadata.as_ref().map(ToString::to_string),
        })
    }

    pub(super) fn after_the_start(&mut self) {
        self.acts.begin(Phase::Start);
        let config = self.config;
        self.run_on_host(
            "poststart",
            "hooks.poststart",
            &config.hooks.poststart,
            Place::Alone,
            Status::Running,
        );
    }

    /// What `delete` does: what the deeds have left is undone, the last first, and the poststop hooks find the
    /// container gone.
    pub(super) fn deletion(&mut self) {
        self.acts.begin(Phase::Delete);
        self.deed(Place::Alone, Later::EndInit, Origin::Default);
        let leftovers: Vec<_> = self.acts.leftovers().collect();
        for leftover in leftovers.into_iter().rev() {
            self.deed(Place::Alone, Later::Undo(leftover), Origin::Default);
        }
        self.deed(Place::Alone, Later::RemoveState, Origin::Default);
        let config = self.config;
        self.run_on_host(
            "poststop",
            "hooks.poststop",
            &config.hooks.poststop,
            Place::Alone,
            Status::Stopped,
        );
    }

    /// Pushes hooks that run on the host.
    pub(super) fn run_on_host(
        &mut self,
        kind: &'static str,
        list: &'static str,
        hooks: &[crate::bundle::Hook],
        place: Place,
        status: Status,
    ) {
        for (index, hook) in hooks.iter().enumerate() {
            let hook = RunHook {
                kind,
                index,
                hook: hook.clone(),
                status,
                output: self.bundle.annotated().hooks.clone(),
            };
            self.deed(place, hook, Origin::Element(list, index));
        }
    }
}
