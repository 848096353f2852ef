//! `checkpoint`.

use super::restore::NOT_BUILT;
use crate::call::Call;
use crate::command::{Command, Count, ONE_AT_A_TIME, Offer, Verb};
use crate::flag::{Declared, Flag, Kind};
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::Help;

#[derive(Debug)]
pub(crate) struct Checkpoint;

impl Verb for Checkpoint {
    const COMMAND: Command = Command {
        name: "checkpoint",
        summary: "write a container to disk (not built yet)",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        surplus: ONE_AT_A_TIME,
        offers: &[Offer::Containers],
        flags: &[
            Flag::text("image-path", "folder for the images"),
            Flag::text("work-path", "folder for logs and what passes"),
            Flag::text("parent-path", "folder of an earlier pre-dump, relative to the images"),
            Flag::new("leave-running", Kind::Switch, "leave the process running"),
            Flag::new("tcp-established", Kind::Switch, "allow open TCP connections"),
            Flag::new("tcp-skip-in-flight", Kind::Switch, "skip TCP connections in the making"),
            Flag::new("link-remap", Kind::Switch, "allow one to link unlinked files back"),
            Flag::new("ext-unix-sk", Kind::Switch, "allow external unix sockets"),
            Flag::new("shell-job", Kind::Switch, "allow shell jobs"),
            Flag::new("lazy-pages", Kind::Switch, "use userfaultfd"),
            Flag::text("status-fd", "descriptor that is told when lazy pages are ready"),
            Flag::text("page-server", "ADDRESS:PORT of the page server"),
            Flag::new("file-locks", Kind::Switch, "handle file locks"),
            Flag::new(
                "pre-dump",
                Kind::Switch,
                "write the memory alone, and leave the process running",
            ),
            Flag::text("manage-cgroups-mode", "soft, full, strict or ignore"),
            Flag::new("empty-ns", Kind::List, "make a namespace, and restore nothing in it"),
            Flag::new("auto-dedup", Kind::Switch, "drop what the images have twice"),
            Help::FLAG,
        ],
        not_built: Some(NOT_BUILT),
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        call.container()?;
        Err(NOT_BUILT.into())
    }
}
