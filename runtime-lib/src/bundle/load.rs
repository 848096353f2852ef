//! From a bundle's folder to a [`Bundle`].

use super::annotations::{self, Annotated, Landlock};
use super::config::Config;
use super::json::Json;
use super::mounts::{self, Mount, MountEntry, MountList};
use super::process::Process;
use super::resources::Resources;
use super::{fault, unknown, validate};
use crate::error::{Error, Failure};
use crate::problem::{Problem, Problems, Severity};
use rustix::fs::OFlags;
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const CONFIG: &str = "config.json";

/// A `config.json` may have so many bytes, no more.
const LARGEST: u64 = 16 << 20;

/// A config that is right, and the folder it is in.
#[derive(Clone, Debug)]
pub struct Bundle {
    dir: PathBuf,
    rootfs: PathBuf,
    config: Config,
    mounts: Vec<Mount>,
    annotated: Annotated,
    warnings: Vec<Problem>,
}

impl Bundle {
    /// Reads and checks `config.json` in the folder `dir`.
    ///
    /// # Errors
    /// The file cannot be read, or the first fault in it.
    pub fn load(dir: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_config(dir, CONFIG)
    }

    /// The same by another file than `config.json`, relative to the folder.
    ///
    /// # Errors
    /// As [`Bundle::load`].
    pub fn load_config(dir: impl AsRef<Path>, config: impl AsRef<Path>) -> Result<Self, Error> {
        let (dir, json) = read(dir.as_ref(), config.as_ref())?;
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
        let json = without_mark(json);
        let (config, has_unknown) = unknown::parse(|| read_document::<Config>(CONFIG, json));
        let mut config = config?;
        let mut problems = Problems::default();
        validate::config(&config, &mut problems);
        let mounts = mounts::mounts(&dir, &config, &mut problems);
        let annotated = annotations::apply(&mut config, &mut problems);
        if has_unknown {
            unknown::warn(json, Config::SHAPE, &mut problems);
        }
        Ok(Self::of(dir, config, mounts, annotated, problems.into_warnings()?))
    }

    /// Notices are for who checks the bundle, and not for who runs it.
    fn of(dir: PathBuf, config: Config, mounts: Vec<Mount>, annotated: Annotated, mut warnings: Vec<Problem>) -> Self {
        warnings.retain(|problem| problem.severity == Severity::Warning);
        Self {
            // Without a slash at the end, behind which a link would be followed.
            rootfs: dir.join(config.root.path.as_path()).components().collect(),
            dir,
            config,
            mounts,
            annotated,
            warnings,
        }
    }

