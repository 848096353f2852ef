//! The cgroup in which a process of `exec` begins.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::exec_statuses::{end, waiting};
use super::{probe, report};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::{hierarchies, unified};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(process_is_in_the_containers_cgroups),
    test!(process_counts_for_the_containers_limits),
    test!(
        process_is_in_the_cgroup_below_that_is_asked_for,
        ("crun", "1.8", "takes a path of v2 alone")
    ),
    test!(
        cgroup_of_a_controller_is_that_of_its_hierarchy,
        ("crun", "1.8", "does not know controllers")
    ),
    test!(
        cgroup_that_leads_out_is_refused,
        ("runc", "1.1", "words of its own"),
        ("crun", "1.8", "words of its own")
    ),
    test!(unknown_controller_is_refused, ("crun", "1.8", "words of its own")),
    test!(
        process_is_with_init_where_the_cgroup_takes_none,
        ("crun", "1.8", "fails")
    ),
    test!(
        process_finds_a_cgroup_while_the_containers_stops_taking_any,
        ("runc", "1.1", "fails"),
        ("crun", "1.8", "fails")
    ),
    test!(
        process_of_a_container_that_freezes_itself_waits_and_can_be_given_up,
        ("runc", "1.1", "hangs"),
        ("crun", "1.8", "hangs")
    ),
    test!(a_hundred_leave_no_cgroup),
];

/// The lines of /proc/PID/cgroup, seen from the host.
fn cgroups_of(pid: u64) -> Result<Vec<String>, Failure> {
    Ok(fs::read_to_string(format!("/proc/{pid}/cgroup"))?
        .lines()
        .map(str::to_owned)
        .collect())
}

/// The cgroups of a process that `exec` leaves in the container.
fn cgroups_of_one(t: &Trial<'_>, id: &str, flags: &[&str]) -> Result<Vec<String>, Failure> {
    let file = t.dir.join("pid");
    let all: Vec<&str> = flags.iter().copied().chain(["--detach", "--pid-file"]).collect();
    let file_name = file.to_string_lossy().into_owned();
    let all: Vec<&str> = all.into_iter().chain([file_name.as_str()]).collect();
    probe(t, id, &all, "sleep 600").succeed()?;
    let cgroups = cgroups_of(fs::read_to_string(&file)?.parse().unwrap_or(0));
    end(t, &file_name)?;
    cgroups
}

/// The container's folders, in all hierarchies.
fn folders(t: &Trial<'_>, id: &str) -> Vec<PathBuf> {
    let below = t.cgroup(id).trim_start_matches('/').to_owned();
    hierarchies()
        .into_iter()
        .map(|root| root.join(&below))
        .filter(|folder| folder.exists())
        .collect()
}

fn process_is_in_the_containers_cgroups(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let own = cgroups_of(t.pid(&id)?.as_raw_nonzero().get().unsigned_abs().into())?;
    same("cgroups", &cgroups_of_one(t, &id, &[])?, own)
}

fn process_counts_for_the_containers_limits(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .probe("sleep 600")
        .set("/linux/resources/pids", json!({"limit": 3}));
    let id = t.launch(&bundle)?.id;
    let done = probe(t, &id, &[], "leave 60 , leave 60 , leave 60").finish()?;
    let errors: Vec<Value> = done.lines()?.iter().map(|line| line["errno"].clone()).collect();
    ensure(errors.contains(&json!(libc::EAGAIN)), || format!("{errors:?}"))
}

fn process_is_in_the_cgroup_below_that_is_asked_for(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    for folder in folders(t, &id) {
        fs::create_dir(folder.join("sub"))?;
        for file in ["cpuset.cpus", "cpuset.mems"] {
            // On v1 a new cpuset is empty, and takes nobody.
            if let Ok(text) = fs::read_to_string(folder.join(file)) {
                let _ = fs::write(folder.join("sub").join(file), text.trim());
            }
        }
    }
    let own = cgroups_of(t.pid(&id)?.as_raw_nonzero().get().unsigned_abs().into())?;
    let below = cgroups_of_one(t, &id, &["--cgroup", "sub"])?;
    let wanted = |line: &String| {
        if line.ends_with(&id) {
            format!("{line}/sub")
        } else {
            line.clone()
        }
    };
    same("cgroups", &below, own.iter().map(wanted).collect::<Vec<_>>())?;
    same("cgroups", &cgroups_of_one(t, &id, &["--cgroup", "/"])?, own)?;
    probe(t, &id, &["--cgroup", "nowhere"], "exit 0").refuse(&["nowhere"])
}

/// The mount of the v1 hierarchy of this controller.
fn hierarchy_of(controller: &str) -> Option<PathBuf> {
    hierarchies().into_iter().find(|root| {
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.split(',').any(|one| one == controller)
    })
}

fn cgroup_of_a_controller_is_that_of_its_hierarchy(t: &Trial<'_>) -> Verdict {
    let Some(root) = hierarchy_of("memory") else {
        return Err(Failure::Skip("the host has no hierarchy of v1 for memory".into()));
    };
    let id = waiting(t)?.id;
    fs::create_dir(root.join(t.cgroup(&id).trim_start_matches('/')).join("sub"))?;
    let own = cgroups_of(t.pid(&id)?.as_raw_nonzero().get().unsigned_abs().into())?;
    let below = cgroups_of_one(t, &id, &["--cgroup", "memory:sub"])?;
    let is_memory = |line: &String| {
        line.split(':')
            .nth(1)
            .is_some_and(|names| names.split(',').any(|one| one == "memory"))
    };
    let wanted = |line: &String| {
        if is_memory(line) {
            format!("{line}/sub")
        } else {
            line.clone()
        }
    };
    same("cgroups", &below, own.iter().map(wanted).collect::<Vec<_>>())
}

