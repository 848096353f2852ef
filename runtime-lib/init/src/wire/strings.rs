//! Strings and lists of strings.

use super::{Malformed, Reader, Sink, Wire};
use core::ffi::CStr;

/// A list of strings, as `execve` takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strings<'a> {
    count: u32,
    bytes: &'a [u8],
}

impl<'a> Strings<'a> {
    /// No strings.
    pub const EMPTY: Self = Self { count: 0, bytes: &[] };

    /// A list of `count` strings that stand in `bytes` one after the other, each with its NUL.
    ///
    /// # Errors
    /// If there are not exactly so many.
    pub fn new(count: u32, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let found = bytes.iter().filter(|byte| **byte == 0).count();
        let ends_well = bytes.last().is_none_or(|byte| *byte == 0);
        if found == count as usize && ends_well {
            Ok(Self { count, bytes })
        } else {
            Err(Malformed)
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The strings in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'a CStr> + use<'a> {
        let mut rest = self.bytes;
        core::iter::from_fn(move || {
            let string = CStr::from_bytes_until_nul(rest).ok()?;
            rest = rest.get(string.count_bytes() + 1..)?;
            Some(string)
        })
    }
}

impl<'w: 'a, 'a> Wire<'w> for &'a [u8] {
    fn put(&self, sink: &mut impl Sink) {
        // A length that does not fit ends as a malformed plan, which init refuses.
        u32::try_from(self.len()).unwrap_or(u32::MAX).put(sink);
        sink.put(self);
    }
    fn take(reader: &mut Reader<'w>) -> Result<Self, Malformed> {
        let length = u32::take(reader)?;
        reader.bytes(length as usize)
    }
}

impl<'w: 'a, 'a> Wire<'w> for &'a CStr {
    fn put(&self, sink: &mut impl Sink) {
        self.to_bytes_with_nul().put(sink);
    }
    fn take(reader: &mut Reader<'w>) -> Result<Self, Malformed> {
        CStr::from_bytes_with_nul(<&[u8]>::take(reader)?).map_err(|_| Malformed)
    }
}

impl<'w: 'a, 'a> Wire<'w> for Strings<'a> {
    fn put(&self, sink: &mut impl Sink) {
        self.count.put(sink);
        self.bytes.put(sink);
    }
    fn take(reader: &mut Reader<'w>) -> Result<Self, Malformed> {
        let count = u32::take(reader)?;
        Self::new(count, <&[u8]>::take(reader)?)
    }
}
