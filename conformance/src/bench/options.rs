//! The arguments of `conformance bench`.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::options::{named_runtime, value};
use crate::rooms::systemd_is_here;
use crate::runtime::Runtime;

/// Which config the bundles have.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Config {
    /// That of `runc spec`.
    Default,
    /// That of `docker run`, with its seccomp profile.
    Engine,
    /// The same with `--memory`, `--cpus`, `--pids-limit` and others.
    Limits,
}

impl Config {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Engine => "engine",
            Self::Limits => "limits",
        }
    }
}

/// What `conformance bench` was told.
pub(super) struct Options {
    pub(super) runtimes: Vec<Runtime>,
    pub(super) floor: bool,
    pub(super) rounds: usize,
    pub(super) config: Config,
    /// Whether systemd makes the cgroups.
    pub(super) by_systemd: bool,
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
            by_systemd: false,
            json: None,
            svg: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--runtime" => options.runtimes.push(named_runtime(value(word, &mut words)?)?),
                "--floor" => options.floor = true,
                "--systemd-cgroup" => options.by_systemd = true,
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
                        "limits" => Config::Limits,
                        other => return Err(format!("no config {other:?}: default, engine or limits")),
                    }
                }
                other => return Err(format!("unknown option {other:?}")),
            }
        }
        if options.runtimes.is_empty() {
            return Err("--runtime PATH is needed".into());
        }
        if options.by_systemd {
            if options.floor {
                return Err("--floor and --systemd-cgroup: the floor asks no systemd".into());
            }
            if let Err(Failure::Skip(why)) = systemd_is_here() {
                return Err(format!("--systemd-cgroup: {why}"));
            }
        }
        Ok(options)
    }
}
