//! Descriptors that init inherits besides its plan.

use crate::launch::hooks::open_output;
use crate::launch::launching::{Joined, Launching};
use crate::launch::mapped_trees::{self, Tree};
use crate::launch::sending::connect;
use crate::launch::{broken, image, start};
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, OpenInherited};
use crate::plan::inherited::Inherited;
use crate::{Error, Failure, JsonPath, StatusFault};
use orlop_init::linux::namespace as kinds;
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, openat};

impl Carry<Launching<'_>> for OpenInherited {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let file = open(&self.inherited, launching)?;
        launching.inherited.push(file);
        Ok(())
    }
}

/// Opens what init inherits; `None` for a hierarchy that was left out.
fn open(inherited: &Inherited, launching: &mut Launching<'_>) -> Result<Option<OwnedFd>, Error> {
    Ok(Some(match inherited {
        Inherited::StartSocket => start::listen(launching.entry)?,
        Inherited::Namespace {
            path,
            kind,
            origin,
            set_by,
        } => {
            let file = namespace(path, *kind, origin)?;
            if let Some(set_by) = set_by {
                refuse_our_own(&file, path, *kind, set_by)?;
            }
            file
        }
        Inherited::CgroupTasks { controllers } => return launching.open_tasks(controllers),
        Inherited::HookOutput { path, origin } => open_output(path, origin)?,
        Inherited::IdMaps { uids, gids, origin } => mapped_trees::namespace(uids, gids, origin)?,
        Inherited::Tree { source, propagation } => Tree::of(source, *propagation).open(None)?,
        Inherited::BoundTree {
            source,
            recursive,
            keeps_link,
            propagation,
            origin,
        } => {
            let tree = Tree {
                recursive: *recursive,
                keeps_link: *keeps_link,
                ..Tree::of(source, *propagation)
            };
            tree.open(Some(origin.member("source")))?
        }
        Inherited::MappedTree {
            source,
            recursive,
            propagation,
            maps,
            map_recursive,
            origin,
        } => {
            let namespace = launching.inherited.get(maps.0 as usize).and_then(Option::as_ref);
            let namespace = namespace.ok_or_else(|| broken("a mount without its maps"))?;
            let tree = Tree {
                recursive: *recursive,
                ..Tree::of(source, *propagation)
            };
            let tree = tree.open(Some(origin.member("source")))?;
            mapped_trees::map(&tree, source, namespace, *map_recursive, origin)?;
            tree
        }
        Inherited::SeccompAgent { path } => {
            let connected = connect(path).map_err(|error| {
                let why = format!("failed to connect with seccomp agent {path:?}: {error}");
                Failure::plain("create the container", why).at("linux.seccomp.listenerPath")
            });
            connected?.into()
        }
        Inherited::AgentState => image::empty(c"orlop-agent-state")?,
        Inherited::TasksOfContainer { controllers, below } => {
            return launching.joined()?.cgroup.tasks_to_join(controllers, below);
        }
        Inherited::CgroupOfContainer { below } => {
            let joined = launching.joined()?;
            return joined.cgroup.directory_to_join(below.as_deref(), joined.number_in_proc);
        }
        Inherited::CgroupOfInit => {
            let joined = launching.joined()?;
            return Ok(joined.cgroup.directory_of_init(joined.number_in_proc));
        }
        Inherited::InitPidfd => copy(&launching.joined()?.pidfd)?,
        Inherited::InitRoot => root_of(launching.joined()?)?,
    }))
}

fn copy(pidfd: &OwnedFd) -> Result<OwnedFd, Error> {
    let copied = rustix::io::fcntl_dupfd_cloexec(pidfd, 3);
    copied.map_err(|errno| Failure::new("copy the pidfd of the container's init", errno).into())
}

/// The root of a container's init, which is known to live after it was opened.
fn root_of(joined: &Joined) -> Result<OwnedFd, Error> {
    let path = format!("/proc/{}/root", joined.number_in_proc);
    let failed = |errno| Failure::new("open the root of the container's init", errno);
    let root = openat(
        CWD,
        path,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(failed)?;
    if crate::sys::has_ended(&joined.pidfd).map_err(failed)? {
        return Err(StatusFault::ExecStopped.into());
    }
    Ok(root)
}

/// The file of a namespace, known to be one of this kind.
fn namespace(path: &str, kind: u64, origin: &JsonPath) -> Result<OwnedFd, Error> {
    let attempted = || format!("open the namespace {path:?}");
    let file = openat(
        CWD,
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
    )
    .map_err(|errno| Failure::new(attempted(), errno).at(origin.clone()))?;
    match crate::sys::namespace_kind(&file) {
        Ok(found) if found == kind => Ok(file),
        Ok(found) => {
            let found = kinds::NAMES
                .iter()
                .find(|(flag, _)| *flag == found)
                .map_or("?", |(_, name)| name);
            Err(Failure::plain(attempted(), format!("it is a {found} namespace"))
                .at(origin.clone())
                .into())
        }
        Err(_) => Err(Failure::plain(attempted(), "it is not a namespace")
            .at(origin.clone())
            .into()),
    }
}

/// Refuses a namespace that is the runtime's own: what the config sets there would be set on the host.
fn refuse_our_own(file: &OwnedFd, path: &str, kind: u64, set_by: &JsonPath) -> Result<(), Error> {
    let name = match kind {
        kinds::NEWNS => "mnt",
        kinds::NEWUTS => "uts",
        kinds::NEWIPC => "ipc",
        kinds::NEWUSER => "user",
        kinds::NEWNET => "net",
        _ => return Ok(()),
    };
    let own = rustix::fs::stat(format!("/proc/thread-self/ns/{name}"));
    let attempted = || format!("join the namespace {path:?}");
    let failed = |errno| Failure::new(attempted(), errno).at(set_by.clone());
    let (own, joined) = (own.map_err(failed)?, rustix::fs::fstat(file).map_err(failed)?);
    if (own.st_dev, own.st_ino) == (joined.st_dev, joined.st_ino) {
        let why = "not allowed in the host's: it is the namespace that the runtime itself is in";
        return Err(Failure::plain(attempted(), why).at(set_by.clone()).into());
    }
    Ok(())
}
