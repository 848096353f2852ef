//! What files and filesystems tell of themselves.

use super::file::AT_EMPTY_PATH;
use super::{Arg, Fd, Result, S_IFCHR, S_IFMT, call, number};
use core::ffi::CStr;

/// What `man 2 statx` tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    /// Type and permissions.
    pub(crate) mode: u32,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) inode: u64,
    /// Of a device, as the next.
    pub(crate) major: u32,
    pub(crate) minor: u32,
    /// The device of the filesystem that it is on.
    pub(crate) filesystem: (u32, u32),
    /// The id of the mount that it is on; 0 before Linux 5.8.
    pub(crate) mount: u64,
    /// Whether it is the root of a mount; nothing before Linux 5.8.
    pub(crate) is_mount_root: Option<bool>,
}

impl Status {
    /// Whether it is the device that `/dev/null` should be (`man 4 null`).
    pub(crate) fn is_null(&self) -> bool {
        self.mode & S_IFMT == S_IFCHR && (self.major, self.minor) == (1, 3)
    }
}

/// `struct statx`, as far as it is read.
#[repr(C)]
#[derive(Default)]
struct Statx {
    mask: u32,
    block_size: u32,
    attributes: u64,
    links: u32,
    uid: u32,
    gid: u32,
    mode: u16,
    padding: u16,
    inode: u64,
    size: u64,
    blocks: u64,
    attributes_mask: u64,
    times: [u64; 8],
    device_major: u32,
    device_minor: u32,
    filesystem_major: u32,
    filesystem_minor: u32,
    mount: u64,
    rest: [u64; 13],
}

const _: () = assert!(size_of::<Statx>() == 256);

/// `man 2 statx`; `flags` are `AT_*`. ENOENT for a name that is not there, EBADF for no descriptor.
pub(crate) fn status(directory: Fd, path: &CStr, flags: u32) -> Result<Status> {
    const STATX_BASIC_STATS: u32 = 0x7ff;
    const STATX_MNT_ID: u32 = 0x1000;
    const STATX_ATTR_MOUNT_ROOT: u64 = 0x2000;
    let buffer = statx(directory, path, flags, STATX_BASIC_STATS | STATX_MNT_ID)?;
    Ok(Status {
        mode: u32::from(buffer.mode),
        size: buffer.size,
        uid: buffer.uid,
        gid: buffer.gid,
        inode: buffer.inode,
        major: buffer.device_major,
        minor: buffer.device_minor,
        filesystem: (buffer.filesystem_major, buffer.filesystem_minor),
        mount: buffer.mount,
        is_mount_root: (buffer.attributes_mask & STATX_ATTR_MOUNT_ROOT != 0)
            .then_some(buffer.attributes & STATX_ATTR_MOUNT_ROOT != 0),
    })
}

/// The id of the mount that a file is on, which no other mount ever has; nothing before Linux 6.8.
pub(crate) fn unique_mount(file: Fd) -> Result<Option<u64>> {
    const STATX_MNT_ID_UNIQUE: u32 = 0x4000;
    let buffer = statx(file, c"", AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE)?;
    Ok((buffer.mask & STATX_MNT_ID_UNIQUE != 0).then_some(buffer.mount))
}

fn statx(directory: Fd, path: &CStr, flags: u32, wanted: u32) -> Result<Statx> {
    let mut buffer = Statx::default();
    let arguments = [
        directory.into(),
        path.into(),
        flags.into(),
        wanted.into(),
        Arg::from_mut(&mut buffer),
    ];
    // SAFETY: the kernel reads the borrowed path, which ends with a NUL, and writes one struct statx, which is
    // borrowed mutably.
    unsafe { call(number::STATX, arguments) }?;
    Ok(buffer)
}

/// The type of the filesystem that a file is on (`man 2 fstatfs`).
pub(crate) fn filesystem(file: Fd) -> Result<u64> {
    Ok(statfs(file)?[0])
}

/// The flags of the mount that a file is on: `ST_*` of `man 2 fstatfs`.
pub(crate) fn mount_flags(file: Fd) -> Result<u64> {
    Ok(statfs(file)?[10])
}

/// The words of `struct statfs`: the two halves of f_fsid are the eighth, the flags the eleventh.
fn statfs(file: Fd) -> Result<[u64; 16]> {
    let mut buffer = [0; 16];
    // SAFETY: the kernel writes one struct statfs, of 120 bytes, to the 128 that are borrowed mutably.
    unsafe { call(number::FSTATFS, [file.into(), Arg::from_mut(&mut buffer)]) }?;
    Ok(buffer)
}
