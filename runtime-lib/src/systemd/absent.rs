//! What a build without the feature `systemd` has instead of it.

use super::{About, Bus, Started};
use crate::Failure;
use crate::bundle::UnitProperty;

/// There is none.
#[derive(Debug)]
pub(crate) enum Systemd {}

impl Systemd {
    pub(crate) fn connect(_: Bus) -> Result<Self, Failure> {
        let why = "this build has no such part (the feature `systemd`)";
        Err(Failure::plain("ask systemd for the container's cgroup", why))
    }

    pub(crate) fn about(&mut self) -> Result<About, Failure> {
        match *self {}
    }

    pub(crate) fn start(&mut self, _: &str, _: &[UnitProperty]) -> Result<Started, Failure> {
        match *self {}
    }

    pub(crate) fn set_properties(&mut self, _: &str, _: &[UnitProperty]) -> Result<(), Failure> {
        match *self {}
    }

    pub(crate) fn state(&mut self, _: &str) -> Result<Option<String>, Failure> {
        match *self {}
    }

    pub(crate) fn stop(&mut self, _: &str) -> Result<(), Failure> {
        match *self {}
    }

    pub(crate) fn reset_failed(&mut self, _: &str) -> Result<(), Failure> {
        match *self {}
    }
}
