//! The process's user, groups and capabilities.

use super::Rooms;
use crate::bundle::{Capabilities, CapabilityName};
use crate::plan::acts::Origin;
use crate::problem::JsonPath;
use orlop_init::step::process::{Credentials, capabilities};
use orlop_init::step::program::CapabilitySets;

const CAP_SYS_ADMIN: u64 = 1 << 21;

/// The names of a set of capabilities.
pub(crate) fn names(set: u64) -> String {
    capabilities(set).to_string()
}

impl Rooms<'_> {
    /// Pushes who the process is. Gives the capabilities that it has without what is borrowed, if something is.
    pub(crate) fn credentials(&mut self, landlock: bool) -> Option<CapabilitySets> {
        let process = self.process;
        let (groups, keep_groups) = self.groups();
        let none = Capabilities::default();
        let sets = process.capabilities.as_ref().unwrap_or(&none);
        let bounding = self.capability_set("bounding", &sets.bounding);
        let permitted = self.capability_set("permitted", &sets.permitted);
        let effective = self.capability_set("effective", &sets.effective);
        let inheritable = self.capability_set("inheritable", &sets.inheritable);
        let ambient = self.capability_set("ambient", &sets.ambient);
        let effective = self.within("effective", effective, permitted, "permitted");
        let inheritable = self.within("inheritable", inheritable, bounding, "in the bounding set");
        let raisable = permitted & inheritable;
        let ambient = self.within("ambient", ambient, raisable, "both permitted and inheritable");
        // A filter is loaded, and a ruleset taken on, with no_new_privs or as CAP_SYS_ADMIN (`man 2 seccomp`,
        // `man 7 landlock`). The execve that follows takes the capability away again: it is not in the ambient set,
        // and for root the bounding set is the limit.
        let needs_admin = (self.around.instructions > 0 || landlock) && !process.no_new_privileges;
        let borrowed = if needs_admin {
            CAP_SYS_ADMIN & self.available_capabilities()
        } else {
            0
        };
        let step = Credentials {
            uid: process.user.uid,
            gid: process.user.gid,
            groups: &groups,
            keep_groups,
            bounding,
            permitted: permitted | borrowed,
            effective: effective | borrowed,
            inheritable,
            ambient,
        };
        self.acts.step(&step, Origin::Member("process.user"));
        let own = CapabilitySets {
            effective,
            permitted,
            inheritable,
        };
        (borrowed & !(permitted & effective) != 0).then_some(own)
    }

    /// The supplementary groups; those that the process has anyway if an annotation says so.
    fn groups(&mut self) -> (Vec<u8>, bool) {
        let gids = &self.process.user.additional_gids;
        let keep = self.around.keep_groups;
        if keep && !gids.is_empty() {
            let text = "the process stays in the caller's groups (annotation run.oci.keep_original_groups), and these are ignored";
            self.problems.warning("process.user.additionalGids", text);
        } else if self.around.denies_groups && !gids.is_empty() {
            let text = "ignored: in a user namespace that maps one group without privileges the kernel lets nobody change \
                        groups (setgroups is denied); to have more, map more by newgidmap";
            self.problems.warning("process.user.additionalGids", text);
            return (Vec::new(), keep);
        }
        (gids.iter().flat_map(|gid| gid.to_ne_bytes()).collect(), keep)
    }

    /// What of a set the kernel takes, where it has to be within another one.
    fn within(&mut self, name: &str, set: u64, limit: u64, of: &str) -> u64 {
        if set & !limit != 0 {
            let path = JsonPath::from("process.capabilities").member(name);
            let beyond = names(set & !limit);
            let beyond = if name == "ambient" {
                format!("can't raise ambient capability {beyond}:")
            } else {
                beyond
            };
            let text = format!("{beyond} not {of}, which the kernel requires; ignored");
            self.problems.warning(path, text);
        }
        set & limit
    }

    /// What there is to give: in a user namespace everything.
    fn available_capabilities(&self) -> u64 {
        if self.around.in_user_namespace {
            u64::MAX
        } else {
            self.around.permitted_capabilities
        }
    }

    /// The bits of a list of names. What is unknown has been warned of by the bundle; what the caller does not have
    /// itself it cannot give.
    fn capability_set(&mut self, name: &str, list: &[CapabilityName]) -> u64 {
        let asked = list
            .iter()
            .filter_map(CapabilityName::known)
            .fold(0, |set, capability| set | 1 << capability.number());
        let beyond = asked & !self.available_capabilities();
        if beyond != 0 {
            let path = JsonPath::from("process.capabilities").member(name);
            let text = format!("the runtime itself does not have {}, and cannot give it", names(beyond));
            self.problems.warning(path, text);
        }
        asked & !beyond
    }
}
