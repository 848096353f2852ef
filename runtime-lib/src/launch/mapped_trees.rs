//! Id-mapped mounts: a user namespace that only holds maps, and trees of the host's that are mapped by one
//! (`man 2 mount_setattr`, `MOUNT_ATTR_IDMAP`).

use super::channel::Channel;
use super::{id_maps, image};
use crate::bundle::IdMapping;
use crate::plan::acts::{Acts, Origin};
use crate::process::{Pid, number_in_proc};
use crate::sys::{self, Program, Spawn};
use crate::{Error, Failure, JsonPath};
use orlop_init::linux::namespace as kind;
use orlop_init::step::namespaces::Dumpable;
use orlop_init::step::turns::Turn;
use orlop_init::wire::Header;
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::mount::{OpenTreeFlags, open_tree};
use rustix::process::{Signal, pidfd_send_signal};
use std::ffi::CString;

/// A new user namespace with these maps. Somebody has to live in it while the maps are written: an init that only
/// waits for them.
pub(crate) fn namespace(uids: &[IdMapping], gids: &[IdMapping], origin: &JsonPath) -> Result<OwnedFd, Error> {
    let (_ours, theirs) = Channel::pair()?;
    let mut waiting = Acts::default();
    // It has the runtime's root.
    let is_hidden = sys::can_trace_hidden_processes();
    waiting.step(&Dumpable { yes: !is_hidden }, Origin::Default);
    waiting.step(&Turn { number: 0 }, Origin::Default);
    let head = waiting.head(&Header::new(theirs.as_raw_fd(), [-1; 3]), &[]);
    let plan = image::sealed(c"orlop-plan", &[&head, waiting.bytes()])?;
    let image = image::open(image::Readers::of(is_hidden))?;
    let argument = CString::new(plan.as_raw_fd().to_string()).unwrap_or_default();
    let holder = sys::spawn(&Spawn {
        program: Program::Open(image.as_fd()),
        args: &[c"orlop-init", &argument],
        env: &[],
        namespaces: kind::NEWUSER,
        is_hidden,
        cgroup: None,
        placed: &[],
        inherited: &[theirs.as_raw_fd(), plan.as_raw_fd()],
        directory: None,
        adopts: false,
    });
    let failed = |what: String| move |errno: Errno| Failure::new(what, errno).at(origin.clone());
    let holder = holder.map_err(failed("make a user namespace for the maps of a mount".to_owned()))?;
    let number = number_in_proc(&holder.pidfd, Pid::of(holder.pid));
    let made = write(number, "gid_map", gids)
        .map_err(|errno| failed("map the groups of a mount".to_owned())(errno).hint(hint(errno)))
        .and_then(|()| {
            write(number, "uid_map", uids)
                .map_err(|errno| failed("map the users of a mount".to_owned())(errno).hint(hint(errno)))
        })
        .and_then(|()| {
            let file = format!("/proc/{}/ns/user", number);
            openat(CWD, file.as_str(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
                .map_err(failed(format!("open {file:?}")))
        });
    let _ = pidfd_send_signal(&holder.pidfd, Signal::KILL);
    let _ = crate::process::wait(holder.pidfd.as_fd());
    drop(holder.undumpable);
    Ok(made?)
}

fn write(pid: Pid, file: &str, mappings: &[IdMapping]) -> Result<(), Errno> {
    let name = format!("/proc/{}/{file}", pid);
    let file = openat(CWD, name.as_str(), OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, id_maps::text(mappings).as_bytes()).map(drop)
}

fn hint(errno: Errno) -> &'static str {
    match errno {
        Errno::PERM | Errno::ACCESS => "these ids are not the caller's to map",
        _ => "the kernel takes the maps of config.json for wrong",
    }
}

/// A tree of the host's that is to be mounted.
#[derive(Clone, Copy)]
pub(super) struct Tree<'a> {
    pub(super) source: &'a str,
    /// With the mounts below it.
    pub(super) recursive: bool,
    /// A source that is a link is taken as such.
    pub(super) keeps_link: bool,
    /// `MS_SLAVE` or `MS_PRIVATE`, or 0 to leave it.
    pub(super) propagation: u64,
}

impl<'a> Tree<'a> {
    pub(super) fn of(source: &'a str, propagation: u64) -> Self {
        Self {
            source,
            recursive: false,
            keeps_link: false,
            propagation,
        }
    }

    /// A clone of the tree that is mounted nowhere yet. It is no peer of the host's mounts, or what the container mounts
    /// in it would show there.
    pub(super) fn open(self, origin: Option<JsonPath>) -> Result<OwnedFd, Error> {
        let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        flags.set(OpenTreeFlags::AT_RECURSIVE, self.recursive);
        flags.set(OpenTreeFlags::AT_SYMLINK_NOFOLLOW, self.keeps_link);
        let attempt = || -> Result<OwnedFd, Errno> {
            let tree = open_tree(CWD, self.source, flags)?;
            if self.propagation != 0 {
                sys::set_propagation(&tree, self.propagation)?;
            }
            Ok(tree)
        };
        attempt().map_err(|errno| {
            let mut failure = Failure::new(format!("open {:?} to bind it", self.source), errno);
            failure.path = origin;
            failure.into()
        })
    }
}

/// Maps the ids of such a tree: a user namespace may map nothing that was mounted outside of it, so that is done here.
pub(super) fn map(
    tree: &OwnedFd,
    source: &str,
    namespace: &OwnedFd,
    recursive: bool,
    origin: &JsonPath,
) -> Result<(), Error> {
    sys::map_mount(tree, namespace, recursive).map_err(|errno| {
        let failure = Failure::new(format!("map the ids of {source:?}"), errno).at(origin.clone());
        match errno {
            Errno::INVAL => failure.hint("the filesystem cannot map ids, or they are mapped already"),
            Errno::PERM => failure.hint("mapping ids needs CAP_SYS_ADMIN where the filesystem was mounted"),
            _ => failure,
        }
        .into()
    })
}
