//! Sealed files in memory: the init image and the plan. Nobody can change them, the container included, which may see
//! init's `/proc/self/exe`.

use crate::{Error, Failure};
use orlop_init::IMAGE;
use rustix::fd::OwnedFd;
use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags, fchmod, fcntl_add_seals, memfd_create, openat};
use rustix::io::{Errno, IoSlice};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};
use std::ffi::CStr;

const SEALS: SealFlags = SealFlags::SEAL
    .union(SealFlags::SHRINK)
    .union(SealFlags::GROW)
    .union(SealFlags::WRITE);

/// Who may read the image, which everybody may execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Whoever has it open.
    All,
    /// Nobody. A process that is born into a user namespace and executes what nobody in it may read cannot be dumped,
    /// and its memory stays of the namespace it came from (Linux: fs/exec.c, `would_dump`): otherwise the new
    /// namespace's owner, with or without capabilities on the host, could read init's root, descriptors and memory.
    None,
}

impl Readers {
    pub(super) fn of(is_hidden: bool) -> Self {
        if is_hidden { Self::None } else { Self::All }
    }

    fn mode(self) -> Mode {
        Mode::from_raw_mode(match self {
            Self::All => 0o555,
            Self::None => 0o111,
        })
    }
}

/// The init image, ready to be executed.
pub(super) fn open(readers: Readers) -> Result<OwnedFd, Error> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let name = c"orlop-init";
    let file = match memfd_create(name, flags | MemfdFlags::EXEC) {
        // A kernel before 6.3 does not know the flag, and needs none.
        Err(Errno::INVAL) => memfd_create(name, flags),
        result => result,
    };
    match file {
        Ok(file) => {
            let permit = |()| match readers {
                Readers::All => Ok(()),
                Readers::None => fchmod(&file, readers.mode()),
            };
            fill(&file, &[IMAGE])
                .and_then(permit)
                .and_then(|()| fcntl_add_seals(&file, SEALS))
                .map_err(|errno| failed("init image", errno))?;
            Ok(file)
        }
        // sysctl vm.memfd_noexec=2 forbids executable ones.
        Err(Errno::ACCESS) => in_tmpfs(readers).map_err(|errno| {
            let hint =
                "the sysctl vm.memfd_noexec is 2, which forbids executable memfds, and a tmpfs needs CAP_SYS_ADMIN";
            Failure::new("make the init image", errno).hint(hint).into()
        }),
        Err(errno) => Err(failed("init image", errno)),
    }
}

/// A sealed file of these bytes.
pub(super) fn sealed(name: &CStr, parts: &[&[u8]]) -> Result<OwnedFd, Error> {
    let file = empty(name)?;
    fill_and_seal(&file, parts)?;
    Ok(file)
}

/// A file in memory, empty yet.
pub(super) fn empty(name: &CStr) -> Result<OwnedFd, Error> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = match memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => memfd_create(name, flags),
        result => result,
    };
    file.map_err(|errno| failed("plan", errno))
}

/// Writes a file that was empty, and seals it.
pub(super) fn fill_and_seal(file: &OwnedFd, parts: &[&[u8]]) -> Result<(), Error> {
    fill(file, parts)
        .and_then(|()| fcntl_add_seals(file, SEALS))
        .map_err(|errno| failed("plan", errno))
}

fn failed(what: &str, errno: Errno) -> Error {
    Failure::new(format!("put the {what} into memory"), errno).into()
}

fn fill(file: &OwnedFd, parts: &[&[u8]]) -> Result<(), Errno> {
    let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let written = rustix::io::writev(file, &slices)?;
    if written == length { Ok(()) } else { Err(Errno::NOSPC) }
}

/// A file in a tmpfs that has no place and is read-only to everybody but the runtime. Its writer is closed before it
/// is executed, or that would be refused (ETXTBSY).
fn in_tmpfs(readers: Readers) -> Result<OwnedFd, Errno> {
    let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(&context)?;
    let flags = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    let mount = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags)?;
    let writer = openat(
        &mount,
        "init",
        OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC,
        readers.mode(),
    )?;
    fill(&writer, &[IMAGE])?;
    drop(writer);
    let image = openat(&mount, "init", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    Ok(image)
}
