//! Waiting for what an engine does by and by.

use std::time::Instant;

use super::place::patience;
use crate::failure::{Failure, Verdict, wrong};

/// Waits until something holds; what was seen last is the failure.
pub(super) fn in_time(what: &str, seconds: u64, mut look: impl FnMut() -> Result<(bool, String), Failure>) -> Verdict {
    let deadline = Instant::now() + patience(seconds);
    loop {
        let (holds, seen) = look()?;
        if holds {
            return Ok(());
        }
        if Instant::now() > deadline {
            return wrong(format!("{what}: {seen}"));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
