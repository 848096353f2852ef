//! The old call's flags, and the call itself on what is behind a descriptor.

use crate::Init;
use crate::digits::decimal;
use crate::failure::Outcome;
use crate::linux::mount_attribute;
use crate::path::Buffer;
use crate::sys::{self, Fd};
use crate::wire::Part;
use core::ffi::CStr;

/// Attributes of `mount_setattr`, the flags by which `man 2 fstatfs` tells them, and those by which `man 2 mount` sets
/// them.
pub(super) const FLAGS: [(u64, u64, u64); 6] = [
    (0x01, 0x01, 0x01),
    (0x02, 0x02, 0x02),
    (0x04, 0x04, 0x04),
    (0x08, 0x08, 0x08),
    (0x80, 0x0800, 0x0800),
    (0x0020_0000, 0x2000, 0x0100),
];

/// The times of access that are in force, from what `man 2 fstatfs` tells.
pub(super) fn times(told: u64) -> u64 {
    // ST_NOATIME is 0x0400, ST_RELATIME 0x1000: the C library's names, which no kernel header has.
    match told & 0x1400 {
        0x1000 => 0,
        0 => mount_attribute::STRICTATIME,
        _ => mount_attribute::NOATIME,
    }
}

/// The old call's flags for attributes.
pub(super) fn flags(attributes: u64) -> u64 {
    let mut all = match attributes & mount_attribute::ATIME {
        0 => sys::MS_RELATIME,
        mount_attribute::NOATIME => sys::MS_NOATIME,
        _ => sys::MS_STRICTATIME,
    };
    for (attribute, _, flag) in FLAGS {
        if attributes & attribute != 0 {
            all |= flag;
        }
    }
    all
}

impl Init {
    /// The old call on a mount behind a descriptor.
    pub(crate) fn mount_at(&mut self, mounted: Fd, flags: u64) -> Outcome {
        self.by_name(mounted, &mut |name| sys::mount(c"none", name, flags))
            .map_err(|failure| failure.within(Part::Attributes))
    }

    /// Does what takes paths only, with the name that the host's procfs has for what is behind a descriptor. The working
    /// directory is in that procfs meanwhile: the container's is not to be believed.
    #[inline(never)]
    pub(super) fn by_name(&mut self, file: Fd, act: &mut dyn FnMut(&CStr) -> sys::Result<()>) -> Outcome {
        self.open_proc()?;
        let mut name = Buffer::new();
        name.push(b"self/fd/")?;
        name.push(decimal(file.0, &mut [0; 12]))?;
        sys::enter_directory(self.proc)?;
        let outcome = act(name.as_c_str());
        if self.root != Fd::NONE {
            sys::enter_directory(self.root)?;
        }
        Ok(outcome?)
    }
}
