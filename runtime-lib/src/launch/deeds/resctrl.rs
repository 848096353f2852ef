//! The container's place in resctrl.

use crate::Error;
use crate::launch::launching::Launching;
use crate::plan::Leftover;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, JoinGroup, MakeGroup};

impl Carry<Launching<'_>> for MakeGroup {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        // As things are now: a class that is there already is not the container's to remove.
        let group = self.group.clone().looked_at();
        let left = Leftover::Resctrl(group.clone());
        launching.leftovers.add(launching.entry, left)?;
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
