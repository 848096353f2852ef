//! What must hold for any input, one function a fuzz target. They panic where it does not.
//!
//! They are functions of a library, and not the targets themselves, so that a plain test can run them on the seeds as well.

mod bundle;
mod edits;
#[path = "../../runtime-lib/tests/seccomp_support/interpreter.rs"]
#[allow(dead_code, reason = "the tests of the library need more of it")]
mod interpreter;
mod mount_options;
mod plan;
mod seccomp;
pub mod seeds;
mod wire;

pub use bundle::bundle;
pub use edits::plan_edits;
pub use mount_options::mount_options;
pub use plan::plan;
pub use seccomp::seccomp;
pub use wire::wire;

/// A target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 6] = [
    ("bundle", bundle),
    ("plan", plan),
    ("plan_edits", plan_edits),
    ("seccomp", seccomp),
    ("mount_options", mount_options),
    ("wire", wire),
];

/// Faults that are known, so that the others are found; a line goes when its fault does.
mod known {
    /// The sentences of `explain` hold line breaks and other control characters of the config as they are.
    pub(crate) const EXPLAIN_SHOWS_CONTROL_CHARACTERS: bool = true;
    /// `mounts[0].options[0]: unknown option "..."` quotes the option whole, however long it is.
    pub(crate) const LONG_WORDS_ARE_QUOTED_WHOLE: bool = true;
    /// `expected a string, found 6`: where NULs stand behind the number, they are taken for a part of it.
    pub(crate) const WRONG_TOKENS_ARE_SHOWN_WITH_CONTROL_CHARACTERS: bool = true;
}

/// What the user reads is one line, of bounded length, without control characters.
fn assert_is_a_sentence(text: &str) {
    assert!(!text.is_empty(), "an empty message");
    let start = &text[..text.floor_char_boundary(200)];
    assert!(
        known::LONG_WORDS_ARE_QUOTED_WHOLE || text.len() < 8192,
        "{} bytes: {start}",
        text.len()
    );
    let known = known::WRONG_TOKENS_ARE_SHOWN_WITH_CONTROL_CHARACTERS && text.contains(": expected ");
    assert!(
        known || !text.chars().any(char::is_control),
        "control characters: {start:?}"
    );
}
