//! From a bundle's folder to a [`Bundle`].

use super::config::Config;
use super::process::Process;
use super::resources::Resources;
use crate::error::{Error, Failure};
use crate::problem::{Problem, Problems};
use serde::Deserialize;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A `config.json` may have so many bytes, no more.
const LARGEST: u64 = 16 << 20;

/// A config that is right, and the folder it is in.
#[derive(Clone, Debug)]
pub struct Bundle {
    dir: PathBuf,
    rootfs: PathBuf,
    config: Config,
    warnings: Vec<Problem>,
}

impl Bundle {
    /// Reads and checks `config.json` in the folder `dir`.
    ///
    /// # Errors
    /// The file cannot be read, or the first fault in it.
    pub fn load(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let (dir, json) = read(dir.as_ref())?;
        Self::new(dir, &json)
    }

    /// Checks the text of a `config.json` that is, or would be, in the folder `dir`. The folder is not looked at.
    ///
    /// # Errors
    /// The first fault in it; the working directory cannot be read if `dir` is relative.
    pub fn parse(dir: impl AsRef<Path>, json: &str) -> Result<Self, Error> {
        Self::new(absolute(dir.as_ref())?, json)
    }

    fn new(dir: PathBuf, json: &str) -> Result<Self, Error> {
        let config: Config = read_document(json)?;
        let warnings = Problems::default().into_warnings()?;
        Ok(Self {
            rootfs: dir.join(config.root.path.as_path()),
            dir,
            config,
            warnings,
        })
    }

    /// The bundle's folder, absolute.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The root filesystem, absolute. Nobody has looked whether it is there.
    pub fn rootfs(&self) -> &Path {
        &self.rootfs
    }

    /// The config.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the user is to be told of.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }
}

/// Collects all faults of the bundle in the folder `dir`; of a config that cannot be parsed, the first one. There is a bundle if no
/// fault is an error.
///
/// # Errors
/// The file cannot be read.
pub fn check(dir: impl AsRef<Path>) -> Result<(Option<Bundle>, Problems), Error> {
    let (dir, json) = read(dir.as_ref())?;
    let bundle = Bundle::new(dir, &json)?;
    Ok((Some(bundle), Problems::default()))
}

/// Parses a `process.json`, as `exec` takes it.
///
/// # Errors
/// The first fault in it.
pub fn parse_process(json: &str) -> Result<(Process, Vec<Problem>), Error> {
    Ok((read_document(json)?, Vec::new()))
}

/// Parses the resources that `update` takes.
///
/// # Errors
/// The first fault in it.
pub fn parse_resources(json: &str) -> Result<(Resources, Vec<Problem>), Error> {
    Ok((read_document(json)?, Vec::new()))
}

fn read_document<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, Problem> {
    serde_json::from_str(json).map_err(|error| Problem::error("", error.to_string()))
}

fn absolute(dir: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(dir).map_err(|error| Failure::io(format!("find the bundle's folder {dir:?}"), &error).into())
}

fn read(dir: &Path) -> Result<(PathBuf, String), Error> {
    let dir = absolute(dir)?;
    let path = dir.join("config.json");
    let failed = |error: std::io::Error| Failure::io(format!("read {path:?}"), &error);
    let file = File::open(&path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(Failure::plain(format!("read {path:?}"), "it is not a regular file").into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(LARGEST)).unwrap_or_default() + 1);
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::plain(format!("read {path:?}"), "it is larger than 16 MiB").into());
    }
    match String::from_utf8(bytes) {
        Ok(json) => Ok((dir, json)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(Failure::plain(format!("read {path:?}"), format!("it is not UTF-8 at byte {at}")).into())
        }
    }
}
