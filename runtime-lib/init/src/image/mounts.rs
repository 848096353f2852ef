//! Filesystems and bound trees, mounted inside the rootfs: prepared without a place first, then put where a descriptor says.

use crate::Init;
use crate::failure::{Failure, In, Outcome, Text};
use crate::long_parameters;
use crate::old_mount::{MOUNT_ATTR__ATIME, is_missing, times};
use crate::path::{self, Buffer};
use crate::sys::{self, Errno, Fd};
use crate::wire::{Part, Propagations, Strings};
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
    pub(crate) clear_unlocked: u64,
    pub(crate) set_all: u64,
    pub(crate) clear_all: u64,
    pub(crate) propagation: Propagations<'a>,
}

impl Tree<'_> {
    /// Changes of a single mount.
    pub(crate) fn one(set: u64, clear: u64) -> Self {
        Self {
            source: c"",
            recursive: false,
            set,
            clear,
            clear_unlocked: 0,
            set_all: 0,
            clear_all: 0,
            propagation: Propagations::EMPTY,
        }
    }
}

/// What a mount is to have besides its step.
#[derive(Clone, Copy, Default)]
pub(crate) struct Next {
    /// The user namespace that maps its ids, and whether those of the mounts below.
    pub(crate) mapping: Option<(Fd, bool)>,
    /// The tree that is bound.
    pub(crate) tree: Option<Fd>,
    /// The source that was opened before.
    pub(crate) source: Option<Fd>,
    pub(crate) links: Links,
    /// The number by which it is kept hold of.
    pub(crate) keep: Option<u32>,
}

/// Which links of a bind's paths are not followed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Links {
    pub(crate) source: bool,
    pub(crate) target: bool,
    pub(crate) copy: bool,
}

