//! Filesystems and bound trees, mounted inside the rootfs: prepared without a place first, then put where a descriptor
//! says.

mod added;
mod attributes;
mod copy;
mod filesystem;
mod held;
mod known;
mod long_parameters;
mod old_call;

pub(crate) use added::Added;
pub(crate) use attributes::is_missing;

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::path::{self, Buffer};
use crate::proc::PROC_SUPER_MAGIC;
use crate::step::Act;
use crate::step::mounts::{
    Bind, ChangeAttributes, ChangeMount, Changes, Mapping, Mount, Propagations, Remount, Source, may_lie_in_proc,
};
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use attributes::{set_by_remount, set_changes};
use core::ffi::CStr;
use filesystem::{configure, explained};

impl Act<Init> for Mount<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let (place, existed) = init.mount_point(self.kind, self.target, self.mode)?;
        let like = (existed && self.kind == c"tmpfs").then_some(place);
        let tree = if long_parameters::are_too_long(self) {
            init.create_by_old_call(self, place, like)?
        } else {
            filesystem::create(self, like, &mut init.said)?
        };
        init.map_ids(tree, self.mapping)?;
        if self.copy_up && existed {
            copy::contents(init, place, tree).map_err(|failure| failure.within(Part::CopyUp))?;
        }
        let read_only = self.attributes & sys::MOUNT_ATTR_RDONLY;
        let later = self.copy_up
            && read_only != 0
            && is_missing(sys::set_attributes(tree, false, read_only, 0, 0).of(Part::Attributes))?;
        init.put(tree, place, self.target)?;
        if later {
            init.set_read_only(tree)?;
        }
        init.finish(tree, place, self.target, self.propagation, self.hold)
    }
}

impl Act<Init> for Bind<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let Self { links, target, .. } = *self;
        if links.copy && init.copy_link(self.source.path(), target)? {
            return Ok(());
        }
        let bound = init.open_source(self)?;
        if target == c"proc" && sys::filesystem(bound).of(Part::Source)? != PROC_SUPER_MAGIC {
            return Err(Failure::from(Part::NoProc));
        }
        let mode = sys::status(bound, c"", sys::AT_EMPTY_PATH).of(Part::Source)?.mode;
        let place = if links.target
            && let Some(link) = init.link(target)?
        {
            link
        } else if mode & sys::S_IFMT == sys::S_IFDIR {
            path::make_directories(init.root, target, 0o755)?
        } else {
            path::make_file(init.root, target)?
        };
        init.map_ids(bound, self.mapping)?;
        let later = is_missing(set_changes(bound, &self.changes))?;
        init.put(bound, place, target)?;
        if later {
            set_by_remount(init, bound, &self.changes, self.recursive)?;
        }
        init.finish(bound, place, target, self.propagation, self.hold)
    }
}

impl Act<Init> for ChangeMount<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let place = path::open(init.root, self.target).of(Part::Target)?;
        let there = sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?;
        if there.is_mount_root == Some(false) {
            return Err(Failure::new(Part::Source, Errno::INVAL));
        }
        if !self.parameters.is_empty() {
            init.ensure_made(there.filesystem, self.made)?;
            let context = sys::pick_filesystem(place).of(Part::Source)?;
            for (index, parameter) in (0..).zip(self.parameters.iter()) {
                configure(context, parameter)
                    .map_err(|errno| explained(context, Part::Parameter, errno, index, &mut init.said))?;
            }
            sys::reconfigure_filesystem(context)
                .map_err(|errno| explained(context, Part::Whole, errno, 0, &mut init.said))?;
            sys::close(context);
        }
        if is_missing(set_changes(place, &self.changes))? {
            set_by_remount(init, place, &self.changes, true)?;
        }
        init.set_propagation(place, self.propagation)?;
        init.hold_or_close(place, self.hold)
    }
}

impl Act<Init> for Remount<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let place = path::open(init.root, self.target).of(Part::Target)?;
        init.mount_at(place, sys::MS_REMOUNT | self.flags)?;
        sys::close(place);
        Ok(())
    }
}

impl Act<Init> for ChangeAttributes<'_> {
    fn act(&self, init: &mut Init) -> Outcome {
        let place = path::open(init.root, self.target).of(Part::Target)?;
        let changes = Changes::one(self.set, self.clear);
        if is_missing(set_changes(place, &changes))? {
            set_by_remount(init, place, &changes, false)?;
        }
        sys::close(place);
        Ok(())
    }
}

