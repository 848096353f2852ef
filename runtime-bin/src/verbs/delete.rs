//! `delete`.

use super::matching::each;
use crate::call::Call;
use crate::command::{Command, Count, ONE_AT_A_TIME, Offer, Verb};
use crate::flag::{Declared, flags};
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::{ByRegex, Help};

flags! {
    Force: Switch("force", "kill it first if it runs; an unknown container is no error").short("f");
}

#[derive(Debug)]
pub(crate) struct Delete;

impl Verb for Delete {
    const COMMAND: Command = Command {
        name: "delete",
        summary: "delete a container that is stopped, or was never started",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        surplus: ONE_AT_A_TIME,
        offers: &[Offer::Containers],
        flags: &[Force::FLAG, ByRegex::FLAG, Help::FLAG],
        description: "With --regex those that cannot be deleted are told of, and the exit status is 0.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        if flags.is_on(ByRegex) {
            let by_force = flags.is_on(Force);
            return each(call, |call, runtime, id| {
                let failed = if by_force {
                    runtime.delete_by_force(id)?
                } else {
                    runtime.container(id)?.delete()?
                };
                warn_of_hooks(call, failed);
                Ok(())
            });
        }
        let id = call.id()?;
        let failed = if flags.is_on(Force) {
            call.runtime()?.delete_by_force(&id)?
        } else {
            call.container()?.delete()?
        };
        warn_of_hooks(call, failed);
        Ok(0)
    }
}

/// A poststop hook that fails is told of and no more (runtime-spec: runtime.md#lifecycle).
pub(super) fn warn_of_hooks(call: &mut Call<'_>, failed: Vec<orlop::Error>) {
    failed.iter().for_each(|failure| call.warn(failure));
}
