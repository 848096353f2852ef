//! Every system call of the image, as safe functions over descriptors and C strings. All of the image's unsafe code is in this folder.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod landlock;
mod memory;
mod schedule;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
use aarch64 as arch;
#[cfg(target_arch = "x86_64")]
use x86_64 as arch;

use arch::number;
pub(crate) use arch::{O_DIRECTORY, O_NOFOLLOW};
use core::ffi::CStr;
pub(crate) use landlock::{allow_beneath, allow_port, create_ruleset, restrict_self};
pub(crate) use schedule::{SchedulingAttributes, set_io_priority, set_memory_policy, set_personality, set_scheduling};

/// A system call's refusal, as the kernel gives it: positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

impl Errno {
    pub(crate) const PERM: Self = Self(1);
    pub(crate) const NOENT: Self = Self(2);
    pub(crate) const INTR: Self = Self(4);
    pub(crate) const AGAIN: Self = Self(11);
    pub(crate) const ACCES: Self = Self(13);
    pub(crate) const EXIST: Self = Self(17);
    pub(crate) const NOTDIR: Self = Self(20);
    pub(crate) const ISDIR: Self = Self(21);
    pub(crate) const INVAL: Self = Self(22);
    pub(crate) const NAMETOOLONG: Self = Self(36);
    pub(crate) const NOSYS: Self = Self(38);
    pub(crate) const LOOP: Self = Self(40);
}

pub(crate) type Result<T> = core::result::Result<T, Errno>;

/// A descriptor of this process. Init is short-lived and every descriptor is close-on-exec, so most are left to the kernel to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fd(pub(crate) i32);

impl Fd {
    /// The working directory, for calls that take a directory.
    pub(crate) const CWD: Self = Self(-100);
    /// No descriptor.
    pub(crate) const NONE: Self = Self(-1);

    fn word(self) -> usize {
        // Sign-extended, as the kernel takes an int from a register.
        isize::try_from(self.0).unwrap_or(-1).cast_unsigned()
    }
}

pub(crate) const O_RDONLY: u32 = 0;
pub(crate) const O_WRONLY: u32 = 1;
pub(crate) const O_RDWR: u32 = 2;
pub(crate) const O_CREAT: u32 = 0o100;
pub(crate) const O_EXCL: u32 = 0o200;
pub(crate) const O_NOCTTY: u32 = 0o400;
pub(crate) const O_NONBLOCK: u32 = 0o4000;
pub(crate) const O_CLOEXEC: u32 = 0o2_000_000;
pub(crate) const O_PATH: u32 = 0o10_000_000;

pub(crate) const RESOLVE_NO_XDEV: u64 = 0x01;
pub(crate) const RESOLVE_NO_MAGICLINKS: u64 = 0x02;
pub(crate) const RESOLVE_NO_SYMLINKS: u64 = 0x04;
pub(crate) const RESOLVE_BENEATH: u64 = 0x08;
pub(crate) const RESOLVE_IN_ROOT: u64 = 0x10;

pub(crate) const S_IFMT: u32 = 0o170_000;
pub(crate) const S_IFIFO: u32 = 0o010_000;
pub(crate) const S_IFCHR: u32 = 0o020_000;
pub(crate) const S_IFDIR: u32 = 0o040_000;
pub(crate) const S_IFREG: u32 = 0o100_000;
pub(crate) const S_IFLNK: u32 = 0o120_000;

pub(crate) const AT_SYMLINK_NOFOLLOW: u32 = 0x100;
pub(crate) const AT_EMPTY_PATH: u32 = 0x1000;
pub(crate) const AT_RECURSIVE: u32 = 0x8000;

pub(crate) const OPEN_TREE_CLONE: u32 = 1;
const MOVE_MOUNT_F_EMPTY_PATH: usize = 0x04;
const MOVE_MOUNT_T_EMPTY_PATH: usize = 0x40;
const FSOPEN_CLOEXEC: usize = 1;
const FSMOUNT_CLOEXEC: usize = 1;
const FSCONFIG_SET_FLAG: usize = 0;
const FSCONFIG_SET_STRING: usize = 1;
const FSCONFIG_CMD_CREATE: usize = 6;

pub(crate) const MOUNT_ATTR_RDONLY: u64 = 0x01;

pub(crate) const MS_RDONLY: u64 = 1;
pub(crate) const MS_SYNCHRONOUS: u64 = 16;
pub(crate) const MS_REMOUNT: u64 = 32;
pub(crate) const MS_MANDLOCK: u64 = 64;
pub(crate) const MS_DIRSYNC: u64 = 128;
pub(crate) const MS_NOATIME: u64 = 1 << 10;
pub(crate) const MS_BIND: u64 = 4096;
pub(crate) const MS_MOVE: u64 = 8192;
pub(crate) const MS_REC: u64 = 16384;
pub(crate) const MS_PRIVATE: u64 = 1 << 18;
pub(crate) const MS_SLAVE: u64 = 1 << 19;
pub(crate) const MS_RELATIME: u64 = 1 << 21;
pub(crate) const MS_STRICTATIME: u64 = 1 << 24;
pub(crate) const MS_LAZYTIME: u64 = 1 << 25;
pub(crate) const MNT_DETACH: u32 = 2;

