//! What can be seen of the host and of this process, before a test and after it.

use super::read;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What must be the same afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    descriptors: BTreeMap<i32, String>,
    children: BTreeSet<i32>,
    cwd: PathBuf,
    umask: String,
    dumpable: i32,
    ids: String,
    signals: String,
}

impl Look {
    pub fn around() -> Self {
        let status = read("/proc/thread-self/status");
        let lines = |names: &[&str]| -> String {
            let chosen = status
                .lines()
                .filter(|line| names.iter().any(|name| line.starts_with(name)));
            chosen.collect::<Vec<_>>().join("\n")
        };
        Self {
            descriptors: descriptors(),
            children: children(),
            cwd: std::env::current_dir().unwrap(),
            umask: lines(&["Umask:"]),
            dumpable: dumpable(),
            ids: lines(&[
                "Uid:",
                "Gid:",
                "Groups:",
                "CapEff:",
                "CapPrm:",
                "CapInh:",
                "CapAmb:",
                "NoNewPrivs:",
                "Seccomp:",
            ]),
            signals: lines(&["SigBlk:", "SigIgn:", "SigCgt:"]),
        }
    }

    pub fn children(&self) -> &BTreeSet<i32> {
        &self.children
    }

    /// All but the children, and the pidfds that go with them.
    pub fn without_children(&self) -> Self {
        let descriptors = self.descriptors.iter().filter(|(_, target)| !target.contains("pidfd"));
        Self {
            descriptors: descriptors.map(|(number, target)| (*number, target.clone())).collect(),
            children: BTreeSet::new(),
            ..self.clone()
        }
    }

    #[track_caller]
    pub fn assert_same(&self) {
        assert_eq!(*self, Self::around(), "the process is not as it was");
    }
}

/// This process's descriptors and what they are.
pub fn descriptors() -> BTreeMap<i32, String> {
    let all = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let target = std::fs::read_link(&path).ok()?.to_string_lossy().into_owned();
        let number = path.file_name()?.to_str()?.parse().ok()?;
        // The one that reads this folder.
        (!target.ends_with("/fd")).then_some((number, target))
    });
    all.collect()
}

/// The children of all of this process's threads.
pub fn children() -> BTreeSet<i32> {
    let mut all = BTreeSet::new();
    for thread in std::fs::read_dir("/proc/self/task").unwrap() {
        let text = std::fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default();
        all.extend(text.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
    }
    all
}

pub fn dumpable() -> i32 {
    // SAFETY: it takes no pointer.
    unsafe { libc::prctl(libc::PR_GET_DUMPABLE) }
}

/// The folders of cgroup hierarchies.
pub fn hierarchies() -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        return vec![root.to_owned()];
    }
    root.read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect()
}

/// The cgroups below the one of this name, which may stay itself.
pub fn cgroups_below(name: &str) -> Vec<PathBuf> {
    let folders = hierarchies()
        .into_iter()
        .flat_map(|hierarchy| hierarchy.join(name).read_dir().into_iter().flatten());
    folders
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect()
}

pub fn remove_cgroups(name: &str) {
    for hierarchy in hierarchies() {
        let _ = std::fs::remove_dir(hierarchy.join(name));
    }
}

/// Ends what a failed test left, and removes its cgroups.
pub fn kill_cgroups(name: &str) {
    for folder in cgroups_below(name) {
        let _ = std::fs::write(folder.join("freezer.state"), "THAWED");
        for pid in std::fs::read_to_string(folder.join("cgroup.procs"))
            .unwrap_or_default()
            .lines()
        {
            // SAFETY: two numbers.
            unsafe { libc::kill(pid.parse().unwrap(), libc::SIGKILL) };
        }
        for _ in 0..100 {
            if std::fs::remove_dir(&folder).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

/// The mount points below a folder in this process's namespace.
pub fn mounts_below(folder: &Path) -> Vec<String> {
    let folder = format!("{}/", folder.display());
    let text = read("/proc/self/mountinfo");
    text.lines()
        .filter(|line| line.contains(&folder))
        .map(str::to_owned)
        .collect()
}

/// Whether there is a process of this pid that is not a zombie.
pub fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
