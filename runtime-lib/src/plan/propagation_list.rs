//! How a mount is to propagate: words that are carried out one after the other, as `man 7 mount_namespaces` has them.

use orlop_init::wire::Propagations;

/// `MS_SHARED` and the like, with `MS_REC` where that was asked for, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct PropagationList(Vec<u8>);

impl PropagationList {
    pub(crate) fn push(&mut self, flags: u64) {
        // The flags are of the first 32 bits.
        let flags = u32::try_from(flags).unwrap_or_default();
        self.0.extend_from_slice(&flags.to_ne_bytes());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_propagations(&self) -> Propagations<'_> {
        Propagations::new(&self.0)
    }
}
