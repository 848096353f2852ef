//! `kill`.

use super::matching::each;
use crate::call::Call;
use crate::command::{Command, Count, Offer, Verb};
use crate::flag::{Declared, flags};
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::{ByRegex, Help};
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
        offers: &[
            Offer::Containers,
            Offer::Words {
                what: "signal",
                words: "TERM KILL INT HUP QUIT USR1 USR2 WINCH STOP CONT RTMIN+3",
            },
        ],
        flags: &[All::FLAG, ByRegex::FLAG, Help::FLAG],
        description: "The signal is a name, with or without SIG, or a number.\nWith --regex those that cannot be sent it are told of, and the exit status is 0.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let container = if flags.is_on(ByRegex) {
            None
        } else {
            Some(call.container()?)
        };
        let name = call
            .arguments
            .get(1)
            .filter(|name| !name.is_empty())
            .map_or("TERM".into(), |name| name.to_string_lossy());
        let signal: Signal = name.parse().map_err(|unknown: UnknownSignal| unknown.to_string())?;
        let scope = if flags.is_on(All) { Scope::All } else { Scope::Init };
        match container {
            Some(container) => container.kill(signal, scope).map(|()| 0).map_err(Into::into),
            None => each(call, |_, runtime, id| runtime.container(id)?.kill(signal, scope)),
        }
    }
}
