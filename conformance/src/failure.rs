//! Why a test did not pass.

use std::fmt::{self, Display, Formatter};
use std::io;

/// The end of a test that did not pass.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It does not hold; the text says what was seen.
    Wrong(String),
    /// It cannot be tried here; the text says why.
    Skip(String),
}

/// What a test returns.
pub(crate) type Verdict = Result<(), Failure>;

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(text) => f.write_str(text),
            Self::Skip(text) => write!(f, "skipped: {text}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Wrong(format!("harness: {error}"))
    }
}

impl From<rustix::io::Errno> for Failure {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Wrong(format!("harness: {error}"))
    }
}

/// Fails the test with a sentence.
pub(crate) fn wrong<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Wrong(text.into()))
}

/// Fails the test unless the condition holds.
pub(crate) fn ensure(condition: bool, text: impl FnOnce() -> String) -> Verdict {
    if condition { Ok(()) } else { Err(Failure::Wrong(text())) }
}

/// Fails the test unless both are the same.
pub(crate) fn same<A: PartialEq<B> + fmt::Debug + ?Sized, B: fmt::Debug>(what: &str, seen: &A, wanted: B) -> Verdict {
    ensure(*seen == wanted, || format!("{what}: {seen:?}, wanted {wanted:?}"))
}
