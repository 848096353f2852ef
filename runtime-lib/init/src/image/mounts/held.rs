//! Mounts that init keeps hold of, because something is to be done to them when something else may be on their place.

use crate::Init;
use crate::failure::{Failure, Outcome};
use crate::step::Act;
use crate::step::mounts::{PropagateHeld, ReadonlyHeld};
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;

impl Act<Init> for ReadonlyHeld<'_> {
    /// The mount stays held: more may be done to it.
    fn act(&self, init: &mut Init) -> Outcome {
        let mounted = init.held_mount(self.number)?;
        init.set_read_only(mounted)
    }
}

impl Act<Init> for PropagateHeld<'_> {
    /// Done when the host's procfs is out of reach: by the new call, or not at all.
    fn act(&self, init: &mut Init) -> Outcome {
        let mounted = init.held_mount(self.number)?;
        init.set_propagation(mounted, self.propagation)
    }
}

impl Init {
    pub(crate) fn make_room_for_held(&mut self) -> Outcome {
        if self.header.held > 0 {
            self.held = sys::room_for(self.header.held as usize)?;
        }
        Ok(())
    }

    /// Lets go of a mount that the plan is done with, unless it is to be held.
    pub(super) fn hold_or_close(&mut self, mounted: Fd, hold: Option<u32>) -> Outcome {
        let Some(number) = hold else {
            sys::close(mounted);
            return Ok(());
        };
        let place = self.held.get_mut(number as usize).ok_or(Failure::from(Part::Plan))?;
        *place = usize::try_from(mounted.0).map_err(|_| Failure::from(Part::Plan))?;
        self.added.end();
        Ok(())
    }

    /// A filesystem is changed only if it is the one that init has made, and holds: whatever an image's link leads to,
    /// or was mounted there since, may be the host's.
    pub(super) fn ensure_made(&self, there: (u32, u32), made: Option<u32>) -> Outcome {
        let made = self.held_mount(made.ok_or(Failure::from(Part::Plan))?)?;
        if sys::status(made, c"", sys::AT_EMPTY_PATH)?.filesystem == there {
            Ok(())
        } else {
            Err(Failure::new(Part::Source, Errno::XDEV))
        }
    }

    fn held_mount(&self, number: u32) -> Result<Fd, Failure> {
        let held = self.held.get(number as usize).copied();
        let mounted = held.and_then(|held| i32::try_from(held).ok()).map(Fd);
        mounted.ok_or(Failure::from(Part::Plan))
    }
}