impl Init<'_> {
    #[inline(never)]
    pub(crate) fn mount(
        &mut self,
        filesystem: &Filesystem<'_>,
        target: &CStr,
        mode: u32,
        propagation: Propagations<'_>,
    ) -> Outcome {
        let next = core::mem::take(&mut self.next);
        let (place, existed) = self.mount_point(filesystem.kind, target, mode)?;
        let tmpfs_mode = if existed && filesystem.kind == c"tmpfs" {
            Some(place)
        } else {
            None
        };
        let tree = if long_parameters::are_too_long(filesystem) {
            self.create_by_old_call(filesystem, place, tmpfs_mode)?
        } else {
            create(filesystem, tmpfs_mode, &mut self.said)?
        };
        if let Some((namespace, recursive)) = next.mapping {
            sys::map_ids(tree, recursive, namespace).of(Part::Mapping)?;
        }
        if filesystem.copy_up && existed {
            crate::copy::contents(place, tree).of(Part::CopyUp)?;
        }
        let read_only = filesystem.attributes & sys::MOUNT_ATTR_RDONLY;
        let later = filesystem.copy_up
            && read_only != 0
            && is_missing(sys::set_attributes(tree, false, read_only, 0, 0).of(Part::Attributes))?;
        self.put(tree, place, target)?;
        if later {
            self.set_read_only(tree)?;
        }
        self.finish(tree, place, target, propagation, next.keep)
    }

    /// Puts a mount on its place. One on the root is the root from now on.
    fn put(&mut self, tree: Fd, place: Fd, target: &CStr) -> Outcome {
        // A link of the image's that leads to the root does not make a mount the root.
        if !target.is_empty() && self.is_root(&sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?) {
            return Err(Failure::from(Part::Root));
        }
        sys::attach(tree, place).of(Part::Attach)?;
        if target.is_empty() {
            self.set_root(tree)?;
            sys::enter_directory(tree)?;
        }
        Ok(())
    }

    fn finish(
        &mut self,
        tree: Fd,
        place: Fd,
        target: &CStr,
        propagation: Propagations<'_>,
        keep: Option<u32>,
    ) -> Outcome {
        // The root is made what it should be when it is the root: `pivot_root` takes no shared mount.
        if !target.is_empty() {
            self.set_propagation(tree, propagation)?;
            self.keep_or_close(tree, keep)?;
        }
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

    #[inline(never)]
    pub(crate) fn bind(&mut self, tree: &Tree<'_>, target: &CStr) -> Outcome {
        let next = core::mem::take(&mut self.next);
        let links = next.links;
        if links.copy && self.copy_link(tree.source, target)? {
            return Ok(());
        }
        let flags = sys::OPEN_TREE_CLONE
            | if tree.recursive { sys::AT_RECURSIVE } else { 0 }
            | if links.source { sys::AT_SYMLINK_NOFOLLOW } else { 0 };
        let bound = match (next.tree, next.source) {
            (Some(tree), _) => tree,
            (None, Some(source)) => {
                let bound = sys::open_tree(source, c"", flags | sys::AT_EMPTY_PATH).of(Part::Source)?;
                sys::close(source);
                bound
            }
            (None, None) => sys::open_tree(Fd::CWD, tree.source, flags).of(Part::Source)?,
        };
        let mode = sys::status(bound, c"", sys::AT_EMPTY_PATH).of(Part::Source)?.mode;
        let place = if links.target
            && let Some(link) = self.link(target)?
        {
            link
        } else if mode & sys::S_IFMT == sys::S_IFDIR {
            path::make_directories(self.root, target, 0o755)?
        } else {
            path::make_file(self.root, target)?
        };
        if let Some((namespace, recursive)) = next.mapping {
            sys::map_ids(bound, recursive, namespace).of(Part::Mapping)?;
        }
        let later = is_missing(set_tree_attributes(bound, tree))?;
        self.put(bound, place, target)?;
        if later {
            self.set_by_remount(bound, tree)?;
        }
        self.finish(bound, place, target, tree.propagation, next.keep)
    }

    /// Makes a link like the one at `source`; `false` if that is none.
    fn copy_link(&self, source: &CStr, target: &CStr) -> Result<bool, Failure> {
        let status = sys::status(Fd::CWD, source, sys::AT_SYMLINK_NOFOLLOW).of(Part::Source)?;
        if status.mode & sys::S_IFMT != sys::S_IFLNK {
            return Ok(false);
        }
        let mut bytes = [0; 4096];
        let mut wanted = Buffer::new();
        wanted.push(sys::read_link(Fd::CWD, source, &mut bytes).of(Part::Source)?)?;
        let mut name = Buffer::new();
        let (directory, name) = path::parent(self.root, target, &mut name)?;
        match sys::make_link(wanted.as_c_str(), directory, name) {
            Err(Errno::EXIST) => {
                let mut bytes = [0; 4096];
                let there = sys::read_link(directory, name, &mut bytes).map_err(|_| Failure::from(Part::Exists))?;
                if there != wanted.as_c_str().to_bytes() {
                    return Err(Failure::from(Part::Exists));
                }
            }
            result => result.of(Part::Target)?,
        }
        sys::close(directory);
        Ok(true)
    }

    /// The link at `target`, if it is one.
    fn link(&self, target: &CStr) -> Result<Option<Fd>, Failure> {
        let flags = sys::O_PATH | sys::O_NOFOLLOW;
        let resolve = sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_MAGICLINKS;
        let path = if target.is_empty() { c"." } else { target };
        let found = match sys::open_resolved(self.root, path, flags, resolve) {
            Err(Errno::NOENT) => return Ok(None),
            result => result.of(Part::Target)?,
        };
        let mode = sys::status(found, c"", sys::AT_EMPTY_PATH).of(Part::Target)?.mode;
        if mode & sys::S_IFMT == sys::S_IFLNK {
            return Ok(Some(found));
        }
        sys::close(found);
        Ok(None)
    }

    /// `remount`: what an earlier mount put there, changed.
    pub(crate) fn change_mount(&mut self, target: &CStr, parameters: Strings<'_>, tree: &Tree<'_>) -> Outcome {
        let next = core::mem::take(&mut self.next);
        let place = path::open(self.root, target).of(Part::Target)?;
        if sys::status(place, c"", sys::AT_EMPTY_PATH)
            .of(Part::Target)?
            .is_mount_root
            == Some(false)
        {
            return Err(Failure::new(Part::Source, Errno::INVAL));
        }
        if !parameters.is_empty() {
            let context = sys::pick_filesystem(place).of(Part::Source)?;
            for (index, parameter) in (0..).zip(parameters.iter()) {
                configure(context, parameter)
                    .map_err(|errno| explained(context, Part::Parameter, errno, index, &mut self.said))?;
            }
            sys::reconfigure_filesystem(context)
                .map_err(|errno| explained(context, Part::Whole, errno, 0, &mut self.said))?;
            sys::close(context);
        }
        if is_missing(set_tree_attributes(place, tree))? {
            self.set_by_remount(place, tree)?;
        }
        self.set_propagation(place, tree.propagation)?;
        self.keep_or_close(place, next.keep)
    }

    #[inline(never)]
    pub(crate) fn remount(&mut self, target: &CStr, flags: u64) -> Outcome {
        let place = path::open(self.root, target).of(Part::Target)?;
        self.mount_at(place, sys::MS_REMOUNT | flags)?;
        sys::close(place);
        Ok(())
    }

    pub(crate) fn change_attributes(&mut self, target: &CStr, set: u64, clear: u64) -> Outcome {
        let place = path::open(self.root, target).of(Part::Target)?;
        let tree = Tree::one(set, clear);
        if is_missing(set_tree_attributes(place, &tree))? {
            self.set_by_remount(place, &tree)?;
        }
        sys::close(place);
        Ok(())
    }
}

