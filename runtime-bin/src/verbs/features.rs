//! `features`: what is built, and what this kernel can do.

use crate::call::{Call, Outcome, print};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

/// The spec's document, and what it has no word for.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    features: orlop::Features,
    #[serde(skip_serializing_if = "Option::is_none")]
    probed: Option<orlop::Probe>,
}

pub(super) fn run(call: &Call<'_>) -> Outcome {
    let mut text = Vec::new();
    let mut features = orlop::Features::of_this_build();
    let commit = option_env!("ORLOP_COMMIT").unwrap_or("unknown");
    features.annotations.insert("org.opencontainers.runc.commit", commit);
    let probed = call.matches.is_on("probe").then(orlop::Probe::of_this_kernel);
    Document { features, probed }
        .serialize(&mut Serializer::with_formatter(
            &mut text,
            PrettyFormatter::with_indent(b"    "),
        ))
        .map_err(|error| error.to_string())?;
    print(&format!("{}\n", String::from_utf8_lossy(&text)))?;
    Ok(0)
}
