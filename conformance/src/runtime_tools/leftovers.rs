//! What a test program leaves on the host: told, and cleaned up.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::containers::Containers;
use crate::ground::Ground;
use crate::host::{Host, cgroups, hierarchies, kill_members, remove_cgroup, settle, tidy};

/// Folders that the suite's cgroup paths are made of.
const CGROUPS: [&str; 2] = ["cgrouptest", "testdir"];

/// The host before a test program.
pub(super) struct Before<'a> {
    ground: &'a Ground,
    containers: &'a Containers<'a>,
    /// Where the program makes its bundles.
    folder: &'a Path,
    host: Host,
    ids: Option<BTreeSet<String>>,
    cgroups: BTreeSet<PathBuf>,
}

impl<'a> Before<'a> {
    /// Looks at the host, and makes the program's folder.
    ///
    /// # Errors
    /// Where the folder cannot be made or /proc cannot be read.
    pub(super) fn look(ground: &'a Ground, containers: &'a Containers<'a>, folder: &'a Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            ground,
            containers,
            folder,
            host: Host::look(&ground.tag, folder)?,
            ids: containers.ids(),
            cgroups: cgroups("").into_iter().collect(),
        })
    }

    /// Makes it as it was, and tells what was there.
    ///
    /// # Errors
    /// Where mounts remain, so that nothing more can be tried.
    pub(super) fn restore(self) -> io::Result<Vec<String>> {
        let mut left = Vec::new();
        // Without both lists nobody can say which are the program's.
        let ids: Vec<String> = match (self.ids, self.containers.ids()) {
            (Some(before), Some(now)) => now.difference(&before).cloned().collect(),
            _ => Vec::new(),
        };
        for id in &ids {
            if self.containers.delete(id) {
                left.push(format!("container {id}"));
                continue;
            }
            left.push(format!("container {id}, which the runtime does not delete"));
            // Another name could be a part of many a cgroup's.
            if is_uuid(id) {
                kill_members(id);
            }
        }
        // The bundles lie in the folder that is looked at as a state folder.
        let changes = settle(&self.ground.tag, self.folder, &self.host)?;
        if !changes.is_empty() && !tidy(&self.ground.tag, &self.host, self.folder) {
            return Err(io::Error::other(format!(
                "mounts remain that cannot be removed: {changes:?}"
            )));
        }
        let told = |change: String| match change.strip_prefix("left behind: ") {
            Some(thing) => thing.strip_prefix("state ").unwrap_or(thing).to_owned(),
            None => change,
        };
        left.extend(changes.into_iter().map(told));
        let states = self.containers.remove_states();
        left.extend(states.into_iter().map(|name| format!("state of {name}")));
        left.extend(remove_cgroups(&self.cgroups, &ids));
        if let Err(error) = fs::remove_dir_all(self.folder) {
            left.push(format!("{}: {error}", self.folder.display()));
        }
        Ok(left)
    }
}

/// Removes the suite's cgroups that are new and stay, and tells them. Others make cgroups at the same time: only names
/// that the suite gives count, and only what nothing runs in can be removed.
fn remove_cgroups(before: &BTreeSet<PathBuf>, ids: &[String]) -> Vec<String> {
    let suites_own = |name: &str| CGROUPS.contains(&name) || is_uuid(name) || ids.iter().any(|id| id == name);
    let new = || -> BTreeSet<PathBuf> {
        let found = cgroups("").into_iter().filter(|path| !before.contains(path));
        found
            .filter(|path| path.iter().any(|name| suites_own(&name.to_string_lossy())))
            .collect()
    };
    let mut staying = new();
    let end = Instant::now() + Duration::from_millis(400);
    while !staying.is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
        let now = new();
        staying.retain(|path| now.contains(path));
    }
    // Children first.
    for path in staying.iter().rev() {
        remove_cgroup(path);
    }
    in_words(&staying)
}

/// Cgroups without those below them, each once for all hierarchies.
fn in_words(cgroups: &BTreeSet<PathBuf>) -> Vec<String> {
    let hierarchies = hierarchies();
    let below = |path: &Path| {
        let parts = hierarchies
            .iter()
            .filter_map(|hierarchy| path.strip_prefix(hierarchy).ok());
        parts.min_by_key(|part| part.as_os_str().len()).map(Path::to_owned)
    };
    let highest = cgroups
        .iter()
        .filter(|path| path.parent().is_none_or(|parent| !cgroups.contains(parent)));
    let names: BTreeSet<PathBuf> = highest.filter_map(|path| below(path)).collect();
    names.iter().map(|name| format!("cgroup /{}", name.display())).collect()
}

/// Whether a name is a UUID in its usual form, as the suite's ids are.
fn is_uuid(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let lengths = parts.iter().map(|part| part.len());
    lengths.eq([8, 4, 4, 4, 12]) && parts.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suites_ids_are_known_from_others() {
        assert!(is_uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
        assert!(!is_uuid("orlop-test-4711"));
        assert!(!is_uuid("6ba7b810-9dad-11d1-80b4-00c04fd430cg"));
        assert!(!is_uuid("6ba7b8109dad11d180b400c04fd430c8"));
    }
}
