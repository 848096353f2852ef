//! The list that the devices cgroup of v1 keeps, and the writes that lead to it (Linux:
//! `Documentation/admin-guide/cgroup-v1/devices.rst`).
//!
//! The kernel keeps a default (allow or deny) and a list of exceptions to it. Three of its habits would drop a rule, or
//! a part of it, in silence: a removal only works on an exception of exactly these numbers; a rule of type `a` means
//! everything, whatever else it says; and where the default is to deny, one exception alone has to allow all that an
//! open asks for. So the list is worked out beforehand, and a rule that v1 cannot do is refused.

use super::super::{Knob, Missing};
use super::rules::Rules;
use super::set::{Devices, both, either, without};
use super::usual::are_usual;
use crate::bundle::Access;
use crate::host::CgroupVersion;
use crate::problem::{JsonPath, Problem};

/// The file that takes what is allowed.
pub(in super::super) const ALLOW: &str = "devices.allow";
/// The file that takes what is denied.
pub(in super::super) const DENY: &str = "devices.deny";

/// So many exceptions there may be: the kernel walks through them at each open.
const MOST: usize = 4_000;

/// The kernel's list as it stands after the writes so far.
pub(super) struct List {
    allows: bool,
    exceptions: Vec<(Devices, Option<JsonPath>)>,
    pub(super) knobs: Vec<Knob>,
}

impl List {
    /// # Errors
    /// A rule that v1 cannot do, with its JSON path.
    pub(super) fn of(rules: &Rules) -> Result<Self, Problem> {
        let mut list = Self {
            allows: false,
            exceptions: Vec::new(),
            knobs: Vec::new(),
        };
        for rule in rules.iter() {
            match rule.devices {
                None => list.reset(rule.allow, rule.origin.as_ref()),
                Some(devices) => list.apply(rule.allow, devices, rule.origin.as_ref())?,
            }
            if list.exceptions.len() > MOST {
                let text = format!("the rules come to more than {MOST} entries of the devices cgroup");
                return Err(Problem::error(rules.at.clone(), text));
            }
        }
        Ok(list)
    }

    /// A rule about everything: what came before counts no more.
    fn reset(&mut self, allow: bool, path: Option<&JsonPath>) {
        self.allows = allow;
        self.exceptions.clear();
        self.knobs.clear();
        self.write(allow, None, path);
    }

    fn apply(&mut self, allow: bool, devices: Devices, path: Option<&JsonPath>) -> Result<(), Problem> {
        if allow == self.allows {
            return self.remove(devices, path);
        }
        self.add(devices, path);
        if !self.allows {
            for devices in self.missing(&devices) {
                self.put(devices, path);
            }
        }
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
        self.put(devices, path);
    }

    fn put(&mut self, devices: Devices, path: Option<&JsonPath>) {
        self.write(!self.allows, Some(&devices), path);
        match self
            .exceptions
            .iter_mut()
            .find(|(other, _)| other.same_numbers(&devices))
        {
            Some((other, _)) => other.access = either(other.access, devices.access),
            None => self.exceptions.push((devices, path.cloned())),
        }
    }

