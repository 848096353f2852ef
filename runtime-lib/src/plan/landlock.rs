//! `org.orlop.landlock`: the rules as steps, as far as this kernel knows them.

use super::compile::Compiler;
use super::steps::{Origin, below_root, shown};
use crate::bundle::{Landlock, LandlockAccess, LandlockPort, Right, landlock_place};
use orlop_init::wire::Step;
use std::fmt::Write as _;

impl Compiler<'_> {
    /// Makes the rules; `false` if there are none to be bound by.
    pub(crate) fn begin_landlock(&mut self) -> bool {
        let bundle = self.bundle;
        let Some(landlock) = bundle.landlock() else {
            return false;
        };
        let version = self.host.rare.landlock_version();
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
        let ruleset = Step::LandlockRuleset {
            filesystem,
            network: ports,
            scoped,
        };
        self.steps.push(ruleset, Origin::Named(landlock_place()));
        for rule in files.iter().flat_map(|rules| &rules.allowed) {
            let access = bits(&rule.access) & filesystem;
            for path in rule.paths.iter().filter(|_| access != 0) {
                let step = Step::LandlockPath {
                    path: &below_root(path),
                    access,
                };
                self.steps.push(step, Origin::Named(landlock_place()));
            }
        }
        for rule in network.iter().flat_map(|rules| &rules.allowed) {
            let access = bits(&rule.access) & ports;
            for port in rule.ports.iter().filter(|_| access != 0) {
                let port = u64::from(*port);
                self.steps
                    .push(Step::LandlockPort { port, access }, Origin::Named(landlock_place()));
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

/// How a step of this file reads; empty for those of others.
pub(super) fn phrase(step: &Step<'_>) -> String {
    match *step {
        Step::LandlockRuleset {
            filesystem,
            network,
            scoped,
        } => {
            let mut text = "make Landlock rules:".to_owned();
            if filesystem != 0 {
                let _ = write!(text, " deny {} of files;", access(filesystem));
            }
            if network != 0 {
                let _ = write!(text, " deny {} of ports;", port_access(network));
            }
            if scoped != 0 {
                let names = named(crate::bundle::LandlockScope::ALL, scoped);
                let _ = write!(text, " keep {names} inside;");
            }
            text.trim_end_matches(';').to_owned()
        }
        Step::LandlockPath { path, access: rights } => {
            format!("allow {} at and below /{} (Landlock)", access(rights), shown(path))
        }
        Step::LandlockPort { port, access: rights } => {
            format!("allow {} with port {port} (Landlock)", port_access(rights))
        }
        Step::LandlockRestrict => "take the Landlock rules on".to_owned(),
        _ => String::new(),
    }
}

fn access(bits: u64) -> String {
    named(LandlockAccess::ALL, bits)
}

fn port_access(bits: u64) -> String {
    named(LandlockPort::ALL, bits)
}

fn named<R: Right>(all: &[R], bits: u64) -> String {
    let named = all.iter().filter(|right| bits & right.bit() != 0);
    named.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
