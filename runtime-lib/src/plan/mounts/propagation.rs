//! How a mount is to propagate: words that are carried out one after the other, as `man 7 mount_namespaces` has them.

use crate::bundle::Propagation;
use orlop_init::linux::mount_flag::{PRIVATE, REC, SHARED, SLAVE, UNBINDABLE};
use orlop_init::step::mounts::Propagations;

/// The flags of a word.
pub(crate) fn flags(propagation: Propagation) -> u64 {
    match propagation {
        Propagation::Private => PRIVATE,
        Propagation::Rprivate => REC | PRIVATE,
        Propagation::Slave => SLAVE,
        Propagation::Rslave => REC | SLAVE,
        Propagation::Shared => SHARED,
        Propagation::Rshared => REC | SHARED,
        Propagation::Unbindable => UNBINDABLE,
        Propagation::Runbindable => REC | UNBINDABLE,
    }
}

/// `MS_SHARED` and the like, with `MS_REC` where that was asked for, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct PropagationList(Vec<u8>);

impl From<&[Propagation]> for PropagationList {
    fn from(words: &[Propagation]) -> Self {
        // The flags are of the first 32 bits.
        let flags = words.iter().map(|word| u32::try_from(flags(*word)).unwrap_or_default());
        Self(flags.flat_map(u32::to_ne_bytes).collect())
    }
}

impl PropagationList {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_propagations(&self) -> Propagations<'_> {
        Propagations::new(&self.0)
    }
}