pub(crate) const CLONE_PARENT: u64 = 0x8000;
pub(crate) const SIGCHLD: u64 = 17;
pub(crate) const SIGKILL: i32 = 9;

pub(crate) const PR_SET_PDEATHSIG: u32 = 1;
pub(crate) const PR_SET_DUMPABLE: u32 = 4;
pub(crate) const PR_SET_KEEPCAPS: u32 = 8;
pub(crate) const PR_CAPBSET_READ: u32 = 23;
pub(crate) const PR_CAPBSET_DROP: u32 = 24;
pub(crate) const PR_SET_NO_NEW_PRIVS: u32 = 38;
pub(crate) const PR_CAP_AMBIENT: u32 = 47;
pub(crate) const PR_CAP_AMBIENT_RAISE: u32 = 2;
pub(crate) const PR_CAP_AMBIENT_CLEAR_ALL: u32 = 4;

/// Calls the kernel with words that are no pointers.
fn call(number: usize, arguments: [usize; 6]) -> Result<usize> {
    // SAFETY: only the functions below call this, with arguments of the right kinds; pointers among them come from references that
    // live until the call returns.
    let result = unsafe { arch::syscall(number, arguments) };
    if (-4095..0).contains(&result) {
        Err(Errno(i32::try_from(-result).unwrap_or(i32::MAX)))
    } else {
        Ok(result.cast_unsigned())
    }
}

fn descriptor(result: usize) -> Fd {
    Fd(i32::try_from(result).unwrap_or(-1))
}

fn word(number: u64) -> usize {
    // usize has 64 bits on both machines that this image runs on.
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn text(string: &CStr) -> usize {
    string.as_ptr().expose_provenance()
}

const EMPTY: &CStr = c"";

/// Where the kernel enters: the stack holds the number of arguments, and then their addresses.
pub(crate) unsafe extern "C" fn entry(stack: *const usize) -> ! {
    // SAFETY: the kernel put argc at the top of the stack, and so many pointers to C strings behind it (`man 2 execve`).
    let argument = unsafe {
        let count = *stack;
        if count > 1 {
            Some(CStr::from_ptr(*stack.add(2).cast::<*const core::ffi::c_char>()))
        } else {
            None
        }
    };
    crate::begin(argument)
}

/// Gives the kernel back the part of the stack that earlier steps have used: half of what a waiting init would cost.
pub(crate) fn release_stack() {
    const MADV_DONTNEED: usize = 4;
    // A page may have 64 KiB on aarch64. A new program's stack has 128 KiB and more, and nothing else is near below it.
    const PAGE: usize = if cfg!(target_arch = "x86_64") {
        4 << 10
    } else {
        64 << 10
    };
    const LENGTH: usize = 64 << 10;
    let here = 0u8;
    // The page below is left to the calls that are under way.
    let end = ((&raw const here).expose_provenance() & !(PAGE - 1)) - PAGE;
    let _ = call(number::MADVISE, [end - LENGTH, LENGTH, MADV_DONTNEED, 0, 0, 0]);
}

/// Ends the process. A filter of the container's may refuse both calls without ending it: then a fault does.
pub(crate) fn exit(status: i32) -> ! {
    for call_number in [number::EXIT_GROUP, number::EXIT] {
        let _ = call(call_number, [Fd(status).word(), 0, 0, 0, 0, 0]);
    }
    arch::fault()
}

pub(crate) fn read(file: Fd, buffer: &mut [u8]) -> Result<usize> {
    retry(|| {
        call(
            number::READ,
            [
                file.word(),
                buffer.as_mut_ptr().expose_provenance(),
                buffer.len(),
                0,
                0,
                0,
            ],
        )
    })
}

pub(crate) fn write(file: Fd, bytes: &[u8]) -> Result<usize> {
    retry(|| {
        call(
            number::WRITE,
            [file.word(), bytes.as_ptr().expose_provenance(), bytes.len(), 0, 0, 0],
        )
    })
}

/// Reads at a place of the file, wherever others are in it.
pub(crate) fn read_at(file: Fd, buffer: &mut [u8], offset: u64) -> Result<usize> {
    retry(|| {
        call(
            number::PREAD64,
            [
                file.word(),
                buffer.as_mut_ptr().expose_provenance(),
                buffer.len(),
                word(offset),
                0,
                0,
            ],
        )
    })
}

pub(crate) fn close(file: Fd) {
    let _ = call(number::CLOSE, [file.word(), 0, 0, 0, 0, 0]);
}

pub(crate) fn rewind(file: Fd) -> Result<()> {
    call(number::LSEEK, [file.word(), 0, 0, 0, 0, 0]).map(drop)
}

/// The bytes of a file, mapped; they are never unmapped.
pub(crate) fn map(file: Fd) -> Result<&'static [u8]> {
    let length = usize::try_from(status(file, EMPTY, AT_EMPTY_PATH)?.size).unwrap_or(0);
    if length == 0 {
        return Err(Errno::INVAL);
    }
    const PROT_READ: usize = 1;
    const MAP_PRIVATE: usize = 2;
    let address = call(number::MMAP, [0, length, PROT_READ, MAP_PRIVATE, file.word(), 0])?;
    // SAFETY: the kernel just mapped `length` bytes there; the file is sealed against changes and shrinking, and nobody unmaps it.
    Ok(unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance(address), length) })
}

