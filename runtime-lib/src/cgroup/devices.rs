//! Which devices a container may use, by the v1 devices cgroup (runtime-spec: config-linux.md#allowed-device-list).
//!
//! The kernel keeps a default (allow or deny) and a list of exceptions to it (`Documentation/admin-guide/cgroup-v1/devices.rst`).
//! Two of its habits would drop a rule in silence: a removal only works on an exception of exactly these numbers, and a rule
//! of type `a` means everything, whatever else it says. So the list is worked out here, and a rule that v1 cannot do is refused.

use super::directory::{Directory, write_once};
use super::layout::Layout;
use super::make::Made;
use super::usual_rules::are_usual;
use crate::bundle::{Access, Config, DeviceRule, DeviceRuleType};
use crate::error::{Error, Failure};
use crate::problem::{JsonPath, Problem, Problems};
use rustix::io::Errno;
use std::fmt;
use std::os::fd::OwnedFd;
use std::path::Path;

/// What every container may use, as in runc: all nodes may be made, and the devices that the runtime itself puts into /dev, and
/// ptys. runc allows /dev/net/tun (10:200) as well, which nothing asks for: here it takes a rule.
const ALWAYS_ALLOWED: [(Option<u32>, Option<u32>, Kind, Access); 10] = [
    (None, None, Kind::Char, MKNOD),
    (None, None, Kind::Block, MKNOD),
    (Some(1), Some(3), Kind::Char, Access::ALL),
    (Some(1), Some(5), Kind::Char, Access::ALL),
    (Some(1), Some(7), Kind::Char, Access::ALL),
    (Some(1), Some(8), Kind::Char, Access::ALL),
    (Some(1), Some(9), Kind::Char, Access::ALL),
    (Some(5), Some(0), Kind::Char, Access::ALL),
    (Some(5), Some(2), Kind::Char, Access::ALL),
    (Some(136), None, Kind::Char, Access::ALL),
];
const MKNOD: Access = Access {
    read: false,
    write: false,
    mknod: true,
};

/// One write to the devices cgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    /// `devices.allow` or `devices.deny`.
    pub(crate) file: &'static str,
    /// What is written: `c 1:3 rwm`.
    pub(crate) line: String,
    /// The rule that asked for it; `None` for what holds for every container.
    pub(crate) path: Option<JsonPath>,
}

impl fmt::Display for Write {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.file == ALLOW { "allow" } else { "deny" };
        match self.line.as_str() {
            "a" => write!(formatter, "{verb} all devices"),
            line => write!(formatter, "{verb} devices {line}"),
        }
    }
}

const ALLOW: &str = "devices.allow";
const DENY: &str = "devices.deny";