fn cgroup_that_leads_out_is_refused(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    for path in ["..", "../other", "a/../../x"] {
        let done = probe(t, &id, &["--cgroup", path], "exit 0").refusal(&["bad sub cgroup path"])?;
        same("exit status", &done.code, 255)?;
    }
    Ok(())
}

fn unknown_controller_is_refused(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    probe(t, &id, &["--cgroup", "flux:sub"], "exit 0").refuse(&["unknown controller"])
}

/// The folder of the container in the one hierarchy of a host with nothing but v2.
fn only_folder(t: &Trial<'_>, id: &str) -> Result<PathBuf, Failure> {
    match &hierarchies()[..] {
        [only] if only.join("cgroup.controllers").exists() => Ok(only.join(t.cgroup(id).trim_start_matches('/'))),
        _ => Err(Failure::Skip("the host has more than cgroup v2".into())),
    }
}

/// As systemd does it as a payload.
fn process_is_with_init_where_the_cgroup_takes_none(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let folder = only_folder(t, &id)?;
    let init = folder.join("init.scope");
    fs::create_dir(&init)?;
    fs::write(init.join("cgroup.procs"), t.pid(&id)?.as_raw_nonzero().to_string())?;
    fs::write(folder.join("cgroup.subtree_control"), "+pids")?;
    let own = cgroups_of(t.pid(&id)?.as_raw_nonzero().get().unsigned_abs().into())?;
    ensure(own.iter().any(|line| line.ends_with("/init.scope")), || {
        format!("{own:?}")
    })?;
    same("cgroups", &cgroups_of_one(t, &id, &[])?, own)?;
    let done = probe(t, &id, &["--cgroup", "/"], "exit 0").finish()?;
    same("exit status", &done.code, 255)
}

/// As systemd does it as a payload that comes up, again and again.
fn process_finds_a_cgroup_while_the_containers_stops_taking_any(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let Some(root) = unified() else {
        return Err(Failure::Skip("the host has no cgroup v2".into()));
    };
    let all = fs::read_to_string(root.join("cgroup.controllers"))?;
    // The threaded ones take no processes away.
    let threaded = ["cpu", "cpuset", "perf_event", "pids"];
    let Some(controller) = all.split_whitespace().find(|name| !threaded.contains(name)) else {
        return Err(Failure::Skip("the host has no controller on cgroup v2".into()));
    };
    let folder = root.join(t.cgroup(&id).trim_start_matches('/'));
    let init = folder.join("init.scope");
    fs::create_dir(&init)?;
    fs::write(init.join("cgroup.procs"), t.pid(&id)?.as_raw_nonzero().to_string())?;
    let above: Vec<&Path> = folder
        .ancestors()
        .skip(1)
        .take_while(|above| above.starts_with(&root))
        .collect();
    for level in above.into_iter().rev() {
        fs::write(level.join("cgroup.subtree_control"), format!("+{controller}"))?;
    }
    let file = folder.join("cgroup.subtree_control");
    fs::write(&file, format!("+{controller}"))?;
    let has_ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !has_ended.load(Ordering::Relaxed) {
                for sign in ['-', '+'] {
                    // With a process in the cgroup it is refused.
                    let _ = fs::write(&file, format!("{sign}{controller}"));
                }
            }
        });
        let all_begin = (0..150).try_for_each(|number| {
            let done = probe(t, &id, &[], "exit 4").finish()?;
            ensure(done.code == 4, || {
                format!("number {number}: {}, {}", done.code, done.err.trim())
            })
        });
        has_ended.store(true, Ordering::Relaxed);
        all_begin
    })
}

/// A container that owns its cgroup may freeze it at any time.
fn process_of_a_container_that_freezes_itself_waits_and_can_be_given_up(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let folder = only_folder(t, &id)?;
    fs::write(folder.join("cgroup.freeze"), "1")?;
    t.until("it is frozen", || {
        Ok(fs::read_to_string(folder.join("cgroup.events"))?.contains("frozen 1"))
    })?;
    let running = probe(t, &id, &["--ignore-paused"], "exit 0").spawn()?;
    std::thread::sleep(std::time::Duration::from_millis(300));
    running.signal(rustix::process::Signal::TERM)?;
    let code = running.wait()?.code;
    fs::write(folder.join("cgroup.freeze"), "0")?;
    same("exit status", &code, 143)?;
    same("exit status", &probe(t, &id, &[], "exit 4").finish()?.code, 4)
}

fn a_hundred_leave_no_cgroup(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let count = |folder: &Path| fs::read_dir(folder).map_or(0, Iterator::count);
    let state = t.root.join(&id);
    let before = (
        count(&state),
        folders(t, &id).iter().map(|folder| count(folder)).sum::<usize>(),
    );
    // A few of them: what grew would show with each.
    for _ in 0..100 {
        same("exit status", &probe(t, &id, &[], "exit 0").finish()?.code, 0)?;
    }
    let after = (
        count(&state),
        folders(t, &id).iter().map(|folder| count(folder)).sum::<usize>(),
    );
    same("files of the state and of the cgroups", &after, before)?;
    let report = report(t, &id, &[])?;
    let pid = report["pid"].as_u64().unwrap_or(0);
    ensure(pid > 100, || format!("pid {pid}"))
}
