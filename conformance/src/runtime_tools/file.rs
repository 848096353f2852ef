//! Runs one test program of the suite.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::containers::Containers;
use super::excerpt::Tail;
use super::leftovers::Before;
use super::program::{self, Bounds};
use super::tap::{Reader, Results};
use super::tree::Tree;
use super::verdict::judge;
use crate::ending::Ending;
use crate::ground::Ground;
use crate::runtime::Runtime;

/// Where the programs run, and with what.
pub(super) struct Stage<'a> {
    pub(super) ground: &'a Ground,
    pub(super) tree: &'a Tree,
    pub(super) runtime: &'a Runtime,
    pub(super) containers: &'a Containers<'a>,
    pub(super) limit: Duration,
}

/// One file on one runtime.
pub(super) struct FileEntry {
    /// Its path in the suite.
    pub(super) name: String,
    pub(super) ending: Ending,
    pub(super) time: Duration,
    pub(super) results: Results,
    pub(super) stderr: Tail,
    /// What it left behind; what can be removed has been.
    pub(super) left: Vec<String>,
}

impl Stage<'_> {
    /// Runs a file and cleans up.
    ///
    /// # Errors
    /// Where the harness itself cannot work any more.
    pub(super) fn run(&self, file: &Path) -> io::Result<FileEntry> {
        // Bundles of programs that were killed shall be found.
        let folder = self.ground.dir.join("bundles");
        let before = Before::look(self.ground, self.containers, &folder)?;
        let mut command = Command::new(self.tree.dir.join(file));
        command
            .current_dir(&self.tree.dir)
            .env("RUNTIME", &self.runtime.path)
            .env("TMPDIR", &folder);
        let (mut reader, mut stderr) = (Reader::default(), Tail::default());
        let started = Instant::now();
        let bounds = Bounds {
            time: self.limit,
            interruptible: true,
        };
        let end = program::run(command, bounds, |piece| reader.feed(piece), |piece| stderr.feed(piece));
        let time = started.elapsed();
        let left = before.restore()?;
        let results = reader.finish();
        let ending = match end {
            Ok(end) => judge(&results, end, self.limit, &stderr),
            Err(error) => Ending::Failed(format!("cannot be run: {error}")),
        };
        Ok(FileEntry {
            name: file.to_string_lossy().into_owned(),
            ending,
            time,
            results,
            stderr,
            left,
        })
    }
}
