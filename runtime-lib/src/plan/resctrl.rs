//! `linux.intelRdt`: what the runtime does for it, on the host.

use super::compile::Compiler;
use crate::problem::JsonPath;
use crate::resctrl::{Group, MOUNT};

impl Compiler<'_> {
    /// The container's place in resctrl, if the config asks for one.
    pub(crate) fn resctrl(&mut self) -> Option<Group> {
        let rdt = self.config.linux.intel_rdt.as_ref()?;
        let path = JsonPath::from("linux.intelRdt");
        if !self.host.rare.has_resctrl() {
            self.problems
                .error(path.clone(), format!("Intel RDT: no resctrl is mounted on {MOUNT}"));
        }
        for (name, is_set) in [("enableCMT", rdt.enable_cmt), ("enableMBM", rdt.enable_mbm)] {
            if is_set {
                let text = "ignored: nobody reads these numbers; since runtime-spec 1.3 there is enableMonitoring";
                self.problems.warning(path.member(name), text);
            }
        }
        Some(Group::of(rdt, &self.arguments.id))
    }
}
