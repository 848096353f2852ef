//! Where the inputs come from that the targets start with.

use std::path::{Path, PathBuf};

/// The folders with a target's seeds: its own, and for those that read configs the library's corpus and a few that ask
/// for what no engine does.
pub fn folders(target: &str) -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = || here.join("../runtime-lib/tests/corpus/engines");
    match target {
        "bundle" | "plan" => vec![here.join("seeds/configs"), corpus()],
        "seccomp" => vec![here.join("seeds/seccomp"), corpus()],
        own => vec![here.join("seeds").join(own)],
    }
}

/// The configs that engines wrote, and those few.
pub fn configs() -> Vec<Vec<u8>> {
    files(&folders("plan"))
}

/// The contents of all files in `folders`, ordered by name.
///
/// # Panics
/// If a folder cannot be read.
pub fn files(folders: &[PathBuf]) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        paths.extend(
            entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.is_file()),
        );
    }
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}")))
        .collect()
}
