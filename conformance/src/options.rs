//! The command line of the harness.

use std::path::{Path, PathBuf};
use std::slice::Iter;
use std::time::Duration;

use crate::rooms::selected;
use crate::runtime::Runtime;
use crate::suite::Choice;

/// What `conformance run` was told.
pub(crate) struct RunOptions {
    pub(crate) choice: Choice,
    pub(crate) tap: Option<PathBuf>,
    pub(crate) junit: Option<PathBuf>,
    pub(crate) list: bool,
    pub(crate) quiet: bool,
}

impl RunOptions {
    /// # Errors
    /// A sentence about the word that is wrong.
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        let choice = Choice {
            runtimes: Vec::new(),
            older: Vec::new(),
            tests: Vec::new(),
            limit: Duration::from_secs(120),
            keep: false,
        };
        let mut options = Self {
            choice,
            tap: None,
            junit: None,
            list: false,
            quiet: false,
        };
        let mut filters = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--runtime" => options.choice.runtimes.push(named_runtime(value(word, &mut words)?)?),
                "--older" => options.choice.older.push(named_runtime(value(word, &mut words)?)?),
                "--filter" => filters.push(value(word, &mut words)?.to_owned()),
                "--time-limit" => options.choice.limit = seconds(word, &mut words)?,
                "--tap" => options.tap = Some(value(word, &mut words)?.into()),
                "--junit" => options.junit = Some(value(word, &mut words)?.into()),
                "--list" => options.list = true,
                "--quiet" => options.quiet = true,
                "--keep" => options.choice.keep = true,
                other => return Err(format!("unknown option {other:?}")),
            }
        }
        if options.choice.runtimes.is_empty() && !options.list {
            return Err("--runtime PATH is needed".into());
        }
        options.choice.tests = selected(&filters)?;
        Ok(options)
    }
}

/// The runtime at a path.
pub(crate) fn named_runtime(path: &str) -> Result<Runtime, String> {
    Runtime::new(Path::new(path))
}

/// The word after an option.
pub(crate) fn value<'a>(option: &str, words: &mut Iter<'a, String>) -> Result<&'a str, String> {
    words
        .next()
        .map(String::as_str)
        .ok_or_else(|| format!("{option} needs a value"))
}

/// The time after an option.
pub(crate) fn seconds(option: &str, words: &mut Iter<'_, String>) -> Result<Duration, String> {
    let seconds: f64 = value(option, words)?
        .parse()
        .map_err(|_| format!("{option}: not a number"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("{option}: {error}"))
}
