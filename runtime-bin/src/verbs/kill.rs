//! `kill`.

use crate::call::Call;
use crate::command::{Command, Count, Offer, Verb};
use crate::flag::{Declared, flags};
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::Help;
use orlop::{Scope, Signal, UnknownSignal};

flags! {
    All: Switch("all", "send it to all processes of the container, also after init's end").short("a");
}

#[derive(Debug)]
pub(crate) struct Kill;

impl Verb for Kill {
    const COMMAND: Command = Command {
        name: "kill",
        summary: "send a signal (default: SIGTERM) to a container's init",
        arguments: "<container-id> [signal]",
        count: Count::Between(1, 2),
        offer: Offer::Containers,
        flags: &[All::FLAG, Help::FLAG],
        description: "The signal is a name, with or without SIG, or a number.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let container = call.container()?;
        let name = call
            .arguments
            .get(1)
            .filter(|name| !name.is_empty())
            .map_or("TERM".into(), |name| name.to_string_lossy());
        let signal: Signal = name.parse().map_err(|unknown: UnknownSignal| unknown.to_string())?;
        let scope = if flags.is_on(All) { Scope::All } else { Scope::Init };
        container.kill(signal, scope)?;
        Ok(0)
    }
}
