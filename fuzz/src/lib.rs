//! What must hold for any input, one function a fuzz target. They panic where it does not.
//!
//! They are functions of a library, and not the targets themselves, so that a plain test can run them on the seeds as
//! well.

mod acts;
mod bundle;
mod edits;
#[path = "../../runtime-lib/tests/seccomp_support/interpreter.rs"]
#[allow(dead_code, reason = "the tests of the library need more of it")]
mod interpreter;
mod mount_options;
mod plan;
mod seccomp;
pub mod seeds;
mod step;
mod store;
mod wire;

pub use bundle::bundle;
pub use edits::plan_edits;
pub use mount_options::mount_options;
pub use plan::plan;
pub use seccomp::seccomp;
pub use store::store;
pub use wire::wire;

/// A target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 7] = [
    ("bundle", bundle),
    ("plan", plan),
    ("plan_edits", plan_edits),
    ("seccomp", seccomp),
    ("mount_options", mount_options),
    ("wire", wire),
    ("store", store),
];

/// What the user reads is one line, of bounded length, without control characters.
fn assert_is_a_sentence(text: &str) {
    assert!(!text.is_empty(), "an empty message");
    let start = &text[..text.floor_char_boundary(200)];
    assert!(text.len() < 8192, "{} bytes: {start}", text.len());
    assert!(!text.chars().any(char::is_control), "control characters: {start:?}");
}
