//! A hook that failed.

use crate::errno::Errno;
use crate::process::ExitStatus;
use std::fmt;
use std::time::Duration;

/// A hook that failed, with what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookFailure {
    /// The kind's name in the config, `createRuntime` for example.
    pub kind: &'static str,
    /// Its number in the list of that kind, from 0.
    pub index: usize,
    /// How it ended.
    pub end: HookEnd,
    /// What it wrote to its standard error, at most a few KiB.
    pub stderr: String,
}

/// How a hook that failed ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookEnd {
    /// By itself, with a status that is no success.
    Ended(ExitStatus),
    /// It was killed when its time was over.
    TimedOut(Duration),
    /// It could not be executed; the program, where that is known.
    NotExecuted(Option<String>, Errno),
    /// Nobody knows.
    Unknown,
}

impl fmt::Display for HookEnd {
    /// In Go's words, which is what users of runc know.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(ExitStatus::Exited(code)) => write!(formatter, "exit status {code}"),
            Self::Ended(ExitStatus::Signaled(signal)) => write!(formatter, "signal: {}", signal.number()),
            Self::TimedOut(limit) => write!(formatter, "timed out after {} s", limit.as_secs()),
            Self::NotExecuted(Some(program), errno) => write!(formatter, "exec {program:?}: {errno}"),
            Self::NotExecuted(None, errno) => write!(formatter, "exec: {errno}"),
            Self::Unknown => formatter.write_str("it could not be run"),
        }
    }
}

impl fmt::Display for HookFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            index,
            end,
            stderr,
            ..
        } = self;
        write!(
            formatter,
            "hooks.{kind}[{index}]: error running {kind} hook #{index}: {end}"
        )?;
        let said = stderr.trim();
        if said.is_empty() {
            Ok(())
        } else {
            write!(formatter, ", stderr: {}", said.replace('\n', "; "))
        }
    }
}

impl std::error::Error for HookFailure {}
