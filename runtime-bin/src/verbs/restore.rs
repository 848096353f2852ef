//! `restore`.

use crate::call::Call;
use crate::command::{Command, Count, Verb};
use crate::flag::{Declared, Flag, Kind};
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::{Bundle, ConsoleSocket, Detach, Help, NoPivot, PidFile};

/// What both verbs say.
pub(super) const NOT_BUILT: &str = "checkpoint and restore are not built yet: a container cannot be written to disk";

#[derive(Debug)]
pub(crate) struct Restore;

impl Verb for Restore {
    const COMMAND: Command = Command {
        name: "restore",
        summary: "read a container from disk (not built yet)",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        flags: &[
            ConsoleSocket::FLAG,
            Flag::text("image-path", "folder of the images"),
            Flag::text("work-path", "folder for logs and what passes"),
            Flag::new("tcp-established", Kind::Switch, "allow open TCP connections"),
            Flag::new("ext-unix-sk", Kind::Switch, "allow external unix sockets"),
            Flag::new("shell-job", Kind::Switch, "allow shell jobs"),
            Flag::new("file-locks", Kind::Switch, "handle file locks"),
            Flag::text("manage-cgroups-mode", "soft, full, strict or ignore"),
            Bundle::FLAG,
            Detach::FLAG,
            PidFile::FLAG,
            Flag::new("no-subreaper", Kind::Switch, "leave strays to init"),
            NoPivot::FLAG,
            Flag::new("empty-ns", Kind::List, "make a namespace, and restore nothing in it"),
            Flag::new("auto-dedup", Kind::Switch, "drop what the images have twice"),
            Flag::new("lazy-pages", Kind::Switch, "use userfaultfd"),
            Flag::text("lsm-profile", "TYPE:NAME of the security module's profile"),
            Flag::text("lsm-mount-context", "label of the mounts"),
            Help::FLAG,
        ],
        not_built: Some(NOT_BUILT),
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        call.id()?;
        Err(NOT_BUILT.into())
    }
}