/// Room for lists of pointers to C strings, from the kernel.
fn pointers(count: usize) -> Result<&'static mut [usize]> {
    const PROT_READ_WRITE: usize = 3;
    const MAP_PRIVATE_ANONYMOUS: usize = 0x22;
    let length = count.checked_mul(size_of::<usize>()).ok_or(Errno::INVAL)?;
    let address = call(
        number::MMAP,
        [0, length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, usize::MAX, 0],
    )?;
    // SAFETY: the kernel just mapped so many zeroed words there, for nobody else.
    Ok(unsafe { core::slice::from_raw_parts_mut(core::ptr::with_exposed_provenance_mut(address), count) })
}

pub(crate) fn open(directory: Fd, path: &CStr, flags: u32, mode: u32) -> Result<Fd> {
    call(
        number::OPENAT,
        [
            directory.word(),
            text(path),
            (flags | O_CLOEXEC) as usize,
            mode as usize,
            0,
            0,
        ],
    )
    .map(descriptor)
}

/// `man 2 openat2` (Linux 5.6).
pub(crate) fn open_resolved(directory: Fd, path: &CStr, flags: u32, resolve: u64) -> Result<Fd> {
    let how: [u64; 3] = [u64::from(flags | O_CLOEXEC), 0, resolve];
    // A path with `..` is resolved again when a rename anywhere got between: seen at most twice in a row.
    for _ in 0..64 {
        match call(
            number::OPENAT2,
            [
                directory.word(),
                text(path),
                how.as_ptr().expose_provenance(),
                size_of_val(&how),
                0,
                0,
            ],
        ) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result.map(descriptor),
        }
    }
    Err(Errno::AGAIN)
}

/// What `man 2 statx` tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    pub(crate) mode: u32,
    pub(crate) size: u64,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) inode: u64,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    /// The device of the filesystem that it is on.
    pub(crate) filesystem: (u32, u32),
    /// The id of the mount that it is on; 0 before Linux 5.8.
    pub(crate) mount: u64,
    /// Whether it is the root of a mount; nothing before Linux 5.8.
    pub(crate) is_mount_root: Option<bool>,
}

pub(crate) fn status(directory: Fd, path: &CStr, flags: u32) -> Result<Status> {
    const STATX_BASIC_STATS: usize = 0x7ff;
    const STATX_MNT_ID: usize = 0x1000;
    const STATX_ATTR_MOUNT_ROOT: u64 = 0x2000;
    let mut buffer = memory::Statx::default();
    let address = (&raw mut buffer).expose_provenance();
    call(
        number::STATX,
        [
            directory.word(),
            text(path),
            flags as usize,
            STATX_BASIC_STATS | STATX_MNT_ID,
            address,
            0,
        ],
    )?;
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

/// The type of the filesystem that a file is on (`man 2 fstatfs`).
pub(crate) fn filesystem(file: Fd) -> Result<u64> {
    let mut buffer = [0u64; 16];
    call(
        number::FSTATFS,
        [file.word(), buffer.as_mut_ptr().expose_provenance(), 0, 0, 0, 0],
    )?;
    Ok(buffer[0])
}

/// The flags of the mount that a file is on: `ST_*` of `man 2 fstatfs`.
pub(crate) fn mount_flags(file: Fd) -> Result<u64> {
    let mut buffer = [0u64; 16];
    call(
        number::FSTATFS,
        [file.word(), buffer.as_mut_ptr().expose_provenance(), 0, 0, 0, 0],
    )?;
    // struct statfs: eleven words, of which the two halves of f_fsid are the eighth.
    Ok(buffer[10])
}

pub(crate) fn make_directory(directory: Fd, path: &CStr, mode: u32) -> Result<()> {
    call(number::MKDIRAT, [directory.word(), text(path), mode as usize, 0, 0, 0]).map(drop)
}

pub(crate) fn make_node(directory: Fd, path: &CStr, mode: u32, major: u32, minor: u32) -> Result<()> {
    // The kernel's own coding of a device number (`new_encode_dev`): it takes 12 bits of major and 20 of minor.
    let device = (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12);
    call(
        number::MKNODAT,
        [directory.word(), text(path), mode as usize, device as usize, 0, 0],
    )
    .map(drop)
}

pub(crate) fn make_link(target: &CStr, directory: Fd, path: &CStr) -> Result<()> {
    call(number::SYMLINKAT, [text(target), directory.word(), text(path), 0, 0, 0]).map(drop)
}

pub(crate) fn unlink(directory: Fd, path: &CStr) -> Result<()> {
    call(number::UNLINKAT, [directory.word(), text(path), 0, 0, 0, 0]).map(drop)
}

pub(crate) fn read_link<'a>(directory: Fd, path: &CStr, buffer: &'a mut [u8]) -> Result<&'a [u8]> {
    let length = call(
        number::READLINKAT,
        [
            directory.word(),
            text(path),
            buffer.as_mut_ptr().expose_provenance(),
            buffer.len(),
            0,
            0,
        ],
    )?;
    buffer.get(..length).ok_or(Errno::NAMETOOLONG)
}

