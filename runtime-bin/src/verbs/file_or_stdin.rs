//! A file that a command line names, or the standard input for `-`.

use crate::refusal::Refusal;
use orlop::Failure;
use std::ffi::OsStr;
use std::io::Read;

/// The text of it; `what` it holds is told where it cannot be read.
pub(super) fn read(what: &str, file: &OsStr) -> Result<String, Refusal> {
    let mut text = String::new();
    let outcome = if file == "-" {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    outcome.map_err(|error| Failure::io(format!("read the {what} from {}", file.display()), &error))?;
    Ok(text)
}
