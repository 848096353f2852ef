//! Copying a directory's contents into a filesystem that will be mounted over it (`tmpcopyup`).

use crate::Init;
use crate::failure::Failure;
use crate::path::Buffer;
use crate::sys::{self, Errno, Fd};
use core::ffi::CStr;

/// Deeper trees are refused: each level takes some KiB of stack.
const DEPTH: u32 = 256;

/// Copies what is in the directory `from` into the directory `to`: files, directories and links with their owners and
/// permissions.
#[inline(never)]
pub(crate) fn contents(init: &mut Init, from: Fd, to: Fd) -> Result<(), Failure> {
    copy_directory(init, from, to, DEPTH)
}

fn copy_directory(init: &mut Init, from: Fd, to: Fd, depth: u32) -> Result<(), Failure> {
    let depth = depth.checked_sub(1).ok_or(Errno::LOOP)?;
    let listing = sys::open(from, c".", sys::O_RDONLY | sys::O_DIRECTORY, 0)?;
    let mut buffer = [0; 2048];
    loop {
        let length = sys::entries(listing, &mut buffer)?;
        let mut rest = buffer.get(..length).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        // struct linux_dirent64: inode, offset, the entry's length, its type, its name.
        while let Some(header) = rest.get(..19) {
            let size = usize::from(u16::from_ne_bytes([header[16], header[17]]));
            let entry = rest.get(19..size).ok_or(Errno::INVAL)?;
            let name = CStr::from_bytes_until_nul(entry).map_err(|_| Errno::INVAL)?;
            if name != c"." && name != c".." {
                copy_entry(init, from, to, name, depth)?;
            }
            rest = rest.get(size..).unwrap_or_default();
        }
    }
    sys::close(listing);
    Ok(())
}

fn copy_entry(init: &mut Init, from: Fd, to: Fd, name: &CStr, depth: u32) -> Result<(), Failure> {
    // What is copied is what was looked at, whoever changes the directory meanwhile.
    let source = sys::open(from, name, sys::O_PATH | sys::O_NOFOLLOW, 0)?;
    let status = sys::status(source, c"", sys::AT_EMPTY_PATH)?;
    let permissions = status.mode & 0o7777;
    match status.mode & sys::S_IFMT {
        sys::S_IFDIR => {
            sys::make_directory(to, name, 0o700)?;
            let copy = sys::open(to, name, sys::O_RDONLY | sys::O_DIRECTORY | sys::O_NOFOLLOW, 0)?;
            copy_directory(init, source, copy, depth)?;
            sys::change_owner(copy, status.uid, status.gid)?;
            sys::change_mode(copy, permissions)?;
            sys::close(copy);
        }
        sys::S_IFREG => {
            let file = init.read_regular(source)?.ok_or(Errno::INVAL)?;
            let copy = sys::open(
                to,
                name,
                sys::O_WRONLY | sys::O_CREAT | sys::O_EXCL | sys::O_NOFOLLOW,
                0o600,
            )?;
            copy_bytes(file, copy)?;
            sys::change_owner(copy, status.uid, status.gid)?;
            sys::change_mode(copy, permissions)?;
            sys::close(copy);
            sys::close(file);
        }
        sys::S_IFLNK => {
            let mut bytes = [0; 4096];
            let mut target = Buffer::new();
            target.push(sys::read_link(source, c"", &mut bytes)?)?;
            sys::make_link(target.as_c_str(), to, name)?;
            sys::change_owner_at(to, name, status.uid, status.gid)?;
        }
        kind => {
            sys::make_node(to, name, kind | permissions, status.major, status.minor)?;
            sys::change_owner_at(to, name, status.uid, status.gid)?;
        }
    }
    sys::close(source);
    Ok(())
}

fn copy_bytes(from: Fd, to: Fd) -> sys::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let length = sys::read(from, &mut buffer)?;
        let mut rest = buffer.get(..length).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        while !rest.is_empty() {
            let written = sys::write(to, rest)?;
            rest = rest.get(written..).unwrap_or_default();
        }
    }
}
