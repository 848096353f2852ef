//! Mounts that init keeps hold of, because something is to be done to them when something else may be on their place.

use crate::Init;
use crate::failure::{Failure, Outcome};
use crate::sys::{self, Fd};
use crate::wire::{Part, Propagations};

impl Init<'_> {
    pub(crate) fn keep_next(&mut self, number: u32, of: u32) -> Outcome {
        if self.kept.is_empty() {
            self.kept = sys::room_for(of as usize)?;
        }
        self.next.keep = Some(number);
        Ok(())
    }

    /// Lets go of a mount that the plan is done with, unless it is to be kept.
    pub(crate) fn keep_or_close(&mut self, mounted: Fd, keep: Option<u32>) -> Outcome {
        let Some(number) = keep else {
            sys::close(mounted);
            return Ok(());
        };
        let place = self.kept.get_mut(number as usize).ok_or(Failure::from(Part::Plan))?;
        *place = usize::try_from(mounted.0).map_err(|_| Failure::from(Part::Plan))?;
        Ok(())
    }

    /// It stays kept: more may be done to it.
    pub(crate) fn readonly_kept(&mut self, number: u32) -> Outcome {
        let mounted = self.kept_mount(number)?;
        self.set_read_only(mounted)
    }

    /// Done when the host's procfs is out of reach: by the new call, or not at all.
    pub(crate) fn propagate_kept(&mut self, number: u32, propagation: Propagations<'_>) -> Outcome {
        let mounted = self.kept_mount(number)?;
        self.set_propagation(mounted, propagation)
    }

    fn kept_mount(&self, number: u32) -> Result<Fd, Failure> {
        let kept = self.kept.get(number as usize).copied();
        let mounted = kept.and_then(|kept| i32::try_from(kept).ok()).map(Fd);
        mounted.ok_or(Failure::from(Part::Plan))
    }
}
