//! Hooks at the creation: those of the host at a turn, those of the container as steps of init.

use super::acts::{Origin, StringList, c_string};
use super::compile::Compiler;
use super::deeds::{GiveState, RecordState};
use super::inherited::Inherited;
use crate::bundle::{Hook, HookOutput, annotation_place};
use crate::state::Status;
use orlop_init::step::hooks::{Hook as HookStep, HookOutput as HookOutputStep};
use std::path::PathBuf;

/// What hooks of a kind that init runs have in common.
pub(crate) struct Surroundings {
    /// They are bound like the process, since their programs are the container's.
    pub(crate) bound: bool,
    /// The environment of those that have none of their own.
    pub(crate) environment: StringList,
    /// To that belongs the process's `HOME`, which init has found.
    pub(crate) home: bool,
}

impl Compiler<'_> {
    pub(crate) fn hooks_before_pivot(&mut self) {
        let hooks = &self.config.hooks;
        let member = [
            ("hooks.prestart", &hooks.prestart),
            ("hooks.createRuntime", &hooks.create_runtime),
            ("hooks.createContainer", &hooks.create_container),
        ];
        if let Some((member, _)) = member.iter().find(|(_, hooks)| !hooks.is_empty()) {
            self.hooks_of_the_host(member);
        }
        let has_output = self.hook_output();
        let mut environment = StringList::default();
        for variable in &self.host.environment {
            environment.push_host(variable);
        }
        // The programs are the host's: an image that could set their environment could have them load what it holds
        // (CVE-2025-23266).
        let surroundings = Surroundings {
            bound: false,
            environment,
            home: false,
        };
        self.inner_hooks("hooks.createContainer", &hooks.create_container, &surroundings);
        if has_output && hooks.start_container.is_empty() {
            // Nothing of the host's stays open while the container waits that nobody will use.
            let end = HookOutputStep {
                stdout: None,
                stderr: None,
            };
            self.step(&end, Origin::Default);
        }
    }

    fn hooks_of_the_host(&mut self, member: &'static str) {
        let hooks = &self.config.hooks;
        let turn = self.acts.turn(Origin::Member(member));
        self.settle(turn);
        // A hook may ask for the container's state: which process init is, is known now.
        let state = RecordState {
            is_created: false,
            has_poststop: self.about.has_poststop,
        };
        self.deed(turn, state, Origin::Default);
        // What a prestart hook sees is what it saw before the spec had the later kinds.
        self.run_on_host("prestart", "hooks.prestart", &hooks.prestart, turn, Status::Created);
        let create_runtime = &hooks.create_runtime;
        self.run_on_host(
            "createRuntime",
            "hooks.createRuntime",
            create_runtime,
            turn,
            Status::Creating,
        );
        if !hooks.create_container.is_empty() {
            let status = Status::Creating;
            self.deed(turn, GiveState { status }, Origin::Member("hooks.createContainer"));
        }
    }

    /// Where the hooks that init runs write to. The files are the host's, so it is the runtime that opens them.
    fn hook_output(&mut self) -> bool {
        let hooks = &self.config.hooks;
        let inside = hooks.create_container.len() + hooks.start_container.len();
        let output = &self.bundle.annotated().hooks;
        if inside == 0 || *output == HookOutput::default() {
            return false;
        }
        let mut file = |path: &Option<PathBuf>, name| {
            let path = path.clone()?;
            let origin = annotation_place(name);
            let by = Origin::Named(origin.clone());
            Some(self.inherit(Inherited::HookOutput { path, origin }, by))
        };
        let stdout = file(&output.stdout, HookOutput::STDOUT);
        let stderr = file(&output.stderr, HookOutput::STDERR);
        let name = if stdout.is_some() {
            HookOutput::STDOUT
        } else {
            HookOutput::STDERR
        };
        let origin = Origin::Named(annotation_place(name));
        self.step(&HookOutputStep { stdout, stderr }, origin);
        true
    }

    /// Hooks that init runs.
    pub(crate) fn inner_hooks(&mut self, list: &'static str, hooks: &[Hook], surroundings: &Surroundings) {
        for (index, hook) in hooks.iter().enumerate() {
            let args: StringList = if hook.args.is_empty() {
                [&hook.path].into_iter().collect()
            } else {
                hook.args.iter().collect()
            };
            let own: Option<StringList> = hook.env.as_ref().map(|env| env.iter().collect());
            let timeout = hook
                .timeout
                .map_or(0, |seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
            let step = HookStep {
                path: &c_string(&hook.path),
                args: args.as_strings(),
                env: own.as_ref().unwrap_or(&surroundings.environment).as_strings(),
                home: surroundings.home && own.is_none(),
                timeout,
                bound: surroundings.bound,
            };
            self.step(&step, Origin::Element(list, index));
        }
    }
}
