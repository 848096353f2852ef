//! `exec`.

use super::create::{console, io, named_stdio};
use super::exec_process::process;
use super::passed::descriptors_from_stdio_on;
use crate::call::Call;
use crate::command::{Command, Count, Offer, Verb};
use crate::flag::{Declared, flags};
use crate::foreground::{self, Told};
use crate::interrupts::{Interrupts, hold_for_process};
use crate::matches::Given;
use crate::refusal::{Outcome, Refusal};
use crate::shared_flags::{ConsoleSocket, Detach, Help, PidFile, PidfdSocket, PreserveFds};
use crate::streams::Streams;
use crate::terminal::{self, Asked, Session};
use orlop::{Console, Error, ExecArguments, Executed, SubCgroup};
use std::ffi::OsStr;

flags! {
    Cwd: Text("cwd", "working directory");
    Env: List("env", "set a variable, NAME=VALUE").short("e");
    Tty: Switch("tty", "give it a terminal").short("t");
    User: Text("user", "UID[:GID]").short("u");
    AdditionalGids: List("additional-gids", "one more group").short("g").integer();
    ProcessFile: Text("process", "file with the process, as in config.json").short("p");
    ProcessLabel: Text("process-label", "SELinux label");
    AppArmor: Text("apparmor", "AppArmor profile");
    NoNewPrivs: Switch("no-new-privs", "set no_new_privs");
    Cap: List("cap", "one more capability").short("c");
    Cgroup: List("cgroup", "cgroup below the container's, [CONTROLLER,...:]PATH");
    IgnorePaused: Switch("ignore-paused", "allow a paused container, and wait until it is resumed");
}

/// The exit status for any error of its own: the others are for the process.
const FAILED: u8 = 255;

#[derive(Debug)]
pub(crate) struct Exec;

impl Verb for Exec {
    const COMMAND: Command = Command {
        name: "exec",
        summary: "run another process in a container",
        arguments: "<container-id> <command> [arguments...]",
        count: Count::AtLeast(1),
        offers: &[Offer::Containers],
        stops_at_arguments: true,
        flags: &[
            ConsoleSocket::FLAG,
            PidfdSocket::FLAG,
            Cwd::FLAG,
            Env::FLAG,
            Tty::FLAG,
            User::FLAG,
            AdditionalGids::FLAG,
            ProcessFile::FLAG,
            Detach::FLAG,
            PidFile::FLAG,
            ProcessLabel::FLAG,
            AppArmor::FLAG,
            NoNewPrivs::FLAG,
            Cap::FLAG,
            PreserveFds::FLAG,
            Cgroup::FLAG,
            IgnorePaused::FLAG,
            Help::FLAG,
        ],
        failure: FAILED,
        description: "The process is the container's own, as its config has it, with what the flags change and the command given here; or \
                      the one in the file of --process. The exit status is the process's own, or 128 and the number of the signal that \
                      ended it; 255 if it could not be run.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let container = call.container()?;
        let (mut process, warnings) = process(call, &container, flags)?;
        warnings.iter().for_each(|warning| call.warn(warning));
        let detach = flags.is_on(Detach);
        if process.terminal && !detach && process.console_size.is_none() {
            process.console_size = terminal::callers_size();
        }
        let console = console(flags, detach)?;
        if process.terminal && matches!(console, Console::Return) {
            let by_flag = flags.path(ProcessFile).is_none();
            terminal::expect_one(if by_flag { Asked::ByFlag } else { Asked::ByConfig })?;
        }
        let mut arguments = ExecArguments::default();
        arguments.ignore_paused = flags.is_on(IgnorePaused);
        arguments.preserve_fds = flags.number(PreserveFds);
        for text in flags.list(Cgroup) {
            arguments.cgroups.push(sub_cgroup(text)?);
        }
        let mut io = io(flags, descriptors_from_stdio_on(arguments.preserve_fds)?, console);
        io.named_stdio = named_stdio(detach);
        let interrupts = Interrupts::hold()?;
        io.cancel = interrupts.descriptor();
        if !detach {
            hold_for_process()?;
        }
        match container.exec_with(&process, &arguments, io) {
            Ok(executed) => {
                executed.warnings.iter().for_each(|warning| call.warn(warning));
                if detach { Ok(0) } else { wait(call, executed) }
            }
            Err(Error::Cancelled) => Ok(interrupts.status().unwrap_or(FAILED)),
            Err(error) => Err(error.into()),
        }
    }
}

fn sub_cgroup(text: &OsStr) -> Result<SubCgroup, Refusal> {
    let text = text
        .to_str()
        .ok_or_else(|| format!("--cgroup: {text:?} is not UTF-8"))?;
    text.parse().map_err(|fault| format!("--cgroup: {fault}").into())
}

fn wait(call: &mut Call<'_>, executed: Executed) -> Outcome {
    let signals = foreground::take_signals()?;
    let mut session = executed.console.map(Session::open).transpose()?;
    if let Some(session) = &session {
        session.join()?;
    }
    call.log.tell_warnings();
    let waiting = foreground::Waiting {
        process: &executed.process,
        told: Told::Process,
        signals: &signals,
        session: session.as_mut(),
        streams: Streams::open(executed.stdio)?,
        readiness: None,
        reap: false,
    };
    waiting.wait(call)
}