pub(crate) fn change_mode(file: Fd, mode: u32) -> Result<()> {
    call(number::FCHMOD, [file.word(), mode as usize, 0, 0, 0, 0]).map(drop)
}

/// `u32::MAX` leaves the user or the group as it is.
pub(crate) fn change_owner(file: Fd, uid: u32, gid: u32) -> Result<()> {
    call(number::FCHOWN, [file.word(), uid as usize, gid as usize, 0, 0, 0]).map(drop)
}

pub(crate) fn change_owner_at(directory: Fd, path: &CStr, uid: u32, gid: u32) -> Result<()> {
    let flags = AT_SYMLINK_NOFOLLOW as usize;
    call(
        number::FCHOWNAT,
        [directory.word(), text(path), uid as usize, gid as usize, flags, 0],
    )
    .map(drop)
}

/// `man 2 fsetxattr`.
pub(crate) fn set_extended_attribute(file: Fd, name: &CStr, value: &[u8]) -> Result<()> {
    let (address, length) = (value.as_ptr().expose_provenance(), value.len());
    call(number::FSETXATTR, [file.word(), text(name), address, length, 0, 0]).map(drop)
}

pub(crate) fn entries(directory: Fd, buffer: &mut [u8]) -> Result<usize> {
    call(
        number::GETDENTS64,
        [
            directory.word(),
            buffer.as_mut_ptr().expose_provenance(),
            buffer.len(),
            0,
            0,
            0,
        ],
    )
}

