//! Making a container's cgroup, so that its first process can be born in it or join it.

use super::device_program::detach_ours;
use super::directory::Directory;
use super::inner::MadeInner;
use super::knobs::{Directories, number_of};
use super::{Cgroup, controllers, cpuset, processes, remove};
use crate::error::{Error, Failure};
use crate::plan::{Knob, Need, Place, Placement};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often a walk starts anew when somebody removes a parent under it.
const RACE_RETRIES: u32 = 8;

/// A cgroup that is there and empty, with what is needed to get a process into it.
#[derive(Debug)]
pub(crate) struct Made {
    /// The v2 directory (`O_PATH`), for `CLONE_INTO_CGROUP`.
    pub(crate) v2: Option<OwnedFd>,
    /// For each v1 hierarchy the way to its `tasks`.
    pub(crate) tasks: Vec<Tasks>,
    /// Places that were there before, empty, and are used again: the caller warns of them.
    pub(crate) reused: Vec<PathBuf>,
    /// Places that could not be made and that nobody asked for.
    pub(crate) left_out: Vec<PathBuf>,
    pub(super) placement: Arc<Placement>,
    /// The v1 directories that knobs are written in.
    pub(super) directories: Directories,
    /// Those below the one of v2.
    pub(super) inner: Vec<MadeInner>,
    made: Vec<MadePlace>,
}

/// The door to a cgroup of a v1 hierarchy, closed yet.
#[derive(Debug)]
pub(crate) struct Tasks {
    root: Directory,
    place: Place,
    need: Need,
}

impl Tasks {
    /// Whether it is that of the hierarchy with these controllers.
    pub(crate) fn is_of(&self, controllers: &str) -> bool {
        self.place.controllers == controllers
    }

    /// Opens the file `tasks` for writing: a process without threads writes `0` and is in. That skips the lock that
    /// writers of `cgroup.procs` take, and with it the wait for an RCU grace period.
    ///
    /// # Errors
    /// Those of the kernel.
    pub(crate) fn open(&self) -> Result<OwnedFd, Error> {
        let opened = self.root.writer(&self.place.below.join("tasks"));
        opened.map_err(|errno| refused("open `tasks` of", &self.place, self.need, errno))
    }
}

fn refused(attempted: &str, place: &Place, need: Need, errno: Errno) -> Error {
    let failure = Failure::new(format!("{attempted} the cgroup {}", place.path().display()), errno);
    blamed(of_a_taken_name(failure, errno), need).into()
}

/// That who wants a cgroup may not make it.
fn not_permitted(place: &Place, need: Need, errno: Errno) -> Failure {
    let failure = Failure::new(format!("make the cgroup {}", place.path().display()), errno);
    match need {
        Need::Asked => failure
            .at("linux.cgroupsPath")
            .hint("rootless needs no limits + no cgrouppath when no permission is granted for cgroups"),
        _ => failure.hint(
            "unable to apply cgroup configuration, and the caller insists on it: without --rootless=false the \
             container is in no cgroup of its own",
        ),
    }
}

/// The kernel's own files stand among the cgroups.
pub(super) fn of_a_taken_name(failure: Failure, errno: Errno) -> Failure {
    match errno {
        Errno::NOTDIR => failure.hint("a file of the hierarchy has this name; choose another for the cgroup"),
        _ => failure,
    }
}

/// A failure about a cgroup, with the place in the config of who asked for it.
fn blamed(failure: Failure, need: Need) -> Failure {
    match need {
        Need::Asked => failure.at("linux.cgroupsPath"),
        Need::Insisted | Need::NotAsked => {
            let named = format!("{} (named after the container)", failure.attempted);
            Failure {
                attempted: named,
                ..failure
            }
        }
    }
}

#[derive(Debug)]
struct MadePlace {
    place: Place,
    /// How many directories of its path were made, the leaf among them.
    levels: usize,
}

impl Made {
    /// Nothing of it is there yet.
    pub(super) fn new(placement: &Arc<Placement>) -> Self {
        Self {
            v2: None,
            tasks: Vec::new(),
            reused: Vec::new(),
            left_out: Vec::new(),
            placement: placement.clone(),
            directories: Directories::new(),
            inner: Vec::new(),
            made: Vec::new(),
        }
    }

