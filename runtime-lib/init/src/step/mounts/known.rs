//! Mounts that are known again, wherever they are by now.

use crate::wire::{Malformed, Reader, Sink, Wire};

/// What a mount is known by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownMount {
    /// Its id, which another mount may have when this one is gone (`man 2 statx`, `STATX_MNT_ID`).
    pub id: u64,
    /// The id that no other mount ever has (`STATX_MNT_ID_UNIQUE`, Linux 6.8); 0 before.
    pub unique: u64,
    /// The device of its root's filesystem.
    pub device: (u32, u32),
    /// Its root's inode.
    pub inode: u64,
}

/// How long one is on the wire.
const SIZE: usize = 32;

impl KnownMount {
    /// Its form on the wire.
    pub fn to_bytes(self) -> [u8; SIZE] {
        let (major, minor) = self.device;
        let device = u64::from(major) << 32 | u64::from(minor);
        let mut bytes = [0; SIZE];
        let words = [self.id, self.unique, device, self.inode];
        for (place, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *place = word.to_ne_bytes();
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; SIZE]) -> Self {
        let mut words = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_ne_bytes(*word));
        let mut next = || words.next().unwrap_or_default();
        let (id, unique, device, inode) = (next(), next(), next(), next());
        let [a, b, c, d, e, f, g, h] = device.to_be_bytes();
        Self {
            id,
            unique,
            device: (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])),
            inode,
        }
    }
}

/// A list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownMounts<'a>(&'a [u8]);

impl<'a> KnownMounts<'a> {
    /// Those that stand in `bytes`, one after the other.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The mounts in their order.
    pub fn iter(&self) -> impl Iterator<Item = KnownMount> + use<'a> {
        self.0.as_chunks::<SIZE>().0.iter().map(KnownMount::from_bytes)
    }
}

impl<'w: 'a, 'a> Wire<'w> for KnownMounts<'a> {
    fn put(&self, sink: &mut impl Sink) {
        self.0.put(sink);
    }
    fn take(reader: &mut Reader<'w>) -> core::result::Result<Self, Malformed> {
        <&[u8]>::take(reader).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_is_the_same_behind_the_wire() {
        let one = KnownMount {
            id: 7,
            unique: u64::MAX - 1,
            device: (8, 0x10001),
            inode: 1 << 40,
        };
        let bytes = [one.to_bytes(), KnownMount::default().to_bytes()].concat();
        assert!(KnownMounts::new(&bytes).iter().eq([one, KnownMount::default()]));
    }
}
