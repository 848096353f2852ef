//! How tests end.

use std::time::Duration;

/// How a test ended.
pub(crate) enum Ending {
    /// It holds.
    Passed,
    /// It does not hold, with what was seen.
    Failed(String),
    /// It does not hold, as was known, with the reason and what was seen.
    Deviation(&'static str, String),
    /// It holds though it was known not to, with the reason that was given.
    Surprise(&'static str),
    /// It cannot be tried here, with the reason.
    Skipped(String),
}

/// One test on one runtime.
pub(crate) struct Entry {
    pub(crate) runtime: String,
    pub(crate) room: &'static str,
    pub(crate) name: &'static str,
    pub(crate) ending: Ending,
    pub(crate) time: Duration,
    /// The calls of the runtime, for a failure's report.
    pub(crate) notes: Vec<String>,
}
