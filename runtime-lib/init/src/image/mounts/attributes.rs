//! Attributes of mounts, and how mounts propagate: by `mount_setattr`, and before Linux 5.12, for one mount that has
//! its place, by the old call.

use super::old_call::{self, FLAGS, times};
use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::linux::mount_attribute;
use crate::step::mounts::{Changes, Propagations};
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;

/// Whether the kernel lacks the call.
pub(crate) fn is_missing(outcome: Outcome) -> Result<bool, Failure> {
    match outcome {
        Err(failure) if failure.is(Errno::NOSYS) => Ok(true),
        outcome => outcome.map(|()| false),
    }
}

pub(super) fn set_changes(bound: Fd, changes: &Changes) -> Outcome {
    if changes.set_all | changes.clear_all != 0 {
        let clear = with_times(bound, changes.clear_all)?;
        set_or_tell(bound, true, changes.set_all, clear)?;
    }
    let named = with_times(bound, changes.clear)?;
    let clear = named | changes.clear_unlocked;
    if changes.set | clear == 0 {
        return Ok(());
    }
    match sys::set_attributes(bound, false, changes.set, clear, 0) {
        // What came with a mount from a more privileged user namespace is locked. All that nobody asked to clear may
        // stay.
        Err(Errno::PERM) if changes.clear_unlocked != 0 => {
            if changes.set | named != 0 {
                set_or_tell(bound, false, changes.set, named)?;
            }
            let mut rest = changes.clear_unlocked;
            while rest != 0 {
                let lowest = rest & rest.wrapping_neg();
                match sys::set_attributes(bound, false, 0, lowest, 0) {
                    Ok(()) | Err(Errno::PERM) => {}
                    Err(errno) => return Err(Failure::new(Part::Attributes, errno)),
                }
                rest &= !lowest;
            }
            Ok(())
        }
        Err(Errno::PERM) => set_or_tell(bound, false, changes.set, named),
        result => result.of(Part::Attributes),
    }
}

/// Changes attributes, or tells which of them is locked, by the number of its bit.
#[inline(never)]
fn set_or_tell(mounted: Fd, recursive: bool, set: u64, clear: u64) -> Outcome {
    let outcome = sys::set_attributes(mounted, recursive, set, clear, 0);
    if outcome != Err(Errno::PERM) {
        return outcome.of(Part::Attributes);
    }
    let refused = |bit: &u32| {
        let one = 1 << bit;
        clear & one != 0
            && one & mount_attribute::ATIME == 0
            && sys::set_attributes(mounted, recursive, 0, one, 0) == Err(Errno::PERM)
    };
    // What is none of the others are the times of access.
    let bit = (0..u64::BITS).find(refused);
    let bit = bit.unwrap_or(mount_attribute::ATIME.trailing_zeros());
    Err(Failure::new(Part::Attributes, Errno::PERM).detail(bit))
}

/// What is to be cleared, as the kernel wants it: the times of access are one value, so that a single one of them is
/// cleared by setting another, and only where it is in force. The mounts below a tree's first one follow that one.
fn with_times(mounted: Fd, clear: u64) -> Result<u64, Failure> {
    let ended = clear & mount_attribute::ATIME;
    if ended == 0 || ended == mount_attribute::ATIME {
        return Ok(clear);
    }
    let now = times(sys::mount_flags(mounted).of(Part::Attributes)?);
    Ok(clear & !mount_attribute::ATIME | if now & ended != 0 { mount_attribute::ATIME } else { 0 })
}

/// Sets attributes of one mount that has its place.
pub(super) fn set_by_remount(init: &mut Init, mounted: Fd, changes: &Changes, recursive: bool) -> Outcome {
    // Of a whole tree the old call knows nothing.
    if recursive && changes.set_all | changes.clear_all != 0 {
        return Err(Failure::new(Part::Attributes, Errno::NOSYS));
    }
    let told = sys::mount_flags(mounted).of(Part::Attributes)?;
    let mut now = times(told);
    for (attribute, flag, _) in FLAGS {
        if told & flag != 0 {
            now |= attribute;
        }
    }
    let of_the_tree = now & !changes.clear_all | changes.set_all;
    let named = of_the_tree & !changes.clear | changes.set;
    match remount_bound(init, mounted, named & !changes.clear_unlocked) {
        // Locked flags stay, as long as nobody asked for their end.
        Err(failure) if failure.is(Errno::PERM) && changes.clear_unlocked & now != 0 => {
            remount_bound(init, mounted, named)
        }
        outcome => outcome,
    }
}

fn remount_bound(init: &mut Init, mounted: Fd, attributes: u64) -> Outcome {
    init.mount_at(mounted, sys::MS_REMOUNT | sys::MS_BIND | old_call::flags(attributes))
}

impl Init {
    /// Sets how a mount propagates, once it has its place: one without a place does not keep a peer group.
    pub(crate) fn set_propagation(&mut self, mounted: Fd, propagations: Propagations<'_>) -> Outcome {
        for propagation in propagations.iter() {
            let recursive = propagation & sys::MS_REC != 0;
            match sys::set_attributes(mounted, recursive, 0, 0, propagation & !sys::MS_REC) {
                Err(Errno::NOSYS) => self.mount_at(mounted, propagation)?,
                result => result.of(Part::Attributes)?,
            }
        }
        Ok(())
    }

    /// Makes a mount that has its place read-only.
    pub(crate) fn set_read_only(&mut self, mounted: Fd) -> Outcome {
        match sys::set_attributes(mounted, false, sys::MOUNT_ATTR_RDONLY, 0, 0) {
            Err(Errno::NOSYS) => set_by_remount(self, mounted, &Changes::one(sys::MOUNT_ATTR_RDONLY, 0), false),
            result => result.of(Part::Attributes),
        }
    }
}
