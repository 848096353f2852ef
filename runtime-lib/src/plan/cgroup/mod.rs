//! The container's cgroup: who makes it and where, what is written to it, and to whom it is given.

mod device_rules;
mod hand_over;
mod inner;
mod manager;
mod placement;
mod unit;
mod unit_name;

pub(crate) use device_rules::PlannedRules;
pub(crate) use hand_over::HandOver;
pub(crate) use manager::{Comes, Manager, Scope};
pub(crate) use placement::{Need, Place, Placement};

use super::CgroupManager;
use super::acts::{Origin, Place as At};
use super::compile::Compiler;
use super::deeds::{HandOverCgroup, MakeCgroup};
use super::resources;
use crate::bundle::Resources;
use crate::problem::Problem;

impl Compiler<'_> {
    /// Finds the cgroup's place and what is written to it, and has it made.
    pub(super) fn cgroup(&mut self) {
        let none = Resources::default();
        let resources = self.config.linux.resources.as_ref().unwrap_or(&none);
        self.device_rules(&resources.devices);
        let (knobs, problems) = resources::knobs(resources, &"linux.resources".into(), &self.host.hierarchies);
        self.knobs.extend(knobs);
        self.problems.append(problems);
        let placed = match self.arguments.cgroup_manager {
            CgroupManager::Direct => self.place_directly(),
            CgroupManager::Systemd => self.place_in_unit(),
            CgroupManager::Disabled => Ok(self.place_nowhere()),
        };
        match placed {
            Ok(mut placement) => {
                if !self.cgroup_is_disabled() {
                    self.place_inner(&mut placement);
                }
                self.cgroup = placement.into();
            }
            Err(problem) => self.problems.push(problem),
        }
        self.tell_of_unused_annotations();
        self.tell_of_unused_names();
        if self.cgroup.manager.comes() == Comes::BeforeTheClone && !self.cgroup_is_disabled() {
            self.make_cgroup(At::Before);
        }
    }

    fn place_directly(&self) -> Result<Placement, Problem> {
        let asked = self.config.linux.cgroups_path.as_deref();
        Placement::of(&self.host.hierarchies, asked, self.arguments.id.as_str())
    }

    /// What is asked for and cannot be had is told.
    fn place_nowhere(&mut self) -> Placement {
        const WHY: &str = "no cgroup is made, as the caller wants it";
        if let Some(limit) = self.knobs.iter().find(|knob| !knob.is_device_rule()) {
            self.problems.error(limit.place(), format!("cannot be limited: {WHY}"));
        }
        let rules = self.planned_rules.take();
        if rules.is_some_and(|rules| rules.left_out.are_missed()) {
            self.problems
                .warning("linux.resources.devices", format!("not applied: {WHY}"));
        }
        if self.config.linux.cgroups_path.is_some() {
            self.problems.warning("linux.cgroupsPath", format!("not used: {WHY}"));
        }
        self.knobs.clear();
        self.device_program = None;
        self.owes_program = false;
        Placement::default()
    }

    fn cgroup_is_disabled(&self) -> bool {
        self.arguments.cgroup_manager == CgroupManager::Disabled
    }

    /// Whether init is in its cgroup only some time after its birth, and so makes its cgroup namespace itself: that is
    /// rooted where its maker is.
    pub(super) fn enters_cgroup_later(&self) -> bool {
        !self.cgroup.v1.is_empty() || self.cgroup.manager.comes() == Comes::AtATurn
    }

    /// Who asks for the cgroup.
    fn cgroup_origin(&self) -> Origin {
        match self.config.linux.cgroups_path {
            Some(_) => Origin::Member("linux.cgroupsPath"),
            None => Origin::Default,
        }
    }

    fn make_cgroup(&mut self, at: At) {
        let make = |need| MakeCgroup {
            placement: self.cgroup.clone(),
            need,
            has_strays: !self.about.own_pid_namespace,
            has_program: self.device_program.is_some(),
        };
        if self.config.linux.cgroups_path.is_some() {
            let make = make(Need::Asked);
            self.deed(at, make, self.cgroup_origin());
        } else if self.arguments.insists_on_cgroup {
            let make = make(Need::Insisted);
            self.deed(at, make, Origin::Default);
        } else {
            let make = make(Need::NotAsked);
            self.acts.deed_if_allowed(at, make, Origin::Default);
        }
        self.make_inner_cgroups(at);
        self.hand_cgroup_over(at);
    }

    fn hand_cgroup_over(&mut self, at: At) {
        if let Some(to) = self.cgroup.v2.as_ref().and_then(|_| HandOver::of(self.bundle)) {
            let places = self.handed_over();
            self.acts
                .deed_if_allowed(at, HandOverCgroup { to, places }, Origin::Member("mounts"));
        }
    }
}

#[cfg(test)]
mod tests;
