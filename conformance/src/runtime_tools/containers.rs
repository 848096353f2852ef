//! The containers in a runtime's default state root, which is where the suite's programs make theirs.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::Value;

use super::program::{self, Bounds, End};
use crate::runtime::Runtime;

/// One call of the runtime, which cleans up when the harness has been told to stop, too.
const BOUNDS: Bounds = Bounds {
    time: Duration::from_secs(20),
    interruptible: false,
};
/// The runtimes whose state root is `/run/NAME`.
const AT_RUN: [&str; 4] = ["orlop", "crun", "runc", "youki"];

/// The containers that exist because of the suite.
pub(super) struct Containers<'r> {
    runtime: &'r Runtime,
    covers: Vec<Cover>,
}

impl<'r> Containers<'r> {
    /// Lays an empty folder over the state root, as far as it is known, in the harness' own mount namespace: what
    /// others run on this machine cannot be seen from here, and not be deleted by mistake.
    pub(super) fn of(runtime: &'r Runtime) -> Self {
        let folders = [
            Some(PathBuf::from("/run")),
            std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from),
        ];
        let known = AT_RUN.contains(&runtime.name.as_str());
        let roots = folders
            .into_iter()
            .flatten()
            .filter(|folder| known && folder.is_absolute());
        Self {
            runtime,
            covers: roots
                .filter_map(|folder| Cover::new(folder.join(&runtime.name)))
                .collect(),
        }
    }

    /// Their ids; `None` if the runtime does not tell.
    pub(super) fn ids(&self) -> Option<BTreeSet<String>> {
        if let Some(text) = self.call(&["list", "--format", "json"])
            && let Ok(found) = serde_json::from_str::<Value>(&text)
            && (found.is_array() || found.is_null())
        {
            let id = |one: &Value| one["id"].as_str().map(str::to_owned);
            return Some(found.as_array().into_iter().flatten().filter_map(id).collect());
        }
        let text = self.call(&["list", "--quiet"])?;
        Some(text.split_whitespace().map(str::to_owned).collect())
    }

    /// Deletes one in whatever state it is. Whether that worked.
    pub(super) fn delete(&self, id: &str) -> bool {
        self.call(&["delete", "--force", id]).is_some()
    }

    /// Removes what is left in a state root of which it is known that nobody else uses it, and tells its names.
    pub(super) fn remove_states(&self) -> Vec<String> {
        let entries = self.covers.iter().filter_map(|cover| fs::read_dir(&cover.root).ok());
        let mut names = Vec::new();
        for entry in entries.flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // A lock beside the states is no state.
            if entry.path().is_dir() && !name.starts_with('.') {
                let _ = fs::remove_dir_all(entry.path());
                names.push(name);
            }
        }
        names
    }

    /// What the runtime says on stdout, if it succeeds.
    fn call(&self, words: &[&str]) -> Option<String> {
        const ENOUGH: usize = 4 << 20;
        let mut command = Command::new(&self.runtime.path);
        command.args(words);
        let mut said = Vec::new();
        let keep = |piece: &[u8]| {
            if said.len() < ENOUGH {
                said.extend_from_slice(piece);
            }
        };
        match program::run(command, BOUNDS, keep, |_| {}) {
            Ok(End::Exited(status)) if status.success() => String::from_utf8(said).ok(),
            _ => None,
        }
    }
}

/// A state root with an empty folder over it.
struct Cover {
    root: PathBuf,
    /// The folder below was made for this.
    made: bool,
}

impl Cover {
    /// None where the host does not allow it.
    fn new(root: PathBuf) -> Option<Self> {
        let made = fs::create_dir(&root).is_ok();
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        mount("tmpfs", &root, "tmpfs", flags, Some(c"mode=0700")).ok()?;
        Some(Self { root, made })
    }
}

impl Drop for Cover {
    fn drop(&mut self) {
        let _ = unmount(&self.root, UnmountFlags::DETACH);
        if self.made {
            let _ = fs::remove_dir(&self.root);
        }
    }
}
