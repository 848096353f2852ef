//! The container's place in resctrl.

use crate::Error;
use crate::launch::broken;
use crate::launch::launching::Launching;
use crate::plan::Leftover;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, JoinGroup, MakeGroup};

impl Carry<Launching<'_>> for MakeGroup {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let written = launching.leftovers.resctrl().cloned();
        let group = written.ok_or_else(|| broken("a group that is not written down"))?;
        group
            .make(&self.rdt)
            .inspect_err(|_| launching.leftovers.forget(|left| matches!(left, Leftover::Resctrl(_))))
    }
}

impl Carry<Launching<'_>> for JoinGroup {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        self.group.add(launching.init()?.pid)
    }
}
