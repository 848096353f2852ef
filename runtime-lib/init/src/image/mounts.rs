//! Filesystems and bound trees, mounted inside the rootfs: prepared without a place first, then put where a descriptor says.

use crate::Init;
use crate::failure::{Failure, In, Outcome, Text};
use crate::path::{self, Buffer};
use crate::proc::decimal;
use crate::sys::{self, Errno, Fd};
use crate::wire::{Part, Strings};
use core::ffi::CStr;

/// A new filesystem.
pub(crate) struct Filesystem<'a> {
    pub(crate) kind: &'a CStr,
    pub(crate) source: &'a CStr,
    pub(crate) parameters: Strings<'a>,
    pub(crate) attributes: u64,
    pub(crate) copy_up: bool,
}

/// What is bound from the host.
pub(crate) struct Tree<'a> {
    pub(crate) source: &'a CStr,
    pub(crate) recursive: bool,
    pub(crate) set: u64,
    pub(crate) clear: u64,
    pub(crate) set_all: u64,
    pub(crate) clear_all: u64,
    pub(crate) propagation: u64,
}

impl Init<'_> {
    pub(crate) fn mount(&mut self, filesystem: &Filesystem<'_>, target: &CStr, mode: u32, propagation: u64) -> Outcome {
        let (place, existed) = self.mount_point(filesystem.kind, target, mode)?;
        let tmpfs_mode = if existed && filesystem.kind == c"tmpfs" {
            Some(place)
        } else {
            None
        };
        let tree = create(filesystem, tmpfs_mode, &mut self.said)?;
        if filesystem.copy_up && existed {
            crate::copy::contents(place, tree).of(Part::CopyUp)?;
        }
        let read_only = filesystem.attributes & sys::MOUNT_ATTR_RDONLY;
        if filesystem.copy_up && read_only != 0 {
            sys::set_attributes(tree, false, read_only, 0, 0).of(Part::Attributes)?;
        }
        sys::attach(tree, place).of(Part::Attach)?;
        set_propagation(tree, propagation)?;
        sys::close(tree);
        sys::close(place);
        Ok(())
    }

    /// The directory to mount on, and whether it was there.
    fn mount_point(&self, kind: &CStr, target: &CStr, mode: u32) -> Result<(Fd, bool), Failure> {
        // A link here would lead our later writes under /proc to files of the image's choice (CVE-2019-19921, CVE-2023-27561).
        let is_special = kind == c"proc" || kind == c"sysfs";
        if is_special {
            let flags = sys::O_PATH | sys::O_DIRECTORY | sys::O_NOFOLLOW;
            let resolve = sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_SYMLINKS;
            match sys::open_resolved(self.root, target, flags, resolve) {
                Err(Errno::NOENT) => {}
                Err(Errno::LOOP | Errno::NOTDIR) => return Err(Failure::new(Part::Target, Errno::LOOP)),
                result => return Ok((result.of(Part::Target)?, true)),
            }
        } else {
            match path::open(self.root, target) {
                Ok(place) => return Ok((place, true)),
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(Failure::new(Part::Target, errno)),
            }
        }
        Ok((path::make_directories(self.root, target, mode)?, false))
    }

    pub(crate) fn bind(&mut self, tree: &Tree<'_>, target: &CStr) -> Outcome {
        let flags = sys::OPEN_TREE_CLONE | if tree.recursive { sys::AT_RECURSIVE } else { 0 };
        let bound = sys::open_tree(Fd::CWD, tree.source, flags).of(Part::Source)?;
        let mode = sys::status(bound, c"", sys::AT_EMPTY_PATH).of(Part::Source)?.mode;
        let place = if mode & sys::S_IFMT == sys::S_IFDIR {
            path::make_directories(self.root, target, 0o755)?
        } else {
            path::make_file(self.root, target)?
        };
        if tree.set_all | tree.clear_all != 0 {
            sys::set_attributes(bound, true, tree.set_all, tree.clear_all, 0).of(Part::Attributes)?;
        }
        if tree.set | tree.clear != 0 {
            sys::set_attributes(bound, false, tree.set, tree.clear, 0).of(Part::Attributes)?;
        }
        sys::attach(bound, place).of(Part::Attach)?;
        set_propagation(bound, tree.propagation)?;
        sys::close(bound);
        sys::close(place);
        Ok(())
    }

    /// Through the descriptor's name in the host's procfs: the old call takes paths only.
    pub(crate) fn remount(&mut self, target: &CStr, flags: u64) -> Outcome {
        self.open_proc()?;
        let place = path::open(self.root, target).of(Part::Target)?;
        let mut name = Buffer::new();
        name.push(b"/proc/self/fd/")?;
        name.push(decimal(place.0, &mut [0; 12]))?;
        sys::mount(c"none", name.as_c_str(), sys::MS_REMOUNT | flags).of(Part::Attributes)?;
        sys::close(place);
        Ok(())
    }

    pub(crate) fn change_attributes(&mut self, target: &CStr, set: u64, clear: u64) -> Outcome {
        let place = path::open(self.root, target).of(Part::Target)?;
        sys::set_attributes(place, false, set, clear, 0).of(Part::Attributes)?;
        sys::close(place);
        Ok(())
    }
}