    /// What stands for a container that exists where mounts are added to it: a config that has no more than these, and
    /// what else counts for them.
    ///
    /// # Errors
    /// The first fault of the mounts.
    pub(crate) fn of_mounts(dir: PathBuf, about: &Value, entries: &[MountEntry]) -> Result<Self, Error> {
        let mut config: Config = read_document(CONFIG, &about.to_string())?;
        config.mounts = entries.to_vec();
        let mut problems = Problems::default();
        validate::of_mounts(&config.mounts, &mut problems);
        let mounts = mounts::mounts(&dir, &config, &mut problems);
        let annotated = annotations::apply(&mut config, &mut problems);
        Ok(Self::of(dir, config, mounts, annotated, problems.into_warnings()?))
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

    /// The config's mounts, in its order.
    pub(crate) fn mounts(&self) -> &[Mount] {
        &self.mounts
    }

    /// The Landlock rules that the annotation `org.orlop.landlock` holds (docs/annotations.md).
    pub fn landlock(&self) -> Option<&Landlock> {
        self.annotated.landlock.as_ref()
    }

    /// What the config's annotations ask for.
    pub(crate) fn annotated(&self) -> &Annotated {
        &self.annotated
    }

    /// What the user is to be told of.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }
}

/// Collects all faults of the bundle in the folder `dir`; of a config that cannot be parsed, the first one. There is a
/// bundle if no fault is an error.
///
/// # Errors
/// The file cannot be read.
pub fn check(dir: impl AsRef<Path>) -> Result<(Option<Bundle>, Problems), Error> {
    check_config(dir.as_ref(), CONFIG.as_ref())
}

/// The same of another file than `config.json`, relative to the folder.
pub(crate) fn check_config(dir: &Path, config: &Path) -> Result<(Option<Bundle>, Problems), Error> {
    let (dir, json) = read(dir, config)?;
    Ok(check_text(dir, &json))
}

fn check_text(dir: PathBuf, json: &str) -> (Option<Bundle>, Problems) {
    let json = without_mark(json);
    let mut problems = Problems::default();
    let mut config: Config = match read_document(CONFIG, json) {
        Ok(config) => config,
        Err(problem) => {
            problems.error(problem.path, problem.text);
            return (None, problems);
        }
    };
    validate::config(&config, &mut problems);
    let mounts = mounts::mounts(&dir, &config, &mut problems);
    let annotated = annotations::apply(&mut config, &mut problems);
    unknown::warn(json, Config::SHAPE, &mut problems);
    let right = problems.all().iter().all(|problem| problem.severity != Severity::Error);
    let bundle = right.then(|| Bundle::of(dir, config, mounts, annotated, problems.all().to_vec()));
    (bundle, problems)
}

/// Parses and checks a `process.json`, as `exec` takes it; with what the user is to be told of.
///
/// # Errors
/// The first fault in it.
pub fn parse_process(json: &str) -> Result<(Process, Vec<Problem>), Error> {
    let json = without_mark(json);
    let (process, has_unknown) = unknown::parse(|| read_document::<Process>("the process", json));
    let process = process?;
    let mut problems = Problems::default();
    validate::process(&process, "", &mut problems);
    if has_unknown {
        unknown::warn(json, Process::SHAPE, &mut problems);
    }
    Ok((process, problems.into_warnings()?))
}

/// Checks a process that was put together, as `exec` takes it; with what the user is to be told of.
///
/// # Errors
/// The first fault in it.
pub fn check_process(process: &Process) -> Result<Vec<Problem>, Error> {
    let mut problems = Problems::default();
    validate::process(process, "process", &mut problems);
    Ok(problems.into_warnings()?)
}

/// Parses and checks a list of mounts, as it stands in a config: `{"mounts": [...]}`, or the list alone; with what the
/// user is to be told of.
///
/// # Errors
/// The first fault in it.
pub fn parse_mounts(json: &str) -> Result<(MountList, Vec<Problem>), Error> {
    const DOCUMENT: &str = "the list of mounts";
    let json = without_mark(json);
    let is_list = json.trim_start().starts_with('[');
    let json = if is_list {
        &format!("{{\"mounts\":{json}}}")
    } else {
        json
    };
    let (list, has_unknown) = unknown::parse(|| read_document::<MountList>(DOCUMENT, json));
    let list = list?;
    let mut problems = Problems::default();
    validate::of_mounts(&list.mounts, &mut problems);
    if list.mounts.is_empty() {
        problems.error("mounts", "is missing or empty, and there is nothing to do");
    }
    if has_unknown {
        unknown::warn(json, MountList::SHAPE, &mut problems);
    }
    Ok((list, problems.into_warnings()?))
}

/// Parses and checks the resources that `update` takes; with what the user is to be told of.
///
/// # Errors
/// The first fault in it.
pub fn parse_resources(json: &str) -> Result<(Resources, Vec<Problem>), Error> {
    let json = without_mark(json);
    let (resources, has_unknown) = unknown::parse(|| read_document::<Resources>("the resources", json));
    let resources = resources?;
    let mut problems = Problems::default();
    validate::resources(&resources, "", &mut problems);
    if has_unknown {
        unknown::warn(json, Resources::SHAPE, &mut problems);
    }
    Ok((resources, problems.into_warnings()?))
}

/// Reads a JSON text; `document` is what it is called in errors.
fn read_document<'de, T: Deserialize<'de>>(document: &str, json: &'de str) -> Result<T, Problem> {
    serde_json::from_str(json).map_err(|error| fault::explain(document, json, &error))
}

/// Some editors put a byte order mark at the beginning, which JSON has not (RFC 8259, section 8.1: it may be ignored).
fn without_mark(json: &str) -> &str {
    json.strip_prefix('\u{feff}').unwrap_or(json)
}

/// The folder without links and dots, as the container's state tells it: what it means must not change with a link. One
/// that is not there is as it was named.
fn real(dir: &Path) -> Result<PathBuf, Error> {
    match std::fs::canonicalize(dir) {
        Ok(real) => absolute(&real),
        Err(_) => absolute(dir),
    }
}

fn absolute(dir: &Path) -> Result<PathBuf, Error> {
    let absolute = std::path::absolute(dir).map(|dir| dir.components().collect());
    let absolute: PathBuf =
        absolute.map_err(|error| Failure::io(format!("find the bundle's folder {dir:?}"), &error))?;
    if absolute.to_str().is_none() {
        let hint = "it is not UTF-8, as which the container's state would have to tell it; rename the folder";
        return Err(Failure::plain(format!("use the bundle's folder {absolute:?}"), hint).into());
    }
    Ok(absolute)
}

fn read(dir: &Path, config: &Path) -> Result<(PathBuf, String), Error> {
    let dir = real(dir)?;
    let path = dir.join(config);
    let failed = |error: std::io::Error| {
        let failure = Failure::io(format!("read {path:?}"), &error);
        match error.kind() {
            std::io::ErrorKind::NotFound if config == Path::new(CONFIG) => failure.hint(
                "a bundle is a folder with a config.json, as `orlop spec` writes one, and with what that names as its rootfs",
            ),
            _ => failure,
        }
    };
    // A fifo that nobody writes to would block the opening for ever.
    let nonblock = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options()
        .read(true)
        .custom_flags(nonblock)
        .open(&path)
        .map_err(failed)?;
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