/// The writes that bring a cgroup from any state to the one that `rules` describe: deny everything first (also without any rule:
/// GHSA-g54h-m393-cpwq), then the rules in their order, then what is always allowed. Writes that change nothing are left out.
/// The devices of `linux.devices` get nodes by that, no access: as in runc, a rule has to allow it.
///
/// # Errors
/// A rule that v1 cannot do, with its JSON path. Warnings come with the writes.
pub(crate) fn v1_rules(rules: &[DeviceRule]) -> Result<(Vec<Write>, Vec<Problem>), Problem> {
    let mut list = List::new();
    let mut problems = Problems::default();
    for (index, rule) in rules.iter().enumerate() {
        let path = JsonPath::from("linux.resources.devices").index(index);
        let access = match rule.access {
            Some(access) if access != Access::default() => access,
            _ => {
                return Err(Problem::error(
                    path.member("access"),
                    "is missing: a rule says which of r, w and m it is about",
                ));
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
                list.reset(rule.allow, Some(&path));
                continue;
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
                && let Some(always) = always_allowed().find(|always| always.meets(&devices))
            {
                problems.warning(
                    path.clone(),
                    format!("{always} is allowed to every container nevertheless"),
                );
            }
            list.apply(rule.allow, devices, Some(&path))?;
        }
    }
    for devices in always_allowed() {
        list.apply(true, devices, None)?;
    }
    Ok((list.writes, problems.into()))
}

/// What is wrong or doubtful in a config's device rules on this host: a rule that v1 cannot do, denials of what every container
/// may use, and rules on a host where there is no devices cgroup of v1.
pub(crate) fn problems(config: &Config, layout: &Layout) -> Vec<Problem> {
    if layout.has_v1_devices() {
        return v1_rules(rules_of(config)).map_or_else(|problem| vec![problem], |(_, warnings)| warnings);
    }
    if rules_of(config).is_empty() {
        return Vec::new();
    }
    let text = "device rules are not applied yet on a host without the devices controller of cgroup v1";
    vec![Problem::warning("linux.resources.devices", text)]
}

/// The writes in words, each with the rule that asked for it, for a host with v1 devices.
pub(crate) fn explain(config: &Config) -> Vec<(String, Option<JsonPath>)> {
    let writes = v1_rules(rules_of(config)).map(|(writes, _)| writes).unwrap_or_default();
    writes
        .into_iter()
        .map(|write| (write.to_string(), write.path))
        .collect()
}

fn rules_of(config: &Config) -> &[DeviceRule] {
    config
        .linux
        .resources
        .as_ref()
        .map_or(&[], |resources| &resources.devices)
}

/// Gives the cgroup the config's rules. False if the host has no devices cgroup of v1, if it was left out, or if the runtime is in a user namespace, where
/// the kernel lets nobody change it.
///
/// # Errors
/// A rule that v1 cannot do, or that the kernel refuses: mostly because the parent cgroup does not allow as much.
pub(crate) fn apply(made: &Made, config: &Config) -> Result<bool, Error> {
    let Some(directory) = made.devices() else {
        return Ok(false);
    };
    let (writes, _) = v1_rules(rules_of(config))?;
    match write_all(directory, &writes) {
        Err(Error::Failure(failure)) if failure.errno == Some(Errno::PERM) && crate::sys::is_in_user_namespace() => {
            Ok(false)
        }
        outcome => outcome.map(|()| true),
    }
}

/// What is to be told if the rules were not applied.
pub(crate) fn left_out(config: &Config) -> Option<Problem> {
    let text = "the caller may not set device rules here, and they are not applied";
    let is_worth_it = !rules_of(config).is_empty() && !are_usual(rules_of(config));
    is_worth_it.then(|| Problem::warning("linux.resources.devices", text))
}

pub(super) fn write_all(directory: &Directory, writes: &[Write]) -> Result<(), Error> {
    let mut files: [(&str, Option<OwnedFd>); 2] = [(ALLOW, None), (DENY, None)];
    for write in writes {
        let failure = |errno| {
            let failure = Failure::new(format!("write {:?} to {}", write.line, write.file), errno);
            let failure = failure.hint("the parent cgroup may allow less, or the cgroup has cgroups below it");
            match &write.path {
                Some(path) => failure.at(path.clone()),
                None => failure.at("linux.resources.devices"),
            }
        };
        let Some((name, file)) = files.iter_mut().find(|(name, _)| *name == write.file) else {
            continue;
        };
        let file = match file {
            Some(file) => file,
            unopened => unopened.insert(directory.writer(Path::new(name)).map_err(failure)?),
        };
        // The kernel takes one rule a write.
        write_once(&*file, &write.line).map_err(failure)?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Block,
    Char,
}

/// Devices and what may be done with them. `None` is every number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Devices {
    kind: Kind,
    major: Option<u32>,
    minor: Option<u32>,
    access: Access,
}

fn always_allowed() -> impl Iterator<Item = Devices> {
    ALWAYS_ALLOWED.iter().map(|&(major, minor, kind, access)| Devices {
        kind,
        major,
        minor,
        access,
    })
}

impl Devices {
    fn same_numbers(&self, other: &Self) -> bool {
        (self.kind, self.major, self.minor) == (other.kind, other.major, other.minor)
    }

    /// Whether each device of `other` is one of these.
    fn holds_numbers(&self, other: &Self) -> bool {
        let holds = |all: Option<u32>, one| all.is_none() || all == one;
        self.kind == other.kind && holds(self.major, other.major) && holds(self.minor, other.minor)
    }

    /// Whether there is something that both are about.
    fn meets(&self, other: &Self) -> bool {
        let meet = |a: Option<u32>, b: Option<u32>| a.is_none() || b.is_none() || a == b;
        let numbers = meet(self.major, other.major) && meet(self.minor, other.minor);
        self.kind == other.kind && numbers && both(self.access, other.access) != Access::default()
    }
}

impl fmt::Display for Devices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: Option<u32>| number.map_or("*".into(), |number| number.to_string());
        let kind = if self.kind == Kind::Char { 'c' } else { 'b' };
        write!(formatter, "{kind} {}:{} ", number(self.major), number(self.minor))?;
        for (letter, has) in [
            ("r", self.access.read),
            ("w", self.access.write),
            ("m", self.access.mknod),
        ] {
            formatter.write_str(if has { letter } else { "" })?;
        }
        Ok(())
    }
}

