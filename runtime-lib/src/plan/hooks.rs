//! `hooks` that init runs, or waits for.

use super::compile::Compiler;
use super::steps::{Origin, StringList, c_string};
use crate::bundle::Hook;
use orlop_init::wire::Step;

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
        self.hooks("hooks.createContainer", &hooks.create_container);
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
