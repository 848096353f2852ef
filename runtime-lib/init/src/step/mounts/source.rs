//! Where the tree of a bind mount comes from.

use crate::wire::{Malformed, Reader, Sink, Slot, Wire};
use core::ffi::CStr;

/// Where the tree of a bind mount comes from. All but the last are looked up by init, at paths of the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// A path.
    Path(&'a CStr),
    /// The first of two paths that is there.
    Either(&'a CStr, &'a CStr),
    /// What was opened early at this path, under this number; by the path if it could not be.
    Opened(u32, &'a CStr),
    /// A tree that the parent has opened, and perhaps mapped: it may do what a user namespace may not.
    Tree(Slot, &'a CStr),
    /// A tree that was taken early at this path, under this number.
    Taken(u32, &'a CStr),
}

impl<'a> Source<'a> {
    /// Its path on the host.
    pub fn path(&self) -> &'a CStr {
        match self {
            Self::Path(path)
            | Self::Either(path, _)
            | Self::Opened(_, path)
            | Self::Tree(_, path)
            | Self::Taken(_, path) => path,
        }
    }
}

impl<'w: 'a, 'a> Wire<'w> for Source<'a> {
    fn put(&self, sink: &mut impl Sink) {
        match self {
            Self::Path(path) => {
                0u8.put(sink);
                path.put(sink);
            }
            Self::Either(first, second) => {
                1u8.put(sink);
                first.put(sink);
                second.put(sink);
            }
            Self::Opened(number, path) => {
                2u8.put(sink);
                number.put(sink);
                path.put(sink);
            }
            Self::Tree(slot, path) => {
                3u8.put(sink);
                slot.put(sink);
                path.put(sink);
            }
            Self::Taken(number, path) => {
                4u8.put(sink);
                number.put(sink);
                path.put(sink);
            }
        }
    }
    fn take(reader: &mut Reader<'w>) -> core::result::Result<Self, Malformed> {
        Ok(match u8::take(reader)? {
            0 => Self::Path(Wire::take(reader)?),
            1 => Self::Either(Wire::take(reader)?, Wire::take(reader)?),
            2 => Self::Opened(Wire::take(reader)?, Wire::take(reader)?),
            3 => Self::Tree(Wire::take(reader)?, Wire::take(reader)?),
            4 => Self::Taken(Wire::take(reader)?, Wire::take(reader)?),
            _ => return Err(Malformed),
        })
    }
}
