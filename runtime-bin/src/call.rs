//! One call of the program: its global flags, its log, and why it failed.

use crate::arguments::Matches;
use crate::log::Log;
use crate::root;
use orlop::Runtime;
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;

/// Why a verb failed: a sentence.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) String);

impl From<orlop::Error> for Refusal {
    fn from(error: orlop::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<orlop::Failure> for Refusal {
    fn from(failure: orlop::Failure) -> Self {
        Self(failure.to_string())
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Refusal {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What a verb gives: the program's exit status, or a refusal.
pub(crate) type Outcome = Result<u8, Refusal>;

/// What every verb may look at.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// The verb's name.
    pub(crate) verb: &'static str,
    pub(crate) global: &'a Matches,
    pub(crate) matches: &'a Matches,
    pub(crate) log: &'a mut Log,
}

impl Call<'_> {
    /// The state root that the flags and the environment name.
    pub(crate) fn root(&self) -> Result<PathBuf, Refusal> {
        root::choose(self.global.text("root"))
    }

    pub(crate) fn runtime(&self) -> Result<Runtime, Refusal> {
        self.root().map(Runtime::new)
    }

    /// The container that the first argument names.
    pub(crate) fn container(&self) -> Result<orlop::Container, Refusal> {
        Ok(self.runtime()?.container(self.id()?)?)
    }

    /// The first argument.
    pub(crate) fn id(&self) -> Result<&str, Refusal> {
        match self.matches.arguments.first().map(|id| id.to_str().ok_or(id)) {
            None => Err("container id cannot be empty".into()),
            Some(Ok("")) => Err("container id cannot be empty".into()),
            Some(Ok(id)) => Ok(id),
            Some(Err(id)) => Err(orlop::Error::InvalidId(format!("{id:?}")).into()),
        }
    }

    /// The folder of `--bundle`, or the current one.
    pub(crate) fn bundle(&self) -> PathBuf {
        PathBuf::from(
            self.matches
                .text("bundle")
                .filter(|dir| !dir.is_empty())
                .unwrap_or_else(|| ".".as_ref()),
        )
    }

    /// A flag's value, if it is not empty.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.matches
            .text(name)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
    }

    pub(crate) fn warn(&mut self, what: &impl Display) {
        self.log.warning(format!("{}: {what}", self.verb));
    }
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<(), Refusal> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| orlop::Failure::io("write to standard output", &error).into())
}
