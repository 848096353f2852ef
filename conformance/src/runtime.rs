//! The binaries under test.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The names of runtimes that are looked for in those of files.
const KNOWN: [&str; 4] = ["orlop", "crun", "runc", "youki"];

/// One OCI runtime binary that speaks runc's command line.
#[derive(Debug, Clone)]
pub(crate) struct Runtime {
    /// The binary, absolute.
    pub(crate) path: PathBuf,
    /// `runc`, `crun`, `orlop`, or the file's name for others.
    pub(crate) name: String,
    /// As `--version` says, for example `1.1.5`; empty if it says nothing.
    pub(crate) version: String,
}

impl Runtime {
    /// Asks the binary who it is.
    ///
    /// # Errors
    /// A sentence, where the file cannot be run.
    pub(crate) fn new(path: &Path) -> Result<Self, String> {
        let path = path
            .canonicalize()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let output = Command::new(&path)
            .arg("--version")
            .output()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut words = text.split_whitespace();
        let said = words.next().unwrap_or_default();
        let by_file = Self::name_of(&path.to_string_lossy());
        let name = if KNOWN.contains(&by_file.as_str()) || !KNOWN.contains(&said) {
            by_file
        } else {
            said.to_owned()
        };
        let version = words
            .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
            .unwrap_or_default();
        let version = version.split('+').next().unwrap_or_default().to_owned();
        Ok(Self { path, name, version })
    }

    /// The name of a binary that is there or elsewhere, by its file's.
    pub(crate) fn name_of(path: &str) -> String {
        let file = path.rsplit('/').next().unwrap_or(path);
        let known = KNOWN.into_iter().find(|name| file.contains(name));
        known.unwrap_or(file).to_owned()
    }

    /// Name and version, as results are told.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.name, self.version).trim().to_owned()
    }

    /// crun 1.8 refuses hosts with both cgroup versions: such a runtime gets an empty folder over the second.
    pub(crate) fn refuses_hybrid(&self) -> bool {
        self.name == "crun"
    }

    /// Without a cgroup namespace runc 1.1 and crun 1.8 mount cgroup v2 with their own options, which the host's mount
    /// then has as well. That is known, and no test's failure; the options are put back after each.
    pub(crate) fn changes_the_hosts_cgroups(&self) -> bool {
        ["runc", "crun"].contains(&self.name.as_str())
    }
}
