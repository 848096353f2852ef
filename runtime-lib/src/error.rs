//! The library's error: one sentence, and the data it was made of.

use crate::problem::{JsonPath, Problem};
use rustix::io::Errno;
use std::fmt;

/// Why a call of this library failed. `Display` gives one sentence; nothing is printed or logged elsewhere.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The config asks for something that is wrong, or that this runtime refuses.
    #[error(transparent)]
    Config(#[from] Problem),
    /// The kernel, or a file, refused something that was attempted.
    #[error(transparent)]
    Failure(#[from] Box<Failure>),
    /// A container's id is no valid name.
    #[error("invalid container ID format: {0}")]
    InvalidId(String),
    /// There is no container of this id.
    #[error("container {0:?} does not exist")]
    NotFound(String),
    /// The id is taken.
    #[error("container with given ID already exists: {0:?}")]
    Exists(String),
    /// The container's status does not allow the verb; the text is the one that engines match.
    #[error("{0}")]
    Status(String),
    /// A hook failed.
    #[error(transparent)]
    Hook(#[from] Box<HookFailure>),
    /// The caller's [`CreateOptions::cancel`](crate::CreateOptions::cancel) became readable; nothing is left of the container.
    #[error("cancelled")]
    Cancelled,
    /// The program could not be executed, in the words that engines match.
    #[error("{0}")]
    Exec(String),
}

impl Error {
    /// The same, about the hook of this number in its list.
    pub(crate) fn with_index(mut self, index: usize) -> Self {
        if let Self::Hook(failure) = &mut self {
            failure.index = index;
        }
        self
    }
}

/// A system call, or a file, that refused: what was attempted, on what, why, and who asked for it.
#[derive(Debug)]
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
    pub fn new(attempted: impl Into<String>, errno: impl Into<Errno>) -> Self {
        Self {
            attempted: attempted.into(),
            errno: Some(errno.into()),
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
            Some(number) => Self::new(attempted, Errno::from_raw_os_error(number)),
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
}

impl Failure {
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
            write!(formatter, ": {}", ErrnoInWords(errno))?;
        }
        match (&self.hint, self.errno) {
            (Some(hint), Some(_)) => write!(formatter, "; {hint}"),
            (Some(hint), None) => write!(formatter, ": {hint}"),
            (None, _) => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(Box::new(failure))
    }
}

/// A hook that failed, with what it said.
#[derive(Debug)]
pub struct HookFailure {
    /// The kind's name in the config, `createRuntime` for example.
    pub kind: &'static str,
    /// Its number in the list of that kind, from 0.
    pub index: usize,
    /// How it ended: `exit status 1`, `timed out after 5 s`, `signal: killed`.
    pub ended: String,
    /// What it wrote to its standard error, at most a few KiB.
    pub stderr: String,
}

impl fmt::Display for HookFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "hooks.{}[{}]: error running {} hook #{}: {}",
            self.kind, self.index, self.kind, self.index, self.ended
        )?;
        let said = self.stderr.trim();
        if said.is_empty() {
            Ok(())
        } else {
            write!(formatter, ", stderr: {}", said.replace('\n', "; "))
        }
    }
}

impl std::error::Error for HookFailure {}

impl From<HookFailure> for Error {
    fn from(failure: HookFailure) -> Self {
        Self::Hook(Box::new(failure))
    }
}

/// An errno as a person reads it: `no such device (ENODEV)`. The words are the C library's, in lower case as engines match them.
pub struct ErrnoInWords(pub Errno);

impl fmt::Display for ErrnoInWords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = std::io::Error::from(self.0).to_string();
        let words = words.split(" (os error").next().unwrap_or_default();
        let mut letters = words.chars();
        if let Some(first) = letters.next() {
            write!(formatter, "{}{}", first.to_lowercase(), letters.as_str())?;
        }
        match name(self.0) {
            Some(name) => write!(formatter, " ({name})"),
            None => Ok(()),
        }
    }
}

/// The symbol of an errno that a runtime meets.
fn name(errno: Errno) -> Option<&'static str> {
    const NAMES: &[(Errno, &str)] = &[
        (Errno::ACCESS, "EACCES"),
        (Errno::ADDRINUSE, "EADDRINUSE"),
        (Errno::AGAIN, "EAGAIN"),
        (Errno::BADF, "EBADF"),
        (Errno::BUSY, "EBUSY"),
        (Errno::CHILD, "ECHILD"),
        (Errno::CONNREFUSED, "ECONNREFUSED"),
        (Errno::CONNRESET, "ECONNRESET"),
        (Errno::EXIST, "EEXIST"),
        (Errno::FAULT, "EFAULT"),
        (Errno::FBIG, "EFBIG"),
        (Errno::INTR, "EINTR"),
        (Errno::INVAL, "EINVAL"),
        (Errno::IO, "EIO"),
        (Errno::ISDIR, "EISDIR"),
        (Errno::LOOP, "ELOOP"),
        (Errno::MFILE, "EMFILE"),
        (Errno::NAMETOOLONG, "ENAMETOOLONG"),
        (Errno::NFILE, "ENFILE"),
        (Errno::NODEV, "ENODEV"),
        (Errno::NOENT, "ENOENT"),
        (Errno::NOEXEC, "ENOEXEC"),
        (Errno::NOMEM, "ENOMEM"),
        (Errno::NOSPC, "ENOSPC"),
        (Errno::NOSYS, "ENOSYS"),
        (Errno::NOTBLK, "ENOTBLK"),
        (Errno::NOTCONN, "ENOTCONN"),
        (Errno::NOTDIR, "ENOTDIR"),
        (Errno::NOTEMPTY, "ENOTEMPTY"),
        (Errno::NOTTY, "ENOTTY"),
        (Errno::NXIO, "ENXIO"),
        (Errno::OPNOTSUPP, "EOPNOTSUPP"),
        (Errno::OVERFLOW, "EOVERFLOW"),
        (Errno::PERM, "EPERM"),
        (Errno::PIPE, "EPIPE"),
        (Errno::RANGE, "ERANGE"),
        (Errno::ROFS, "EROFS"),
        (Errno::SRCH, "ESRCH"),
        (Errno::STALE, "ESTALE"),
        (Errno::TIMEDOUT, "ETIMEDOUT"),
        (Errno::TOOBIG, "E2BIG"),
        (Errno::TXTBSY, "ETXTBSY"),
        (Errno::USERS, "EUSERS"),
        (Errno::XDEV, "EXDEV"),
    ];
    NAMES.iter().find(|(known, _)| *known == errno).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_sentence_with_path_errno_and_hint() {
        let failure = Failure::new("mount \"tank/data\" of type zfs", Errno::NODEV)
            .at("mounts[4]")
            .hint("the kernel has no filesystem \"zfs\" loaded");
        assert_eq!(
            failure.to_string(),
            "mounts[4]: cannot mount \"tank/data\" of type zfs: no such device (ENODEV); the kernel has no filesystem \"zfs\" loaded"
        );
    }

    #[test]
    fn engines_find_their_key_phrases_in_lower_case() {
        for (errno, phrase) in [
            (Errno::NOENT, "no such file or directory"),
            (Errno::ACCESS, "permission denied"),
            (Errno::ISDIR, "is a directory"),
            (Errno::PERM, "operation not permitted"),
            (Errno::SRCH, "no such process"),
        ] {
            assert!(ErrnoInWords(errno).to_string().starts_with(phrase));
        }
    }
}
