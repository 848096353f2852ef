//! A plan for a person to read.

use super::phrase::{namespaces, phrase};
use super::{Origin, Plan};
use crate::bundle::{Bundle, Hook};
use crate::cgroup::explain_device_rules;
use crate::problem::JsonPath;
use orlop_init::wire::Step;
use serde::Serialize;

/// One thing that will be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedStep {
    /// When: `create`, `start` or `delete`.
    pub phase: &'static str,
    /// Who does it: `runtime`, on the host, or `init`, inside.
    pub by: &'static str,
    /// What, in words.
    pub text: String,
    /// The place in the config that asks for it; `None` for what is done for every container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<JsonPath>,
}

impl Plan {
    /// What will be done, in the order in which it is done.
    pub fn explain(&self, bundle: &Bundle) -> Vec<ExplainedStep> {
        let mut lines = Explanation {
            lines: Vec::new(),
            phase: "create",
        };
        for place in self.cgroup.places() {
            let path = bundle
                .config()
                .linux
                .cgroups_path
                .as_ref()
                .map(|_| JsonPath::from("linux.cgroupsPath"));
            let if_allowed = if path.is_none() { ", if the caller may" } else { "" };
            lines.runtime(format!("make the cgroup {:?}{if_allowed}", place.path()), path);
        }
        if self.cgroup.v1_with("devices").is_some() {
            for (text, path) in explain_device_rules(bundle.config()) {
                lines.runtime(text, path);
            }
        }
        if let Some(group) = &self.resctrl {
            lines.runtime(group.explained(), Some(JsonPath::from("linux.intelRdt")));
        }
        if self.new_namespaces != 0 {
            let text = format!("start init in new namespaces: {}", namespaces(self.new_namespaces));
            lines.runtime(text, Some(JsonPath::from("linux.namespaces")));
        } else {
            lines.runtime("start init".to_owned(), None);
        }
        let hooks = &bundle.config().hooks;
        let process = bundle.config().process.as_ref();
        for (step, origin) in self.steps.iter() {
            match step {
                Step::RuntimeHooks => {
                    lines.hooks("hooks.prestart", &hooks.prestart);
                    lines.hooks("hooks.createRuntime", &hooks.create_runtime);
                }
                Step::WaitForStart { .. } => {
                    for (step, path) in process.into_iter().flat_map(|process| self.outside.steps(process)) {
                        lines.runtime(phrase(&step), Some(JsonPath::from(path)));
                    }
                    lines.init(&step, origin);
                    lines.phase = "start";
                }
                _ => lines.init(&step, origin),
            }
        }
        lines.hooks("hooks.poststart", &hooks.poststart);
        lines.phase = "delete";
        lines.runtime("remove the cgroup and the state".to_owned(), None);
        lines.hooks("hooks.poststop", &hooks.poststop);
        lines.lines
    }
}

struct Explanation {
    lines: Vec<ExplainedStep>,
    phase: &'static str,
}

impl Explanation {
    fn init(&mut self, step: &Step<'_>, origin: &Origin) {
        self.lines.push(ExplainedStep {
            phase: self.phase,
            by: "init",
            text: phrase(step),
            path: origin.path(),
        });
    }

    fn runtime(&mut self, text: String, path: Option<JsonPath>) {
        self.lines.push(ExplainedStep {
            phase: self.phase,
            by: "runtime",
            text,
            path,
        });
    }

    fn hooks(&mut self, list: &str, hooks: &[Hook]) {
        for (index, hook) in hooks.iter().enumerate() {
            let limit = hook
                .timeout
                .map(|seconds| format!(" for at most {seconds} s"))
                .unwrap_or_default();
            let text = format!("run the hook {:?} on the host{limit}", hook.path.as_str());
            self.runtime(text, Some(JsonPath::from(list).index(index)));
        }
    }
}
