//! Sets of devices, and what may be done with them.

use crate::bundle::Access;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Block,
    Char,
}

/// Devices and what may be done with them. `None` is every number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Devices {
    pub(super) kind: Kind,
    pub(super) major: Option<u32>,
    pub(super) minor: Option<u32>,
    pub(super) access: Access,
}

impl Devices {
    pub(super) fn same_numbers(&self, other: &Self) -> bool {
        (self.kind, self.major, self.minor) == (other.kind, other.major, other.minor)
    }

    /// Whether each device of `other` is among `self`.
    pub(super) fn holds_numbers(&self, other: &Self) -> bool {
        let holds = |all: Option<u32>, one| all.is_none() || all == one;
        self.kind == other.kind && holds(self.major, other.major) && holds(self.minor, other.minor)
    }

    /// The devices that both are about, with no access.
    pub(super) fn common_numbers(&self, other: &Self) -> Option<Self> {
        let common = |one: Option<u32>, other: Option<u32>| match (one, other) {
            (None, number) | (number, None) => Some(number),
            (Some(one), Some(other)) => (one == other).then_some(Some(one)),
        };
        (self.kind == other.kind).then_some(())?;
        Some(Self {
            kind: self.kind,
            major: common(self.major, other.major)?,
            minor: common(self.minor, other.minor)?,
            access: Access::default(),
        })
    }

    /// Whether both are about the same access to some device.
    pub(super) fn meets(&self, other: &Self) -> bool {
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
        self.access.fmt(formatter)
    }
}

pub(super) fn both(a: Access, b: Access) -> Access {
    Access {
        read: a.read && b.read,
        write: a.write && b.write,
        mknod: a.mknod && b.mknod,
    }
}

pub(super) fn either(a: Access, b: Access) -> Access {
    Access {
        read: a.read || b.read,
        write: a.write || b.write,
        mknod: a.mknod || b.mknod,
    }
}

pub(super) fn without(a: Access, b: Access) -> Access {
    Access {
        read: a.read && !b.read,
        write: a.write && !b.write,
        mknod: a.mknod && !b.mknod,
    }
}
