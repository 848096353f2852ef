//! What of a mount is changed: its attributes, its ids, and which links lead to it.

use crate::step::words::{List, attributes, cleared};
use crate::wire::{Malformed, Reader, Sink, Slot, Wire};
use core::fmt;

/// Declares a value that is made of others, each with a form on the wire.
macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl Wire<'_> for $name {
            fn put(&self, sink: &mut impl Sink) {
                $(self.$field.put(sink);)*
            }
            fn take(reader: &mut Reader<'_>) -> core::result::Result<Self, Malformed> {
                Ok(Self { $($field: Wire::take(reader)?,)* })
            }
        }
    )*};
}

parts! {
    /// Attributes of mounts to change, `MOUNT_ATTR_*`.
    Changes {
        /// To set.
        set: u64,
        /// To clear.
        clear: u64,
        /// To clear as well, unless they are locked (`man 7 mount_namespaces`): nobody asked for just these.
        clear_unlocked: u64,
        /// To set on all mounts of the tree.
        set_all: u64,
        /// To clear on all mounts of the tree.
        clear_all: u64,
    }
    /// Which links of a bind's paths are taken for what they are.
    Links {
        /// A source that is a link is bound as such.
        source: bool,
        /// A target that is a link is bound onto.
        target: bool,
        /// A link like a source that is one is made, instead of binding it.
        copy: bool,
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

parts! {
    /// How the ids of a mount are mapped (`man 2 mount_setattr`, `MOUNT_ATTR_IDMAP`).
    Mapping {
        /// A user namespace with the maps.
        namespace: Slot,
        /// The ids of the mounts below are mapped, too.
        recursive: bool,
    }
}

impl Changes {
    /// Changes of a single mount.
    pub const fn one(set: u64, clear: u64) -> Self {
        Self {
            set,
            clear,
            clear_unlocked: 0,
            set_all: 0,
            clear_all: 0,
        }
    }

    pub(super) fn words(&self, list: &mut List<'_, '_>) -> fmt::Result {
        attributes(list, self.set, "")?;
        cleared(list, self.set, self.clear, "")?;
        attributes(list, self.set_all, " on all below")?;
        cleared(list, self.set_all, self.clear_all, " on all below")
    }
}

pub(super) fn mapped(list: &mut List<'_, '_>, mapping: Option<Mapping>) -> fmt::Result {
    match mapping {
        None => Ok(()),
        Some(Mapping { recursive: false, .. }) => list.word("with its ids mapped"),
        Some(Mapping { recursive: true, .. }) => list.word("with its ids and those below mapped"),
    }
}
