//! Mounts by descriptor: taken, changed, and put in place.

use super::file::{AT_EMPTY_PATH, AT_RECURSIVE, O_CLOEXEC};
use super::{Arg, Errno, Fd, Result, call, number};
pub(crate) use crate::linux::mount_attribute::RDONLY as MOUNT_ATTR_RDONLY;
use crate::linux::mount_attribute::{self, MountAttributes};
use core::ffi::CStr;

pub(crate) const OPEN_TREE_CLONE: u32 = 1;

/// A descriptor of a mount, or with [`OPEN_TREE_CLONE`] of a copy that has no place yet (`man 2 open_tree`, Linux
/// 5.2). `flags` may hold `AT_*`, too. ENOENT and ELOOP as for any path.
pub(crate) fn open_tree(directory: Fd, path: &CStr, flags: u32) -> Result<Fd> {
    let flags = flags | O_CLOEXEC;
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL.
    unsafe { call(number::OPEN_TREE, [directory.into(), path.into(), flags.into()]) }.map(Fd::new)
}

/// Puts a mount that has no place yet on `target` (`man 2 move_mount`, Linux 5.2).
pub(crate) fn attach(tree: Fd, target: Fd) -> Result<()> {
    const MOVE_MOUNT_F_EMPTY_PATH: u32 = 0x04;
    const MOVE_MOUNT_T_EMPTY_PATH: u32 = 0x40;
    let arguments = [
        tree.into(),
        c"".into(),
        target.into(),
        c"".into(),
        (MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH).into(),
    ];
    // SAFETY: the kernel reads the two empty paths.
    unsafe { call(number::MOVE_MOUNT, arguments) }.map(drop)
}

/// Clears and sets `MOUNT_ATTR_*`, and sets the propagation if it is not 0 (`man 2 mount_setattr`, Linux 5.12). ENOSYS
/// from older kernels; EPERM for what a user namespace may not clear.
pub(crate) fn set_attributes(tree: Fd, recursive: bool, set: u64, clear: u64, propagation: u64) -> Result<()> {
    let attributes = MountAttributes {
        set,
        clear,
        propagation,
        namespace: 0,
    };
    change(tree, recursive, &attributes)
}

/// Maps the ids of a mount that has no place yet by a user namespace's maps (`man 2 mount_setattr`, Linux 5.12).
/// EINVAL for a filesystem that cannot do that.
pub(crate) fn map_ids(tree: Fd, recursive: bool, namespace: Fd) -> Result<()> {
    let attributes = MountAttributes {
        set: mount_attribute::IDMAP,
        clear: 0,
        propagation: 0,
        namespace: u64::try_from(namespace.0).map_err(|_| Errno::INVAL)?,
    };
    change(tree, recursive, &attributes)
}

fn change(tree: Fd, recursive: bool, attributes: &MountAttributes) -> Result<()> {
    let flags = AT_EMPTY_PATH | if recursive { AT_RECURSIVE } else { 0 };
    let arguments = [
        tree.into(),
        c"".into(),
        flags.into(),
        Arg::from_ref(attributes),
        size_of::<MountAttributes>().into(),
    ];
    // SAFETY: the kernel reads the empty path and a struct mount_attr of the size that is given.
    unsafe { call(number::MOUNT_SETATTR, arguments) }.map(drop)
}

/// `struct mnt_id_req`, as Linux 6.8 has it.
#[repr(C)]
struct MountRequest {
    size: u32,
    namespace: u32,
    id: u64,
    wanted: u64,
}

const _: () = assert!(size_of::<MountRequest>() == 24);

/// `struct statmount`, as far as it is read, and the strings behind it.
#[repr(C)]
pub(crate) struct MountPlace {
    before: [u32; 27],
    /// Where in the strings the place is.
    place: u32,
    rest: [u32; 100],
    strings: [u8; 4096],
}

const _: () = assert!(core::mem::offset_of!(MountPlace, strings) == 512);

impl MountPlace {
    pub(crate) const NOWHERE: Self = Self {
        before: [0; 27],
        place: 0,
        rest: [0; 100],
        strings: [0; 4096],
    };

    /// The path below the root, with a `/` before it; empty for what is not below.
    pub(crate) fn path(&self) -> &CStr {
        let at = usize::try_from(self.place).unwrap_or(usize::MAX);
        let string = self.strings.get(at..).unwrap_or_default();
        CStr::from_bytes_until_nul(string).unwrap_or_default()
    }
}

/// Where in the mount namespace the mount with this id is, which no other ever has (`man 2 statmount`, Linux 6.8).
/// ENOENT if it is not in there any more, EOVERFLOW for a path that is too long.
pub(crate) fn place_of(unique: u64, place: &mut MountPlace) -> Result<()> {
    const STATMOUNT_MNT_POINT: u64 = 0x10;
    let request = MountRequest {
        size: 24,
        namespace: 0,
        id: unique,
        wanted: STATMOUNT_MNT_POINT,
    };
    let arguments = [
        Arg::from_ref(&request),
        Arg::from_mut(place),
        size_of::<MountPlace>().into(),
        0u32.into(),
    ];
    // SAFETY: the kernel reads a struct mnt_id_req of the size that stands in it, and writes at most as many bytes as
    // the place has, which is borrowed mutably and may hold any.
    unsafe { call(number::STATMOUNT, arguments) }.map(drop)
}
