//! The arguments of `conformance bench`.

use std::path::PathBuf;

use crate::options::{named_runtime, value};
use crate::runtime::Runtime;

/// Which config the bundles have.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Config {
    /// That of `runc spec`.
    Default,
    /// That of `docker run`, with its seccomp profile.
    Engine,
}

/// What `conformance bench` was told.
pub(super) struct Options {
    pub(super) runtimes: Vec<Runtime>,
    pub(super) floor: bool,
    pub(super) rounds: usize,
    pub(super) config: Config,
    pub(super) json: Option<PathBuf>,
    pub(super) svg: Option<PathBuf>,
}

impl Options {
    /// # Errors
    /// A sentence about the word that is wrong.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self {
            runtimes: Vec::new(),
            floor: false,
            rounds: 30,
            config: Config::Default,
            json: None,
            svg: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--runtime" => options.runtimes.push(named_runtime(value(word, &mut words)?)?),
                "--floor" => options.floor = true,
                "--runs" => {
                    options.rounds = value(word, &mut words)?
                        .parse()
                        .map_err(|_| format!("{word}: not a number"))?
                }
                "--json" => options.json = Some(value(word, &mut words)?.into()),
                "--svg" => options.svg = Some(value(word, &mut words)?.into()),
                "--config" => {
                    options.config = match value(word, &mut words)? {
                        "default" => Config::Default,
                        "engine" => Config::Engine,
                        other => return Err(format!("no config {other:?}: default or engine")),
                    }
                }
                other => return Err(format!("unknown option {other:?}")),
            }
        }
        if options.runtimes.is_empty() {
            return Err("--runtime PATH is needed".into());
        }
        Ok(options)
    }
}
