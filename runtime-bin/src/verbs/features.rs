//! `features`: what is built, and what this kernel can do.

use crate::call::Call;
use crate::command::{Command, Verb};
use crate::flag::{Declared, flags};
use crate::matches::Given;
use crate::output::print;
use crate::refusal::Outcome;
use crate::shared_flags::Help;
use crate::version;
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

flags! {
    Probe: Switch("probe", "also try what this kernel can do");
}

#[derive(Debug)]
pub(crate) struct Features;

impl Verb for Features {
    const COMMAND: Command = Command {
        name: "features",
        summary: "print what is built, as JSON",
        flags: &[Probe::FLAG, Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(_: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let mut text = Vec::new();
        let mut features = orlop::Features::of_this_build();
        features
            .annotations
            .insert("org.opencontainers.runc.commit", version::COMMIT);
        let probed = flags.is_on(Probe).then(orlop::Probe::of_this_kernel);
        Document { features, probed }
            .serialize(&mut Serializer::with_formatter(
                &mut text,
                PrettyFormatter::with_indent(b"    "),
            ))
            .map_err(|error| error.to_string())?;
        print(&format!("{}\n", String::from_utf8_lossy(&text)))?;
        Ok(0)
    }
}
