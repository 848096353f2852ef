//! The suite as it was built: its test programs, and what they need beside them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::architecture;

/// How the suite's files are made.
const HOW: &str = "build it with `make runtimetest validation-executables` in a checkout of runtime-tools";

/// A built tree.
pub(super) struct Tree {
    /// Where it is, absolute.
    pub(super) dir: PathBuf,
    /// Its test programs, relative and in order.
    files: Vec<PathBuf>,
}

impl Tree {
    /// Looks for the test programs.
    ///
    /// # Errors
    /// A sentence, where there are none.
    pub(super) fn open(dir: &Path) -> Result<Self, String> {
        let told = |error| format!("--suite {}: {error}", dir.display());
        let dir = dir.canonicalize().map_err(told)?;
        let mut files = Vec::new();
        // What cannot be read has no tests.
        for folder in entries(&dir.join("validation")) {
            for file in entries(&folder) {
                if file.extension().is_some_and(|end| end == "t")
                    && file.is_file()
                    && let Ok(relative) = file.strip_prefix(&dir)
                {
                    files.push(relative.to_owned());
                }
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(format!("--suite {}: no validation/*/*.t: {HOW}", dir.display()));
        }
        Ok(Self { dir, files })
    }

    /// The programs whose name has one of the words; all, if there are no words.
    ///
    /// # Errors
    /// A sentence, where there are none.
    pub(super) fn selected(&self, filters: &[String]) -> Result<Vec<&Path>, String> {
        let wanted = |file: &&Path| {
            let name = file.to_string_lossy();
            filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()))
        };
        let files: Vec<&Path> = self.files.iter().map(PathBuf::as_path).filter(wanted).collect();
        if files.is_empty() {
            return Err(format!("--filter: none of {} files has {filters:?}", self.files.len()));
        }
        Ok(files)
    }

    /// Makes sure that the programs can be run.
    ///
    /// # Errors
    /// A sentence about what is missing.
    pub(super) fn check(&self, files: &[&Path]) -> Result<(), String> {
        let archive = PathBuf::from(format!("rootfs-{}.tar.gz", architecture::in_go()));
        if !self.dir.join(&archive).is_file() {
            return Err(format!(
                "{}: not there; a checkout of runtime-tools has it, and the tests need it beside `validation`",
                self.dir.join(archive).display()
            ));
        }
        let inside = Path::new("runtimetest");
        for file in [inside].iter().chain(files) {
            let path = self.dir.join(file);
            let found = fs::metadata(&path).map_err(|error| format!("{}: {error}; {HOW}", path.display()))?;
            if !found.is_file() || found.permissions().mode() & 0o111 == 0 {
                return Err(format!("{}: not executable; {HOW}", path.display()));
            }
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
}
