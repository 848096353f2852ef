//! The container's cgroup: who makes it and where, what is written to it, and to whom it is given.

mod hand_over;
mod manager;
mod placement;

pub(crate) use hand_over::HandOver;
pub(crate) use manager::{Comes, Manager};
pub(crate) use placement::{Need, Place, Placement};

use super::acts::{Origin, Place as At};
use super::compile::Compiler;
use super::deeds::{HandOverCgroup, MakeCgroup};
use super::resources;
use crate::bundle::Resources;

impl Compiler<'_> {
    /// Finds the cgroup's place and what is written to it, and has it made.
    pub(super) fn cgroup(&mut self) {
        let asked = self.config.linux.cgroups_path.as_deref();
        match Placement::of(&self.host.hierarchies, asked, self.arguments.id.as_str()) {
            Ok(placement) => self.cgroup = placement.into(),
            Err(problem) => self.problems.push(problem),
        }
        let none = Resources::default();
        let resources = self.config.linux.resources.as_ref().unwrap_or(&none);
        let (at, may_give) = ("linux.resources".into(), self.host.may_give_programs());
        let (knobs, problems) = resources::knobs(resources, &at, &self.host.hierarchies, may_give);
        self.knobs = knobs;
        self.problems.append(problems);
        match self.cgroup.manager.comes() {
            Comes::BeforeTheClone => self.make_cgroup(At::Before),
        }
    }

    fn make_cgroup(&mut self, at: At) {
        let make = |need| MakeCgroup {
            placement: self.cgroup.clone(),
            need,
            has_strays: !self.about.own_pid_namespace,
        };
        if self.config.linux.cgroups_path.is_some() {
            let make = make(Need::Asked);
            self.deed(at, make, Origin::Member("linux.cgroupsPath"));
        } else {
            let make = make(Need::NotAsked);
            self.acts.deed_if_allowed(at, make, Origin::Default);
        }
        if let Some(to) = self.cgroup.v2.as_ref().and_then(|_| HandOver::of(self.bundle)) {
            self.acts
                .deed_if_allowed(at, HandOverCgroup { to }, Origin::Member("mounts"));
        }
    }
}
