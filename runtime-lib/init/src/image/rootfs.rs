//! The rootfs: taking hold of it, making it the root, and closing it off.

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::linux::namespace;
use crate::mounts::is_missing;
use crate::step::Act;
use crate::step::rootfs::{
    HoldProc, HostPropagation, MaskPath, OpenRoot, OpenSources, Pivot, PrivateAround, ReadonlyPath, ReadonlyRoot,
    RootPropagation, ShareRoot, TakeRootAlong, TakeSource,
};
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use core::ffi::CStr;

impl Act<Init> for OpenSources<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let sources = sys::room_for(self.paths.len())?;
        for (number, (place, path)) in (0..).zip(sources.iter_mut().zip(self.paths.iter())) {
            let opened = if Some(number) == self.rootfs {
                sys::open(Fd::CWD, path, sys::O_PATH | sys::O_NOFOLLOW, 0)
                    .of(Part::Target)
                    .map(Some)?
            } else {
                sys::open(Fd::CWD, path, sys::O_PATH, 0).ok()
            };
            *place = opened
                .and_then(|file| usize::try_from(file.0).ok())
                .unwrap_or(usize::MAX);
        }
        init.sources = sources;
        Ok(())
    }
}

impl Act<Init> for TakeSource<'_> {
    fn act(&self, init: &mut Init) -> Outcome {
        init.announce(self.turn)?;
        init.await_go(self.turn)?;
        let opened = core::mem::replace(&mut init.state, Fd::NONE);
        if let (Some(place), Ok(file)) = (init.sources.get_mut(self.number as usize), usize::try_from(opened.0)) {
            *place = file;
        }
        Ok(())
    }
}

impl Act<Init> for HostPropagation {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::mount(c"none", c"/", self.propagation | sys::MS_REC)?)
    }
}

impl Act<Init> for PrivateAround<'_> {
    /// The mount is found from the rootfs itself, whichever way leads there: upwards, as far as the mount goes.
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let place = init.open_rootfs(self.path, self.opened)?;
        let mut at = place;
        loop {
            let status = sys::status(at, c"", sys::AT_EMPTY_PATH)?;
            // What Linux 5.8 and later tell is needed by the mount API, too.
            if status.is_mount_root.ok_or(Errno::NOSYS)? {
                break;
            }
            let above = sys::open(at, c"..", sys::O_PATH | sys::O_DIRECTORY, 0)?;
            if which(&sys::status(above, c"", sys::AT_EMPTY_PATH)?) == which(&status) {
                // The root of a chroot, and the mount begins somewhere above it.
                return Err(Failure::from(Part::Attributes));
            }
            if at != place {
                sys::close(at);
            }
            at = above;
        }
        if is_missing(sys::set_attributes(at, false, 0, 0, sys::MS_PRIVATE).of(Part::Attributes))? {
            init.mount_at(at, sys::MS_PRIVATE)?;
        }
        if at != place {
            sys::close(at);
        }
        Ok(())
    }
}

impl Act<Init> for OpenRoot<'_> {
    /// Mounts the rootfs on itself: `pivot_root` wants a mount, and attributes set on it must not reach the host's.
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        init.null = sys::open(Fd::CWD, c"/dev/null", sys::O_RDWR, 0).of(Part::Null)?;
        let null = sys::status(init.null, c"", sys::AT_EMPTY_PATH).of(Part::Null)?;
        if !null.is_null() {
            return Err(Failure::from(Part::Null));
        }
        let place = init.open_rootfs(self.path, self.opened)?;
        let flags = sys::OPEN_TREE_CLONE | sys::AT_RECURSIVE | sys::AT_EMPTY_PATH;
        let tree = sys::open_tree(place, c"", flags).of(Part::Source)?;
        let propagation = self.propagation;
        let later =
            propagation != 0 && is_missing(sys::set_attributes(tree, true, 0, 0, propagation).of(Part::Attributes))?;
        sys::attach(tree, place).of(Part::Attach)?;
        sys::close(place);
        // The clone's own descriptor is the root of what has just been attached.
        init.set_root(tree)?;
        if later {
            init.mount_at(tree, propagation | sys::MS_REC)?;
        }
        // Hooks that run in the container's namespaces find themselves in the rootfs, as they do under runc.
        Ok(sys::enter_directory(tree)?)
    }
}

