//! The arguments of `conformance runtime-tools`.

use std::path::PathBuf;
use std::time::Duration;

use crate::options::{named_runtime, seconds, value};
use crate::runtime::Runtime;

/// What was asked for.
pub(super) struct Options {
    /// The built tree.
    pub(super) suite: PathBuf,
    /// The runtimes, in order.
    pub(super) runtimes: Vec<Runtime>,
    /// Words of which one must be in a file's name.
    pub(super) filters: Vec<String>,
    /// Longest time for one file.
    pub(super) limit: Duration,
    pub(super) tap: Option<PathBuf>,
    pub(super) junit: Option<PathBuf>,
    pub(super) list: bool,
    pub(super) quiet: bool,
}

impl Options {
    /// # Errors
    /// A sentence about the word that is wrong.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self {
            suite: PathBuf::new(),
            runtimes: Vec::new(),
            filters: Vec::new(),
            limit: Duration::from_secs(60),
            tap: None,
            junit: None,
            list: false,
            quiet: false,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--suite" => options.suite = value(word, &mut words)?.into(),
                "--runtime" => options.runtimes.push(named_runtime(value(word, &mut words)?)?),
                "--filter" => options.filters.push(value(word, &mut words)?.to_owned()),
                "--time-limit" => options.limit = seconds(word, &mut words)?,
                "--tap" => options.tap = Some(value(word, &mut words)?.into()),
                "--junit" => options.junit = Some(value(word, &mut words)?.into()),
                "--list" => options.list = true,
                "--quiet" => options.quiet = true,
                other => return Err(format!("unknown option {other:?}")),
            }
        }
        if options.suite.as_os_str().is_empty() {
            return Err("--suite DIR is needed".into());
        }
        if options.runtimes.is_empty() && !options.list {
            return Err("--runtime PATH is needed".into());
        }
        Ok(options)
    }
}
