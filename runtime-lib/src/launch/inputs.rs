//! What init inherits besides its plan.

use super::{maps, start};
use crate::plan::Input;
use crate::store::Entry;
use crate::{Error, Failure, JsonPath};
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, openat};

/// Opens the inputs in the order of their slots; `None` for those that the cgroup brings.
pub(super) fn open<'a>(inputs: impl Iterator<Item = &'a Input>, entry: &Entry) -> Result<Vec<Option<OwnedFd>>, Error> {
    let mut files: Vec<Option<OwnedFd>> = Vec::with_capacity(inputs.size_hint().0);
    for input in inputs {
        let file = match input {
            Input::StartSocket => Some(start::listen(entry)?),
            Input::Namespace {
                path,
                kind,
                origin,
                set_by,
            } => {
                let file = namespace(path, *kind, origin)?;
                if let Some(set_by) = set_by {
                    refuse_our_own(&file, path, *kind, set_by)?;
                }
                Some(file)
            }
            Input::CgroupTasks(_) => None,
            Input::HookOutput { path, origin } => Some(super::hooks::open_output(path, origin)?),
            Input::Maps { uids, gids, origin } => Some(maps::namespace(uids, gids, origin)?),
            Input::Tree { source, propagation } => Some(maps::tree(source, false, *propagation, None)?),
            Input::MappedTree {
                source,
                recursive,
                propagation,
                maps,
                map_recursive,
                origin,
            } => {
                let namespace = files.get(maps.0 as usize).and_then(Option::as_ref);
                let namespace = namespace.ok_or_else(|| super::broken("a mount without its maps"))?;
                let tree = maps::tree(source, *recursive, *propagation, Some(origin.member("source")))?;
                maps::map(&tree, source, namespace, *map_recursive, origin)?;
                Some(tree)
            }
        };
        files.push(file);
    }
    Ok(files)
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
            let found = crate::plan::namespace_names(found);
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
        0x0400_0000 => "uts",
        0x0800_0000 => "ipc",
        0x1000_0000 => "user",
        0x4000_0000 => "net",
        _ => return Ok(()),
    };
    let own = rustix::fs::stat(format!("/proc/thread-self/ns/{name}"));
    let attempted = || format!("set it in the namespace {path:?}");
    let failed = |errno| Failure::new(attempted(), errno).at(set_by.clone());
    let (own, joined) = (own.map_err(failed)?, rustix::fs::fstat(file).map_err(failed)?);
    if (own.st_dev, own.st_ino) == (joined.st_dev, joined.st_ino) {
        let why = "not allowed in the host's: it is the namespace that the runtime itself is in";
        return Err(Failure::plain(attempted(), why).at(set_by.clone()).into());
    }
    Ok(())
}
