//! What init inherits besides its plan.

use super::start;
use crate::plan::Input;
use crate::store::Entry;
use crate::{Error, Failure, JsonPath};
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, openat};

/// Opens the inputs in the order of their slots; `None` for those that the cgroup brings.
pub(super) fn open<'a>(inputs: impl Iterator<Item = &'a Input>, entry: &Entry) -> Result<Vec<Option<OwnedFd>>, Error> {
    inputs
        .map(|input| match input {
            Input::StartSocket => start::listen(entry).map(Some),
            Input::Namespace { path, kind, origin } => namespace(path, *kind, origin).map(Some),
            Input::CgroupTasks(_) => Ok(None),
        })
        .collect()
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
