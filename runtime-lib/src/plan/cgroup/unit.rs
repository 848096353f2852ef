//! The cgroup of a systemd unit: what the unit is given.

use super::placement::NOT_PURE;
use super::{Comes, Placement};
use crate::bundle::{UnitProperty, UnitValue, annotation_place};
use crate::plan::CgroupManager;
use crate::plan::acts::Place as At;
use crate::plan::compile::Compiler;
use crate::plan::deeds::StartUnit;
use crate::plan::resources::{Asked, USUAL_PERIOD, properties};
use crate::problem::Problem;

impl Compiler<'_> {
    pub(super) fn place_in_unit(&mut self) -> Result<Placement, Problem> {
        let systemd = self.host.systemd.as_ref().ok_or_else(|| {
            let text = match self.host.hierarchies.is_pure_v2() {
                true => "systemd has not been asked: the plan is for a host that was looked at without it",
                false => NOT_PURE,
            };
            Problem::error("linux.cgroupsPath", text)
        })?;
        let asked = self.config.linux.cgroups_path.as_deref();
        let id = self.arguments.id.as_str();
        let (placement, slice) = Placement::of_unit(&self.host.hierarchies, systemd, asked, id)?;
        let limits = properties(&self.knobs, systemd.version, USUAL_PERIOD);
        self.unit_properties = self.whole(&slice, limits);
        Ok(placement)
    }

    /// What the unit is given: what every container's is, what limits it, and what annotations ask for.
    fn whole(&mut self, slice: &str, limits: Vec<Asked>) -> Vec<Asked> {
        let is_set = |name: &str| limits.iter().any(|asked| asked.property.name == name);
        let annotated = self.bundle.annotated().unit.iter();
        let (overridden, annotated): (Vec<_>, Vec<_>) = annotated.partition(|(_, property)| is_set(&property.name));
        for (annotation, property) in overridden {
            let text = format!("linux.resources sets {} as well, and is what holds", property.name);
            self.problems.warning(annotation_place(annotation), text);
        }
        let mut whole = usual(self.arguments.id.as_str(), slice);
        if is_set("TasksMax") {
            whole.retain(|property| property.name != "TasksMax");
        }
        whole.retain(|usual| annotated.iter().all(|(_, property)| property.name != usual.name));
        let asked = |property, origin| Asked { property, origin };
        let usual = whole.into_iter().map(|property| asked(property, None));
        let annotated = annotated.into_iter();
        let annotated =
            annotated.map(|(annotation, property)| asked(property.clone(), Some(annotation_place(annotation))));
        usual.chain(limits).chain(annotated).collect()
    }

    /// Init waits while systemd puts it into its cgroup.
    pub(in crate::plan) fn enter_unit(&mut self) {
        if self.cgroup.manager.comes() != Comes::AtATurn {
            return;
        }
        let turn = self.acts.turn(self.cgroup_origin());
        self.start_unit(turn);
    }

    fn start_unit(&mut self, turn: At) {
        let start = StartUnit {
            placement: self.cgroup.clone(),
            properties: std::mem::take(&mut self.unit_properties),
            has_strays: !self.about.own_pid_namespace,
        };
        self.deed(turn, start, self.cgroup_origin());
        self.make_inner_cgroups(turn);
        self.hand_cgroup_over(turn);
        self.enter_subgroup(turn);
    }

    pub(super) fn tell_of_unused_annotations(&mut self) {
        if self.arguments.cgroup_manager == CgroupManager::Systemd {
            return;
        }
        for (annotation, _) in &self.bundle.annotated().unit {
            let text = "the cgroup is made without systemd, so there is no unit that has properties";
            self.problems
                .push(Problem::warning(annotation_place(annotation), text).into_notice());
        }
    }
}

/// What every container's unit is given.
fn usual(id: &str, slice: &str) -> Vec<UnitProperty> {
    let yes = |name: &'static str| UnitProperty::new(name, UnitValue::Boolean(true));
    let text = |name: &'static str, text: &str| UnitProperty::new(name, UnitValue::String(text.to_owned()));
    vec![
        text("Description", &format!("orlop container {id}")),
        text("Slice", slice),
        // systemd keeps its hands off what is below, and off files that it has no property for.
        yes("Delegate"),
        // Engines say when their containers end, also when the machine does.
        UnitProperty::new("DefaultDependencies", UnitValue::Boolean(false)),
        yes("MemoryAccounting"),
        yes("CPUAccounting"),
        yes("IOAccounting"),
        yes("TasksAccounting"),
        // systemd has a limit for units that ask for none.
        UnitProperty::new("TasksMax", UnitValue::Uint64(u64::MAX)),
        // One that failed is forgotten as well, so that its name is free (systemd 236).
        text("CollectMode", "inactive-or-failed"),
    ]
}