/// Sets how a mount propagates, once it has its place: one without a place does not keep a peer group.
fn set_propagation(tree: Fd, propagation: u64) -> Outcome {
    if propagation == 0 {
        return Ok(());
    }
    let recursive = propagation & sys::MS_REC != 0;
    sys::set_attributes(tree, recursive, 0, 0, propagation & !sys::MS_REC).of(Part::Attributes)
}

/// Makes the filesystem. A tmpfs without a mode of its own takes that of its mount point, as with runc.
fn create(filesystem: &Filesystem<'_>, like: Option<Fd>, said: &mut Text) -> Result<Fd, Failure> {
    let context = sys::open_filesystem(filesystem.kind)?;
    if !filesystem.source.is_empty() {
        sys::configure(context, c"source", filesystem.source)
            .map_err(|errno| explained(context, Part::Source, errno, 0, said))?;
    }
    let mut has_mode = false;
    for (index, parameter) in (0..).zip(filesystem.parameters.iter()) {
        has_mode |= parameter.to_bytes().starts_with(b"mode=");
        configure(context, parameter).map_err(|errno| explained(context, Part::Parameter, errno, index, said))?;
    }
    if let Some(place) = like
        && !has_mode
    {
        let mode = sys::status(place, c"", sys::AT_EMPTY_PATH)?.mode & 0o7777;
        sys::configure(context, c"mode", octal(mode, &mut [0; 8])?)?;
    }
    sys::create_filesystem(context).map_err(|errno| explained(context, Part::Whole, errno, 0, said))?;
    let attributes = filesystem.attributes
        & if filesystem.copy_up {
            !sys::MOUNT_ATTR_RDONLY
        } else {
            u64::MAX
        };
    let tree = sys::mount_filesystem(context, attributes).of(Part::Attributes)?;
    sys::close(context);
    Ok(tree)
}

fn configure(context: Fd, parameter: &CStr) -> sys::Result<()> {
    let bytes = parameter.to_bytes();
    let Some(at) = bytes.iter().position(|byte| *byte == b'=') else {
        return sys::configure_flag(context, parameter);
    };
    let mut key = Buffer::new();
    key.push(bytes.get(..at).unwrap_or_default())?;
    let value = parameter
        .to_bytes_with_nul()
        .get(at + 1..)
        .and_then(|value| CStr::from_bytes_with_nul(value).ok());
    sys::configure(context, key.as_c_str(), value.unwrap_or(c""))
}

/// A failure with what the filesystem itself says about it (`man 2 fsconfig`: messages are read from the context).
fn explained(context: Fd, part: Part, errno: Errno, detail: u32, said: &mut Text) -> Failure {
    let mut line = [0; 256];
    let mut is_first = true;
    while let Ok(length) = sys::read(context, &mut line) {
        if length == 0 {
            break;
        }
        if !is_first {
            said.push(b"; ");
        }
        is_first = false;
        // "e tmpfs: Bad value for 'size'": the letter is the severity.
        let line = line.get(..length).unwrap_or_default();
        said.push(line.get(2..).unwrap_or(line));
    }
    Failure::new(part, errno).detail(detail)
}

fn octal(mode: u32, buffer: &mut [u8; 8]) -> Result<&CStr, Failure> {
    for (index, place) in (0u32..).zip(buffer.iter_mut().take(7)) {
        *place = b'0' + u8::try_from(mode >> (3 * (6 - index)) & 7).unwrap_or(0);
    }
    CStr::from_bytes_until_nul(buffer).map_err(|_| Failure::from(Part::Plan))
}
