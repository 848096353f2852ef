//! The container's cgroup.

use crate::Error;
use crate::cgroup::Cgroup;
use crate::launch::launching::Launching;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, HandOverCgroup, MakeCgroup, WriteKnobs};
use crate::plan::{CgroupLeft, Leftover, left_out};
use crate::problem::Problem;

impl Carry<Launching<'_>> for MakeCgroup {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let made = Cgroup::at(&self.placement).make(self.need, launching.plan.acts.knobs())?;
        // From here on it is known, and undone, whatever fails.
        let made = launching.made.insert(made);
        if !made.reused.is_empty() {
            let mut placement = self.placement.clone();
            std::sync::Arc::make_mut(&mut placement).mark_as_there(&made.reused);
            let left = CgroupLeft {
                placement,
                has_strays: self.has_strays,
            };
            // Mostly it was seen before, and is written down.
            if launching.leftovers.cgroup() != Some(&left) {
                launching.leftovers.add(launching.entry, Leftover::Cgroup(left))?;
            }
        }
        let warnings = made.reused.iter().map(|path| {
            Problem::warning(
                "linux.cgroupsPath",
                format!("the cgroup {path:?} exists already; it is empty, and used"),
            )
        });
        launching.warnings.extend(warnings);
        Ok(())
    }
}

impl Carry<Launching<'_>> for HandOverCgroup {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        match &launching.made {
            Some(made) => made.hand_over(self.to),
            None => Ok(()),
        }
    }
}

impl Carry<Launching<'_>> for WriteKnobs {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        if let Some(made) = &launching.made {
            let left = made.apply(&self.knobs)?;
            launching.warnings.extend(left_out(&left)?);
        }
        Ok(())
    }
}
