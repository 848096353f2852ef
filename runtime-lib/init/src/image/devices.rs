//! Device nodes and links inside the rootfs.

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::path::{self, Buffer};
use crate::step::Act;
use crate::step::devices::{Directory, Link, Node, demand};
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;
use core::ffi::CStr;

impl Node<'_> {
    fn demands(&self, what: u32) -> bool {
        self.demands & what != 0
    }

    fn is_fifo(&self) -> bool {
        self.mode & sys::S_IFMT == sys::S_IFIFO
    }

    /// Whether this is the device, or the FIFO, whatever its permissions.
    fn is_it(&self, status: &sys::Status) -> bool {
        status.mode & sys::S_IFMT == self.mode & sys::S_IFMT
            && (self.is_fifo() || (status.major, status.minor) == (self.major, self.minor))
    }

    /// Whether what is there is this node. It may be a mount's, and so the host's: it is never changed.
    fn is_like(&self, status: &sys::Status) -> bool {
        self.is_it(status)
            && (!self.demands(demand::MODE) || status.mode & 0o7777 == self.mode & 0o7777)
            && (!self.demands(demand::UID) || status.uid == self.uid)
            && (!self.demands(demand::GID) || status.gid == self.gid)
    }
}

impl Act<Init> for Directory<'_> {
    fn act(&self, init: &mut Init) -> Outcome {
        path::make_directories(init.root, self.path, self.mode).map(drop)
    }
}

impl Act<Init> for Node<'_> {
    fn act(&self, init: &mut Init) -> Outcome {
        make_node(init.root, self)
    }
}

impl Act<Init> for Link<'_> {
    fn act(&self, init: &mut Init) -> Outcome {
        make_link(init.root, self)
    }
}

/// Makes a node. One that is there is kept if it is the same device, and mostly an error if it is anything else.
#[inline(never)]
fn make_node(root: Fd, node: &Node<'_>) -> Outcome {
    let mut name = Buffer::new();
    let (directory, name) = path::parent(root, node.path, &mut name)?;
    let made = sys::make_node(directory, name, node.mode, node.major, node.minor);
    let outcome = match made {
        Ok(()) => own(directory, name, node),
        Err(Errno::EXIST) => {
            let status = sys::status(directory, name, sys::AT_SYMLINK_NOFOLLOW).of(Part::Target)?;
            match status.mode & sys::S_IFMT {
                _ if node.is_like(&status) => Ok(()),
                sys::S_IFREG if node.demands(demand::DEFAULT | demand::BOUND) && !node.is_fifo() => {
                    bind_hosts(directory, name, node)
                }
                sys::S_IFLNK if node.demands(demand::DEFAULT) => Ok(()),
                _ => Err(Failure::new(Part::Exists, Errno::EXIST)),
            }
        }
        // In a user namespace nobody makes devices: the host's own is bound instead.
        Err(Errno::PERM) if !node.is_fifo() => bind_hosts(directory, name, node),
        Err(errno) => Err(errno.into()),
    };
    sys::close(directory);
    outcome
}

/// Gives a node that was just made to its owner, whose it mostly is already. Nothing that has come in its place is
/// changed.
fn own(directory: Fd, name: &CStr, node: &Node<'_>) -> Outcome {
    let is_owned = |status: &sys::Status| (status.uid, status.gid) == (node.uid, node.gid);
    let replaced = || Failure::new(Part::Exists, Errno::EXIST);
    let status = sys::status(directory, name, sys::AT_SYMLINK_NOFOLLOW)?;
    if !node.is_it(&status) {
        return Err(replaced());
    }
    if is_owned(&status) {
        return Ok(());
    }
    let made = path::made_in(directory, name)?;
    if !node.is_it(&sys::status(made, c"", sys::AT_EMPTY_PATH)?) {
        return Err(replaced());
    }
    sys::change_owner_of_place(made, node.uid, node.gid)?;
    sys::close(made);
    Ok(())
}