impl Act<Init> for HoldProc {
    fn act(&self, init: &mut Init) -> Outcome {
        init.open_proc()
    }
}

impl Act<Init> for Pivot {
    fn act(&self, init: &mut Init) -> Outcome {
        leave_chroot()?;
        let old = swap_roots(init)?;
        leave(old)
    }
}

/// Makes the root of init's mount namespace its own root. A caller in a chroot has another one; `setns`, as exec calls
/// it, leads to the namespace's, so that is the one to be replaced (`man 2 setns`).
pub(crate) fn leave_chroot() -> sys::Result<()> {
    let own = sys::open_process(sys::own_number())?;
    let joined = sys::join_namespace(own, namespace::NEWNS);
    sys::close(own);
    match joined {
        // Without CAP_SYS_CHROOT, which nothing else here needs.
        Err(Errno::PERM) => Ok(()),
        result => result,
    }
}

/// Makes the rootfs the root; gives the old one.
pub(crate) fn swap_roots(init: &Init) -> sys::Result<Fd> {
    let old = sys::open(Fd::CWD, c"/", sys::O_PATH | sys::O_DIRECTORY, 0)?;
    sys::enter_directory(init.root)?;
    // Both at one place: the old root ends on top of the new one, and no directory is needed to keep it
    // (`man 2 pivot_root`, NOTES).
    sys::pivot_root(c".", c".")?;
    Ok(old)
}

/// Lets the old root go, and all that is mounted below it.
pub(crate) fn leave(old: Fd) -> Outcome {
    // The old root's mounts may still be the host's peers: letting them go must not reach the host.
    sys::enter_directory(old)?;
    sys::mount(c"none", c".", sys::MS_SLAVE | sys::MS_REC).of(Part::Attributes)?;
    sys::unmount(c".", sys::MNT_DETACH).of(Part::Attach)?;
    sys::close(old);
    Ok(sys::change_directory(c"/")?)
}

impl Act<Init> for TakeRootAlong {
    /// The copy lives on without a namespace: nobody can mount or unmount anything in it, and its root has no parent
    /// that `..` could lead to.
    fn act(&self, init: &mut Init) -> Outcome {
        let flags = sys::OPEN_TREE_CLONE | sys::AT_RECURSIVE | sys::AT_EMPTY_PATH;
        let tree = sys::open_tree(init.root, c"", flags).of(Part::Source)?;
        sys::join_namespace(init.descriptor(self.namespace)?, namespace::NEWNS).of(Part::Attach)?;
        sys::enter_directory(tree)?;
        sys::change_root(c".").of(Part::Attach)?;
        sys::change_directory(c"/")?;
        sys::close(init.root);
        init.set_root(tree)
    }
}

impl Act<Init> for ShareRoot {
    fn act(&self, init: &mut Init) -> Outcome {
        sys::enter_directory(init.descriptor(self.root)?)?;
        sys::change_root(c".")?;
        Ok(sys::change_directory(c"/")?)
    }
}

impl Init {
    /// The container's root by a descriptor. Where init has joined the container, that is its own root.
    pub(crate) fn hold_root(&mut self) -> Result<Fd, Failure> {
        if self.root == Fd::NONE {
            self.root = sys::open(Fd::CWD, c"/", sys::O_PATH | sys::O_DIRECTORY, 0)?;
        }
        Ok(self.root)
    }
}

