//! What the program prints.

use crate::refusal::Refusal;
use std::io::Write;

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<(), Refusal> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| orlop::Failure::io("write to standard output", &error).into())
}
