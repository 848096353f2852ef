//! What stands before the steps.

use super::{Malformed, Reader, Sink, Wire};

/// The first word of a plan.
const MAGIC: u32 = 0x6f72_6c71;

/// Which of the descriptors that init inherits: an index into the table behind the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(pub u32);

impl Wire<'_> for Slot {
    fn put(&self, sink: &mut impl Sink) {
        self.0.put(sink);
    }
    fn take(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        u32::take(reader).map(Self)
    }
}

/// What stands before the steps: how init talks, which descriptors it has, and what several steps refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Init's end of the socket to its parent.
    pub socket: i32,
    /// Descriptors to become 0, 1 and 2; -1 to leave one as it is.
    pub stdio: [i32; 3],
    /// Which of 0, 1 and 2 may be given to the process's user: a bit for each.
    pub given: u32,
    /// So many mounts are kept hold of by number.
    pub held: u32,
    /// The system call filter of the process and of the hooks that are bound like it: `struct sock_filter`s; empty for
    /// none.
    pub filter: &'a [u8],
    /// `SECCOMP_FILTER_FLAG_*` of the filter.
    pub filter_flags: u64,
    /// The descriptors behind [`Slot`]s, as `i32`s.
    slots: &'a [u8],
}

impl<'a> Header<'a> {
    /// A header without descriptors behind slots.
    pub fn new(socket: i32, stdio: [i32; 3]) -> Self {
        Self {
            socket,
            stdio,
            given: 0b111,
            held: 0,
            filter: &[],
            filter_flags: 0,
            slots: &[],
        }
    }

    /// Writes the header, with the table of descriptors.
    pub fn put(&self, sink: &mut impl Sink, slots: impl ExactSizeIterator<Item = i32>) {
        MAGIC.put(sink);
        self.socket.put(sink);
        for number in self.stdio {
            number.put(sink);
        }
        self.given.put(sink);
        self.held.put(sink);
        self.filter.put(sink);
        self.filter_flags.put(sink);
        u32::try_from(slots.len() * size_of::<i32>())
            .unwrap_or(u32::MAX)
            .put(sink);
        for number in slots {
            number.put(sink);
        }
    }

    /// Reads the header and the table of descriptors.
    ///
    /// # Errors
    /// It is none, or it is cut.
    pub fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        if u32::take(reader)? != MAGIC {
            return Err(Malformed);
        }
        let header = Self {
            socket: i32::take(reader)?,
            stdio: [i32::take(reader)?, i32::take(reader)?, i32::take(reader)?],
            given: u32::take(reader)?,
            held: u32::take(reader)?,
            filter: <&[u8]>::take(reader)?,
            filter_flags: u64::take(reader)?,
            slots: <&[u8]>::take(reader)?,
        };
        if header.slots.as_chunks::<4>().1.is_empty() {
            Ok(header)
        } else {
            Err(Malformed)
        }
    }

    /// The descriptor behind `slot`.
    ///
    /// # Errors
    /// There is no such slot.
    pub fn descriptor(&self, slot: Slot) -> Result<i32, Malformed> {
        let index = slot.0 as usize;
        let bytes = self.slots.as_chunks::<4>().0.get(index).ok_or(Malformed)?;
        Ok(i32::from_ne_bytes(*bytes))
    }
}
