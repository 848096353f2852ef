//! `create`.

use crate::call::{Call, Outcome, Refusal};
use orlop::{Bundle, Console, CreateOptions};

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
    refuse_our_own_descriptors(call)?;
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
        ..CreateOptions::default()
    }
}

/// How many sockets were passed to this very process (`man 3 sd_listen_fds`).
fn listen_fds() -> u32 {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u32>().ok());
    match (number("LISTEN_FDS"), number("LISTEN_PID")) {
        (Some(count), Some(pid)) if pid == std::process::id() => count,
        _ => 0,
    }
}

/// What was passed to this program survived its execve, so it is not close-on-exec, as every descriptor of our own is: one that was to be preserved and
/// was not there may be our log by now.
fn refuse_our_own_descriptors(call: &Call<'_>) -> Result<(), Refusal> {
    const O_CLOEXEC: u32 = 0o2_000_000;
    let sockets = u64::from(listen_fds());
    let preserved: u32 = call.matches.number("preserve-fds");
    for number in 3..3 + sockets + u64::from(preserved) {
        let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
        let flags = about
            .lines()
            .find_map(|line| u32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
        if flags.is_none_or(|flags| flags & O_CLOEXEC != 0) {
            let index = (number - 3).saturating_sub(sockets);
            return Err(format!("cannot preserve descriptors: unable to stat preserved-fd {index} (of {preserved}): bad file descriptor (EBADF)").into());
        }
    }
    Ok(())
}