/// Binds the host's node of the same path if it is the device that is wanted, or another one that is.
#[inline(never)]
fn bind_hosts(directory: Fd, name: &CStr, node: &Node<'_>) -> Outcome {
    let mut source = Buffer::new();
    source
        .push(b"/")
        .and_then(|()| source.push(node.path.to_bytes()))
        .of(Part::Source)?;
    let tree = match node.tree_of(Fd::CWD, source.as_c_str()) {
        Some(tree) => tree,
        None => {
            let devices = sys::open(Fd::CWD, c"/dev", sys::O_RDONLY | sys::O_DIRECTORY, 0).of(Part::Source)?;
            let mut left = MOST_NAMES;
            let found = node.find(devices, 1, &mut left);
            sys::close(devices);
            found.ok_or(Failure::new(Part::Source, Errno::NODEV))?
        }
    };
    let place = path::file_in(directory, name, 0o644).of(Part::Target)?;
    path::attach(tree, place)?;
    sys::close(tree);
    sys::close(place);
    Ok(())
}

/// So many names of the host's /dev are looked at for a device.
const MOST_NAMES: u32 = 4096;

impl Node<'_> {
    /// What is at a path, if it is this device, to be bound.
    fn tree_of(&self, directory: Fd, path: &CStr) -> Option<Fd> {
        let tree = sys::open_tree(directory, path, sys::OPEN_TREE_CLONE | sys::AT_SYMLINK_NOFOLLOW).ok()?;
        let is_it = sys::status(tree, c"", sys::AT_EMPTY_PATH).is_ok_and(|status| self.is_it(&status));
        if !is_it {
            sys::close(tree);
        }
        is_it.then_some(tree)
    }

    /// The device in a directory, or in one so many levels below.
    #[inline(never)]
    fn find(&self, directory: Fd, levels: u32, left: &mut u32) -> Option<Fd> {
        let mut buffer = [0; 2048];
        loop {
            let length = sys::entries(directory, &mut buffer).ok()?;
            let mut rest = buffer.get(..length).filter(|rest| !rest.is_empty())?;
            // struct linux_dirent64: inode, offset, the entry's length, its type, its name.
            while let Some(header) = rest.get(..19) {
                let size = usize::from(u16::from_ne_bytes([header[16], header[17]]));
                let name = CStr::from_bytes_until_nul(rest.get(19..size)?).ok()?;
                *left = left.checked_sub(1)?;
                let found = match u32::from(header[18]) << 12 {
                    sys::S_IFDIR if levels > 0 && !name.to_bytes().starts_with(b".") => {
                        let below = sys::open(directory, name, sys::O_RDONLY | sys::O_DIRECTORY | sys::O_NOFOLLOW, 0);
                        below.ok().and_then(|below| {
                            let found = self.find(below, levels - 1, left);
                            sys::close(below);
                            found
                        })
                    }
                    kind if kind == self.mode & sys::S_IFMT => {
                        match sys::status(directory, name, sys::AT_SYMLINK_NOFOLLOW) {
                            Ok(status) if self.is_it(&status) => self.tree_of(directory, name),
                            _ => None,
                        }
                    }
                    _ => None,
                };
                if found.is_some() {
                    return found;
                }
                rest = rest.get(size..).unwrap_or_default();
            }
        }
    }
}

/// Makes a link. One that is there already is kept, whatever it is, unless it has to be `replaced`.
#[inline(never)]
fn make_link(root: Fd, link: &Link<'_>) -> Outcome {
    let mut name = Buffer::new();
    let (directory, name) = path::parent(root, link.path, &mut name)?;
    let mut outcome = sys::make_link(link.target, directory, name);
    if outcome == Err(Errno::EXIST) && link.replace {
        // Nothing but a link's name is removed: a directory, or a file of the image behind a link of the same name,
        // stays.
        match sys::unlink(directory, name) {
            Ok(()) => outcome = sys::make_link(link.target, directory, name),
            Err(errno) => return Err(Failure::new(Part::Exists, errno)),
        }
    }
    sys::close(directory);
    match outcome {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
