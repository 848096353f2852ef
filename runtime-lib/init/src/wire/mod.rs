//! The plan as init reads it: a header, a table of descriptors, and a flat list of steps.
//!
//! Both sides are of the same build and run on the same machine, so numbers are in the machine's own order, and init
//! is told no version. Steps that are kept on disk stand beside their [`FORM`]. The plan is nevertheless read with
//! every length checked: a fault of ours must end in an error, not in a wild read by a process that is still root.

mod header;
mod message;
mod part;
mod strings;

pub use header::{Header, Slot};
pub use message::Message;
pub use part::{KILLED, Part};
pub use strings::Strings;

/// Which form plans have: a number that follows from the declarations of the header and of all steps, so that what one
/// version of this crate wrote is not taken for another's.
pub const FORM: u64 = {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < DECLARATIONS.len() {
        hash = hashed(hash, DECLARATIONS[at].as_bytes());
        at += 1;
    }
    hash
};

/// The texts that the form follows from. A word of a comment changes the number, too, which costs no more than the
/// hint of an error.
const DECLARATIONS: [&str; 23] = [
    include_str!("mod.rs"),
    include_str!("header.rs"),
    include_str!("strings.rs"),
    include_str!("../step/declare.rs"),
    include_str!("../step/devices.rs"),
    include_str!("../step/hooks.rs"),
    include_str!("../step/kernel.rs"),
    include_str!("../step/labels.rs"),
    include_str!("../step/landlock.rs"),
    include_str!("../step/mod.rs"),
    include_str!("../step/mounts/changes.rs"),
    include_str!("../step/mounts/mod.rs"),
    include_str!("../step/mounts/propagation.rs"),
    include_str!("../step/mounts/source.rs"),
    include_str!("../step/namespaces.rs"),
    include_str!("../step/network.rs"),
    include_str!("../step/process.rs"),
    include_str!("../step/program.rs"),
    include_str!("../step/rootfs.rs"),
    include_str!("../step/start.rs"),
    include_str!("../step/terminal.rs"),
    include_str!("../step/turns.rs"),
    include_str!("../step/words.rs"),
];

/// FNV-1a over words of eight bytes; the rest counts byte by byte.
const fn hashed(mut hash: u64, text: &[u8]) -> u64 {
    let mut at = 0;
    while at < text.len() {
        let mut word = 0;
        let mut byte = 0;
        while byte < 8 && at < text.len() {
            word = word << 8 | text[at] as u64;
            at += 1;
            byte += 1;
        }
        hash = (hash ^ word).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// The plan is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Takes the bytes of a plan that is being written.
pub trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);
}

/// Reads a plan from its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `length` bytes.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// A value with a form on the wire.
pub trait Wire<'a>: Sized {
    /// Writes it.
    fn put(&self, sink: &mut impl Sink);
    /// Reads it.
    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed>;
}

macro_rules! number {
    ($($kind:ty),*) => {$(
        impl Wire<'_> for $kind {
            fn put(&self, sink: &mut impl Sink) {
                sink.put(&self.to_ne_bytes());
            }
            fn take(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
                let bytes = reader.bytes(size_of::<Self>())?;
                Ok(Self::from_ne_bytes(bytes.try_into().map_err(|_| Malformed)?))
            }
        }
    )*};
}

number!(u8, u32, i32, u64, i64);

impl Wire<'_> for bool {
    fn put(&self, sink: &mut impl Sink) {
        u8::from(*self).put(sink);
    }
    fn take(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match u8::take(reader)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }
}

/// Nothing is one byte of 0, something one of 1 and the value.
impl<'a, T: Wire<'a>> Wire<'a> for Option<T> {
    fn put(&self, sink: &mut impl Sink) {
        self.is_some().put(sink);
        if let Some(value) = self {
            value.put(sink);
        }
    }
    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        bool::take(reader)?.then(|| T::take(reader)).transpose()
    }
}
