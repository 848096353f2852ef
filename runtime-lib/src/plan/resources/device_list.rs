//! The list that the devices cgroup of v1 keeps, and the writes that lead to it.

use super::devices::{Devices, both, either, without};
use super::usual_devices::are_usual;
use super::{Knob, Missing};
use crate::bundle::Access;
use crate::host::CgroupVersion;
use crate::problem::{JsonPath, Problem};

/// The file that takes what is allowed.
pub(super) const ALLOW: &str = "devices.allow";
/// The file that takes what is denied.
pub(super) const DENY: &str = "devices.deny";

/// The kernel's list as it stands after the writes so far.
pub(super) struct List {
    allows: bool,
    exceptions: Vec<(Devices, Option<JsonPath>)>,
    pub(super) knobs: Vec<Knob>,
}

impl List {
    pub(super) fn new() -> Self {
        let mut list = Self {
            allows: false,
            exceptions: Vec::new(),
            knobs: Vec::new(),
        };
        list.reset(false, None);
        list
    }

    /// A rule about everything: what came before counts no more.
    pub(super) fn reset(&mut self, allow: bool, path: Option<&JsonPath>) {
        self.allows = allow;
        self.exceptions.clear();
        self.knobs.clear();
        self.write(allow, None, path);
    }

    pub(super) fn apply(&mut self, allow: bool, devices: Devices, path: Option<&JsonPath>) -> Result<(), Problem> {
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