    /// Removes what was made, parents among it, after a create that failed. What was there before stays.
    ///
    /// # Errors
    /// The first directory that could not be removed; the others are tried nevertheless.
    pub(crate) fn undo(&self) -> Result<(), Error> {
        if self.placement.manager.scope().is_some() {
            return Cgroup::at(&self.placement).remove();
        }
        let mut outcome = Ok(());
        for made in self.made.iter().rev() {
            outcome = outcome.and(made.undo());
        }
        if let (Some(place), Some(cgroup)) = (&self.placement.v2, &self.v2)
            && self.reused.contains(&place.path())
        {
            for inner in self.inner.iter().rev().map(|inner| &inner.place) {
                if !self.reused.contains(&inner.path()) {
                    outcome = outcome.and(remove::remove_place(inner));
                }
            }
            // It stays, and the next container that uses it would be bound by this one's rules. That this could fail
            // though the program was attached is nothing that could be told.
            let _ = detach_ours(cgroup.as_fd());
        }
        outcome
    }
}

impl MadePlace {
    fn undo(&self) -> Result<(), Error> {
        remove::remove_place(&self.place)?;
        // Parents only if nobody else has moved in since.
        if let Ok(root) = Directory::mount(&self.place.mount) {
            for parent in self.place.below.ancestors().skip(1).take(self.levels - 1) {
                if root.remove(parent).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Cgroup {
    /// Makes the directories of all hierarchies, and holds those open that `knobs` are to be written in. When one
    /// fails, those made before are removed again.
    ///
    /// # Errors
    /// A cgroup that exists and has processes, or that is frozen by itself or by an ancestor (a clone into it would
    /// hang in the kernel), or what the kernel refuses.
    pub(crate) fn make(&self, need: Need, knobs: &[Knob]) -> Result<Made, Error> {
        let mut all = Made::new(&self.0);
        if self.0.is_empty() && need != Need::NotAsked {
            let failure = Failure::plain(
                "make the container's cgroup",
                "no cgroup hierarchy is mounted on this host",
            );
            return Err(match need {
                Need::Asked => failure.at("linux.cgroupsPath"),
                _ => failure,
            }
            .into());
        }
        for (number, place) in self.0.places().enumerate() {
            let is_v2 = number == 0 && self.0.v2.is_some();
            if let Err(error) = all.add((number, place), is_v2, need, knobs) {
                // The error that matters is the first one.
                let _ = all.undo();
                return Err(error);
            }
        }
        Ok(all)
    }
}

impl Made {
    fn add(&mut self, (number, place): (usize, &Place), is_v2: bool, need: Need, knobs: &[Knob]) -> Result<(), Error> {
        let refused = |attempted, errno| refused(attempted, place, need, errno);
        if !place.is_sound() {
            return Err(refused("make", Errno::INVAL));
        }
        let root = Directory::mount_unchecked(&place.mount).map_err(|errno| refused("reach", errno))?;
        let levels = match make_levels(&root, &place.below) {
            Ok(levels) => levels,
            Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) if need == Need::NotAsked => {
                self.left_out.push(place.path());
                return Ok(());
            }
            Err(errno @ (Errno::ACCESS | Errno::PERM | Errno::ROFS)) => {
                return Err(not_permitted(place, need, errno).into());
            }
            Err(errno) => return Err(refused("make", errno)),
        };
        if levels == 0 {
            self.reused.push(place.path());
            if is_v2 {
                let inner = self.placement.inner.iter().map(Place::path);
                self.reused.extend(inner.filter(|path| path.exists()));
            }
        } else {
            // From here on a failure removes it.
            self.made.push(MadePlace {
                place: place.clone(),
                levels,
            });
        }
        let is_fresh = levels > 0;
        check_empty(&root, place, is_v2, is_fresh).map_err(|failure| blamed(failure, need))?;
        check_not_frozen(&root, place, is_v2, is_fresh).map_err(|failure| blamed(failure, need))?;
        if is_v2 {
            let directory = root.open(&place.below).map_err(|errno| refused("open", errno))?;
            let is_pure = self.placement.v1.is_empty();
            controllers::pass_on(&root, place, knobs, is_pure)?;
            self.v2 = Some(directory.into_fd());
            return Ok(());
        }
        if place.has("cpuset") {
            cpuset::inherit(&root, &place.below).map_err(|errno| refused("give CPUs and memory nodes to", errno))?;
        }
        if knobs
            .iter()
            .any(|knob| number_of(&self.placement, knob) == Some(number))
        {
            let directory = root.open(&place.below).map_err(|errno| refused("open", errno))?;
            self.directories.push((number, directory));
        }
        self.tasks.push(Tasks {
            root,
            place: place.clone(),
            need,
        });
        Ok(())
    }
}

/// Makes `below` and what is missing above it; tells how many levels that were (0: it was there).
fn make_levels(root: &Directory, below: &Path) -> Result<usize, Errno> {
    for _ in 0..RACE_RETRIES {
        match root.make(below) {
            Ok(()) => return Ok(1),
            Err(Errno::EXIST) => return Ok(0),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
        match walk(root, below) {
            Err(Errno::NOENT) => {}
            outcome => return outcome,
        }
    }
    Err(Errno::NOENT)
}

/// Level by level, each by the descriptor of the one above. What was made is removed again if a level fails.
fn walk(root: &Directory, below: &Path) -> Result<usize, Errno> {
    let mut levels = 0;
    let mut above: Option<Directory> = None;
    let mut reached = PathBuf::new();
    for name in below.components() {
        let name = Path::new(&name);
        let here = above.as_ref().unwrap_or(root);
        let step = match here.make(name) {
            Ok(()) => {
                reached.push(name);
                levels += 1;
                here.open(name)
            }
            Err(Errno::EXIST) => {
                reached.push(name);
                here.open(name)
            }
            Err(errno) => Err(errno),
        };
        match step {
            Ok(next) => above = Some(next),
            Err(errno) => {
                for made in reached.ancestors().take(levels) {
                    // Not empty any more: somebody else uses it now.
                    let _ = root.remove(made);
                }
                return Err(errno);
            }
        }
    }
    Ok(levels)
}

fn check_empty(root: &Directory, place: &Place, is_v2: bool, is_fresh: bool) -> Result<(), Failure> {
    if is_fresh {
        return Ok(());
    }
    let inside = root.open(&place.below).and_then(|directory| match is_v2 {
        true => Ok(usize::from(has_line(
            &directory.read(Path::new("cgroup.events"))?,
            "populated 1",
        ))),
        false => processes::below(&directory).map(|pids| pids.len()),
    });
    let attempted = format!("use the cgroup {}", place.path().display());
    match inside {
        Ok(0) => Ok(()),
        Ok(_) => Err(Failure::plain(attempted, "container's cgroup is not empty")),
        Err(errno) => Err(of_a_taken_name(Failure::new(attempted, errno), errno)),
    }
}

/// A new cgroup inherits its parent's frozen state, so that its own file tells of all ancestors. The hierarchy's root
/// can't be frozen: a new cgroup directly below it isn't either.
fn check_not_frozen(root: &Directory, place: &Place, is_v2: bool, is_fresh: bool) -> Result<(), Failure> {
    let (file, frozen) = match is_v2 {
        true => ("cgroup.events", ["frozen 1", "frozen 1"]),
        false => ("freezer.state", ["FROZEN", "FREEZING"]),
    };
    if !(is_v2 || place.has("freezer")) || (is_fresh && place.depth() == 1) {
        return Ok(());
    }
    let attempted = format!("use the cgroup {}", place.path().display());
    match root.read(&place.below.join(file)) {
        Ok(text) if frozen.iter().any(|line| has_line(&text, line)) => {
            let hint = "container's cgroup unexpectedly frozen (itself or an ancestor)";
            Err(Failure::plain(attempted, hint))
        }
        Ok(_) => Ok(()),
        Err(errno) => Err(Failure::new(attempted, errno)),
    }
}

/// Whether the text of a kernel's file has this line.
pub(super) fn has_line(text: &str, wanted: &str) -> bool {
    text.lines().any(|line| line == wanted)
}
