//! The binaries under test.

use std::path::{Path, PathBuf};
use std::process::Command;

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
        let file = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let said = words.next().unwrap_or_default();
        let known = ["orlop", "crun", "runc", "youki"];
        let name = known
            .into_iter()
            .find(|name| file.contains(name))
            .or(known.into_iter().find(|name| *name == said));
        let version = words
            .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
            .unwrap_or_default();
        let version = version.split('+').next().unwrap_or_default().to_owned();
        Ok(Self {
            path,
            name: name.map_or(file, str::to_owned),
            version,
        })
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
