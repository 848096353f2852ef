//! The maps of a new user namespace (`man 7 user_namespaces`), written by the runtime, or by `newuidmap` and
//! `newgidmap` where it may not.

use crate::bundle::{IdMapping, Quoted};
use crate::process::Pid;
use crate::{Error, Failure};
use rustix::io::Errno;
use std::path::PathBuf;
use std::process::Command;

/// Writes the maps of the user namespace that `pid` has just made.
pub(super) fn write(pid: Pid, uids: &[IdMapping], gids: &[IdMapping]) -> Result<(), Error> {
    let privileged = rustix::process::geteuid().is_root();
    let ours = rustix::process::geteuid().as_raw();
    let our_group = rustix::process::getegid().as_raw();
    if !privileged && is_only(gids, our_group) {
        // Without this an ordinary user may not map a group: dropping one could gain what it denies.
        put(pid, "setgroups", "deny", "linux.gidMappings")?;
    }
    map(
        pid,
        "gid_map",
        "newgidmap",
        gids,
        privileged || is_only(gids, our_group),
        "linux.gidMappings",
    )?;
    map(
        pid,
        "uid_map",
        "newuidmap",
        uids,
        privileged || is_only(uids, ours),
        "linux.uidMappings",
    )
}

/// Whether the map has one id, the caller's own: the one map that an ordinary user may write.
fn is_only(mappings: &[IdMapping], id: u32) -> bool {
    matches!(mappings, [only] if only.host_id == id && only.size == 1)
}

/// The maps as the kernel takes them.
pub(super) fn text(mappings: &[IdMapping]) -> String {
    mappings.iter().map(|mapping| format!("{}\n", mapping.line())).collect()
}

fn map(
    pid: Pid,
    file: &str,
    helper: &str,
    mappings: &[IdMapping],
    ourselves: bool,
    path: &'static str,
) -> Result<(), Error> {
    if ourselves {
        return put(pid, file, &text(mappings), path);
    }
    let mut command = Command::new(helper);
    command.arg(pid.to_string());
    for mapping in mappings {
        command.args([mapping.container_id, mapping.host_id, mapping.size].map(|number| number.to_string()));
    }
    let attempted = || format!("map ids by {helper}");
    let output = command.output().map_err(|error| {
        Failure::io(attempted(), &error)
            .at(path)
            .hint("more than one's own id can only be mapped with the package uidmap")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    let failure = Failure::plain(attempted(), said).at(path);
    if rustix::thread::no_new_privs() == Ok(true) {
        let why = "the caller has no_new_privs, under which this helper does not get the privilege that it works by: \
                   call the runtime without";
        let said = failure.hint.clone().unwrap_or_default();
        return Err(failure.hint(format!("{said}; {why}")).into());
    }
    Err(failure.into())
}

/// The kernel takes maps in one write of less than a page.
const LONGEST: usize = 4095;

fn put(pid: Pid, file: &str, text: &str, path: &'static str) -> Result<(), Error> {
    let name: PathBuf = format!("/proc/{pid}/{file}").into();
    std::fs::write(&name, text).map_err(|error| {
        let failure = Failure::io(format!("write {} to {name:?}", Quoted(text)), &error).at(path);
        let failure = match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::PERM) => failure.hint("these ids are not the caller's to map"),
            Some(Errno::INVAL) if text.len() > LONGEST => {
                failure.hint("they are more than the kernel takes: 4095 bytes, as it writes them")
            }
            _ => failure,
        };
        failure.into()
    })
}