pub(crate) fn change_directory(path: &CStr) -> Result<()> {
    call(number::CHDIR, [text(path), 0, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn enter_directory(directory: Fd) -> Result<()> {
    call(number::FCHDIR, [directory.word(), 0, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn change_root(path: &CStr) -> Result<()> {
    call(number::CHROOT, [text(path), 0, 0, 0, 0, 0]).map(drop)
}

/// Whether the working directory is inside the root: outside, the kernel's path does not start with a slash.
pub(crate) fn working_directory_is_inside() -> Result<bool> {
    let mut buffer = [0u8; 4096];
    call(
        number::GETCWD,
        [buffer.as_mut_ptr().expose_provenance(), buffer.len(), 0, 0, 0, 0],
    )?;
    Ok(buffer[0] == b'/')
}

pub(crate) fn mount(source: &CStr, target: &CStr, flags: u64) -> Result<()> {
    call(number::MOUNT, [text(source), text(target), 0, word(flags), 0, 0]).map(drop)
}

/// The old call for a new filesystem.
pub(crate) fn mount_filesystem_at(source: &CStr, target: &CStr, kind: &CStr, flags: u64, data: &CStr) -> Result<()> {
    call(
        number::MOUNT,
        [text(source), text(target), text(kind), word(flags), text(data), 0],
    )
    .map(drop)
}

pub(crate) fn unmount(target: &CStr, flags: u32) -> Result<()> {
    call(number::UMOUNT2, [text(target), flags as usize, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn pivot_root(new: &CStr, old: &CStr) -> Result<()> {
    call(number::PIVOT_ROOT, [text(new), text(old), 0, 0, 0, 0]).map(drop)
}

pub(crate) fn open_tree(directory: Fd, path: &CStr, flags: u32) -> Result<Fd> {
    call(
        number::OPEN_TREE,
        [directory.word(), text(path), (flags | O_CLOEXEC) as usize, 0, 0, 0],
    )
    .map(descriptor)
}

/// Puts a mount that has no place yet on `target`.
pub(crate) fn attach(tree: Fd, target: Fd) -> Result<()> {
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    call(
        number::MOVE_MOUNT,
        [tree.word(), text(EMPTY), target.word(), text(EMPTY), flags, 0],
    )
    .map(drop)
}

/// `man 2 mount_setattr` (Linux 5.12).
pub(crate) fn set_attributes(tree: Fd, recursive: bool, set: u64, clear: u64, propagation: u64) -> Result<()> {
    let attributes: [u64; 4] = [set, clear, propagation, 0];
    let flags = AT_EMPTY_PATH | if recursive { AT_RECURSIVE } else { 0 };
    let (address, size) = (attributes.as_ptr().expose_provenance(), size_of_val(&attributes));
    call(
        number::MOUNT_SETATTR,
        [tree.word(), text(EMPTY), flags as usize, address, size, 0],
    )
    .map(drop)
}

/// Maps the ids of a mount that has no place yet by a user namespace's maps (`man 2 mount_setattr`, `MOUNT_ATTR_IDMAP`).
pub(crate) fn map_ids(tree: Fd, recursive: bool, namespace: Fd) -> Result<()> {
    const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;
    let attributes: [u64; 4] = [
        MOUNT_ATTR_IDMAP,
        0,
        0,
        u64::try_from(namespace.0).map_err(|_| Errno::INVAL)?,
    ];
    let flags = AT_EMPTY_PATH | if recursive { AT_RECURSIVE } else { 0 };
    let (address, size) = (attributes.as_ptr().expose_provenance(), size_of_val(&attributes));
    call(
        number::MOUNT_SETATTR,
        [tree.word(), text(EMPTY), flags as usize, address, size, 0],
    )
    .map(drop)
}

/// The filesystem of a mount, to be configured anew (`man 2 fspick`, Linux 5.2).
pub(crate) fn pick_filesystem(mount: Fd) -> Result<Fd> {
    const FSPICK_CLOEXEC: usize = 1;
    const FSPICK_EMPTY_PATH: usize = 8;
    let flags = FSPICK_CLOEXEC | FSPICK_EMPTY_PATH;
    call(number::FSPICK, [mount.word(), text(EMPTY), flags, 0, 0, 0]).map(descriptor)
}

pub(crate) fn reconfigure_filesystem(context: Fd) -> Result<()> {
    const FSCONFIG_CMD_RECONFIGURE: usize = 7;
    call(number::FSCONFIG, [context.word(), FSCONFIG_CMD_RECONFIGURE, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn open_filesystem(kind: &CStr) -> Result<Fd> {
    call(number::FSOPEN, [text(kind), FSOPEN_CLOEXEC, 0, 0, 0, 0]).map(descriptor)
}

pub(crate) fn configure_flag(context: Fd, key: &CStr) -> Result<()> {
    call(
        number::FSCONFIG,
        [context.word(), FSCONFIG_SET_FLAG, text(key), 0, 0, 0],
    )
    .map(drop)
}

pub(crate) fn configure(context: Fd, key: &CStr, value: &CStr) -> Result<()> {
    call(
        number::FSCONFIG,
        [context.word(), FSCONFIG_SET_STRING, text(key), text(value), 0, 0],
    )
    .map(drop)
}

pub(crate) fn create_filesystem(context: Fd) -> Result<()> {
    call(number::FSCONFIG, [context.word(), FSCONFIG_CMD_CREATE, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn mount_filesystem(context: Fd, attributes: u64) -> Result<Fd> {
    call(
        number::FSMOUNT,
        [context.word(), FSMOUNT_CLOEXEC, word(attributes), 0, 0, 0],
    )
    .map(descriptor)
}

pub(crate) fn new_session() -> Result<()> {
    call(number::SETSID, [0; 6]).map(drop)
}

pub(crate) fn unshare(flags: u64) -> Result<()> {
    call(number::UNSHARE, [word(flags), 0, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn join_namespace(file: Fd, kind: u64) -> Result<()> {
    call(number::SETNS, [file.word(), word(kind), 0, 0, 0, 0]).map(drop)
}

/// A copy of this process: 0 in the copy, its pid in this one. `flags` may hold `CLONE_PARENT` and the signal that tells of its end.
pub(crate) fn fork(flags: u64) -> Result<usize> {
    call(number::CLONE, [word(flags), 0, 0, 0, 0, 0])
}

/// Starts a thread, with a stack of 64 KiB that it shares with what it knows: both are never unmapped. It lives until it exits, or this process
/// executes another program.
pub(crate) fn thread<T: Sync>(shared: T, run: extern "C" fn(&'static T) -> !) -> Result<&'static T> {
    memory::thread(shared, run)
}

pub(crate) fn exit_thread() -> ! {
    loop {
        let _ = call(number::EXIT, [0; 6]);
    }
}

/// Sleeps for a moment.
pub(crate) fn nap() {
    let time = [0u64, 20_000];
    let _ = call(number::NANOSLEEP, [time.as_ptr().expose_provenance(), 0, 0, 0, 0, 0]);
}

/// Waits for a child's end: the exit status, or 128 and the signal's number.
pub(crate) fn wait(pid: usize) -> Result<u32> {
    const P_PID: usize = 1;
    const WEXITED: usize = 4;
    const CLD_EXITED: i32 = 1;
    let mut info = [0i32; 32];
    retry(|| {
        call(
            number::WAITID,
            [P_PID, pid, info.as_mut_ptr().expose_provenance(), WEXITED, 0, 0],
        )
    })?;
    // siginfo_t of SIGCHLD: signo, errno, code, padding, pid, uid, status.
    let status = info[6].cast_unsigned();
    Ok(if info[2] == CLD_EXITED { status } else { 128 + status })
}

pub(crate) fn open_process(pid: usize) -> Result<Fd> {
    call(number::PIDFD_OPEN, [pid, 0, 0, 0, 0, 0]).map(descriptor)
}

pub(crate) fn kill(pid: usize, signal: i32) -> Result<()> {
    call(number::KILL, [pid, Fd(signal).word(), 0, 0, 0, 0]).map(drop)
}

/// Waits until one of the files can be read, at most `milliseconds` (`None`: for ever); tells which can.
pub(crate) fn poll<const N: usize>(files: [Fd; N], milliseconds: Option<u64>) -> Result<[bool; N]> {
    let mut entries = files.map(|file| memory::Poll {
        file: file.0,
        events: 1,
        returned: 0,
    });
    let time = milliseconds.map(|milliseconds| [milliseconds / 1000, milliseconds % 1000 * 1_000_000]);
    let address = time.as_ref().map_or(0, |time| time.as_ptr().expose_provenance());
    call(
        number::PPOLL,
        [entries.as_mut_ptr().expose_provenance(), N, address, 0, 8, 0],
    )?;
    Ok(entries.map(|entry| entry.returned != 0))
}

pub(crate) fn monotonic_milliseconds() -> u64 {
    memory::monotonic_milliseconds()
}

pub(crate) fn pipe() -> Result<(Fd, Fd)> {
    let mut ends = [-1i32; 2];
    call(
        number::PIPE2,
        [ends.as_mut_ptr().expose_provenance(), O_CLOEXEC as usize, 0, 0, 0, 0],
    )?;
    Ok((Fd(ends[0]), Fd(ends[1])))
}

/// Makes `number` a copy of `file` that survives execve.
pub(crate) fn duplicate(file: Fd, number: i32) -> Result<()> {
    if file.0 == number {
        const F_SETFD: usize = 2;
        return call(number::FCNTL, [file.word(), F_SETFD, 0, 0, 0, 0]).map(drop);
    }
    call(number::DUP3, [file.word(), Fd(number).word(), 0, 0, 0, 0]).map(drop)
}

/// Closes the descriptors from `first` to `last` (`man 2 close_range`, Linux 5.9).
pub(crate) fn close_range(first: u32, last: u32) {
    let _ = call(number::CLOSE_RANGE, [first as usize, last as usize, 0, 0, 0, 0]);
}

/// Marks every descriptor from `first` on as close-on-exec.
pub(crate) fn close_on_exec_from(first: u32) -> Result<()> {
    const CLOSE_RANGE_CLOEXEC: usize = 4;
    let all = u32::MAX as usize;
    match call(number::CLOSE_RANGE, [first as usize, all, CLOSE_RANGE_CLOEXEC, 0, 0, 0]) {
        Ok(_) => Ok(()),
        // Before Linux 5.11 there is no such flag.
        Err(_) => {
            const F_SETFD: usize = 2;
            const FD_CLOEXEC: usize = 1;
            for number in first..65536 {
                let _ = call(number::FCNTL, [number as usize, F_SETFD, FD_CLOEXEC, 0, 0, 0]);
            }
            Ok(())
        }
    }
}

pub(crate) fn datagram_socket() -> Result<Fd> {
    const AF_INET: usize = 2;
    const SOCK_DGRAM: usize = 2;
    call(number::SOCKET, [AF_INET, SOCK_DGRAM | O_CLOEXEC as usize, 0, 0, 0, 0]).map(descriptor)
}

/// `man 7 rtnetlink`
pub(crate) fn netlink_socket() -> Result<Fd> {
    const AF_NETLINK: usize = 16;
    const SOCK_RAW: usize = 3;
    call(number::SOCKET, [AF_NETLINK, SOCK_RAW | O_CLOEXEC as usize, 0, 0, 0, 0]).map(descriptor)
}

/// Sets an interface's flags (`man 7 netdevice`, `SIOCSIFFLAGS`).
pub(crate) fn set_interface_flags(socket: Fd, name: &[u8; 16], flags: u16) -> Result<()> {
    const SIOCSIFFLAGS: usize = 0x8914;
    let mut request = [0u8; 40];
    request[..16].copy_from_slice(name);
    request[16..18].copy_from_slice(&flags.to_ne_bytes());
    call(
        number::IOCTL,
        [
            socket.word(),
            SIOCSIFFLAGS,
            request.as_ptr().expose_provenance(),
            0,
            0,
            0,
        ],
    )
    .map(drop)
}

pub(crate) fn accept(listener: Fd) -> Result<Fd> {
    call(number::ACCEPT4, [listener.word(), 0, 0, O_CLOEXEC as usize, 0, 0]).map(descriptor)
}

pub(crate) fn send(socket: Fd, bytes: &[u8], passed: Option<Fd>) -> Result<()> {
    let mut message = memory::SocketMessage::new(bytes.as_ptr().expose_provenance(), bytes.len());
    if let Some(file) = passed {
        message.pass(file.0);
    }
    const MSG_NOSIGNAL: usize = 0x4000;
    retry(|| message.with_header(|header| call(number::SENDMSG, [socket.word(), header, MSG_NOSIGNAL, 0, 0, 0])))
        .map(drop)
}

/// Receives one message; a length of 0 is the end. A descriptor that comes with it is close-on-exec.
pub(crate) fn receive(socket: Fd, buffer: &mut [u8]) -> Result<(usize, Option<Fd>)> {
    let mut message = memory::SocketMessage::new(buffer.as_mut_ptr().expose_provenance(), buffer.len());
    message.expect_descriptor();
    const MSG_CMSG_CLOEXEC: usize = 0x4000_0000;
    let length = retry(|| {
        message.with_header(|header| call(number::RECVMSG, [socket.word(), header, MSG_CMSG_CLOEXEC, 0, 0, 0]))
    })?;
    Ok((length, message.passed().map(Fd)))
}

pub(crate) fn process_control(option: u32, second: u64, third: u64) -> Result<usize> {
    call(number::PRCTL, [option as usize, word(second), word(third), 0, 0, 0])
}

/// The name that `ps` shows, and by which `start` knows a process that did not get to its execve.
pub(crate) fn set_name(name: &CStr) {
    const PR_SET_NAME: usize = 15;
    let _ = call(number::PRCTL, [PR_SET_NAME, text(name), 0, 0, 0, 0]);
}

/// Takes a new session keyring (`man 2 keyctl`, `KEYCTL_JOIN_SESSION_KEYRING`); its serial number.
pub(crate) fn join_session_keyring(name: &CStr) -> Result<usize> {
    call(number::KEYCTL, [1, text(name), 0, 0, 0, 0])
}

pub(crate) fn set_hostname(name: &CStr) -> Result<()> {
    call(number::SETHOSTNAME, [text(name), name.count_bytes(), 0, 0, 0, 0]).map(drop)
}

pub(crate) fn set_domainname(name: &CStr) -> Result<()> {
    call(number::SETDOMAINNAME, [text(name), name.count_bytes(), 0, 0, 0, 0]).map(drop)
}

pub(crate) fn set_limit(resource: u32, soft: u64, hard: u64) -> Result<()> {
    let limit = [soft, hard];
    call(
        number::PRLIMIT64,
        [0, resource as usize, limit.as_ptr().expose_provenance(), 0, 0, 0],
    )
    .map(drop)
}

pub(crate) fn set_umask(mask: u32) -> u32 {
    call(number::UMASK, [mask as usize, 0, 0, 0, 0, 0])
        .ok()
        .and_then(|mask| u32::try_from(mask).ok())
        .unwrap_or(0)
}

/// `groups` holds `u32`s.
pub(crate) fn set_groups(groups: &[u8]) -> Result<()> {
    call(
        number::SETGROUPS,
        [groups.len() / 4, groups.as_ptr().expose_provenance(), 0, 0, 0, 0],
    )
    .map(drop)
}

pub(crate) fn set_gid(gid: u32) -> Result<()> {
    let gid = gid as usize;
    call(number::SETRESGID, [gid, gid, gid, 0, 0, 0]).map(drop)
}

pub(crate) fn set_uid(uid: u32) -> Result<()> {
    let uid = uid as usize;
    call(number::SETRESUID, [uid, uid, uid, 0, 0, 0]).map(drop)
}

pub(crate) fn set_capabilities(effective: u64, permitted: u64, inheritable: u64) -> Result<()> {
    const LINUX_CAPABILITY_VERSION_3: u32 = 0x2008_0522;
    let header = [LINUX_CAPABILITY_VERSION_3, 0];
    let low = |set: u64| u32::try_from(set & 0xffff_ffff).unwrap_or(0);
    let high = |set: u64| u32::try_from(set >> 32).unwrap_or(0);
    let sets = [
        low(effective),
        low(permitted),
        low(inheritable),
        high(effective),
        high(permitted),
        high(inheritable),
    ];
    call(
        number::CAPSET,
        [
            header.as_ptr().expose_provenance(),
            sets.as_ptr().expose_provenance(),
            0,
            0,
            0,
            0,
        ],
    )
    .map(drop)
}

/// Loads a filter of `struct sock_filter`s (`man 2 seccomp`).
pub(crate) fn load_filter(filter: &[u8], flags: u64) -> Result<usize> {
    const SECCOMP_SET_MODE_FILTER: usize = 1;
    let program = memory::FilterProgram::new(filter).ok_or(Errno::INVAL)?;
    call(
        number::SECCOMP,
        [
            SECCOMP_SET_MODE_FILTER,
            word(flags),
            (&raw const program).expose_provenance(),
            0,
            0,
            0,
        ],
    )
}

/// Ends the process on `signal`, which pid 1 of a pid namespace would otherwise not see.
pub(crate) fn exit_on(signal: i32) {
    memory::set_handler(signal, Some(die));
}

extern "C" fn die(signal: i32) {
    exit(128 + signal)
}

pub(crate) fn terminal_number(master: Fd) -> Result<u32> {
    const TIOCGPTN: usize = 0x8004_5430;
    let mut number = 0u32;
    call(
        number::IOCTL,
        [master.word(), TIOCGPTN, (&raw mut number).expose_provenance(), 0, 0, 0],
    )?;
    Ok(number)
}

pub(crate) fn unlock_terminal(master: Fd) -> Result<()> {
    const TIOCSPTLCK: usize = 0x4004_5431;
    let unlocked = 0i32;
    call(
        number::IOCTL,
        [
            master.word(),
            TIOCSPTLCK,
            (&raw const unlocked).expose_provenance(),
            0,
            0,
            0,
        ],
    )
    .map(drop)
}

/// The other end of a pty, whatever its path shows by now (`man 2 ioctl_tty`, `TIOCGPTPEER`, Linux 4.13).
pub(crate) fn terminal_peer(master: Fd) -> Result<Fd> {
    const TIOCGPTPEER: usize = 0x5441;
    let flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
    call(number::IOCTL, [master.word(), TIOCGPTPEER, flags as usize, 0, 0, 0]).map(descriptor)
}

pub(crate) fn set_window_size(terminal: Fd, rows: u16, columns: u16) -> Result<()> {
    const TIOCSWINSZ: usize = 0x5414;
    let size = [rows, columns, 0, 0];
    call(
        number::IOCTL,
        [terminal.word(), TIOCSWINSZ, size.as_ptr().expose_provenance(), 0, 0, 0],
    )
    .map(drop)
}

pub(crate) fn set_controlling_terminal(terminal: Fd) -> Result<()> {
    const TIOCSCTTY: usize = 0x540e;
    call(number::IOCTL, [terminal.word(), TIOCSCTTY, 0, 0, 0, 0]).map(drop)
}

/// Room for the two lists of an [`execute`] with so many strings.
pub(crate) fn room_for(strings: usize) -> Result<&'static mut [usize]> {
    pointers(strings + 2)
}

/// Executes a program; comes back only with the reason why not. `room` is fresh from [`room_for`].
pub(crate) fn execute<'a>(
    room: &mut [usize],
    program: &CStr,
    args: impl Iterator<Item = &'a CStr>,
    args_count: usize,
    env: impl Iterator<Item = &'a CStr>,
    env_count: usize,
) -> Errno {
    let Some((args_list, env_list)) = room.split_at_mut_checked(args_count + 1) else {
        return Errno::INVAL;
    };
    // The last word of each list stays zero.
    if env_list.len() <= env_count {
        return Errno::INVAL;
    }
    for (place, string) in args_list.iter_mut().zip(args.take(args_count)) {
        *place = text(string);
    }
    for (place, string) in env_list.iter_mut().zip(env.take(env_count)) {
        *place = text(string);
    }
    match call(
        number::EXECVE,
        [
            text(program),
            args_list.as_ptr().expose_provenance(),
            env_list.as_ptr().expose_provenance(),
            0,
            0,
            0,
        ],
    ) {
        Err(errno) => errno,
        Ok(_) => Errno::INVAL,
    }
}

fn retry(mut attempt: impl FnMut() -> Result<usize>) -> Result<usize> {
    loop {
        match attempt() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}
