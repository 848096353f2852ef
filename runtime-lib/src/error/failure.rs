//! Something that was attempted and refused.

use crate::errno::{Errno, Refusal};
use crate::problem::JsonPath;
use std::fmt;

/// A system call, or a file, that refused: what was attempted, on what, why, and who asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// What was attempted and on what, as it follows "cannot": `mount "tank/data" of type zfs`.
    pub attempted: String,
    /// The kernel's answer; `None` where no system call failed.
    pub errno: Option<Errno>,
    /// The place in the config that asked for it.
    pub path: Option<JsonPath>,
    /// What the user may do about it, or what the kernel itself said.
    pub hint: Option<String>,
}

impl Failure {
    /// A refusal by the kernel.
    pub(crate) fn new(attempted: impl Into<String>, errno: impl Refusal) -> Self {
        Self {
            attempted: attempted.into(),
            errno: Some(errno.errno()),
            path: None,
            hint: None,
        }
    }

    /// Something that failed without a system call's error.
    pub fn plain(attempted: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            attempted: attempted.into(),
            errno: None,
            path: None,
            hint: Some(hint.into()),
        }
    }

    /// A failed `std::io` operation.
    pub fn io(attempted: impl Into<String>, error: &std::io::Error) -> Self {
        match error.raw_os_error() {
            Some(number) => Self::new(attempted, Errno::from_raw(number)),
            None => Self::plain(attempted, error.to_string()),
        }
    }

    /// Names the place in the config that asked for it.
    #[must_use]
    pub fn at(mut self, path: impl Into<JsonPath>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Adds what the user may do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The sentence without the place in the config, for a list that has the places in a column of their own.
    pub fn without_path(&self) -> String {
        let path = self.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
        let sentence = self.to_string();
        sentence.strip_prefix(&path).unwrap_or(&sentence).to_owned()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path
            && !path.as_str().is_empty()
        {
            write!(formatter, "{path}: ")?;
        }
        write!(formatter, "cannot {}", self.attempted)?;
        if let Some(errno) = self.errno {
            write!(formatter, ": {errno}")?;
        }
        match (&self.hint, self.errno) {
            (Some(hint), Some(_)) => write!(formatter, "; {hint}"),
            (Some(hint), None) => write!(formatter, ": {hint}"),
            (None, _) => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_sentence_with_path_errno_and_hint() {
        let failure = Failure::new("mount \"tank/data\" of type zfs", Errno::from_raw(libc::ENODEV))
            .at("mounts[4]")
            .hint("the kernel has no filesystem \"zfs\" loaded");
        assert_eq!(
            failure.to_string(),
            "mounts[4]: cannot mount \"tank/data\" of type zfs: no such device (ENODEV); the kernel has no filesystem \"zfs\" loaded"
        );
    }
}
