//! `create`.

use super::passed::descriptors;
use crate::call::Call;
use crate::command::{Command, Count, Verb};
use crate::flag::Declared;
use crate::matches::Given;
use crate::refusal::{Outcome, Refusal};
use crate::shared_flags::{
    Bundle, ConfigFile, ConsoleSocket, Help, NoNewKeyring, NoPivot, PidFile, PidfdSocket, PreserveFds,
};
use crate::terminal;
use orlop::{
    Arguments, Bundle as OciBundle, Console, Created, Error, Id, Io, NamedStdio, Passed, Plan, Readiness, Runtime,
};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) struct Create;

impl Verb for Create {
    const COMMAND: Command = Command {
        name: "create",
        summary: "create a container",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        missing: "choose an id for the new container: orlop create --bundle DIR ID",
        surplus: "process.args in config.json says what runs, and --bundle names the folder with config.json",
        flags: &[
            Bundle::FLAG,
            ConfigFile::FLAG,
            ConsoleSocket::FLAG,
            PidfdSocket::FLAG,
            PidFile::FLAG,
            NoPivot::FLAG,
            NoNewKeyring::FLAG,
            PreserveFds::FLAG,
            Help::FLAG,
        ],
        description: "Sets everything up and leaves the container's process waiting for `start`.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let id = call.id()?;
        let runtime = call.runtime()?;
        let console = flags.path(ConsoleSocket).map_or(Console::None, Console::Socket);
        let arguments = arguments(call, &runtime, &id, flags)?;
        let mut io = io(flags, descriptors(&arguments)?, console);
        io.named_stdio = named_stdio(true);
        let named = named_bundle(flags);
        create(call, &runtime, &named, &arguments, io)??;
        Ok(0)
    }
}

/// What the flags and the environment ask for.
pub(super) fn arguments<V: Verb>(
    call: &Call<'_>,
    runtime: &Runtime,
    id: &Id,
    flags: &Given<'_, V>,
) -> Result<Arguments, Refusal> {
    let mut arguments = surroundings(call, runtime, id)?;
    arguments.no_pivot = flags.is_on(NoPivot);
    arguments.no_new_keyring = flags.is_on(NoNewKeyring);
    arguments.preserve_fds = flags.number(PreserveFds);
    Ok(arguments)
}

/// What the environment and the global flags ask for.
pub(super) fn surroundings(call: &Call<'_>, runtime: &Runtime, id: &Id) -> Result<Arguments, Refusal> {
    let mut arguments = Arguments::new(id.clone());
    arguments.cgroup_manager = call.cgroup_manager()?;
    arguments.insists_on_cgroup = call.insists_on_cgroup();
    arguments.listen_fds = listen_fds();
    // One that is not there is told of by whoever starts the container.
    if service_manager().is_some_and(|manager| Readiness::can_reach(&manager)) {
        arguments.notify_folder = Some(runtime.notify_folder(id)?);
    }
    Ok(arguments)
}

/// What the flags give the container, and want of it.
pub(super) fn io<V: Verb>(flags: &Given<'_, V>, passed: Vec<Passed>, console: Console) -> Io {
    let mut io = Io::default();
    io.console = console;
    io.passed = passed;
    io.pid_file = flags.path(PidFile);
    io.pidfd_socket = flags.path(PidfdSocket);
    io
}

/// Whether files and terminals that the process gets become its user's. Of a process that is waited for they stay the
/// caller's.
pub(super) fn named_stdio(detach: bool) -> NamedStdio {
    match detach {
        true => NamedStdio::Given,
        false => NamedStdio::Returned,
    }
}

/// Where the terminal goes, if there is one, of a process that is waited for unless the caller detaches.
pub(super) fn console<V: Verb>(flags: &Given<'_, V>, detach: bool) -> Result<Console, Refusal> {
    match (flags.path(ConsoleSocket), detach) {
        (Some(socket), true) => Ok(Console::Socket(socket)),
        (Some(_), false) => {
            let text = "cannot use console socket if runc will not detach or allocate tty; \
                        in the foreground the caller's terminal is used: leave --console-socket out, or add --detach";
            Err(text.into())
        }
        (None, true) => Ok(Console::None),
        (None, false) => Ok(Console::Return),
    }
}

/// A bundle's folder, and its config if that is another file than usual.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) folder: PathBuf,
    pub(super) config: Option<PathBuf>,
}

/// Which bundle the flags name.
pub(super) fn named_bundle<V: Verb>(flags: &Given<'_, V>) -> Named {
    Named {
        folder: flags.bundle(),
        config: flags.path(ConfigFile),
    }
}

impl Named {
    /// The config, relative to the folder.
    pub(super) fn config(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new("config.json"))
    }

    pub(super) fn load(&self) -> Result<OciBundle, Refusal> {
        Ok(OciBundle::load_config(&self.folder, self.config())?)
    }
}

/// Creates the container of a bundle, and tells of its warnings. The inner error is the
/// creation's own.
pub(super) fn create(
    call: &mut Call<'_>,
    runtime: &Runtime,
    named: &Named,
    arguments: &Arguments,
    io: Io,
) -> Result<Result<Created, Error>, Refusal> {
    let (plan, warnings) = Plan::for_this_host(&named.load()?, arguments)?;
    if matches!(io.console, Console::Return) && plan.has_terminal() {
        terminal::expect_one(terminal::Asked::ByConfig)?;
    }
    let created = runtime.create(&plan, io);
    if let Ok(created) = &created {
        let told = warnings.iter().chain(&created.warnings);
        told.for_each(|warning| call.warn(warning));
    }
    Ok(created)
}

/// The socket of the service manager that wants to know when the container is ready (`man 3 sd_notify`).
pub(super) fn service_manager() -> Option<OsString> {
    std::env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty())
}

/// How many sockets were passed to this very process (`man 3 sd_listen_fds`).
fn listen_fds() -> u32 {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u32>().ok());
    match (number("LISTEN_FDS"), number("LISTEN_PID")) {
        (Some(count), Some(pid)) if pid == std::process::id() => count,
        _ => 0,
    }
}
