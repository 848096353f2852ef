//! Runs the tests on each runtime and checks the host after each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount};
use rustix::process::set_child_subreaper;

use crate::failure::{Failure, Verdict};
use crate::host::{Host, cgroups, hierarchies, kill_members, mounts_below, remove_cgroup, settle, tidy};
use crate::runtime::Runtime;
use crate::sys;
use crate::trial::Trial;

/// A runtime that is known not to follow here: its name, the start of its version (empty: all), and why.
pub(crate) type Known = (&'static str, &'static str, &'static str);

/// One test: a sentence that should hold for every runtime.
pub(crate) struct Test {
    /// The sentence, in words joined by `_`.
    pub(crate) name: &'static str,
    /// What is done and looked at.
    pub(crate) run: fn(&Trial<'_>) -> Verdict,
    /// Who does not follow, and why.
    pub(crate) known: &'static [Known],
}

/// Declares a test by its function, with the runtimes that are known not to follow.
macro_rules! test {
    ($function:ident $(, $known:expr)* $(,)?) => {
        $crate::suite::Test { name: stringify!($function), run: $function, known: &[$($known),*] }
    };
}
pub(crate) use test;

/// How a test ended.
pub(crate) enum Ending {
    /// It holds.
    Passed,
    /// It does not hold, with what was seen.
    Failed(String),
    /// It does not hold, as was known, with the reason and what was seen.
    Deviation(&'static str, String),
    /// It holds though it was known not to, with the reason that was given.
    Surprise(&'static str),
    /// It cannot be tried here, with the reason.
    Skipped(String),
}

/// One test on one runtime.
pub(crate) struct Entry {
    pub(crate) runtime: String,
    pub(crate) room: &'static str,
    pub(crate) name: &'static str,
    pub(crate) ending: Ending,
    pub(crate) time: Duration,
    /// The calls of the runtime, for a failure's report.
    pub(crate) notes: Vec<String>,
}

/// The harness' own place on the host: a mount namespace, a cgroup in each hierarchy, a temporary folder.
pub(crate) struct Ground {
    /// Part of every id and cgroup that the tests make.
    pub(crate) tag: String,
    /// Everything is below it.
    pub(crate) dir: PathBuf,
    /// The probe, if it was brought: ready to be linked into each rootfs.
    pub(crate) probe: PathBuf,
}

impl Ground {
    /// Takes the place, and brings the probe.
    ///
    /// # Errors
    /// Where the kernel or the filesystem refuses, or the probe was not built.
    pub(crate) fn take() -> io::Result<Self> {
        let ground = Self::take_without_probe()?;
        let built = match std::env::var_os("CONFORMANCE_PROBE") {
            Some(path) => PathBuf::from(path),
            None => std::env::current_exe()?.with_file_name("probe"),
        };
        fs::copy(&built, &ground.probe).map_err(|error| {
            io::Error::other(format!(
                "{}: {error}; build it with `cargo build -p conformance-probe`",
                built.display()
            ))
        })?;
        Ok(ground)
    }

    /// Takes the place. This process becomes a subreaper and gets a mount namespace of its own, shared as init systems
    /// have it, so that leaks by propagation show, and cut off from the real host.
    ///
    /// # Errors
    /// Where the kernel or the filesystem refuses.
    pub(crate) fn take_without_probe() -> io::Result<Self> {
        let tag = format!("orlop-test-{}", std::process::id());
        let dir = std::env::temp_dir().join(&tag);
        let probe = dir.join("probe");
        fs::create_dir_all(&dir)?;
        // From here on it is removed whatever fails.
        let ground = Self { tag, dir, probe };
        sweep();
        set_child_subreaper(Some(rustix::process::getpid()))?;
        sys::own_mount_namespace()
            .map_err(|error| io::Error::other(format!("a mount namespace of its own: {error}; root is needed")))?;
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        mount_change("/", MountPropagationFlags::SHARED | MountPropagationFlags::REC)?;
        Ok(ground)
    }

    /// Hides cgroup v2 on a hybrid host from now on. Returns whether there was something to hide.
    pub(crate) fn hide_unified(&self) -> io::Result<bool> {
        let unified = Path::new("/sys/fs/cgroup/unified");
        let hybrid = unified.join("cgroup.procs").exists();
        if hybrid {
            mount("tmpfs", unified, "tmpfs", MountFlags::empty(), None)?;
        }
        Ok(hybrid)
    }

    /// Shows it again.
    pub(crate) fn show_unified(&self) -> io::Result<()> {
        Ok(unmount("/sys/fs/cgroup/unified", UnmountFlags::DETACH)?)
    }

    /// Makes the tests' parent cgroup in every hierarchy.
    pub(crate) fn make_cgroups(&self) -> io::Result<()> {
        for hierarchy in hierarchies() {
            let own = hierarchy.join(&self.tag);
            fs::create_dir_all(&own)?;
            for file in ["cpuset.cpus", "cpuset.mems"] {
                if let Ok(value) = fs::read(hierarchy.join(file)) {
                    fs::write(own.join(file), value)?;
                }
            }
        }
        Ok(())
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for cgroup in cgroups(&self.tag).iter().rev() {
            remove_cgroup(cgroup);
        }
        // What is mounted there is of the host.
        if !mounts_below(&self.dir) {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// Removes what harnesses left that were killed: their process ids are in the names.
fn sweep() {
    let dead = |name: &str| {
        let pid = name
            .strip_prefix("orlop-test-")
            .and_then(|rest| rest.parse::<u32>().ok());
        pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
    };
    let folders = hierarchies().into_iter().chain([std::env::temp_dir()]);
    let entries = folders
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten();
    for name in entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| dead(name))
    {
        kill_members(&name);
        for cgroup in cgroups(&name).iter().rev() {
            remove_cgroup(cgroup);
        }
        // Its mounts were in a namespace that died with it.
        let _ = fs::remove_dir_all(std::env::temp_dir().join(name));
    }
}

/// What to run and how.
pub(crate) struct Choice {
    /// The runtimes, in order.
    pub(crate) runtimes: Vec<Runtime>,
    /// The tests, each with its room.
    pub(crate) tests: Vec<Placed>,
    /// Longest time for one test.
    pub(crate) limit: Duration,
    /// Keep the folders of tests that failed.
    pub(crate) keep: bool,
}

/// A test and the room it is in.
pub(crate) type Placed = (&'static str, &'static Test);

/// Every test, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = Placed> {
    crate::rooms::ROOMS
        .iter()
        .flat_map(|(room, tests)| tests.iter().map(move |test| (*room, test)))
}

/// The tests with all of these words in their `room: name`.
pub(crate) fn selected(filters: &[String]) -> Vec<Placed> {
    let wanted = |(room, test): &Placed| {
        let text = format!("{room}: {}", test.name);
        filters.iter().all(|filter| text.contains(filter.as_str()))
    };
    all().filter(wanted).collect()
}

/// Runs the chosen tests, telling each ending as it comes.
///
/// # Errors
/// Where the harness itself cannot work on this host.
pub(crate) fn run(choice: &Choice, mut tell: impl FnMut(&Entry)) -> io::Result<Vec<Entry>> {
    let ground = Ground::take()?;
    let mut entries = Vec::new();
    let mut number = 0;
    for runtime in &choice.runtimes {
        let hidden = runtime.refuses_hybrid() && ground.hide_unified()?;
        ground.make_cgroups()?;
        for &(room, test) in &choice.tests {
            number += 1;
            let entry = run_one(&ground, runtime, (room, test), number, choice)?;
            tell(&entry);
            entries.push(entry);
        }
        if hidden {
            ground.show_unified()?;
        }
    }
    Ok(entries)
}

fn run_one(
    ground: &Ground,
    runtime: &Runtime,
    (room, test): (&'static str, &'static Test),
    number: usize,
    choice: &Choice,
) -> io::Result<Entry> {
    let dir = ground.dir.join(number.to_string());
    let trial = Trial::new(runtime, dir.clone(), number, &ground.tag, &ground.probe, choice.limit)?;
    let before = Host::look(&ground.tag, &trial.root)?;
    let started = Instant::now();
    // A test that panics has failed; what it left is cleaned up like any other's.
    let verdict = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (test.run)(&trial)))
        .unwrap_or_else(|_| Err(Failure::Wrong("the test itself panicked".into())));
    let time = started.elapsed();
    let cleared = clear_containers(&trial);
    let verdict = verdict.and(cleared);
    let leftovers = settle(&ground.tag, &trial.root, &before)?;
    let verdict = match (verdict, leftovers.is_empty()) {
        (Ok(()), false) => Err(Failure::Wrong(leftovers.join("; "))),
        (Err(Failure::Wrong(text)), false) => Err(Failure::Wrong(format!("{text}; {}", leftovers.join("; ")))),
        (verdict, _) => verdict,
    };
    let clean = leftovers.is_empty() || tidy(&ground.tag_of_tests(), &before, &trial.root);
    if !clean {
        return Err(io::Error::other(format!(
            "{}: mounts remain that cannot be removed",
            test.name
        )));
    }
    if !(choice.keep && matches!(verdict, Err(Failure::Wrong(_)))) {
        let _ = fs::remove_dir_all(&dir);
    }
    let known = test
        .known
        .iter()
        .find(|(name, start, _)| *name == runtime.name && runtime.version.starts_with(start));
    let ending = match (verdict, known) {
        (Ok(()), None) => Ending::Passed,
        (Ok(()), Some((.., why))) => Ending::Surprise(why),
        (Err(Failure::Wrong(seen)), None) => Ending::Failed(seen),
        (Err(Failure::Wrong(seen)), Some((.., why))) => Ending::Deviation(why, seen),
        (Err(Failure::Skip(why)), _) => Ending::Skipped(why),
    };
    Ok(Entry {
        runtime: runtime.title(),
        room,
        name: test.name,
        ending,
        time,
        notes: trial.notes(),
    })
}

impl Ground {
    /// Cgroups of tests, not the parent that the harness made itself.
    fn tag_of_tests(&self) -> String {
        format!("{0}/{0}", self.tag)
    }
}

/// Deletes the containers that a test left, which must work for each that was made.
fn clear_containers(trial: &Trial<'_>) -> Verdict {
    for id in trial.live() {
        if trial.root.join(&id).exists() {
            trial.call(&["delete", "--force", &id]).succeed()?;
        }
    }
    Ok(())
}
