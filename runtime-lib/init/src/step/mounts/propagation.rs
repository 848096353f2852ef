//! How a mount is to propagate.

use crate::step::words::{List, Propagating};
use crate::wire::{Malformed, Reader, Sink, Wire};
use core::fmt;

/// How a mount is to propagate: operations that are done one after the other, each `MS_SHARED` or the like, with
/// `MS_REC` if that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Propagations<'a>(&'a [u8]);

impl<'a> Propagations<'a> {
    /// It stays as it is.
    pub const EMPTY: Self = Self(&[]);

    /// The operations that stand in `bytes`, each a `u32`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The operations in their order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + use<'a> {
        let operations = self.0.as_chunks::<4>().0.iter();
        operations.map(|flags| u64::from(u32::from_ne_bytes(*flags)))
    }
}

impl<'w: 'a, 'a> Wire<'w> for Propagations<'a> {
    fn put(&self, sink: &mut impl Sink) {
        self.0.put(sink);
    }
    fn take(reader: &mut Reader<'w>) -> core::result::Result<Self, Malformed> {
        <&[u8]>::take(reader).map(Self)
    }
}

pub(super) fn propagating(list: &mut List<'_, '_>, propagation: Propagations<'_>) -> fmt::Result {
    propagation.iter().try_for_each(|flags| list.word(Propagating(flags)))
}
