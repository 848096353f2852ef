//! Before Linux 5.12 there is no `mount_setattr`: what it does for one mount, done by the old call once the mount has its place.

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::mounts::Tree;
use crate::path::Buffer;
use crate::proc::decimal;
use crate::sys::{self, Errno, Fd};
use crate::wire::{Part, Propagations};

/// Attributes of `mount_setattr`, the flags by which `man 2 fstatfs` tells them, and those by which `man 2 mount` sets them.
const FLAGS: [(u64, u64, u64); 6] = [
    (0x01, 0x01, 0x01),
    (0x02, 0x02, 0x02),
    (0x04, 0x04, 0x04),
    (0x08, 0x08, 0x08),
    (0x80, 0x0800, 0x0800),
    (0x0020_0000, 0x2000, 0x0100),
];
pub(crate) const MOUNT_ATTR__ATIME: u64 = 0x70;
const MOUNT_ATTR_NOATIME: u64 = 0x10;
const MOUNT_ATTR_STRICTATIME: u64 = 0x20;

/// Whether the kernel lacks the call.
pub(crate) fn is_missing(outcome: Outcome) -> Result<bool, Failure> {
    match outcome {
        Err(failure) if failure.is(Errno::NOSYS) => Ok(true),
        outcome => outcome.map(|()| false),
    }
}

/// The times of access that are in force, from what `man 2 fstatfs` tells.
pub(crate) fn times(told: u64) -> u64 {
    // ST_NOATIME is 0x0400, ST_RELATIME 0x1000: the C library's names, which no kernel header has.
    match told & 0x1400 {
        0x1000 => 0,
        0 => MOUNT_ATTR_STRICTATIME,
        _ => MOUNT_ATTR_NOATIME,
    }
}

/// The old call's flags for attributes.
pub(crate) fn old_flags(attributes: u64) -> u64 {
    let mut flags = match attributes & MOUNT_ATTR__ATIME {
        0 => sys::MS_RELATIME,
        MOUNT_ATTR_NOATIME => sys::MS_NOATIME,
        _ => sys::MS_STRICTATIME,
    };
    for (attribute, _, flag) in FLAGS {
        if attributes & attribute != 0 {
            flags |= flag;
        }
    }
    flags
}

impl Init<'_> {
    /// Sets attributes of one mount that has its place.
    pub(crate) fn set_by_remount(&mut self, mounted: Fd, tree: &Tree<'_>) -> Outcome {
        // Of a whole tree the old call knows nothing.
        if tree.recursive && tree.set_all | tree.clear_all != 0 {
            return Err(Failure::new(Part::Attributes, Errno::NOSYS));
        }
        let told = sys::mount_flags(mounted).of(Part::Attributes)?;
        let mut now = times(told);
        for (attribute, flag, _) in FLAGS {
            if told & flag != 0 {
                now |= attribute;
            }
        }
        let of_the_tree = now & !tree.clear_all | tree.set_all;
        let named = of_the_tree & !tree.clear | tree.set;
        match self.remount_bound(mounted, named & !tree.clear_unlocked) {
            // Locked flags stay, as long as nobody asked for their end.
            Err(failure) if failure.is(Errno::PERM) && tree.clear_unlocked & now != 0 => {
                self.remount_bound(mounted, named)
            }
            outcome => outcome,
        }
    }

    fn remount_bound(&mut self, mounted: Fd, attributes: u64) -> Outcome {
        self.mount_at(mounted, sys::MS_REMOUNT | sys::MS_BIND | old_flags(attributes))
    }

    /// The old call on a mount behind a descriptor, through that one's name in the host's procfs: it takes paths only.
    pub(crate) fn mount_at(&mut self, mounted: Fd, flags: u64) -> Outcome {
        self.open_proc()?;
        let mut name = Buffer::new();
        name.push(b"/proc/self/fd/")?;
        name.push(decimal(mounted.0, &mut [0; 12]))?;
        sys::mount(c"none", name.as_c_str(), flags).of(Part::Attributes)
    }

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
            Err(Errno::NOSYS) => self.set_by_remount(mounted, &Tree::one(sys::MOUNT_ATTR_RDONLY, 0)),
            result => result.of(Part::Attributes),
        }
    }
}