fn both(a: Access, b: Access) -> Access {
    Access {
        read: a.read && b.read,
        write: a.write && b.write,
        mknod: a.mknod && b.mknod,
    }
}

fn either(a: Access, b: Access) -> Access {
    Access {
        read: a.read || b.read,
        write: a.write || b.write,
        mknod: a.mknod || b.mknod,
    }
}

fn without(a: Access, b: Access) -> Access {
    Access {
        read: a.read && !b.read,
        write: a.write && !b.write,
        mknod: a.mknod && !b.mknod,
    }
}

/// The kernel's list as it stands after the writes so far.
struct List {
    allows: bool,
    exceptions: Vec<(Devices, Option<JsonPath>)>,
    writes: Vec<Write>,
}

impl List {
    fn new() -> Self {
        let mut list = Self {
            allows: false,
            exceptions: Vec::new(),
            writes: Vec::new(),
        };
        list.reset(false, None);
        list
    }

    /// A rule about everything: what came before counts no more.
    fn reset(&mut self, allow: bool, path: Option<&JsonPath>) {
        self.allows = allow;
        self.exceptions.clear();
        self.writes.clear();
        self.write(allow, "a".into(), path);
    }

    fn apply(&mut self, allow: bool, devices: Devices, path: Option<&JsonPath>) -> Result<(), Problem> {
        if allow == self.allows {
            return self.remove(devices, path);
        }
        self.add(devices, path);
        Ok(())
    }

    fn add(&mut self, devices: Devices, path: Option<&JsonPath>) {
        let covered = self
            .exceptions
            .iter()
            .filter(|(other, _)| other.holds_numbers(&devices));
        let access = covered.fold(Access::default(), |access, (other, _)| either(access, other.access));
        if without(devices.access, access) == Access::default() {
            return;
        }
        self.write(!self.allows, devices.to_string(), path);
        match self
            .exceptions
            .iter_mut()
            .find(|(other, _)| other.same_numbers(&devices))
        {
            Some((other, _)) => other.access = either(other.access, devices.access),
            None => self.exceptions.push((devices, path.cloned())),
        }
    }

    fn remove(&mut self, devices: Devices, path: Option<&JsonPath>) -> Result<(), Problem> {
        let mut gone = Vec::new();
        for (other, by) in self.exceptions.iter_mut().filter(|(other, _)| other.meets(&devices)) {
            if !devices.holds_numbers(other) {
                let place = path.or(by.as_ref()).cloned().unwrap_or_default();
                let text = format!(
                    "cannot punch hole in existing wildcard rule: cgroup v1 cannot except {devices} from {other}"
                );
                return Err(Problem::error(place, text));
            }
            gone.push(Devices {
                access: both(other.access, devices.access),
                ..*other
            });
            other.access = without(other.access, devices.access);
        }
        self.exceptions.retain(|(other, _)| other.access != Access::default());
        for devices in gone {
            self.write(self.allows, devices.to_string(), path);
        }
        Ok(())
    }

