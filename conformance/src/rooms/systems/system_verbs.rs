//! The verbs, with a system as the container's payload.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Pid;
use serde_json::{Value, json};

use super::bundle::system;
use super::{commands_reach_the_manager, exec, inside, place, told, up};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::{cgroups, link_target};
use crate::rooms::cgroups::delegation::{UNIFIED, v2_is_alone};
use crate::rooms::exec::pid_in;
use crate::sentence::{Test, test};
use crate::trial::{Created, Trial};

pub(crate) const TESTS: &[Test] = &[
    test!(system_comes_up_and_commands_reach_its_manager),
    test!(
        command_joins_a_service_and_ends_with_it,
        ("crun", "1.8", "puts a command for `/` beside init")
    ),
    test!(services_stand_still_while_the_system_is_paused),
    test!(
        all_processes_of_all_services_are_listed_and_counted,
        ("crun", "1.8", "its `ps` crashes")
    ),
    test!(limits_of_a_system_are_changed_and_stay),
    test!(
        forced_delete_leaves_nothing_of_what_the_system_has_made,
        ("runc", "1.1", "hangs")
    ),
];

/// A system that is up.
fn booted(t: &Trial<'_>) -> Result<(Created, Pid), Failure> {
    let created = t.launch(&system(t.bundle()?)?)?;
    let pid = up(t, &created.id)?;
    Ok((created, pid))
}

/// The cgroup of v2 that a container has to itself.
fn folder(t: &Trial<'_>, id: &str) -> PathBuf {
    Path::new(UNIFIED).join(t.cgroup(id).trim_start_matches('/'))
}

fn system_comes_up_and_commands_reach_its_manager(t: &Trial<'_>) -> Verdict {
    let (created, pid) = booted(t)?;
    commands_reach_the_manager(t, &created.id, pid)
}

fn command_joins_a_service_and_ends_with_it(t: &Trial<'_>) -> Verdict {
    v2_is_alone()?;
    let (created, _) = booted(t)?;
    let id = &created.id;
    told(t, id, &["systemctl", "start", "deck"])?;
    let file = t.dir.join("pid");
    let service = "/system.slice/deck.service";
    let flags = ["--cgroup", service, "--detach", "--pid-file", &file.to_string_lossy()];
    exec(t, id, &flags, &["sleep", "1000"]).succeed()?;
    let pid = pid_in(&file)?;
    let seen = place(pid)?;
    same("cgroup", &seen, format!("{}{service}", t.cgroup(id)))?;
    // The one that the container began in takes nobody, and who asks for it by name is told so.
    let done = exec(t, id, &["--cgroup", "/"], &["true"]).finish()?;
    same("exit status", &done.code, 255)?;
    told(t, id, &["systemctl", "stop", "deck"])?;
    same("exit status", &t.exit_of(pid)?, 143)
}

fn services_stand_still_while_the_system_is_paused(t: &Trial<'_>) -> Verdict {
    let (created, pid) = booted(t)?;
    let id = &created.id;
    told(t, id, &["systemctl", "start", "counts"])?;
    let counted = || {
        fs::metadata(inside(pid, "/run/counted"))
            .map(|found| found.len())
            .unwrap_or(0)
    };
    let goes_on = || {
        let before = counted();
        t.until("the service counts", || Ok(counted() > before))
    };
    goes_on()?;
    t.call(&["pause", id]).succeed()?;
    same("status", &t.status(id)?, "paused")?;
    let before = counted();
    std::thread::sleep(Duration::from_millis(500));
    let stood = counted() == before;
    let refused = exec(t, id, &[], &["true"]).finish()?;
    t.call(&["resume", id]).succeed()?;
    ensure(stood, || "a service went on".into())?;
    ensure(refused.code != 0, || "a command ran meanwhile".into())?;
    goes_on()?;
    same("state", &told(t, id, &["systemctl", "is-active", "counts"])?, "active")
}

/// The processes of a pid namespace, by their numbers on the host.
fn members(pid: Pid) -> Result<BTreeSet<i64>, Failure> {
    let own = |pid: &str| link_target(format!("/proc/{pid}/ns/pid"));
    let wanted = own(&pid.as_raw_nonzero().to_string())?;
    let names = fs::read_dir("/proc")?.flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    // Others end while they are looked at.
    let of_it = names.filter(|name| own(name).is_ok_and(|seen| seen == wanted));
    Ok(of_it.filter_map(|name| name.parse().ok()).collect())
}

