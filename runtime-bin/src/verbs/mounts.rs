//! `mounts`.

use super::file_or_stdin::read;
use crate::call::Call;
use crate::command::{Command, Count, Offer, Verb};
use crate::flag::Declared;
use crate::interrupts::Interrupts;
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::Help;
use orlop::bundle::parse_mounts;
use orlop::{Container, Error};
use std::os::fd::OwnedFd;

#[derive(Debug)]
pub(crate) struct Mounts;

impl Verb for Mounts {
    const COMMAND: Command = Command {
        name: "mounts",
        summary: "mount more in a container that exists, or take that off again",
        arguments: "add|remove <container-id> <file>",
        count: Count::Exactly(3),
        missing: "the file holds {\"mounts\": [...]} as in a config.json; - is the standard input",
        offers: &[
            Offer::Words {
                what: "action",
                words: "add remove",
            },
            Offer::Containers,
        ],
        flags: &[Help::FLAG],
        description: "The file (or - for the standard input) holds a list of mounts as in a config.json, {\"mounts\": [...]}. All of them are\n\
                      mounted, or none; the processes of the container see them at once. What is bound is taken from where the caller\n\
                      sees it. `remove` takes off what was added at the destinations of the list, the last first; what a container\n\
                      was created with stays. What was added goes with the container.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        let [action, id, file] = call.arguments else {
            return Err("it takes an action, an id and a file".to_owned().into());
        };
        let change: fn(&Container, &[_], Option<OwnedFd>) -> Result<Vec<_>, Error> = match action.to_str() {
            Some("add") => Container::add_mounts,
            Some("remove") => Container::remove_mounts,
            _ => {
                let text = format!("mounts are added (add) or taken off (remove), not {}", action.display());
                return Err(text.into());
            }
        };
        let container = call.runtime()?.container(&call.id_of(id)?)?;
        let (list, problems) = parse_mounts(&read("mounts", file)?)?;
        problems.iter().for_each(|problem| call.warn(problem));
        let interrupts = Interrupts::hold()?;
        match change(&container, &list.mounts, interrupts.descriptor()) {
            Ok(warnings) => {
                warnings.iter().for_each(|warning| call.warn(warning));
                Ok(0)
            }
            Err(Error::Cancelled) => Ok(interrupts.status().unwrap_or(1)),
            Err(error) => Err(error.into()),
        }
    }
}
