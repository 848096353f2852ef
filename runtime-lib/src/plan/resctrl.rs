//! `linux.intelRdt`.

use super::acts::{Origin, Place};
use super::compile::Compiler;
use super::deeds::{JoinGroup, MakeGroup};
use crate::problem::JsonPath;
use crate::resctrl::{Group, MOUNT};

impl Compiler<'_> {
    /// The container's place in resctrl, if the config asks for one.
    pub(crate) fn resctrl(&mut self) {
        let Some(rdt) = &self.config.linux.intel_rdt else {
            return;
        };
        let path = JsonPath::from("linux.intelRdt");
        if !self.host.has_resctrl {
            self.problems
                .error(path.clone(), format!("Intel RDT: no resctrl is mounted on {MOUNT}"));
        }
        for (name, is_set) in [("enableCMT", rdt.enable_cmt), ("enableMBM", rdt.enable_mbm)] {
            if is_set {
                let text = "ignored: nobody reads these numbers; since runtime-spec 1.3 there is enableMonitoring";
                self.problems.warning(path.member(name), text);
            }
        }
        let make = MakeGroup {
            group: Group::of(rdt, self.arguments.id.as_str()),
            rdt: rdt.clone(),
        };
        self.deed(Place::Before, make, Origin::Member("linux.intelRdt"));
    }

    /// Puts init into the group: at once, if it stays the process that was started.
    pub(crate) fn join_resctrl(&mut self, place: Place) {
        if let Some(rdt) = &self.config.linux.intel_rdt {
            let group = Group::of(rdt, self.arguments.id.as_str());
            self.deed(place, JoinGroup { group }, Origin::Member("linux.intelRdt"));
        }
    }
}
