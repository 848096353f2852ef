//! One act of a plan.

use super::Origin;
use crate::plan::deeds::Deed;
use orlop_init::step::Step;
use std::fmt;

/// Which verb does it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    #[default]
    Create,
    Start,
    Delete,
    Exec,
    /// Mounts are added to a container that exists, or taken off it.
    Mounts,
}

/// When a deed of the runtime is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Before init is started.
    Before,
    /// When init has been started; no step waits for it.
    Beside,
    /// At a turn: init waits for it.
    Turn(u32),
    /// When init is on its own, or not there any more.
    Alone,
}

/// An act, and whose it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act<'p> {
    pub(crate) phase: Phase,
    /// The place of a deed.
    pub(crate) place: Option<Place>,
    /// Where the caller may not do it, it is left out: nobody asked for it outright.
    pub(crate) if_allowed: bool,
    pub(crate) origin: &'p Origin,
    pub(crate) what: What<'p>,
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'p> {
    /// By the runtime, on the host.
    Deed(&'p Deed),
    /// By init.
    Step(Step<'p>),
}

impl Phase {
    /// Whether init is made in it.
    pub(crate) fn is_of_making(self) -> bool {
        matches!(self, Self::Create | Self::Exec | Self::Mounts)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Start => "start",
            Self::Delete => "delete",
            Self::Exec => "exec",
            Self::Mounts => "mounts",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before => formatter.write_str("before"),
            Self::Beside => formatter.write_str("beside"),
            Self::Turn(number) => write!(formatter, "turn {number}"),
            Self::Alone => formatter.write_str("alone"),
        }
    }
}
