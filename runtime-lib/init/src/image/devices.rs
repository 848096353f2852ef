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

/// Binds the host's node of the same path, if it is the device that is wanted.
#[inline(never)]
fn bind_hosts(directory: Fd, name: &CStr, node: &Node<'_>) -> Outcome {
    let mut source = Buffer::new();
    source
        .push(b"/")
        .and_then(|()| source.push(node.path.to_bytes()))
        .of(Part::Source)?;
    let tree = sys::open_tree(Fd::CWD, source.as_c_str(), sys::OPEN_TREE_CLONE).of(Part::Source)?;
    let status = sys::status(tree, c"", sys::AT_EMPTY_PATH).of(Part::Source)?;
    if status.mode & sys::S_IFMT != node.mode & sys::S_IFMT || (status.major, status.minor) != (node.major, node.minor)
    {
        return Err(Failure::new(Part::Source, Errno::PERM));
    }
    let place = path::file_in(directory, name, 0o644).of(Part::Target)?;
    path::attach(tree, place)?;
    sys::close(tree);
    sys::close(place);
    Ok(())
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
