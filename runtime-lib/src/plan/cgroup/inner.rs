//! Cgroups below the container's own, in which its processes are: the container keeps its limits and its device rules
//! above them.
//!
//! * `run.oci.systemd.subgroup`: systemd sees to the unit's cgroup, and has given away what is below.
//! * `run.oci.delegate-cgroup`: no process is in the cgroup above, so that its controllers can be passed on. The
//!   container's cgroup namespace is rooted there, and the process may make other cgroups beside its own.

use super::Placement;
use super::placement::Place;
use crate::bundle::{DELEGATE_CGROUP, SYSTEMD_SUBGROUP, annotation_place};
use crate::plan::CgroupManager;
use crate::plan::acts::{Origin, Place as At};
use crate::plan::compile::Compiler;
use crate::plan::deeds::{EnterCgroup, Inner, MakeInnerCgroups};
use crate::problem::Problem;
use std::path::{Path, PathBuf};

impl Compiler<'_> {
    /// Adds the cgroups below the container's to a placement.
    pub(super) fn place_inner(&mut self, placement: &mut Placement) {
        let annotated = self.bundle.annotated();
        self.owes_payload = annotated.delegate_cgroup.is_some();
        let subgroup = self.subgroup();
        let mut reached = match &placement.v2 {
            Some(place) if placement.v1.is_empty() => place.clone(),
            _ => {
                if annotated.delegate_cgroup.is_some() {
                    let text = match placement.is_empty() {
                        true => "no cgroup hierarchy is mounted on this host",
                        false => {
                            "delegate-cgroup not supported on cgroup v1: below its hierarchies, which this host has, \
                             nothing can be given away safely"
                        }
                    };
                    self.problems.error(annotation_place(DELEGATE_CGROUP), text);
                }
                return;
            }
        };
        for below in [subgroup, annotated.delegate_cgroup.as_deref()].into_iter().flatten() {
            for name in below {
                reached.below.push(name);
                placement.inner.push(reached.clone());
            }
        }
    }

    /// The cgroup below that of the unit.
    fn subgroup(&self) -> Option<&Path> {
        let is_in_unit = self.arguments.cgroup_manager == CgroupManager::Systemd;
        self.bundle
            .annotated()
            .systemd_subgroup
            .as_deref()
            .filter(|_| is_in_unit)
    }

    /// How many of the cgroups below the container's are outside of its cgroup namespace, or that one's root.
    fn levels_of_subgroup(&self) -> usize {
        self.subgroup().map_or(0, |below| below.components().count())
    }

    /// Makes the cgroups below the container's.
    pub(super) fn make_inner_cgroups(&mut self, at: At) {
        let levels = self.levels_of_subgroup();
        let asked_by = |level| {
            annotation_place(if level < levels {
                SYSTEMD_SUBGROUP
            } else {
                DELEGATE_CGROUP
            })
        };
        let inner = self.cgroup.inner.iter().enumerate().map(|(level, place)| Inner {
            place: place.clone(),
            asked_by: asked_by(level),
        });
        let inner: Vec<Inner> = inner.collect();
        if let Some(last) = inner.last() {
            let origin = Origin::Named(last.asked_by.clone());
            self.deed(at, MakeInnerCgroups { inner }, origin);
        }
    }

    /// The cgroups that are given away with the container's: all, or those that its namespace shows.
    pub(super) fn handed_over(&self) -> Vec<PathBuf> {
        let all = self.cgroup.v2.iter().chain(&self.cgroup.inner);
        all.skip(self.levels_of_subgroup()).map(Place::path).collect()
    }

    /// Puts init where its cgroup namespace is to be rooted.
    pub(super) fn enter_subgroup(&mut self, at: At) {
        let last = self.levels_of_subgroup().checked_sub(1);
        if let Some(place) = last.and_then(|last| self.cgroup.inner.get(last)) {
            self.enter(place.clone(), SYSTEMD_SUBGROUP, at);
        }
    }

    /// Puts init where it stays.
    pub(in crate::plan) fn enter_payload(&mut self, at: At) {
        let owed = std::mem::take(&mut self.owes_payload);
        if let Some(place) = self.cgroup.inner.last().filter(|_| owed) {
            self.enter(place.clone(), DELEGATE_CGROUP, at);
        }
    }

    fn enter(&mut self, place: Place, annotation: &str, at: At) {
        let origin = Origin::Named(annotation_place(annotation));
        self.deed(at, EnterCgroup { place }, origin);
    }

    pub(super) fn tell_of_unused_names(&mut self) {
        let annotated = self.bundle.annotated();
        let manager = self.arguments.cgroup_manager;
        if annotated.systemd_subgroup.is_some() && manager != CgroupManager::Systemd {
            let text = "the cgroup is made without systemd, so there is no unit that one could be below";
            let problem = Problem::warning(annotation_place(SYSTEMD_SUBGROUP), text);
            self.problems.push(problem.into_notice());
        }
        if annotated.delegate_cgroup.is_some() && manager == CgroupManager::Disabled {
            let text = "not used: no cgroup is made, as the caller wants it";
            self.problems.warning(annotation_place(DELEGATE_CGROUP), text);
        }
    }
}
