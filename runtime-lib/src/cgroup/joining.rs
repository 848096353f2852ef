//! The ways into the cgroup of a container that exists, for a further process of it.

use super::directory::Directory;
use super::{Cgroup, processes};
use crate::error::{Error, Failure};
use crate::plan::Place;
use crate::process::Pid;
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

impl Cgroup {
    /// Opens the file `tasks` for writing, of the v1 cgroup with these controllers or of one below it. `None` where the
    /// container has none: as long as its init lived in it, nobody could have removed it.
    ///
    /// # Errors
    /// What was asked for is not there, or the kernel refuses.
    pub(crate) fn tasks_to_join(&self, controllers: &str, below: &Path) -> Result<Option<OwnedFd>, Error> {
        let Some(place) = self.0.v1.iter().find(|place| place.controllers == controllers) else {
            return Ok(None);
        };
        let opened = processes::open(place).and_then(|directory| directory.writer(&below.join("tasks")));
        opened_or_none(opened, place, below)
    }

    /// Opens the directory (`O_PATH`) of the v2 cgroup, for `CLONE_INTO_CGROUP`, or of the one below it that was asked for.
    /// Where nothing was asked for and the payload has a cgroup of its own below, or the cgroup has passed controllers on to those below, which takes processes out of
    /// it (`Documentation/admin-guide/cgroup-v2.rst`, "No Internal Process Constraint"), it is that of init. `None` where
    /// the container has none.
    ///
    /// # Errors
    /// What was asked for is not there, init is in a cgroup that is not the container's, or the kernel refuses.
    pub(crate) fn directory_to_join(&self, below: Option<&Path>, init: Pid) -> Result<Option<OwnedFd>, Error> {
        let Some(place) = &self.0.v2 else {
            return Ok(None);
        };
        let top = match processes::open(place) {
            Err(Errno::NOENT) if below.is_none_or(is_top) => return Ok(None),
            top => top.map_err(|errno| failed(place, Path::new(""), errno))?,
        };
        let below = match below {
            Some(below) => below.to_owned(),
            None if !self.0.inner.is_empty() => below_of_init(place, init)?,
            None => match top.read(Path::new("cgroup.subtree_control")) {
                Ok(passed_on) if !passed_on.trim().is_empty() => below_of_init(place, init)?,
                _ => PathBuf::new(),
            },
        };
        if is_top(&below) {
            return Ok(Some(top.into_fd()));
        }
        opened_or_none(top.open(&below).map(|directory| directory.into_fd()), place, &below)
    }

    /// Opens the directory (`O_PATH`) of the v2 cgroup that init is in. `None` where that is not one below the container's,
    /// or cannot be opened.
    pub(crate) fn directory_of_init(&self, init: Pid) -> Option<OwnedFd> {
        let place = self.0.v2.as_ref()?;
        let top = processes::open(place).ok().filter(Directory::has_children)?;
        let below = below_of_init(place, init).ok().filter(|below| !is_top(below))?;
        top.open(&below).ok().map(Directory::into_fd)
    }
}

fn is_top(below: &Path) -> bool {
    below.as_os_str().is_empty()
}

fn opened_or_none(opened: Result<OwnedFd, Errno>, place: &Place, below: &Path) -> Result<Option<OwnedFd>, Error> {
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(Errno::NOENT) if is_top(below) => Ok(None),
        Err(errno) => Err(failed(place, below, errno).into()),
    }
}

fn failed(place: &Place, below: &Path, errno: Errno) -> Failure {
    Failure::new(format!("join the cgroup {}", place.path().join(below).display()), errno)
}

/// Where below the container's cgroup its init is.
fn below_of_init(place: &Place, init: Pid) -> Result<PathBuf, Error> {
    let attempted = || format!("find the cgroup of the container's init, process {init}");
    let text =
        std::fs::read_to_string(format!("/proc/{init}/cgroup")).map_err(|error| Failure::io(attempted(), &error))?;
    let own = text
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))
        .unwrap_or_default();
    match Path::new(own).strip_prefix(&place.below) {
        Ok(below) => Ok(below.to_owned()),
        Err(_) => {
            let why = format!("it is in {own:?}, which is not the container's; its own takes no processes");
            Err(Failure::plain(attempted(), why).into())
        }
    }
}
