//! The rules about devices, by where the host has a devices controller: files on v1, a program on v2, which has none.

use crate::bundle::DeviceRule;
use crate::plan::compile::Compiler;
use crate::plan::resources::{DeviceProgram, Rules, RulesLeftOut};
use crate::problem::JsonPath;
use std::sync::Arc;

/// What is done about the rules.
#[derive(Clone, Debug)]
pub(crate) struct PlannedRules {
    /// The rules as the config has them, which are recorded.
    pub(crate) asked: Arc<[DeviceRule]>,
    /// What holds where the container gets no cgroup to apply them to.
    pub(crate) left_out: RulesLeftOut,
}

impl Compiler<'_> {
    pub(super) fn device_rules(&mut self, asked: &[DeviceRule]) {
        let at = JsonPath::from("linux.resources.devices");
        let rules = match Rules::of(asked, &at) {
            Ok((rules, told)) => {
                self.problems.append(told);
                rules
            }
            Err(problem) => return self.problems.push(problem),
        };
        let left_out = RulesLeftOut::of(&rules, asked);
        self.planned_rules = Some(PlannedRules {
            asked: asked.into(),
            left_out,
        });
        if self.cgroup_is_disabled() {
            return;
        }
        let hierarchies = &self.host.hierarchies;
        let may_set = self.host.may_give_programs();
        if hierarchies.is_on_v1("devices") {
            match rules.writes() {
                Ok(knobs) => self.knobs = knobs,
                Err(problem) => self.problems.push(problem),
            }
        } else if hierarchies.v2.is_some() && may_set {
            match rules.program() {
                Ok(program) => self.give_program(program),
                Err(problem) => self.problems.push(problem),
            }
        } else {
            let why = "this host has neither the devices controller of cgroup v1 nor cgroup v2";
            match left_out.told(may_set, why) {
                Ok(told) => told.into_iter().for_each(|problem| self.problems.push(problem)),
                Err(problem) => self.problems.push(problem),
            }
        }
    }

    fn give_program(&mut self, program: DeviceProgram) {
        let foresight = self.host.foresight.as_ref();
        if let Some(why) = foresight.and_then(|foresight| foresight.refuses_programs.as_deref()) {
            let text = format!("this kernel takes no program for the rules: {why}");
            self.problems.error("linux.resources.devices", text);
        }
        self.device_program = Some(program.into());
        self.owes_program = true;
    }
}
