//! `create`.

use crate::call::{Call, Outcome, Refusal};
use orlop::{Bundle, Console, CreateOptions};
use std::ffi::OsString;

pub(super) fn run(call: &mut Call<'_>) -> Outcome {
    refuse_what_is_not_built(call)?;
    let console = call.path("console-socket").map_or(Console::None, Console::Socket);
    let options = options(call, console);
    let bundle = Bundle::load(call.bundle())?;
    let created = call.runtime()?.create(call.id()?, &bundle, &options)?;
    created.warnings.iter().for_each(|warning| call.warn(warning));
    Ok(0)
}

pub(super) fn refuse_what_is_not_built(call: &Call<'_>) -> Result<(), Refusal> {
    if call.global.is_on("systemd-cgroup") {
        return Err("--systemd-cgroup: not built yet; without it cgroups are made directly".into());
    }
    Ok(())
}

/// The options that the flags and the environment ask for.
pub(super) fn options(call: &Call<'_>, console: Console) -> CreateOptions {
    CreateOptions {
        console,
        pid_file: call.path("pid-file"),
        pidfd_socket: call.path("pidfd-socket"),
        no_pivot: call.matches.is_on("no-pivot"),
        no_new_keyring: call.matches.is_on("no-new-keyring"),
        preserve_fds: call.matches.number("preserve-fds"),
        listen_fds: listen_fds(),
        notify: service_manager().is_some(),
        ..CreateOptions::default()
    }
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