    fn write(&mut self, allow: bool, line: String, path: Option<&JsonPath>) {
        let file = if allow { ALLOW } else { DENY };
        self.writes.push(Write {
            file,
            line,
            path: path.cloned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(json: &str) -> Result<Vec<String>, String> {
        let (resources, _) = crate::bundle::parse_resources(&format!("{{\"devices\":{json}}}")).unwrap();
        let (writes, _) = v1_rules(&resources.devices).map_err(|problem| problem.to_string())?;
        Ok(writes
            .iter()
            .map(|write| format!("{} {}", write.file.trim_start_matches("devices."), write.line))
            .collect())
    }

    const ALWAYS: [&str; 11] = [
        "deny a",
        "allow c *:* m",
        "allow b *:* m",
        "allow c 1:3 rwm",
        "allow c 1:5 rwm",
        "allow c 1:7 rwm",
        "allow c 1:8 rwm",
        "allow c 1:9 rwm",
        "allow c 5:0 rwm",
        "allow c 5:2 rwm",
        "allow c 136:* rwm",
    ];

    #[test]
    fn without_rules_everything_but_the_usual_is_denied() {
        assert_eq!(writes("[]").unwrap(), ALWAYS);
        assert_eq!(writes(r#"[{"allow":false,"access":"rwm"}]"#).unwrap(), ALWAYS);
    }

    #[test]
    fn rules_come_in_their_order_and_repeated_ones_once() {
        let given = r#"[{"allow":true,"type":"c","major":9,"minor":9,"access":"r"},{"allow":false,"access":"rwm"},
            {"allow":true,"type":"c","major":10,"minor":229,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}]"#;
        let mut expected = vec!["deny a", "allow c 10:229 rwm", "allow c 1:3 rwm"];
        expected.extend(ALWAYS[1..].iter().filter(|line| !line.contains("1:3 ")));
        assert_eq!(writes(given).unwrap(), expected);
    }

    #[test]
    fn a_rule_for_everything_is_one_write() {
        assert_eq!(writes(r#"[{"allow":true,"access":"rwm"}]"#).unwrap(), ["allow a"]);
        assert_eq!(
            writes(r#"[{"allow":true,"type":"a","major":-1,"minor":-1,"access":"mrw"}]"#).unwrap(),
            ["allow a"]
        );
    }

    #[test]
    fn type_a_with_less_than_all_access_is_both_types_and_not_everything() {
        let got = writes(r#"[{"allow":true,"type":"a","access":"r"}]"#).unwrap();
        assert_eq!(got[..3], ["deny a", "allow b *:* r", "allow c *:* r"]);
    }

    #[test]
    fn a_denial_takes_back_what_it_covers_and_refuses_what_v1_cannot_do() {
        let allow = r#"{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"}"#;
        let got = writes(&format!(
            r#"[{allow},{{"allow":false,"type":"c","major":10,"access":"w"}}]"#
        ))
        .unwrap();
        assert_eq!(got[..3], ["deny a", "allow c 10:229 rw", "deny c 10:229 w"]);
        let wide = r#"{"allow":true,"type":"c","major":10,"access":"rw"}"#;
        let error = writes(&format!(
            r#"[{wide},{{"allow":false,"type":"c","major":10,"minor":229,"access":"w"}}]"#
        ))
        .unwrap_err();
        assert!(
            error.starts_with("linux.resources.devices[1]: cannot punch hole in existing wildcard rule"),
            "{error}"
        );
    }

    #[test]
    fn denials_from_everything_are_kept_and_the_usual_devices_come_back() {
        let got = writes(
            r#"[{"allow":true,"access":"rwm"},{"allow":false,"type":"b","major":8,"access":"rw"},
            {"allow":false,"type":"c","major":1,"minor":3,"access":"w"}]"#,
        );
        assert_eq!(
            got.unwrap(),
            ["allow a", "deny b 8:* rw", "deny c 1:3 w", "allow c 1:3 w"]
        );
        let error = writes(r#"[{"allow":true,"access":"rwm"},{"allow":false,"type":"c","access":"rw"}]"#).unwrap_err();
        assert!(error.starts_with("linux.resources.devices[1]: "), "{error}");
    }

    #[test]
    fn denying_what_every_container_has_is_warned_of() {
        let resources = r#"{"devices":[{"allow":false,"type":"c","major":1,"minor":3,"access":"w"}]}"#;
        let (_, warnings) = v1_rules(&crate::bundle::parse_resources(resources).unwrap().0.devices).unwrap();
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].path.as_str(), "linux.resources.devices[0]");
    }

    #[test]
    fn a_rule_without_access_is_refused() {
        let error = writes(r#"[{"allow":true,"type":"c","major":1,"minor":3}]"#).unwrap_err();
        assert!(error.starts_with("linux.resources.devices[0].access: "), "{error}");
    }
}
