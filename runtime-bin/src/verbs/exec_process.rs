//! Which process `exec` runs: that of a file, or the container's own with what the flags change.

use super::exec::{
    AdditionalGids, AppArmor, Cap, Cwd, Env, Exec, NoNewPrivs, ProcessFile, ProcessLabel, Tty, User as UserFlag,
};
use crate::call::Call;
use crate::matches::Given;
use crate::refusal::Refusal;
use orlop::bundle::{Capabilities, CapabilityName, Process, Text, User, check_process, parse_process};
use orlop::{Container, Failure, Problem};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The process, and what is to be told of it.
pub(super) fn process(
    call: &Call<'_>,
    container: &Container,
    flags: &Given<'_, Exec>,
) -> Result<(Process, Vec<Problem>), Refusal> {
    let command = call.arguments.get(1..).unwrap_or_default();
    if let Some(file) = flags.path(ProcessFile) {
        return read_process(&file);
    }
    if command.is_empty() {
        return Err(
            "process.args: a command is missing: give it after the container's id, or a process by --process".into(),
        );
    }
    let mut process = container.config_process()?.unwrap_or_else(nothing);
    let mut warnings = change(&mut process, command, flags)?;
    warnings.extend(check_process(&process)?);
    Ok((process, warnings))
}

/// The process of a file, and what is to be told of it.
pub(super) fn read_process(file: &Path) -> Result<(Process, Vec<Problem>), Refusal> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::io(format!("read the process from {file:?}"), &error))?;
    Ok(parse_process(&text)?)
}

/// Of a container without a process of its own: root at the root, without capabilities.
fn nothing() -> Process {
    Process {
        terminal: false,
        console_size: None,
        user: User::default(),
        args: Vec::new(),
        env: Vec::new(),
        cwd: Text::new("/").unwrap_or_default(),
        capabilities: None,
        rlimits: Vec::new(),
        no_new_privileges: false,
        apparmor_profile: None,
        oom_score_adj: None,
        scheduler: None,
        selinux_label: None,
        io_priority: None,
        exec_cpu_affinity: None,
        command_line: None,
    }
}

/// Gives back what is to be told.
fn change(process: &mut Process, command: &[OsString], flags: &Given<'_, Exec>) -> Result<Vec<Problem>, Refusal> {
    process.args = command
        .iter()
        .map(|word| text("the command", word))
        .collect::<Result<_, _>>()?;
    process.terminal = flags.is_on(Tty);
    // That is the config's terminal's.
    process.console_size = None;
    if let Some(cwd) = given(flags.text(Cwd)) {
        process.cwd = text("--cwd", cwd)?;
    }
    for variable in flags.list(Env) {
        process.env.push(text("--env", variable)?);
    }
    if let Some(user) = given(flags.text(UserFlag)) {
        change_user(&mut process.user, user)?;
    }
    for gid in flags.list(AdditionalGids) {
        process.user.additional_gids.push(id("--additional-gids", gid)?);
    }
    if let Some(label) = given(flags.text(ProcessLabel)) {
        process.selinux_label = Some(text("--process-label", label)?);
    }
    if let Some(profile) = given(flags.text(AppArmor)) {
        process.apparmor_profile = Some(text("--apparmor", profile)?);
    }
    if flags.is_on(NoNewPrivs) {
        process.no_new_privileges = true;
    }
    let mut warnings = Vec::new();
    for capability in flags.list(Cap) {
        let name = CapabilityName::from(text("--cap", capability)?);
        match name.known() {
            Some(_) => add_capability(process, name),
            // In each set of the process's it would be told again, by a place that nobody has typed.
            None => warnings.push(Problem::warning(
                "",
                format!("--cap: unknown capability {capability:?}, ignored"),
            )),
        }
    }
    Ok(warnings)
}

fn given(value: Option<&OsStr>) -> Option<&OsStr> {
    value.filter(|value| !value.is_empty())
}

fn text(name: &str, value: &OsStr) -> Result<Text, Refusal> {
    // No argument holds a NUL.
    let text = value.to_str().and_then(Text::new);
    text.ok_or_else(|| format!("{name}: {value:?} is not UTF-8").into())
}

/// `UID[:GID]`; what is not named stays.
fn change_user(user: &mut User, value: &OsStr) -> Result<(), Refusal> {
    let text = value.to_string_lossy();
    let (uid, gid) = match text.split_once(':') {
        Some((uid, gid)) => (uid, Some(gid)),
        None => (&*text, None),
    };
    if let Some(gid) = gid {
        user.gid = id("--user: bad gid", OsStr::new(gid))?;
    }
    user.uid = id("--user: bad uid", OsStr::new(uid))?;
    Ok(())
}

/// An id in digits and nothing else: a name would have to be looked up in a file of the container's.
fn id(name: &str, value: &OsStr) -> Result<u32, Refusal> {
    let digits = value
        .to_str()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        format!(
            "{name}: {value:?} is no number from 0 to {}; an engine looks names up, a runtime does not",
            u32::MAX - 1
        )
        .into()
    })
}

/// What is added may be used at once. Processes that are no root's keep it through the execve only where the process
/// has inheritable ones already, among which it then has to be.
fn add_capability(process: &mut Process, name: CapabilityName) {
    let sets = process.capabilities.get_or_insert_with(Capabilities::default);
    for set in [&mut sets.bounding, &mut sets.effective, &mut sets.permitted] {
        if !set.contains(&name) {
            set.push(name.clone());
        }
    }
    if !sets.inheritable.is_empty() && !sets.ambient.contains(&name) {
        sets.ambient.push(name);
    }
}
