//! The rules of a config, each about one set of devices, and those that hold for every container.

use super::super::Knob;
use super::list::List;
use super::program::DeviceProgram;
use super::set::{Devices, Kind, both, without};
use super::usual::ALWAYS_ALLOWED;
use super::verdicts::Verdicts;
use crate::bundle::{Access, DeviceRule, DeviceRuleType};
use crate::problem::{JsonPath, Problem, Problems};
use std::fmt;

/// A rule about devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) allow: bool,
    /// `None` is all that may be done with all devices.
    pub(super) devices: Option<Devices>,
    /// The place in the config that asked for it; `None` for what holds for every container.
    pub(crate) origin: Option<JsonPath>,
}

/// How the rule reads.
impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.allow { "allow" } else { "deny" };
        match self.devices {
            None => write!(formatter, "{verb} all devices"),
            Some(devices) => write!(formatter, "{verb} devices {devices}"),
        }
    }
}

/// The rules of a container, in the order in which they count: the last one about an access decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Where they stand.
    pub(super) at: JsonPath,
    list: Vec<Rule>,
}

impl Rules {
    /// The rules of a config's list at `at`: everything is denied at first (also without any rule:
    /// GHSA-g54h-m393-cpwq), then they come in their order, then what is always allowed. Those that others make void
    /// are left out. The devices of `linux.devices` get nodes by that, no access: as in runc, a rule has to allow it.
    ///
    /// # Errors
    /// A rule that says nothing, with its JSON path. Notices come with the rules.
    pub(crate) fn of(list: &[DeviceRule], at: &JsonPath) -> Result<(Self, Problems), Problem> {
        let mut rules = Self {
            at: at.clone(),
            list: Vec::with_capacity(list.len() + ALWAYS_ALLOWED.len()),
        };
        let mut problems = Problems::default();
        rules.push(false, None, None);
        for (index, rule) in list.iter().enumerate() {
            rules.add(rule, &at.index(index), &mut problems)?;
        }
        for devices in ALWAYS_ALLOWED {
            rules.push(true, Some(devices), None);
        }
        Ok((rules, problems))
    }

    fn add(&mut self, rule: &DeviceRule, path: &JsonPath, problems: &mut Problems) -> Result<(), Problem> {
        let access = match rule.access {
            Some(access) if access != Access::default() => access,
            _ => {
                let text = "is missing: a rule says which of r, w and m it is about";
                return Err(Problem::error(path.member("access"), text));
            }
        };
        let number = |value: Option<i64>, name: &str| match value {
            None | Some(-1) => Ok(None),
            Some(value) => match u32::try_from(value) {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err(Problem::error(
                    path.member(name),
                    format!("{value} is no device number"),
                )),
            },
        };
        let (major, minor) = (number(rule.major, "major")?, number(rule.minor, "minor")?);
        let kinds: &[Kind] = match rule.device_type() {
            DeviceRuleType::All if major.is_none() && minor.is_none() && access == Access::ALL => {
                self.push(rule.allow, None, Some(path));
                return Ok(());
            }
            DeviceRuleType::All => &[Kind::Block, Kind::Char],
            DeviceRuleType::Block => &[Kind::Block],
            DeviceRuleType::Char => &[Kind::Char],
        };
        for &kind in kinds {
            let devices = Devices {
                kind,
                major,
                minor,
                access,
            };
            if !rule.allow
                && let Some(always) = ALWAYS_ALLOWED.iter().find(|always| always.meets(&devices))
            {
                // Engines deny by habit that nodes are made, which changes nothing for a container.
                let text = format!("{always} is allowed to every container nevertheless");
                problems.push(Problem::warning(path.clone(), text).into_notice());
            }
            self.push(rule.allow, Some(devices), Some(path));
        }
        Ok(())
    }

    /// Adds a rule, unless earlier ones say the same already.
    fn push(&mut self, allow: bool, devices: Option<Devices>, origin: Option<&JsonPath>) {
        match devices {
            None => self.list.clear(),
            Some(devices) if self.say(allow, devices) => return,
            Some(_) => {}
        }
        self.list.push(Rule {
            allow,
            devices,
            origin: origin.cloned(),
        });
    }

    /// Whether it is surely so already.
    fn say(&self, allow: bool, devices: Devices) -> bool {
        let mut left = devices.access;
        for rule in self.list.iter().rev() {
            let Some(other) = rule.devices else {
                return rule.allow == allow;
            };
            let about = Devices {
                access: left,
                ..devices
            };
            if rule.allow != allow {
                if other.meets(&about) {
                    return false;
                }
            } else if other.holds_numbers(&devices) {
                left = without(left, both(left, other.access));
                if left == Access::default() {
                    return true;
                }
            }
        }
        false
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.list.iter()
    }

    /// Whether nothing is denied.
    pub(crate) fn allow_all(&self) -> bool {
        self.list.iter().all(|rule| rule.allow)
    }

    /// Whether all of them are of those that engines write for every container, so that nobody misses them where they
    /// cannot be had.
    pub(crate) fn are_usual(&self) -> bool {
        match List::of(self) {
            Ok(list) => list.knobs.iter().all(|knob| knob.is_usual),
            Err(_) => false,
        }
    }

    /// The writes that bring a cgroup of v1 from any state to the one that the rules describe.
    ///
    /// # Errors
    /// A rule that v1 cannot do, with its JSON path.
    pub(crate) fn writes(&self) -> Result<Vec<Knob>, Problem> {
        Ok(List::of(self)?.knobs)
    }

    /// The writes that bring a cgroup of v1 from the state that `earlier` describe (which of them is not known, where
    /// there are several) to that of these rules. What others have allowed or denied besides stays as far as it can,
    /// and nothing that both allow is denied in between.
    ///
    /// # Errors
    /// A rule that v1 cannot do, with its JSON path.
    pub(crate) fn writes_after(&self, earlier: &[&Self]) -> Result<Vec<Knob>, Problem> {
        let earlier: Result<Vec<List>, Problem> = earlier.iter().map(|rules| List::of(rules)).collect();
        Ok(List::of(self)?.after(&earlier?))
    }

    /// The program for a cgroup of v2.
    ///
    /// # Errors
    /// There are too many rules for one.
    pub(crate) fn program(&self) -> Result<DeviceProgram, Problem> {
        DeviceProgram::of(self)
    }

    /// Whether both allow the same.
    pub(crate) fn mean_the_same(&self, other: &Self) -> bool {
        let lines = |rules: &Self| -> Vec<(bool, Option<Devices>)> {
            rules.list.iter().map(|rule| (rule.allow, rule.devices)).collect()
        };
        let verdicts = |rules, kind| Verdicts::of(rules, kind).ok();
        let same = |kind| {
            let ours = verdicts(self, kind);
            ours.is_some() && ours == verdicts(other, kind)
        };
        lines(self) == lines(other) || (same(Kind::Block) && same(Kind::Char))
    }
}
