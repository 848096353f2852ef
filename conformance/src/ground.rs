//! The harness' own place on the host.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, StatVfsMountFlags, statvfs};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount};
use rustix::process::set_child_subreaper;

use crate::host::{cgroups, hierarchies, kill_members, mounts_below, remove_cgroup};
use crate::kernel::maps_ids;
use crate::runtime::Runtime;
use crate::sys;

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
        // Tests say who may read what they make; nothing of that is left to the caller.
        rustix::process::umask(Mode::from_raw_mode(0o022));
        let tag = format!("orlop-test-{}", std::process::id());
        let dir = open_to_all(&places())?.join(&tag);
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

    /// A runtime's binary where every user can execute it: it may have been built below a folder that only root enters.
    ///
    /// # Errors
    /// Where it cannot be copied.
    pub(crate) fn bring(&self, runtime: &Runtime) -> io::Result<Runtime> {
        let folder = sole_folder(&self.dir.join("runtimes"))?;
        let path = folder.join(runtime.path.file_name().unwrap_or_default());
        fs::copy(&runtime.path, &path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(Runtime {
            path,
            ..runtime.clone()
        })
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

    /// Cgroups of tests, not the parent that the harness made itself.
    pub(crate) fn tag_of_tests(&self) -> String {
        format!("{0}/{0}", self.tag)
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

/// Where temporary folders may be.
fn places() -> [PathBuf; 3] {
    [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()]
}

/// The first of these folders that every user can reach, and execute programs in; one where the kernel can map ids is
/// taken before others.
fn open_to_all(places: &[PathBuf]) -> io::Result<PathBuf> {
    let entered = |folder: &Path| fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o001 != 0);
    let executable = |place: &Path| statvfs(place).is_ok_and(|it| !it.f_flag.contains(StatVfsMountFlags::NOEXEC));
    let found = places.iter().filter_map(|place| place.canonicalize().ok());
    let open = |place: &PathBuf| place.ancestors().all(entered) && executable(place);
    let mut found: Vec<PathBuf> = found.filter(open).collect();
    found.sort_by_key(|place| !maps_ids(place));
    found.into_iter().next().ok_or_else(|| {
        io::Error::other(format!(
            "every user has to reach the tests' folder and execute programs in it, as none of {places:?} lets them: \
             TMPDIR may name another"
        ))
    })
}

/// A new folder below this one.
fn sole_folder(above: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(above)?;
    let folder = above.join(fs::read_dir(above)?.count().to_string());
    fs::create_dir(&folder)?;
    Ok(folder)
}

/// Removes what harnesses left that were killed: their process ids are in the names.
fn sweep() {
    let dead = |name: &str| {
        let pid = name
            .strip_prefix("orlop-test-")
            .and_then(|rest| rest.parse::<u32>().ok());
        pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
    };
    let folders = hierarchies().into_iter().chain(places());
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
        for place in places() {
            let _ = fs::remove_dir_all(place.join(&name));
        }
    }
}
