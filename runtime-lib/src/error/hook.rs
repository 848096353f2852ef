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
            Self::Ended(ExitStatus::Signaled(signal)) => match signal.words() {
                Some(words) => write!(formatter, "signal: {words} ({signal})"),
                None => write!(formatter, "signal: {signal}"),
            },
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
        let member = match end {
            HookEnd::NotExecuted(..) => ".path",
            HookEnd::TimedOut(_) => ".timeout",
            HookEnd::Ended(_) | HookEnd::Unknown => "",
        };
        write!(
            formatter,
            "hooks.{kind}[{index}]{member}: error running {kind} hook #{index}: {end}"
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Signal;

    #[test]
    fn a_signal_has_its_words_and_its_name() {
        let told = |number| HookEnd::Ended(ExitStatus::of_signal(number)).to_string();
        assert_eq!(told(31), "signal: bad system call (SIGSYS)");
        assert_eq!(told(Signal::KILL.number()), "signal: killed (SIGKILL)");
        assert_eq!(told(40), "signal: 40");
    }

    #[test]
    fn the_member_at_fault_is_named() {
        let told = |end| {
            let stderr = String::new();
            let (kind, index) = ("poststop", 2);
            HookFailure {
                kind,
                index,
                end,
                stderr,
            }
            .to_string()
        };
        let missing = HookEnd::NotExecuted(Some("/no".to_owned()), Errno::from_raw(libc::ENOENT));
        let words = "error running poststop hook #2: exec \"/no\": no such file or directory (ENOENT)";
        assert_eq!(told(missing), format!("hooks.poststop[2].path: {words}"));
        assert!(told(HookEnd::TimedOut(Duration::from_secs(1))).starts_with("hooks.poststop[2].timeout: "));
        assert!(told(HookEnd::Unknown).starts_with("hooks.poststop[2]: "));
    }
}
