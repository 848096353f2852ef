//! `exec`.

use crate::call::Call;
use crate::command::{Command, Count, NOT_BUILT, Offer, Verb};
use crate::flag::{Declared, Flag};
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::{ConsoleSocket, Detach, Help, PidFile, PidfdSocket, PreserveFds};

/// The exit status for any error of its own: the others are for the process.
const FAILED: u8 = 255;

#[derive(Debug)]
pub(crate) struct Exec;

impl Verb for Exec {
    const COMMAND: Command = Command {
        name: "exec",
        summary: "run another process in a container (not built yet)",
        arguments: "<container-id> <command> [arguments...]",
        count: Count::AtLeast(1),
        offer: Offer::Containers,
        stops_at_arguments: true,
        flags: &[
            ConsoleSocket::FLAG,
            PidfdSocket::FLAG,
            Flag::text("cwd", "working directory"),
            Flag::list("env", "set a variable, NAME=VALUE").short("e"),
            Flag::switch("tty", "give it a terminal").short("t"),
            Flag::text("user", "UID[:GID]").short("u"),
            Flag::list("additional-gids", "one more group").short("g"),
            Flag::text("process", "file with the process, as in config.json").short("p"),
            Detach::FLAG,
            PidFile::FLAG,
            Flag::text("process-label", "SELinux label"),
            Flag::text("apparmor", "AppArmor profile"),
            Flag::switch("no-new-privs", "set no_new_privs"),
            Flag::list("cap", "one more capability").short("c"),
            PreserveFds::FLAG,
            Flag::list("cgroup", "cgroup below the container's, [CONTROLLER,...:]PATH"),
            Flag::switch("ignore-paused", "allow a paused container"),
            Help::FLAG,
        ],
        failure: FAILED,
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        call.id()?;
        Err(NOT_BUILT.into())
    }
}
