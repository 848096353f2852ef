//! The arguments of `conformance engines`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::table;

/// All engines, in the order of the report.
pub(super) const ENGINES: [&str; 15] = [
    "rootfs",
    "ctr",
    "cri",
    "podman",
    "podman-rootless",
    "buildah",
    "docker",
    "as-runc",
    "docker-build",
    "buildkit",
    "docker-registry",
    "docker-compose",
    "docker-compose-2",
    "docker-rootless",
    "docker-swarm",
];

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    /// The runtime under test, absolute.
    pub(super) runtime: String,
    /// All runtimes of a table, absolute, [`Self::runtime`] first.
    pub(super) runtimes: Vec<String>,
    /// The page to write instead of ending with a count.
    pub(super) table: Option<PathBuf>,
    /// Reports of earlier runs, which the table is made of instead of new ones.
    pub(super) from: Vec<PathBuf>,
    /// Names out of [`ENGINES`].
    pub(super) engines: Vec<String>,
    /// Only the short selection.
    pub(super) short: bool,
    /// Areas (see `check::Need`) the runtime does not have yet.
    pub(super) not_yet: BTreeSet<String>,
    /// Only checks whose name has one of these.
    pub(super) filters: Vec<String>,
    /// This is the process in the lab.
    pub(super) inside: bool,
    pub(super) list: bool,
    pub(super) help: bool,
}

impl Options {
    /// # Errors
    /// A sentence about the first wrong argument.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || {
                let value = words.next().cloned();
                value.ok_or_else(|| format!("{word} needs a value"))
            };
            match word.as_str() {
                "--runtime" => options.runtimes.push(absolute(&value()?)?),
                "--table" => options.table = Some(value()?.into()),
                "--from" => options.from.push(value()?.into()),
                "--engine" => options.engines.push(value()?),
                "--not-yet" => options.not_yet.extend(value()?.split(',').map(str::to_owned)),
                "--filter" => options.filters.push(value()?),
                "--short" => options.short = true,
                "--inside" => options.inside = true,
                "--list" => options.list = true,
                "--help" | "-h" => options.help = true,
                other => return Err(format!("unknown argument {other:?}")),
            }
        }
        if options.help {
            return Ok(options);
        }
        if let Some(engine) = options.engines.iter().find(|name| !ENGINES.contains(&name.as_str())) {
            return Err(format!("--engine: {engine:?} is none of {}", ENGINES.join(", ")));
        }
        if options.engines.is_empty() {
            options.engines = ENGINES.map(str::to_owned).to_vec();
        }
        let Some(first) = options.runtimes.first() else {
            return Err("--runtime is missing".to_owned());
        };
        options.runtime.clone_from(first);
        table::demands(options.table.as_ref(), &options.runtimes, &options.from)?;
        Ok(options)
    }
}

/// The absolute path of a program given by path, or by a name on PATH.
fn absolute(program: &str) -> Result<String, String> {
    let found = if program.contains('/') {
        std::fs::canonicalize(program).ok()
    } else {
        let path = std::env::var("PATH").unwrap_or_default();
        path.split(':')
            .map(|folder| std::path::Path::new(folder).join(program))
            .find(|path| path.is_file())
    };
    found.map_or_else(
        || Err(format!("--runtime: there is no {program:?}")),
        |path| Ok(path.to_string_lossy().into_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_engine_is_refused() {
        let words = ["--runtime", "/bin/true", "--engine", "lxc"].map(str::to_owned);
        assert!(Options::parse(&words).unwrap_err().contains("lxc"));
    }

    #[test]
    fn more_than_one_runtime_is_for_a_table() {
        let words = ["--runtime", "/bin/true", "--runtime", "/bin/false"].map(str::to_owned);
        assert!(Options::parse(&words).unwrap_err().contains("--table"));
        let page = ["--table".to_owned(), "page.md".to_owned()];
        let options = Options::parse(&[&words[..], &page].concat()).unwrap();
        assert_eq!(options.runtimes.len(), 2);
        assert_eq!(options.runtime, options.runtimes[0]);
    }

    #[test]
    fn areas_may_be_given_in_one_word() {
        let words = ["--runtime", "/bin/true", "--not-yet", "exec,pause"].map(str::to_owned);
        assert_eq!(Options::parse(&words).unwrap().not_yet.len(), 2);
    }
}