impl Act<Init> for RootPropagation {
    fn act(&self, init: &mut Init) -> Outcome {
        let propagation = self.propagation;
        let recursive = propagation & sys::MS_REC != 0;
        match sys::set_attributes(init.root, recursive, 0, 0, propagation & !sys::MS_REC) {
            // It is the root by now.
            Err(Errno::NOSYS) => Ok(sys::mount(c"none", c"/", propagation)?),
            result => Ok(result?),
        }
    }
}

impl Act<Init> for ReadonlyRoot {
    fn act(&self, init: &mut Init) -> Outcome {
        init.set_read_only(init.root)
    }
}

impl Act<Init> for ReadonlyPath<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let Some(place) = init.existing(self.path)? else {
            return Ok(());
        };
        if init.is_root(&sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?) {
            sys::close(place);
            return init.set_read_only(init.root);
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
            init.set_read_only(tree)?;
        }
        sys::close(tree);
        sys::close(place);
        Ok(())
    }
}

impl Act<Init> for MaskPath<'_> {
    /// A file is hidden by the host's `/dev/null`, which was verified before the container could touch anything; not
    /// by the one that the image brings (the CVE-2025-31133 class).
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let Some(place) = init.existing(self.path)? else {
            return Ok(());
        };
        let status = sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?;
        if init.is_root(&status) {
            return Err(Failure::from(Part::Root));
        }
        let is_directory = status.mode & sys::S_IFMT == sys::S_IFDIR;
        if is_directory && init.mask == Fd::NONE {
            init.mask = empty_filesystem().of(Part::Source)?;
            sys::attach(init.mask, place).of(Part::Attach)?;
        } else {
            let source = if is_directory { init.mask } else { init.null };
            let tree = sys::open_tree(source, c"", sys::OPEN_TREE_CLONE | sys::AT_EMPTY_PATH).of(Part::Source)?;
            // The inode is the host's: read-only, or the container's root could change its mode, owner and times.
            // Devices are written to all the same.
            let later =
                is_missing(sys::set_attributes(tree, false, sys::MOUNT_ATTR_RDONLY, 0, 0).of(Part::Attributes))?;
            sys::attach(tree, place).of(Part::Attach)?;
            if later {
                init.set_read_only(tree)?;
            }
            sys::close(tree);
        }
        sys::close(place);
        Ok(())
    }
}

impl Init {
    /// The directory of the host's that becomes the root, once opened: it is looked for once.
    fn open_rootfs(&mut self, path: &CStr, opened: Option<u32>) -> Result<Fd, Failure> {
        if self.root != Fd::NONE {
            return Ok(self.root);
        }
        let is_link = |mode: u32| mode & sys::S_IFMT == sys::S_IFLNK;
        let place = match opened.and_then(|number| self.source(number)) {
            Some(place) => {
                let mode = sys::status(place, c"", sys::AT_EMPTY_PATH).of(Part::Target)?.mode;
                match mode & sys::S_IFMT {
                    sys::S_IFDIR => place,
                    _ if is_link(mode) => return Err(Failure::from(Part::Target)),
                    _ => return Err(Failure::new(Part::Target, Errno::NOTDIR)),
                }
            }
            None => match sys::open(Fd::CWD, path, sys::O_PATH | sys::O_DIRECTORY | sys::O_NOFOLLOW, 0) {
                Err(Errno::NOTDIR | Errno::LOOP)
                    if sys::status(Fd::CWD, path, sys::AT_SYMLINK_NOFOLLOW).is_ok_and(|found| is_link(found.mode)) =>
                {
                    return Err(Failure::from(Part::Target));
                }
                result => result.of(Part::Target)?,
            },
        };
        self.root = place;
        Ok(place)
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

    /// A source that was opened early, if it could be.
    pub(crate) fn source(&self, number: u32) -> Option<Fd> {
        let file = self.sources.get(number as usize)?;
        i32::try_from(*file).ok().map(Fd)
    }

    /// What is at `path`, looked for first: a mount that finds no place has to be dropped again, and that waits for
    /// RCU.
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
