//! A test: a sentence that should hold for every runtime, with those that are known not to follow.

use crate::failure::Verdict;
use crate::trial::Trial;

/// A runtime that is known not to follow here: its name, the start of its version (empty: all), and why.
pub(crate) type Known = (&'static str, &'static str, &'static str);

/// One test: a sentence that should hold for every runtime.
pub(crate) struct Test {
    /// The sentence, in words joined by `_`.
    pub(crate) name: &'static str,
    /// What is done and looked at.
    pub(crate) run: fn(&Trial<'_>) -> Verdict,
    /// Who does not follow, and why.
    pub(crate) known: &'static [Known],
}

/// Declares a test by its function, with the runtimes that are known not to follow.
macro_rules! test {
    ($function:ident $(, $known:expr)* $(,)?) => {
        $crate::sentence::Test { name: stringify!($function), run: $function, known: &[$($known),*] }
    };
}
pub(crate) use test;
