//! What a list of rules comes to, for the devices of one type.

use super::rules::Rules;
use super::set::Kind;
use crate::bundle::Access;
use crate::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};

/// So many devices of one type may be told apart: the kernel's verifier has a limit of 8,192 for jumps that it has yet
/// to follow (Linux: kernel/bpf/verifier.c, `BPF_COMPLEXITY_LIMIT_JMP_SEQ`).
const MOST: usize = 4_000;

/// What may be done with the devices of a type. The first of these that knows a device decides. Each is there only if
/// it says something else than those after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdicts {
    /// By major and minor.
    pub(super) devices: BTreeMap<(u32, u32), u8>,
    /// By the major, for all minors.
    pub(super) majors: BTreeMap<u32, u8>,
    /// By the minor, for all majors.
    pub(super) minors: BTreeMap<u32, u8>,
    /// Of all others.
    pub(super) rest: u8,
}

/// The bits of [`Verdicts`], which are those of the kernel (Linux: include/uapi/linux/bpf.h, `BPF_DEVCG_ACC_*`).
pub(super) const MKNOD: u8 = 1;
pub(super) const READ: u8 = 2;
pub(super) const WRITE: u8 = 4;
pub(super) const ALL: u8 = MKNOD | READ | WRITE;

pub(super) fn bits(access: Access) -> u8 {
    let bit = |has, bit| if has { bit } else { 0 };
    bit(access.mknod, MKNOD) | bit(access.read, READ) | bit(access.write, WRITE)
}

/// Major and minor; `None` is every number.
type Numbers = (Option<u32>, Option<u32>);

/// Of each kind of access, the last rule about it: its number, and whether it allows.
type Last = [Option<(usize, bool)>; 3];

impl Verdicts {
    /// # Errors
    /// The rules tell too many devices apart.
    pub(super) fn of(rules: &Rules, kind: Kind) -> Result<Self, Problem> {
        let last = last_rules(rules, kind);
        let allowed = |major: Option<u32>, minor: Option<u32>| -> u8 {
            let about = [(None, None), (major, None), (None, minor), (major, minor)];
            (0..3)
                .filter(|&access| {
                    let decisive = about.iter().filter_map(|numbers| last.get(numbers)?[access]).max();
                    decisive.is_some_and(|(_, allow)| allow)
                })
                .fold(0, |bits, access| bits | 1 << access)
        };
        let rest = allowed(None, None);
        let mut all = Self {
            devices: BTreeMap::new(),
            majors: BTreeMap::new(),
            minors: BTreeMap::new(),
            rest,
        };
        let (mut exact, mut majors, mut minors) = (BTreeSet::new(), Vec::new(), Vec::new());
        for &numbers in last.keys() {
            match numbers {
                (Some(major), Some(minor)) => drop(exact.insert((major, minor))),
                (Some(major), None) => majors.push(major),
                (None, Some(minor)) => minors.push(minor),
                (None, None) => {}
            }
        }
        let crossings = majors.len().saturating_mul(minors.len());
        if exact.len() + majors.len() + minors.len() + crossings > MOST {
            return Err(Problem::error(
                rules.at.clone(),
                format!("the rules tell more than {MOST} devices apart, too many for a program of cgroup v2"),
            ));
        }
        // Where a rule about a major and one about a minor meet, either may be the later one.
        exact.extend(
            majors
                .iter()
                .flat_map(|major| minors.iter().map(|minor| (*major, *minor))),
        );
        let differs = |verdict: &u8| *verdict != rest;
        let of_major = |major| (major, allowed(Some(major), None));
        let of_minor = |minor| (minor, allowed(None, Some(minor)));
        all.majors = majors.into_iter().map(of_major).filter(|(_, it)| differs(it)).collect();
        all.minors = minors.into_iter().map(of_minor).filter(|(_, it)| differs(it)).collect();
        for (major, minor) in exact {
            let verdict = allowed(Some(major), Some(minor));
            if verdict != all.without_devices(major, minor) {
                all.devices.insert((major, minor), verdict);
            }
        }
        Ok(all)
    }

    fn without_devices(&self, major: u32, minor: u32) -> u8 {
        let found = self.majors.get(&major).or_else(|| self.minors.get(&minor));
        found.copied().unwrap_or(self.rest)
    }

    /// Whether all devices are alike.
    pub(super) fn are_one(&self) -> bool {
        self.devices.is_empty() && self.majors.is_empty() && self.minors.is_empty()
    }
}

/// The last rules about each set of devices that a rule names.
fn last_rules(rules: &Rules, kind: Kind) -> BTreeMap<Numbers, Last> {
    let mut last: BTreeMap<Numbers, Last> = BTreeMap::new();
    for (number, rule) in rules.iter().enumerate() {
        let (numbers, access) = match rule.devices {
            None => ((None, None), ALL),
            Some(devices) if devices.kind != kind => continue,
            Some(devices) => ((devices.major, devices.minor), bits(devices.access)),
        };
        let entry = last.entry(numbers).or_default();
        for (bit, slot) in entry.iter_mut().enumerate() {
            if access & 1 << bit != 0 {
                *slot = Some((number, rule.allow));
            }
        }
    }
    last
}