fn set_tree_attributes(bound: Fd, tree: &Tree<'_>) -> Outcome {
    if tree.set_all | tree.clear_all != 0 {
        let clear = with_times(bound, tree.clear_all)?;
        sys::set_attributes(bound, true, tree.set_all, clear, 0).of(Part::Attributes)?;
    }
    let named = with_times(bound, tree.clear)?;
    let clear = named | tree.clear_unlocked;
    if tree.set | clear == 0 {
        return Ok(());
    }
    match sys::set_attributes(bound, false, tree.set, clear, 0) {
        // What came with a mount from a more privileged user namespace is locked. All that nobody asked to clear may stay.
        Err(Errno::PERM) if tree.clear_unlocked != 0 => {
            if tree.set | named != 0 {
                sys::set_attributes(bound, false, tree.set, named, 0).of(Part::Attributes)?;
            }
            let mut rest = tree.clear_unlocked;
            while rest != 0 {
                let lowest = rest & rest.wrapping_neg();
                match sys::set_attributes(bound, false, 0, lowest, 0) {
                    Ok(()) | Err(Errno::PERM) => {}
                    Err(errno) => return Err(Failure::new(Part::Attributes, errno)),
                }
                rest &= !lowest;
            }
            Ok(())
        }
        result => result.of(Part::Attributes),
    }
}

/// What is to be cleared, as the kernel wants it: the times of access are one value, so that a single one of them is cleared by setting another, and only
/// where it is in force. The mounts below a tree's first one follow that one.
fn with_times(mounted: Fd, clear: u64) -> Result<u64, Failure> {
    let ended = clear & MOUNT_ATTR__ATIME;
    if ended == 0 || ended == MOUNT_ATTR__ATIME {
        return Ok(clear);
    }
    let now = times(sys::mount_flags(mounted).of(Part::Attributes)?);
    Ok(clear & !MOUNT_ATTR__ATIME | if now & ended != 0 { MOUNT_ATTR__ATIME } else { 0 })
}

/// Makes the filesystem. A tmpfs without a mode of its own takes that of its mount point, as with runc.
#[inline(never)]
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

#[inline(never)]
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
#[inline(never)]
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

pub(crate) fn octal(mode: u32, buffer: &mut [u8; 8]) -> Result<&CStr, Failure> {
    for (index, place) in (0u32..).zip(buffer.iter_mut().take(7)) {
        *place = b'0' + u8::try_from(mode >> (3 * (6 - index)) & 7).unwrap_or(0);
    }
    CStr::from_bytes_until_nul(buffer).map_err(|_| Failure::from(Part::Plan))
}
