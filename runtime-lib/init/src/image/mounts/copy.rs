//! Copying a directory's contents into a filesystem that will be mounted over it (`tmpcopyup`).

use crate::path::Buffer;
use crate::sys::{self, Errno, Fd};
use core::ffi::CStr;

/// Deeper trees are refused: each level takes some KiB of stack.
const DEPTH: u32 = 256;

/// Copies what is in the directory `from` into the directory `to`: files, directories and links with their owners and
/// permissions.
#[inline(never)]
pub(crate) fn contents(from: Fd, to: Fd) -> sys::Result<()> {
    copy_directory(from, to, DEPTH)
}

fn copy_directory(from: Fd, to: Fd, depth: u32) -> sys::Result<()> {
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
                copy_entry(from, to, name, depth)?;
            }
            rest = rest.get(size..).unwrap_or_default();
        }
    }
    sys::close(listing);
    Ok(())
}

fn copy_entry(from: Fd, to: Fd, name: &CStr, depth: u32) -> sys::Result<()> {
    let status = sys::status(from, name, sys::AT_SYMLINK_NOFOLLOW)?;
    let permissions = status.mode & 0o7777;
    match status.mode & sys::S_IFMT {
        sys::S_IFDIR => {
            sys::make_directory(to, name, 0o700)?;
            let source = sys::open(from, name, sys::O_RDONLY | sys::O_DIRECTORY | sys::O_NOFOLLOW, 0)?;
            let copy = sys::open(to, name, sys::O_RDONLY | sys::O_DIRECTORY | sys::O_NOFOLLOW, 0)?;
            copy_directory(source, copy, depth)?;
            sys::change_owner(copy, status.uid, status.gid)?;
            sys::change_mode(copy, permissions)?;
            sys::close(copy);
            sys::close(source);
        }
        sys::S_IFREG => {
            let source = sys::open(from, name, sys::O_RDONLY | sys::O_NOFOLLOW | sys::O_NONBLOCK, 0)?;
            let copy = sys::open(
                to,
                name,
                sys::O_WRONLY | sys::O_CREAT | sys::O_EXCL | sys::O_NOFOLLOW,
                0o600,
            )?;
            copy_bytes(source, copy)?;
            sys::change_owner(copy, status.uid, status.gid)?;
            sys::change_mode(copy, permissions)?;
            sys::close(copy);
            sys::close(source);
        }
        sys::S_IFLNK => {
            let mut bytes = [0; 4096];
            let mut target = Buffer::new();
            target.push(sys::read_link(from, name, &mut bytes)?)?;
            sys::make_link(target.as_c_str(), to, name)?;
            sys::change_owner_at(to, name, status.uid, status.gid)?;
        }
        kind => {
            sys::make_node(to, name, kind | permissions, status.major, status.minor)?;
            sys::change_owner_at(to, name, status.uid, status.gid)?;
        }
    }
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
