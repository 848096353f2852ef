//! Whole systems, as LXC has them: systemd is the container's first process.

mod bundle;
mod system_orders;
mod system_units;
mod system_users;
mod system_verbs;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Pid;

use super::cgroups::delegation::v2_is_alone;
use super::room::{Room, rooms};
use crate::call::{Call, ends_before};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::trial::{Created, Trial};
use bundle::UP;

pub(super) const ROOMS: &[Room] = rooms![system_verbs, system_orders, system_users, system_units];

/// The longest time for a system's start, where each instruction is interpreted.
const START: Duration = Duration::from_secs(90);

/// A file in the container, from outside; reached by its first process.
fn inside(pid: Pid, path: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root{path}", pid.as_raw_nonzero()))
}

/// Waits until the system of a container that has been started is up; its first process.
fn up(t: &Trial<'_>, id: &str) -> Result<Pid, Failure> {
    let pid = t.pid(id)?;
    comes_up(t, pid)?;
    Ok(pid)
}

/// Waits until the system with this first process is up.
fn comes_up(t: &Trial<'_>, pid: Pid) -> Verdict {
    let told = inside(pid, UP);
    let mut said = String::new();
    t.until_within(START, "the start of the system", || {
        // The folder is not there yet, or not any more.
        said = fs::read_to_string(&told).unwrap_or_default();
        ensure(!ends_before(pid, Instant::now())?, || "the system has ended".to_owned())?;
        Ok(said.ends_with('\n'))
    })?;
    // Not every host lets every service of a system run.
    let is_up = ["running", "degraded"].contains(&said.trim());
    ensure(is_up, || format!("the system is {said:?}"))
}

/// A call of `exec` with a command, word by word.
fn exec<'t>(t: &'t Trial<'_>, id: &str, flags: &[&str], command: &[&str]) -> Call<'t> {
    let words = ["exec"].iter().chain(flags).chain([&id]).chain(command);
    t.call(&words.copied().collect::<Vec<_>>())
}

/// What a command that is run by `exec` says; it has to succeed.
fn told(t: &Trial<'_>, id: &str, command: &[&str]) -> Result<String, Failure> {
    said(exec(t, id, &[], command))
}

fn said(call: Call<'_>) -> Result<String, Failure> {
    Ok(call.succeed()?.out.trim_end().to_owned())
}

/// A process's place in cgroup v2, seen from the host.
fn place(pid: Pid) -> Result<String, Failure> {
    let text = fs::read_to_string(format!("/proc/{}/cgroup", pid.as_raw_nonzero()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("0::"));
    Ok(line.unwrap_or_default().to_owned())
}

/// `exec` of commands into a system that is up: they are beside its manager, ask it for services, and see them run.
fn commands_reach_the_manager(t: &Trial<'_>, id: &str, pid: Pid) -> Verdict {
    commands_by(t, |command| Ok(exec(t, id, &[], command)), pid)
}

/// The same with calls that are made in a way of their own.
fn commands_by<'t>(t: &Trial<'_>, exec: impl Fn(&[&str]) -> Result<Call<'t>, Failure>, pid: Pid) -> Verdict {
    let told = |command: &[&str]| said(exec(command)?);
    // Where there is nothing but v2, the cgroup that the container began in passes controllers on, and takes no process.
    let wanted = if v2_is_alone().is_ok() {
        "0::/init.scope"
    } else {
        "0::/"
    };
    let seen = told(&["cat", "/proc/self/cgroup"])?;
    ensure(seen.lines().any(|line| line == wanted), || seen.clone())?;
    let state = exec(&["systemctl", "is-system-running"])?.finish()?;
    ensure(["running", "degraded"].contains(&state.out.trim()), || {
        state.out.clone()
    })?;
    told(&["systemctl", "start", "deck"])?;
    t.until("the service", || {
        Ok(fs::read_to_string(inside(pid, "/run/deck")).unwrap_or_default() == "served\n")
    })?;
    same("state", &told(&["systemctl", "is-active", "deck"])?, "active")?;
    let group = told(&["systemctl", "show", "--property", "ControlGroup", "--value", "deck"])?;
    same("cgroup of the service", &group, "/system.slice/deck.service")
}

/// The system is asked to shut down, in the way that this word tells a signal, and ends by itself.
fn shuts_down(t: &Trial<'_>, created: &Created, pid: Pid, signal: &str) -> Verdict {
    let begin = Instant::now();
    t.call(&["kill", &created.id, signal]).succeed()?;
    let status = t.exit_of(pid)?;
    t.note(&format!("has shut down in {} ms", begin.elapsed().as_millis()));
    same("exit status", &status, 0)?;
    same("status", &t.status(&created.id)?, "stopped")?;
    t.call(&["delete", &created.id]).succeed().map(drop)
}
