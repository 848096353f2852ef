//! A file of a cgroup and what is written to it.

use crate::host::CgroupVersion;
use crate::problem::JsonPath;
use std::borrow::Cow;
use std::fmt;

/// One write to one file of a cgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Knob {
    /// The controller, as the kernel calls it: by its name the v1 hierarchy is found.
    pub(crate) controller: Cow<'static, str>,
    /// Which kind of hierarchy the controller is in. On a hybrid host the knobs of one container have both.
    pub(crate) version: CgroupVersion,
    /// The file's name: `devices.allow`.
    pub(crate) file: Cow<'static, str>,
    /// What is written, in one call: `c 1:3 rwm`.
    pub(crate) value: String,
    /// What holds where the kernel has no such file.
    pub(crate) missing: Missing,
    /// The place in the config that asked for it; `None` for what holds for every container.
    pub(crate) origin: Option<JsonPath>,
    /// Whether it is of those that engines write for every container: it is not worth a warning where it cannot be.
    pub(crate) is_usual: bool,
}

/// What holds where the kernel has no such file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It cannot be had.
    Refused,
    /// What was asked for holds anyway.
    Fulfilled,
    /// It holds anyway if the kernel has no swap; otherwise it cannot be had.
    WithoutSwap,
    /// This value is written to that file: which of the two there is depends on the scheduler of a device.
    Instead(Cow<'static, str>, String),
}

impl Knob {
    /// The place in the config that a failure names.
    pub(crate) fn place(&self) -> JsonPath {
        let section = || JsonPath::from("linux.resources").member(&self.controller);
        self.origin.clone().unwrap_or_else(section)
    }

    /// Whether it is a rule about devices.
    pub(crate) fn is_device_rule(&self) -> bool {
        self.controller == "devices"
    }
}

/// How the write reads.
impl fmt::Display for Knob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match &*self.file {
            super::ALLOW => "allow",
            super::DENY => "deny",
            file => {
                write!(formatter, "write {:?} to {file}", self.value)?;
                return match &self.missing {
                    Missing::Instead(other, value) => write!(formatter, ", or {value:?} to {other}"),
                    _ => Ok(()),
                };
            }
        };
        match self.value.as_str() {
            "a" => write!(formatter, "{verb} all devices"),
            devices => write!(formatter, "{verb} devices {devices}"),
        }
    }
}
