//! `pause`, `resume` and `ps`.

use std::fs;

use serde_json::json;

use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::{Created, Trial};

pub(crate) const TESTS: &[Test] = &[
    test!(paused_container_stands_still_and_goes_on),
    test!(paused_container_is_not_paused_again, ("crun", "1.8", "pauses it again")),
    test!(running_container_is_not_resumed, ("crun", "1.8", "says nothing")),
    test!(
        stopped_container_is_neither_paused_nor_resumed,
        ("crun", "1.8", "says: is not running")
    ),
    test!(
        created_container_is_paused_and_resumed,
        ("crun", "1.8", "says: created")
    ),
    test!(
        paused_container_is_not_started,
        ("crun", "1.8", "waits until it is resumed")
    ),
    test!(
        paused_container_that_was_not_started_is_not_deleted_but_by_force,
        ("crun", "1.8", "leaves it frozen")
    ),
    test!(
        paused_container_is_killed_and_deleted,
        ("crun", "1.8", "leaves it frozen")
    ),
    test!(
        ps_lists_the_processes_of_the_container,
        ("crun", "1.8", "lists pids alone")
    ),
    test!(ps_passes_its_arguments_on, ("crun", "1.8", "takes none")),
    test!(ps_of_a_stopped_container_is_the_head_alone, ("crun", "1.8", "crashes")),
    test!(
        ps_without_the_program_is_told_as_that,
        ("runc", "1.1", "names no package"),
        ("crun", "1.8", "needs none")
    ),
];

/// A container whose process uses CPU time as long as it runs.
fn busy(t: &Trial<'_>) -> Result<Created, Failure> {
    t.launch(&t.bundle()?.probe("spin 60"))
}

/// The CPU time that a process has used.
fn used(t: &Trial<'_>, id: &str) -> Result<u64, Failure> {
    let stat = fs::read_to_string(format!("/proc/{}/schedstat", t.pid(id)?.as_raw_nonzero()))?;
    let first = stat.split(' ').next().and_then(|field| field.parse().ok());
    first.ok_or(Failure::Wrong(stat))
}

fn paused_container_stands_still_and_goes_on(t: &Trial<'_>) -> Verdict {
    let id = busy(t)?.id;
    t.call(&["pause", &id]).succeed()?;
    same("status", &t.status(&id)?, "paused")?;
    let before = used(t, &id)?;
    std::thread::sleep(std::time::Duration::from_millis(100));
    same("CPU time", &used(t, &id)?, before)?;
    t.call(&["resume", &id]).succeed()?;
    same("status", &t.status(&id)?, "running")?;
    t.until("it goes on", || Ok(used(t, &id)? > before))
}

fn paused_container_is_not_paused_again(t: &Trial<'_>) -> Verdict {
    let id = busy(t)?.id;
    t.call(&["pause", &id]).succeed()?;
    t.call(&["pause", &id]).refuse(&[])?;
    same("status", &t.status(&id)?, "paused")?;
    t.call(&["resume", &id]).succeed()?;
    Ok(())
}

fn running_container_is_not_resumed(t: &Trial<'_>) -> Verdict {
    let id = busy(t)?.id;
    t.call(&["resume", &id]).refuse(&["not paused"])
}

fn stopped_container_is_neither_paused_nor_resumed(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    t.call(&["pause", &created.id]).refuse(&["not running"])?;
    t.call(&["resume", &created.id]).refuse(&["not paused"])
}

fn created_container_is_paused_and_resumed(t: &Trial<'_>) -> Verdict {
    let id = t.create(&t.bundle()?.probe("sleep 60"))?.id;
    t.call(&["pause", &id]).succeed()?;
    same("status", &t.status(&id)?, "paused")?;
    t.call(&["resume", &id]).succeed()?;
    t.call(&["start", &id]).succeed()?;
    same("status", &t.status(&id)?, "running")
}

fn paused_container_is_not_started(t: &Trial<'_>) -> Verdict {
    let id = t.create(&t.bundle()?.probe("sleep 60"))?.id;
    t.call(&["pause", &id]).succeed()?;
    t.call(&["start", &id])
        .refuse(&["cannot start a container in the paused state"])?;
    same("status", &t.status(&id)?, "paused")?;
    t.call(&["resume", &id]).succeed()?;
    // Nothing of the start has come to it meanwhile.
    same("status", &t.status(&id)?, "created")?;
    t.call(&["start", &id]).succeed()?;
    same("status", &t.status(&id)?, "running")
}

fn paused_container_that_was_not_started_is_not_deleted_but_by_force(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["pause", &created.id]).succeed()?;
    t.call(&["delete", &created.id])
        .refuse(&["that is not stopped: paused"])?;
    same("status", &t.status(&created.id)?, "paused")?;
    t.call(&["kill", &created.id, "KILL"]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)?;
    t.call(&["delete", &created.id]).succeed()?;
    let id = t.create(&t.bundle()?.probe("sleep 60"))?.id;
    t.call(&["pause", &id]).succeed()?;
    t.call(&["delete", "--force", &id]).succeed().map(drop)
}

fn paused_container_is_killed_and_deleted(t: &Trial<'_>) -> Verdict {
    let created = busy(t)?;
    let pid = t.pid(&created.id)?;
    t.call(&["pause", &created.id]).succeed()?;
    t.call(&["kill", &created.id, "KILL"]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)?;
    t.call(&["delete", &created.id]).succeed()?;
    let id = busy(t)?.id;
    t.call(&["pause", &id]).succeed()?;
    t.call(&["delete", "--force", &id]).succeed()?;
    Ok(())
}

fn ps_lists_the_processes_of_the_container(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("leave 60 , sleep 60"))?.id;
    let pid = t.pid(&id)?.as_raw_nonzero().get();
    t.until("both are there", || {
        let pids = t.call(&["ps", "--format", "json", &id]).succeed()?.json()?;
        let pids = pids.as_array().cloned().unwrap_or_default();
        Ok(pids.len() == 2 && pids.contains(&json!(pid)))
    })?;
    let table = t.call(&["ps", &id]).succeed()?.out;
    let mut lines = table.lines();
    let head = lines.next().unwrap_or_default();
    ensure(head.starts_with("UID") && head.contains("PID"), || table.clone())?;
    same("rows", &lines.filter(|line| line.contains("/probe")).count(), 2)
}

fn ps_passes_its_arguments_on(t: &Trial<'_>) -> Verdict {
    let id = busy(t)?.id;
    let table = t.call(&["ps", &id, "-e", "-o", "pid,comm"]).succeed()?.out;
    let words: Vec<&str> = table.split_whitespace().collect();
    let pid = t.pid(&id)?.as_raw_nonzero().to_string();
    same("words", &words, vec!["PID", "COMMAND", &*pid, "probe"])?;
    t.call(&["ps", &id, "-e", "-o", "comm"])
        .refuse(&["couldn't find PID field in ps output"])
}

fn ps_of_a_stopped_container_is_the_head_alone(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    let table = t.call(&["ps", &created.id]).succeed()?.out;
    same("lines", &table.lines().count(), 1)
}

fn ps_without_the_program_is_told_as_that(t: &Trial<'_>) -> Verdict {
    let id = busy(t)?.id;
    let nowhere = t.dir.to_string_lossy().into_owned();
    t.call(&["ps", &id])
        .variable("PATH", &nowhere)
        .refuse(&["cannot run ps", "procps"])?;
    t.call(&["ps", "--format", "json", &id])
        .variable("PATH", &nowhere)
        .succeed()
        .map(drop)
}
