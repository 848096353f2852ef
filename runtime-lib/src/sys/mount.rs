//! `mount_setattr`, the one call on mounts that the library makes itself.

use rustix::io::Errno;
use std::os::fd::{AsRawFd, OwnedFd};

/// `struct mount_attr`.
#[repr(C)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    namespace: u64,
}

/// Maps the ids of a mount that has no place yet by a user namespace's maps (`man 2 mount_setattr`,
/// `MOUNT_ATTR_IDMAP`, Linux 5.12).
pub(crate) fn map_mount(tree: &OwnedFd, namespace: &OwnedFd, recursive: bool) -> Result<(), Errno> {
    const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;
    let attributes = Attributes {
        set: MOUNT_ATTR_IDMAP,
        clear: 0,
        propagation: 0,
        namespace: u64::from(namespace.as_raw_fd().cast_unsigned()),
    };
    set_attributes(tree, &attributes, recursive)
}

/// Sets how all mounts of a tree propagate, `MS_SLAVE` or `MS_PRIVATE` (Linux 5.12).
pub(crate) fn set_propagation(tree: &OwnedFd, propagation: u64) -> Result<(), Errno> {
    let attributes = Attributes {
        set: 0,
        clear: 0,
        propagation,
        namespace: 0,
    };
    set_attributes(tree, &attributes, true)
}

fn set_attributes(tree: &OwnedFd, attributes: &Attributes, recursive: bool) -> Result<(), Errno> {
    const AT_RECURSIVE: libc::c_int = 0x8000;
    let flags = libc::AT_EMPTY_PATH | if recursive { AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a C string and the structure is the kernel's in its first size; both live as long as the
    // call, which only reads them.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags,
            std::ptr::from_ref(attributes),
            size_of::<Attributes>(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))
    }
}
