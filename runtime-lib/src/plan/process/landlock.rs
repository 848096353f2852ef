//! `org.orlop.landlock`: the rules as steps, as far as this kernel knows them.

use super::Rooms;
use crate::bundle::{Landlock, Right, below_root, landlock_place};
use crate::plan::acts::Origin;
use orlop_init::step::landlock::{AllowPath, AllowPort, Ruleset};

impl Rooms<'_> {
    /// Makes the rules; `false` if there are none to be bound by.
    pub(crate) fn landlock(&mut self) -> bool {
        let Some(landlock) = self.around.landlock else {
            return false;
        };
        let version = self.around.modules.landlock_version;
        if version == 0 {
            self.not_here(landlock, "Landlock is disabled or not supported by this kernel");
            return false;
        }
        let files = landlock.filesystem.as_ref();
        let network = landlock.network.as_ref();
        let filesystem = self.known(landlock, files.map_or(&[], |rules| &rules.handled), version);
        let ports = self.known(landlock, network.map_or(&[], |rules| &rules.handled), version);
        let scoped = self.known(landlock, &landlock.scoped, version);
        if (filesystem, ports, scoped) == (0, 0, 0) {
            return false;
        }
        let origin = || Origin::Named(landlock_place());
        let ruleset = Ruleset {
            filesystem,
            network: ports,
            scoped,
        };
        self.acts.step(&ruleset, origin());
        for rule in files.iter().flat_map(|rules| &rules.allowed) {
            let access = bits(&rule.access) & filesystem;
            for path in rule.paths.iter().filter(|_| access != 0) {
                let path = &below_root(path);
                self.acts.step(&AllowPath { path, access }, origin());
            }
        }
        for rule in network.iter().flat_map(|rules| &rules.allowed) {
            let access = bits(&rule.access) & ports;
            for port in rule.ports.iter().filter(|_| access != 0) {
                let port = u64::from(*port);
                self.acts.step(&AllowPort { port, access }, origin());
            }
        }
        true
    }

    /// The bits of those that this kernel knows. What it does not know it cannot deny, which is told.
    fn known<R: Right>(&mut self, landlock: &Landlock, rights: &[R], version: u32) -> u64 {
        let mut known = 0;
        for right in rights {
            let (since, linux) = right.since();
            if since <= version {
                known |= right.bit();
                continue;
            }
            let text = format!(
                "{right} needs Linux {linux} or newer (version {since} of Landlock; this kernel has {version})"
            );
            self.not_here(landlock, &text);
        }
        known
    }

    /// Tells of what this kernel has not: the rules say whether they are meant to hold without it.
    fn not_here(&mut self, landlock: &Landlock, text: &str) {
        if landlock.best_effort {
            self.problems.warning(landlock_place(), format!("{text}; ignored"));
        } else {
            self.problems.error(landlock_place(), text);
        }
    }
}

fn bits<R: Right>(rights: &[R]) -> u64 {
    rights.iter().fold(0, |bits, right| bits | right.bit())
}
