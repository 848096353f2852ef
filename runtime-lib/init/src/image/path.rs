//! Finding and making places inside the rootfs, never outside: every look-up starts at the root's descriptor and the
//! kernel keeps it below (`man 2 openat2`, `RESOLVE_IN_ROOT`), whatever links the image holds and whoever changes them
//! meanwhile.

use crate::failure::{Failure, In, Outcome};
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use core::ffi::CStr;

/// As deep as links that lead nowhere yet are followed when directories are made.
const DANGLING_LINKS: u32 = 8;

/// A path that is being put together, with its NUL.
pub(crate) struct Buffer {
    bytes: [u8; 4096],
    length: usize,
}

impl Buffer {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; 4096],
            length: 0,
        }
    }

    pub(crate) fn push(&mut self, more: &[u8]) -> sys::Result<()> {
        let end = self.length + more.len();
        // One byte stays for the NUL.
        if end >= self.bytes.len() {
            return Err(Errno::NAMETOOLONG);
        }
        self.bytes
            .get_mut(self.length..end)
            .ok_or(Errno::NAMETOOLONG)?
            .copy_from_slice(more);
        self.length = end;
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.bytes[..self.length].fill(0);
        self.length = 0;
    }

    pub(crate) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }
}

/// How a look-up goes on at a link. Neither way leaves the root.
#[derive(Clone, Copy)]
struct Way(u64);

impl Way {
    /// Links are followed inside the root; those of procfs are not.
    const THROUGH_LINKS: Self = Self(sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_MAGICLINKS);
    /// No link is followed anywhere on the way.
    const STRICT: Self = Self(sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_SYMLINKS);
    /// To what was just made, from the directory that it was made in: nothing else may have come in its place.
    const TO_WHAT_WAS_MADE: Self = Self(sys::RESOLVE_BENEATH | sys::RESOLVE_NO_SYMLINKS);

    fn open_directory(self, from: Fd, path: &CStr) -> sys::Result<Fd> {
        sys::open_resolved(from, path, sys::O_PATH | sys::O_DIRECTORY, self.0)
    }
}

/// Opens what is at `path` below `root`, without opening it for reading or writing. Links are followed inside the
/// root.
pub(crate) fn open(root: Fd, path: &CStr) -> sys::Result<Fd> {
    let path = if path.is_empty() { c"." } else { path };
    sys::open_resolved(root, path, sys::O_PATH, Way::THROUGH_LINKS.0)
}

/// Puts a mount that has no place yet on `place`. A directory goes onto a directory, and a file onto a file: where the
/// two differ, the kernel says no more than that something is invalid.
pub(crate) fn attach(tree: Fd, place: Fd) -> Outcome {
    match sys::attach(tree, place) {
        Err(Errno::INVAL) => {
            let kind = |file| sys::status(file, c"", sys::AT_EMPTY_PATH).map(|status| status.mode & sys::S_IFMT);
            let (above, below) = (kind(tree).of(Part::Attach)?, kind(place).of(Part::Attach)?);
            Err(match (above == sys::S_IFDIR, below == sys::S_IFDIR) {
                (true, false) => Failure::new(Part::OntoFile, Errno::NOTDIR),
                (false, true) => Failure::new(Part::OntoDirectory, Errno::NOTDIR),
                _ => Failure::new(Part::Attach, Errno::INVAL),
            })
        }
        result => result.of(Part::Attach),
    }
}

/// Opens the directory at `path`, making what is missing of it.
pub(crate) fn make_directories(root: Fd, path: &CStr, mode: u32) -> Result<Fd, Failure> {
    make(root, path.to_bytes(), mode, Way::THROUGH_LINKS, DANGLING_LINKS).of(Part::Target)
}

/// Opens the directory at `path`, making what is missing of it, and whether it was there. A link anywhere on the way
/// is refused with ELOOP.
pub(crate) fn make_directories_strictly(root: Fd, path: &CStr, mode: u32) -> sys::Result<(Fd, bool)> {
    match Way::STRICT.open_directory(root, path) {
        Err(Errno::NOENT) => make(root, path.to_bytes(), mode, Way::STRICT, 0).map(|made| (made, false)),
        result => result.map(|there| (there, true)),
    }
}

/// Opens the file at `path`, or makes an empty one, and the directories above it. A link that leads to a file that
/// does not exist is followed inside the root, as every other is.
#[inline(never)]
pub(crate) fn make_file(root: Fd, path: &CStr) -> Result<Fd, Failure> {
    match open(root, path) {
        Err(Errno::NOENT) => {}
        result => return result.of(Part::Target),
    }
    make_missing_file(root, path.to_bytes(), DANGLING_LINKS).of(Part::Target)
}

#[inline(never)]
fn make_missing_file(root: Fd, path: &[u8], links: u32) -> sys::Result<Fd> {
    let (above, name) = split(path);
    let directory = make(root, above, 0o755, Way::THROUGH_LINKS, DANGLING_LINKS)?;
    let mut last = Buffer::new();
    last.push(name)?;
    let made = match file_in(directory, last.as_c_str(), 0o644) {
        Err(Errno::LOOP) => {
            let mut target = [0; 4096];
            let target = sys::read_link(directory, last.as_c_str(), &mut target)?;
            let links = links.checked_sub(1).ok_or(Errno::LOOP)?;
            let mut resolved = Buffer::new();
            if !target.starts_with(b"/") {
                resolved.push(above)?;
                resolved.push(b"/")?;
            }
            resolved.push(target)?;
            make_missing_file(root, resolved.as_c_str().to_bytes(), links)
        }
        result => result,
    };
    sys::close(directory);
    made
}