    /// Devices that may be read by one exception and written by another, and that no exception lets be opened for both,
    /// now that there is one about `devices`. (Whoever makes a node asks for nothing else.)
    fn missing(&self, devices: &Devices) -> Vec<Devices> {
        let is_missing = |numbers: &Devices| {
            let mut all = Access::default();
            for (holder, _) in &self.exceptions {
                if holder.holds_numbers(numbers) {
                    if holder.access.read && holder.access.write {
                        return false;
                    }
                    all = either(all, holder.access);
                }
            }
            all.read && all.write
        };
        let common = self
            .exceptions
            .iter()
            .filter_map(|(other, _)| other.common_numbers(devices));
        let opened = Access {
            read: true,
            write: true,
            mknod: false,
        };
        common
            .filter(is_missing)
            .map(|numbers| Devices {
                access: opened,
                ..numbers
            })
            .collect()
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
            self.write(self.allows, Some(&devices), path);
        }
        Ok(())
    }

    /// The writes that lead from one of these lists to this one.
    pub(super) fn after(self, earlier: &[Self]) -> Vec<Knob> {
        if earlier.is_empty() || earlier.iter().any(|list| list.allows != self.allows) {
            return self.knobs;
        }
        let of = |list: &Self, devices: &Devices| {
            let mut found = list.exceptions.iter().filter(|(other, _)| other.same_numbers(devices));
            found.next().map_or(Access::default(), |(other, _)| other.access)
        };
        let mut writes = Self {
            allows: self.allows,
            exceptions: Vec::new(),
            knobs: Vec::new(),
        };
        for (devices, path) in &self.exceptions {
            // With one list it is known what it has; with several, what surely all have.
            let had = earlier
                .iter()
                .fold(Access::ALL, |access, list| both(access, of(list, devices)));
            if without(devices.access, had) != Access::default() {
                writes.write(!self.allows, Some(devices), path.as_ref());
            }
        }
        // Afterwards, so that what stays is never missing.
        let gone = earlier.iter().flat_map(|list| &list.exceptions);
        for (devices, _) in gone {
            let access = without(devices.access, of(&self, devices));
            if access != Access::default() {
                let devices = Devices { access, ..*devices };
                writes.write(self.allows, Some(&devices), None);
            }
        }
        writes.knobs
    }

    /// `None` is everything.
    fn write(&mut self, allow: bool, devices: Option<&Devices>, path: Option<&JsonPath>) {
        self.knobs.push(Knob {
            controller: "devices".into(),
            version: CgroupVersion::V1,
            file: if allow { ALLOW } else { DENY }.into(),
            value: devices.map_or("a".into(), ToString::to_string),
            missing: Missing::Refused,
            // Everything is denied to each container, and allowed to privileged ones.
            is_usual: devices.is_none_or(are_usual),
            origin: path.cloned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity;

    fn writes(json: &str) -> Result<Vec<String>, String> {
        let (resources, _) = crate::bundle::parse_resources(&format!("{{\"devices\":{json}}}")).unwrap();
        let rules = Rules::of(&resources.devices, &"linux.resources.devices".into());
        let writes = rules
            .and_then(|(rules, _)| rules.writes())
            .map_err(|problem| problem.to_string())?;
        Ok(writes
            .iter()
            .map(|knob| format!("{} {}", knob.file.trim_start_matches("devices."), knob.value))
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
    fn denying_what_every_container_has_is_noticed() {
        let resources = r#"{"devices":[{"allow":false,"type":"c","major":1,"minor":3,"access":"w"}]}"#;
        let list = crate::bundle::parse_resources(resources).unwrap().0.devices;
        let (_, told) = Rules::of(&list, &"linux.resources.devices".into()).unwrap();
        assert_eq!(told.all().len(), 1);
        assert_eq!(told.all()[0].path.as_str(), "linux.resources.devices[0]");
        assert_eq!(told.all()[0].severity, Severity::Notice);
    }

    #[test]
    fn a_rule_without_access_is_refused() {
        let error = writes(r#"[{"allow":true,"type":"c","major":1,"minor":3}]"#).unwrap_err();
        assert!(error.starts_with("linux.resources.devices[0].access: "), "{error}");
    }

    #[test]
    fn what_one_rule_lets_be_read_and_another_written_can_be_opened_for_both() {
        let wide = r#"{"allow":true,"type":"c","major":10,"access":"r"}"#;
        let narrow = r#"{"allow":true,"type":"c","major":10,"minor":229,"access":"w"}"#;
        let got = writes(&format!("[{wide},{narrow}]")).unwrap();
        assert_eq!(got[1..4], ["allow c 10:* r", "allow c 10:229 w", "allow c 10:229 rw"]);
        let got = writes(&format!("[{narrow},{wide}]")).unwrap();
        assert_eq!(got[1..4], ["allow c 10:229 w", "allow c 10:* r", "allow c 10:229 rw"]);
    }
}
