//! Filesystems and bound trees inside the rootfs, and what is done to them afterwards.

mod afterwards;
mod bind;
mod changes;
mod faults;
mod in_proc;
mod known;
mod mount;
mod parameters;
mod propagation;
mod source;

use crate::wire::Strings;
use core::ffi::CStr;

pub use changes::{Changes, Links, Mapping};
pub use in_proc::may_lie_in_proc;
pub use known::{KnownMount, KnownMounts};
pub use parameters::{LONGEST_DATA, LONGEST_PARAMETER, is_too_long};
pub use propagation::Propagations;
pub use source::Source;

steps! { 4<'a>;
    /// Mount a new filesystem inside the rootfs (`man 2 fsopen`).
    Mount<'a> = 1 {
        /// The filesystem's type.
        kind: &'a CStr,
        /// What is mounted; empty for none.
        source: &'a CStr,
        /// Where, below the rootfs.
        target: &'a CStr,
        /// The filesystem's own parameters: `key` or `key=value`.
        parameters: Strings<'a>,
        /// `MOUNT_ATTR_*` of the mount.
        attributes: u64,
        /// How its ids are mapped.
        mapping: Option<Mapping>,
        /// How it propagates once it has its place.
        propagation: Propagations<'a>,
        /// Copy what is below the mount point into the filesystem.
        copy_up: bool,
        /// The permissions of the mount point, if it has to be made.
        mode: u32,
        /// The number by which init keeps hold of it, for what is done to it when something else may be mounted on its
        /// place.
        hold: Option<u32>,
    }
    /// Bind a file or a tree into the rootfs.
    Bind<'a> = 2 {
        /// What is bound.
        source: Source<'a>,
        /// Where, below the rootfs.
        target: &'a CStr,
        /// Take the mounts below the source too.
        recursive: bool,
        /// Which links are taken for what they are.
        links: Links,
        /// Its attributes.
        changes: Changes,
        /// How its ids are mapped.
        mapping: Option<Mapping>,
        /// How it propagates once it has its place.
        propagation: Propagations<'a>,
        /// The number by which init keeps hold of it.
        hold: Option<u32>,
    }
    /// Change what is mounted inside the rootfs: the attributes of the mount, and the parameters of its filesystem
    /// (`man 2 fspick`).
    ChangeMount<'a> = 3 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// The number by which init holds the mount whose filesystem it is: another's is not changed.
        made: Option<u32>,
        /// The filesystem's parameters to change: `key` or `key=value`.
        parameters: Strings<'a>,
        /// Its attributes.
        changes: Changes,
        /// How it propagates from then on.
        propagation: Propagations<'a>,
        /// The number by which init keeps hold of it.
        hold: Option<u32>,
    }
    /// Change the flags of a filesystem that is mounted inside the rootfs (`man 2 mount`, `MS_REMOUNT`): those that
    /// the mount API has no word for.
    Remount<'a> = 4 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// `MS_*` flags: all that the mount and its filesystem are to have.
        flags: u64,
    }
    /// Change the attributes of what is mounted inside the rootfs.
    ChangeAttributes<'a> = 5 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// `MOUNT_ATTR_*` to set.
        set: u64,
        /// `MOUNT_ATTR_*` to clear.
        clear: u64,
    }
    /// Make a mount read-only that init keeps hold of.
    ReadonlyHeld<'a> = 6 {
        /// Its number.
        number: u32,
        /// Where it is, below the rootfs.
        target: &'a CStr,
    }
    /// Set how a mount propagates that init keeps hold of.
    PropagateHeld<'a> = 7 {
        /// Its number.
        number: u32,
        /// How it propagates.
        propagation: Propagations<'a>,
    }
    /// Set the SELinux label of what is mounted inside the rootfs.
    LabelMount<'a> = 8 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// The label.
        label: &'a CStr,
    }
    /// Take a mount off the container, with all mounts below (`man 2 umount2`, `MNT_DETACH`): the first of those that
    /// are known to have been mounted on a place which still is, wherever that is by now. How many before it are not
    /// mounted any more, the parent is told with this turn.
    Unmount<'a> = 9 {
        /// Where they were mounted, below the root.
        target: &'a CStr,
        /// The mounts.
        mounts: KnownMounts<'a>,
        /// The turn's number.
        turn: u32,
    }
    /// Make a copy of the host's mounts to take trees from: the caller's own are not its to take, or are to be locked
    /// (`man 7 mount_namespaces`).
    CopyMounts = 10 {
        /// So many trees will be taken.
        trees: u32,
    }
    /// Take a tree of mounts at its path of the host's.
    TakeTree<'a> = 11 {
        /// The number by which it is taken.
        number: u32,
        /// The path.
        path: &'a CStr,
        /// With the mounts below it.
        recursive: bool,
        /// A link is taken as such.
        keeps_link: bool,
    }
}