/// Opens what is called `name` in a directory, or makes an empty file of that name. ELOOP for a link.
pub(crate) fn file_in(directory: Fd, name: &CStr, mode: u32) -> sys::Result<Fd> {
    let flags = sys::O_CREAT | sys::O_EXCL | sys::O_WRONLY | sys::O_NOFOLLOW;
    match sys::open(directory, name, flags, mode) {
        Err(Errno::EXIST) => made_in(directory, name),
        result => result,
    }
}

/// Opens what was made in a directory under this name, without opening it for reading or writing. ELOOP if it is a
/// link by now.
pub(crate) fn made_in(directory: Fd, name: &CStr) -> sys::Result<Fd> {
    sys::open_resolved(directory, name, sys::O_PATH, Way::TO_WHAT_WAS_MADE.0)
}

/// Opens the directory that holds the last part of `path`, making what is missing, and gives that last part.
pub(crate) fn parent<'a>(root: Fd, path: &CStr, name: &'a mut Buffer) -> Result<(Fd, &'a CStr), Failure> {
    let (above, last) = split(path.to_bytes());
    name.push(last).of(Part::Target)?;
    let directory = make(root, above, 0o755, Way::THROUGH_LINKS, DANGLING_LINKS).of(Part::Target)?;
    Ok((directory, name.as_c_str()))
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (
            path.get(..at).unwrap_or_default(),
            path.get(at + 1..).unwrap_or_default(),
        ),
        None => (&[], path),
    }
}

#[inline(never)]
fn make(root: Fd, path: &[u8], mode: u32, way: Way, links: u32) -> sys::Result<Fd> {
    let mut so_far = Buffer::new();
    so_far.push(if path.is_empty() { b"." } else { path })?;
    match way.open_directory(root, so_far.as_c_str()) {
        Err(Errno::NOENT) => {}
        result => return result,
    }
    so_far.clear();
    // Mostly it is the last part alone that is missing.
    let (above, last) = split(path);
    if !last.is_empty() && last != b"." {
        so_far.push(if above.is_empty() { b"." } else { above })?;
        if let Ok(directory) = way.open_directory(root, so_far.as_c_str()) {
            let mut name = Buffer::new();
            name.push(last)?;
            let made = make_directory(directory, name.as_c_str(), mode);
            sys::close(directory);
            if made != Err(Errno::EXIST) {
                return made;
            }
        }
        so_far.clear();
    }
    let mut directory = way.open_directory(root, c".")?;
    for component in path
        .split(|byte| *byte == b'/')
        .filter(|component| !component.is_empty() && *component != b".")
    {
        let above_length = so_far.length;
        if above_length > 0 {
            so_far.push(b"/")?;
        }
        so_far.push(component)?;
        let next = match way.open_directory(root, so_far.as_c_str()) {
            Err(Errno::NOENT) => {
                let mut name = Buffer::new();
                name.push(component)?;
                match make_directory(directory, name.as_c_str(), mode) {
                    Err(Errno::EXIST) => {
                        let there = There {
                            directory,
                            name: name.as_c_str(),
                            path: &so_far,
                            above: above_length,
                        };
                        there.through_link(root, mode, way, links)?
                    }
                    made => made?,
                }
            }
            result => result?,
        };
        sys::close(directory);
        directory = next;
    }
    Ok(directory)
}

/// Makes a directory, and opens just that one.
fn make_directory(directory: Fd, name: &CStr, mode: u32) -> sys::Result<Fd> {
    sys::make_directory(directory, name, mode)?;
    Way::TO_WHAT_WAS_MADE.open_directory(directory, name)
}

/// Something that exists and yet could not be opened.
struct There<'a> {
    directory: Fd,
    name: &'a CStr,
    /// Its path from the root.
    path: &'a Buffer,
    /// How much of the path leads to the directory.
    above: usize,
}

impl There<'_> {
    /// Either somebody else made it meanwhile, or it is a link to a place that does not exist, which is then made.
    #[inline(never)]
    fn through_link(&self, root: Fd, mode: u32, way: Way, links: u32) -> sys::Result<Fd> {
        match way.open_directory(root, self.path.as_c_str()) {
            Err(Errno::NOENT) => {}
            result => return result,
        }
        let links = links.checked_sub(1).ok_or(Errno::LOOP)?;
        let mut target = [0; 4096];
        let target = sys::read_link(self.directory, self.name, &mut target)?;
        let mut resolved = Buffer::new();
        if !target.starts_with(b"/") {
            resolved.push(self.path.bytes.get(..self.above).unwrap_or_default())?;
            resolved.push(b"/")?;
        }
        resolved.push(target)?;
        make(root, resolved.as_c_str().to_bytes(), mode, way, links)
    }
}
