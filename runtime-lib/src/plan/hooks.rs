//! `hooks` that init runs, or waits for.

use super::compile::Compiler;
use super::steps::{Input, Origin, StringList, c_string};
use crate::bundle::{Hook, HookOutput, annotation_place};
use orlop_init::wire::Step;
use std::path::PathBuf;

impl Compiler<'_> {
    pub(crate) fn hooks_before_pivot(&mut self) {
        let hooks = &self.config.hooks;
        // Also the turn at which the parent hands over the state that init's own hooks read.
        let kinds = [
            &hooks.prestart,
            &hooks.create_runtime,
            &hooks.create_container,
            &hooks.start_container,
        ];
        if kinds.iter().any(|hooks| !hooks.is_empty()) {
            let member = if hooks.prestart.is_empty() {
                "hooks.createRuntime"
            } else {
                "hooks.prestart"
            };
            let origin = if hooks.prestart.is_empty() && hooks.create_runtime.is_empty() {
                Origin::Default
            } else {
                Origin::Member(member)
            };
            self.steps.push(Step::RuntimeHooks, origin);
        }
        self.hook_output();
        self.hooks("hooks.createContainer", &hooks.create_container);
        if hooks.start_container.is_empty() {
            self.end_hook_output();
        }
    }

    /// Where the hooks that init runs write to. The files are the host's, so it is the parent that opens them.
    fn hook_output(&mut self) {
        let hooks = &self.config.hooks;
        let inside = hooks.create_container.len() + hooks.start_container.len();
        let output = &self.bundle.annotated().hooks;
        if inside == 0 || *output == HookOutput::default() {
            return;
        }
        let mut file = |path: &Option<PathBuf>, name| {
            let path = path.clone()?;
            let origin = annotation_place(name);
            Some(self.inputs.add(Input::HookOutput { path, origin }))
        };
        let stdout = file(&output.stdout, HookOutput::STDOUT);
        let stderr = file(&output.stderr, HookOutput::STDERR);
        let name = if stdout.is_some() {
            HookOutput::STDOUT
        } else {
            HookOutput::STDERR
        };
        let origin = Origin::Named(annotation_place(name));
        self.steps.push(Step::HookOutput { stdout, stderr }, origin);
    }

    /// Nothing of the host's stays open while the container waits that nobody will use.
    fn end_hook_output(&mut self) {
        let is_set = self
            .steps
            .iter()
            .any(|(step, _)| matches!(step, Step::HookOutput { .. }));
        if is_set {
            let step = Step::HookOutput {
                stdout: None,
                stderr: None,
            };
            self.steps.push(step, Origin::Default);
        }
    }

    pub(crate) fn hooks(&mut self, list: &'static str, hooks: &[Hook]) {
        for (index, hook) in hooks.iter().enumerate() {
            let args: StringList = if hook.args.is_empty() {
                [&hook.path].into_iter().collect()
            } else {
                hook.args.iter().collect()
            };
            let env: StringList = hook.env.iter().collect();
            let timeout = hook
                .timeout
                .map_or(0, |seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
            let step = Step::Hook {
                path: &c_string(&hook.path),
                args: args.as_strings(),
                env: env.as_strings(),
                timeout,
            };
            self.steps.push(step, Origin::Element(list, index));
        }
    }
}