impl Init {
    /// A clone of the tree that is bound, without a place yet.
    #[inline(never)]
    fn open_source(&self, bind: &Bind<'_>) -> Result<Fd, Failure> {
        let flags = sys::OPEN_TREE_CLONE
            | if bind.recursive { sys::AT_RECURSIVE } else { 0 }
            | if bind.links.source { sys::AT_SYMLINK_NOFOLLOW } else { 0 };
        let early = match bind.source {
            Source::Tree(slot, _) => return self.descriptor(slot),
            Source::Taken(number, _) => return self.source(number).ok_or(Failure::from(Part::Plan)),
            Source::Opened(number, _) => self.source(number),
            Source::Either(first, second) => {
                let open = |path| sys::open(Fd::CWD, path, sys::O_PATH, 0);
                open(first).or_else(|_| open(second)).ok()
            }
            Source::Path(_) => None,
        };
        let Some(early) = early else {
            return sys::open_tree(Fd::CWD, bind.source.path(), flags).of(Part::Source);
        };
        let bound = sys::open_tree(early, c"", flags | sys::AT_EMPTY_PATH).of(Part::Source)?;
        sys::close(early);
        Ok(bound)
    }

    fn map_ids(&self, tree: Fd, mapping: Option<Mapping>) -> Outcome {
        let Some(Mapping { namespace, recursive }) = mapping else {
            return Ok(());
        };
        sys::map_ids(tree, recursive, self.descriptor(namespace)?).of(Part::Mapping)
    }

    /// Puts a mount on its place. One on the root is the root from now on.
    fn put(&mut self, tree: Fd, place: Fd, target: &CStr) -> Outcome {
        // A link of the image's that leads to the root does not make a mount the root.
        if !target.is_empty() {
            let status = sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?;
            if self.is_root(&status) {
                return Err(Failure::from(Part::Root));
            }
            self.refuse_shared(&status)?;
            self.refuse_behind_links_in_proc(place, target)?;
            // Nor does one that leads to /proc open that to all mounts.
            if Some(status.mount) == self.procfs && !may_lie_in_proc(target) {
                return Err(Failure::from(Part::InProc));
            }
        }
        self.show_before_it_has_its_place(tree)?;
        path::attach(tree, place)?;
        self.added.begin(tree);
        if target.is_empty() {
            self.set_root(tree)?;
            sys::enter_directory(tree)?;
        }
        if target == c"proc" {
            self.procfs = Some(sys::status(tree, c"", sys::AT_EMPTY_PATH).of(Part::Target)?.mount);
        }
        Ok(())
    }

    fn finish(
        &mut self,
        tree: Fd,
        place: Fd,
        target: &CStr,
        propagation: Propagations<'_>,
        hold: Option<u32>,
    ) -> Outcome {
        // The root is made what it should be when it is the root: `pivot_root` takes no shared mount.
        if !target.is_empty() {
            self.set_propagation(tree, propagation)?;
            self.hold_or_close(tree, hold)?;
        }
        sys::close(place);
        Ok(())
    }

    /// The directory to mount on, and whether it was there.
    fn mount_point(&self, kind: &CStr, target: &CStr, mode: u32) -> Result<(Fd, bool), Failure> {
        // A link here would lead our later writes under /proc to files of the image's choice (CVE-2019-19921,
        // CVE-2023-27561).
        let is_special = kind == c"proc" || kind == c"sysfs";
        if is_special {
            return match path::make_directories_strictly(self.root, target, mode) {
                Err(errno @ (Errno::LOOP | Errno::NOTDIR)) => Err(self.no_ordinary_directory(target, errno)),
                result => result.of(Part::Target),
            };
        }
        match path::open(self.root, target) {
            Ok(place) => return Ok((place, true)),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(Failure::new(Part::Target, errno)),
        }
        Ok((path::make_directories(self.root, target, mode)?, false))
    }

    /// Why a place that is neither missing nor a directory is no mount point: links are not followed there, and the
    /// kernel takes one that was to be a directory for a file.
    fn no_ordinary_directory(&self, target: &CStr, errno: Errno) -> Failure {
        let resolve = sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_SYMLINKS;
        let found = sys::open_resolved(self.root, target, sys::O_PATH | sys::O_NOFOLLOW, resolve);
        let kind = found.and_then(|place| Ok(sys::status(place, c"", sys::AT_EMPTY_PATH)?.mode & sys::S_IFMT));
        match (errno, kind) {
            (Errno::NOTDIR, Ok(kind)) if kind != sys::S_IFLNK => Failure::new(Part::OntoFile, Errno::NOTDIR),
            (Errno::NOTDIR, Err(Errno::NOTDIR)) => Failure::new(Part::Target, Errno::NOTDIR),
            _ => Failure::new(Part::Target, Errno::LOOP),
        }
    }

    /// Makes a link like the one at `source`; `false` if that is none.
    #[inline(never)]
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
}
