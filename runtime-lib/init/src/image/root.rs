//! The rootfs: taking hold of it, making it the root, and closing it off.

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::old_mount::is_missing;
use crate::path::Buffer;
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use core::ffi::CStr;

/// Makes the mount that holds `path` private. Which one it is shows by trying, from the path upwards: what is not a mount's root is refused with EINVAL.
#[inline(never)]
pub(crate) fn make_private_around(path: &CStr) -> Outcome {
    let mut rest = path.to_bytes();
    loop {
        let mut candidate = Buffer::new();
        candidate.push(if rest.is_empty() { b"/" } else { rest })?;
        match sys::mount(c"none", candidate.as_c_str(), sys::MS_PRIVATE) {
            Err(Errno::INVAL) if !rest.is_empty() => {
                let end = rest.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                rest = rest.get(..end).unwrap_or_default();
            }
            result => return Ok(result?),
        }
    }
}

impl Init<'_> {
    /// Mounts the rootfs on itself: `pivot_root` wants a mount, and attributes set on it must not reach the host's.
    #[inline(never)]
    pub(crate) fn open_root(&mut self, path: &CStr, propagation: u64) -> Outcome {
        self.null = sys::open(Fd::CWD, c"/dev/null", sys::O_RDWR, 0).of(Part::Null)?;
        let null = sys::status(self.null, c"", sys::AT_EMPTY_PATH).of(Part::Null)?;
        if null.mode & sys::S_IFMT != sys::S_IFCHR || (null.major, null.minor) != (1, 3) {
            return Err(Failure::from(Part::Null));
        }
        let place = match core::mem::take(&mut self.next).source {
            Some(place) => place,
            None => sys::open(Fd::CWD, path, sys::O_PATH | sys::O_DIRECTORY, 0).of(Part::Source)?,
        };
        let flags = sys::OPEN_TREE_CLONE | sys::AT_RECURSIVE | sys::AT_EMPTY_PATH;
        let tree = sys::open_tree(place, c"", flags).of(Part::Source)?;
        let later =
            propagation != 0 && is_missing(sys::set_attributes(tree, true, 0, 0, propagation).of(Part::Attributes))?;
        sys::attach(tree, place).of(Part::Attach)?;
        sys::close(place);
        // The clone's own descriptor is the root of what has just been attached.
        self.set_root(tree)?;
        if later {
            self.mount_at(tree, propagation | sys::MS_REC)?;
        }
        // Hooks that run in the container's namespaces find themselves in the rootfs, as they do under runc.
        Ok(sys::enter_directory(tree)?)
    }

    pub(crate) fn pivot(&mut self) -> Outcome {
        let old = sys::open(Fd::CWD, c"/", sys::O_PATH | sys::O_DIRECTORY, 0)?;
        sys::enter_directory(self.root)?;
        // Both at one place: the old root ends on top of the new one, and no directory is needed to keep it (`man 2 pivot_root`, NOTES).
        sys::pivot_root(c".", c".")?;
        // The old root's mounts may still be the host's peers: letting them go must not reach the host.
        sys::enter_directory(old)?;
        sys::mount(c"none", c".", sys::MS_SLAVE | sys::MS_REC).of(Part::Attributes)?;
        sys::unmount(c".", sys::MNT_DETACH).of(Part::Attach)?;
        sys::close(old);
        Ok(sys::change_directory(c"/")?)
    }

    pub(crate) fn move_root(&mut self) -> Outcome {
        sys::enter_directory(self.root)?;
        sys::mount(c".", c"/", sys::MS_MOVE)?;
        sys::change_root(c".")?;
        Ok(sys::change_directory(c"/")?)
    }

    pub(crate) fn root_propagation(&mut self, propagation: u64) -> Outcome {
        let recursive = propagation & sys::MS_REC != 0;
        match sys::set_attributes(self.root, recursive, 0, 0, propagation & !sys::MS_REC) {
            // It is the root by now.
            Err(Errno::NOSYS) => Ok(sys::mount(c"none", c"/", propagation)?),
            result => Ok(result?),
        }
    }

    pub(crate) fn readonly_root(&mut self) -> Outcome {
        self.set_read_only(self.root)
    }

    #[inline(never)]
    pub(crate) fn readonly_path(&mut self, path: &CStr) -> Outcome {
        let Some(place) = self.existing(path)? else {
            return Ok(());
        };
        if self.is_root(&sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?) {
            sys::close(place);
            return self.readonly_root();
        }
        let tree = sys::open_tree(
            place,
            c"",
            sys::OPEN_TREE_CLONE | sys::AT_RECURSIVE | sys::AT_EMPTY_PATH,
        )
        .of(Part::Source)?;
        // Before it has its place: what is mounted there may be copied to its peers as it is.
        let later = is_missing(sys::set_attributes(tree, false, sys::MOUNT_ATTR_RDONLY, 0, 0).of(Part::Attributes))?;
        sys::attach(tree, place).of(Part::Attach)?;
        if later {
            self.set_read_only(tree)?;
        }
        sys::close(tree);
        sys::close(place);
        Ok(())
    }

    /// A file is hidden by the host's `/dev/null`, which was verified before the container could touch anything; not by the one that the image brings (the
    /// CVE-2025-31133 class).
    #[inline(never)]
    pub(crate) fn mask_path(&mut self, path: &CStr) -> Outcome {
        let Some(place) = self.existing(path)? else {
            return Ok(());
        };
        let status = sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?;
        if self.is_root(&status) {
            return Err(Failure::from(Part::Root));
        }
        let is_directory = status.mode & sys::S_IFMT == sys::S_IFDIR;
        if is_directory && self.mask == Fd::NONE {
            self.mask = empty_filesystem().of(Part::Source)?;
            sys::attach(self.mask, place).of(Part::Attach)?;
        } else {
            let source = if is_directory { self.mask } else { self.null };
            let tree = sys::open_tree(source, c"", sys::OPEN_TREE_CLONE | sys::AT_EMPTY_PATH).of(Part::Source)?;
            // The inode is the host's: read-only, or the container's root could change its mode, owner and times. Devices are written to all the same.
            let later =
                is_missing(sys::set_attributes(tree, false, sys::MOUNT_ATTR_RDONLY, 0, 0).of(Part::Attributes))?;
            sys::attach(tree, place).of(Part::Attach)?;
            if later {
                self.set_read_only(tree)?;
            }
            sys::close(tree);
        }
        sys::close(place);
        Ok(())
    }

    /// The root is another mount from now on. Which one it is, is asked once: many places are compared with it.
    pub(crate) fn set_root(&mut self, root: Fd) -> Outcome {
        let status = sys::status(root, c"", sys::AT_EMPTY_PATH).of(Part::Target)?;
        self.root = root;
        self.root_is = which(&status);
        Ok(())
    }

    /// Whether this is the root: what is mounted over it is left behind when it is entered.
    pub(crate) fn is_root(&self, status: &sys::Status) -> bool {
        which(status) == self.root_is
    }

    /// What is at `path`, looked for first: a mount that finds no place has to be dropped again, and that waits for RCU.
    fn existing(&self, path: &CStr) -> Result<Option<Fd>, Failure> {
        match crate::path::open(self.root, path) {
            Ok(place) => Ok(Some(place)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => Err(Failure::new(Part::Target, errno)),
        }
    }
}

/// Which directory of which mount.
pub(crate) type Identity = (u64, (u32, u32), u64);

fn which(status: &sys::Status) -> Identity {
    (status.mount, status.filesystem, status.inode)
}

fn empty_filesystem() -> sys::Result<Fd> {
    let context = sys::open_filesystem(c"tmpfs")?;
    sys::configure(context, c"nr_blocks", c"1")?;
    sys::configure(context, c"nr_inodes", c"1")?;
    sys::create_filesystem(context)?;
    let mask = sys::mount_filesystem(context, sys::MOUNT_ATTR_RDONLY)?;
    sys::close(context);
    Ok(mask)
}