fn all_processes_of_all_services_are_listed_and_counted(t: &Trial<'_>) -> Verdict {
    let (created, pid) = booted(t)?;
    let id = &created.id;
    told(t, id, &["systemctl", "start", "deck"])?;
    let mut seen = (Value::Null, BTreeSet::new());
    t.until("the same processes", || {
        let listed = t.call(&["ps", "--format", "json", id]).succeed()?.json()?;
        let listed: BTreeSet<i64> = listed
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_i64)
            .collect();
        seen = (json!(listed), members(pid)?);
        Ok(listed == seen.1)
    })
    .map_err(|failure| match failure {
        Failure::Wrong(text) => Failure::Wrong(format!("{text}: {seen:?}")),
        other => other,
    })?;
    // The manager, its journal, and the service at least.
    ensure(seen.1.len() >= 3, || format!("{seen:?}"))?;
    let table = t.call(&["ps", id]).succeed()?.out;
    for program in ["/sbin/init", "systemd-journald", "sleep 1000"] {
        ensure(table.contains(program), || table.clone())?;
    }
    if t.runtime.name == "crun" {
        // It has no events.
        return Ok(());
    }
    let stats = t.call(&["events", "--stats", id]).succeed()?.json()?;
    let number = |pointer: &str| stats.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let processes = u64::try_from(seen.1.len()).unwrap_or(u64::MAX);
    ensure(number("/data/pids/current") >= processes, || stats.to_string())?;
    for pointer in ["/data/cpu/usage/total", "/data/memory/usage/usage"] {
        ensure(number(pointer) > 0, || format!("{pointer}: {stats}"))?;
    }
    Ok(())
}

fn limits_of_a_system_are_changed_and_stay(t: &Trial<'_>) -> Verdict {
    v2_is_alone()?;
    let (created, _) = booted(t)?;
    let id = &created.id;
    let words = [
        "update",
        "--pids-limit",
        "333",
        "--memory",
        "268435456",
        "--cpu-quota",
        "70000",
    ];
    t.call(&words).word(id).succeed()?;
    // Its manager writes the limits of its own units, which begin below.
    told(t, id, &["systemctl", "daemon-reload"])?;
    told(t, id, &["systemctl", "start", "deck"])?;
    for (file, wanted) in [
        ("pids.max", "333"),
        ("memory.max", "268435456"),
        ("cpu.max", "70000 100000"),
    ] {
        let text = fs::read_to_string(folder(t, id).join(file))?;
        same(file, &text.trim_end(), wanted)?;
    }
    Ok(())
}

fn forced_delete_leaves_nothing_of_what_the_system_has_made(t: &Trial<'_>) -> Verdict {
    v2_is_alone()?;
    let (created, pid) = booted(t)?;
    let id = &created.id;
    for service in ["deck", "counts"] {
        told(t, id, &["systemctl", "start", service])?;
    }
    // A service that stands still, and a cgroup of threads with a process in it.
    told(t, id, &["systemctl", "freeze", "counts"])?;
    let threads = format!(
        "cd {UNIFIED} && mkdir -p deck/inner/threads && echo $$ >deck/inner/cgroup.procs && \
         echo threaded >deck/inner/threads/cgroup.type && (sleep 1000 & echo $! >deck/inner/threads/cgroup.threads) && \
         cat deck/inner/threads/cgroup.threads"
    );
    let seen = told(t, id, &["sh", "-c", &threads])?;
    ensure(!seen.is_empty(), || "nobody is in the cgroup of threads".into())?;
    let all = members(pid)?;
    t.call(&["delete", "--force", id]).succeed()?;
    let left: Vec<i64> = all
        .into_iter()
        .filter(|pid| Path::new(&format!("/proc/{pid}/exe")).read_link().is_ok())
        .collect();
    same("processes", &left, Vec::<i64>::new())?;
    same("cgroups", &cgroups(id), Vec::<PathBuf>::new())
}
