//! What a verb is: a function, and a row of the table that parsing, help, completions and the man page are made from.

use crate::call::Call;
use crate::flag::{Flag, HasFlags};
use crate::matches::{Given, Matches};
use crate::refusal::Outcome;

/// The exit status of a failure.
pub(crate) const ERROR: u8 = 1;

/// The exit status where there is no such command.
pub(crate) const UNKNOWN_COMMAND: u8 = 3;

/// What who names several containers is told.
pub(crate) const ONE_AT_A_TIME: &str = "it takes one container at a time";

/// How many arguments a command takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Any,
    Exactly(usize),
    AtLeast(usize),
    Between(usize, usize),
}

impl Count {
    pub(crate) fn most(self) -> usize {
        match self {
            Self::Any | Self::AtLeast(_) => usize::MAX,
            Self::Exactly(most) | Self::Between(_, most) => most,
        }
    }
}

/// What a shell offers for an argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Offer {
    /// The ids of the containers that there are.
    Containers,
    Folders,
    Commands,
    Words {
        what: &'static str,
        words: &'static str,
    },
}

/// The row of one verb.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    /// The arguments as the usage line shows them.
    pub(crate) arguments: &'static str,
    pub(crate) count: Count,
    /// What to say to who gives fewer arguments than that, if there is more to say.
    pub(crate) missing: &'static str,
    /// What to say to who gives more arguments than that, if there is more to say.
    pub(crate) surplus: &'static str,
    /// One for each argument, from the first on, for which there is something to offer.
    pub(crate) offers: &'static [Offer],
    /// Everything from the first argument on is an argument, whatever it looks like.
    pub(crate) stops_at_arguments: bool,
    pub(crate) flags: &'static [Flag],
    pub(crate) description: &'static str,
    /// What a verb says that has a row and no more: also with its help, which engines take for support where it ends
    /// with 0.
    pub(crate) not_built: Option<&'static str>,
    /// The exit status of a failure other than a command line that is wrong.
    pub(crate) failure: u8,
    pub(crate) run: fn(&mut Call<'_>, &Matches) -> Outcome,
}

impl Command {
    /// What rows leave out. A row without a name or a summary fails the test of the table.
    pub(crate) const fn of<V: Verb>() -> Self {
        Self {
            name: "",
            summary: "",
            arguments: "",
            count: Count::Exactly(0),
            missing: "",
            surplus: "",
            offers: &[],
            stops_at_arguments: false,
            flags: &[],
            description: "",
            not_built: None,
            failure: ERROR,
            run: |call, matches| V::run(call, &Given::of(matches)),
        }
    }
}

/// A verb. The type is there for its flags: [`Given`] knows by it which row they are in.
pub(crate) trait Verb: Sized {
    const COMMAND: Command;

    /// Does what the command line asks for.
    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome;
}

impl<V: Verb> HasFlags for V {
    const FLAGS: &'static [Flag] = V::COMMAND.flags;
}
