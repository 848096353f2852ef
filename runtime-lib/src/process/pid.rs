//! Numbers of processes.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroI32;

/// A process's number, as the caller's pid namespace has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Pid(NonZeroI32);

impl Pid {
    /// The process of this number; none for 0 and below.
    pub fn new(number: i32) -> Option<Self> {
        NonZeroI32::new(number).filter(|number| number.get() > 0).map(Self)
    }

    /// The caller's own process.
    pub fn own() -> Self {
        Self::of(rustix::process::getpid())
    }

    /// Its number.
    pub fn get(self) -> i32 {
        self.0.get()
    }

    pub(crate) fn of(pid: rustix::process::Pid) -> Self {
        Self(pid.as_raw_nonzero())
    }

    pub(crate) fn rustix(self) -> rustix::process::Pid {
        // A number above 0 is one that rustix takes.
        rustix::process::Pid::from_raw(self.get()).unwrap_or(rustix::process::Pid::INIT)
    }
}

impl TryFrom<i32> for Pid {
    type Error = &'static str;

    fn try_from(number: i32) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("no process has a number below 1")
    }
}

impl From<Pid> for i32 {
    fn from(pid: Pid) -> Self {
        pid.get()
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
