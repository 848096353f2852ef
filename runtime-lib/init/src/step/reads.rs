//! How a step, and its failure, read to a person.

use crate::wire::Part;
use core::fmt::{Display, Formatter, Result};

/// How a step reads, and its failure.
pub trait Reads {
    /// What it does, in words that can follow "cannot".
    ///
    /// # Errors
    /// Those of the formatter.
    fn phrase(&self, out: &mut Formatter<'_>) -> Result;

    /// What was attempted when it failed: the phrase, where the part that failed needs no other words.
    ///
    /// # Errors
    /// Those of the formatter.
    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        let _ = failed;
        self.phrase(out)
    }

    /// The member of the config that is to blame, if that is known better than by the step's origin.
    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        let _ = failed;
        None
    }

    /// What the user may do about it, or what the kernel itself said; nothing is written where there is nothing to
    /// say.
    ///
    /// # Errors
    /// Those of the formatter.
    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        let _ = (failed, out);
        Ok(())
    }
}

/// Why a step failed.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'t> {
    /// Which part of it.
    pub part: Part,
    /// The kernel's answer; 0 where no system call failed.
    pub errno: i32,
    /// More about the part: a parameter's index, an exit status.
    pub detail: u32,
    /// What was said about it: by a filesystem, or a hook.
    pub text: &'t str,
}

/// A member of the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// A member of what asked for the step.
    Of(&'static str),
    /// One by its whole path.
    At(&'static str),
    /// The option of a mount that became this parameter of its filesystem.
    Option(u32),
    /// The option of a mount that changes the attribute with the bit of this number.
    Attribute(u32),
    /// None: it is nothing that the config can help.
    Nobody,
}

/// A step's phrase.
pub struct Phrase<'s>(pub &'s dyn Reads);

impl Display for Phrase<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.0.phrase(out)
    }
}

/// What was attempted when a step failed.
pub struct Attempted<'s>(pub &'s dyn Reads, pub &'s Failed<'s>);

impl Display for Attempted<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.0.attempted(self.1, out)
    }
}

/// What the user may do about a step's failure; empty for nothing.
pub struct Hint<'s>(pub &'s dyn Reads, pub &'s Failed<'s>);

impl Display for Hint<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.0.hint(self.1, out)
    }
}
