//! `features`: what is built.

use crate::call::{Outcome, print};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

pub(super) fn run() -> Outcome {
    let mut text = Vec::new();
    let mut features = orlop::Features::of_this_build();
    let commit = option_env!("ORLOP_COMMIT").unwrap_or("unknown");
    features.annotations.insert("org.opencontainers.runc.commit", commit);
    features
        .serialize(&mut Serializer::with_formatter(
            &mut text,
            PrettyFormatter::with_indent(b"    "),
        ))
        .map_err(|error| error.to_string())?;
    print(&format!("{}\n", String::from_utf8_lossy(&text)))?;
    Ok(0)
}
