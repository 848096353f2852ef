//! `events`: what a container uses, and when it is out of memory.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::limits::value;
use crate::call::{Done, Running, ends_before, lines_of};
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

/// It has no such command.
const CRUN: Known = ("crun", "1.8", "has no events");

/// Who ends the container has to delete it, too.
const UNTIL_DELETE: Known = ("runc", "1.1", "goes on until the cgroup is removed");

pub(crate) const TESTS: &[Test] = &[
    test!(
        statistics_are_what_the_files_say,
        ("runc", "1.1", "tells no cpuset of cgroup v2"),
        CRUN
    ),
    test!(throttled_periods_are_counted, CRUN),
    test!(
        interfaces_of_a_network_namespace_are_counted,
        ("runc", "1.1", "knows only interfaces that it has made"),
        CRUN
    ),
    test!(interfaces_of_the_host_are_not_the_containers, CRUN),
    test!(statistics_come_after_each_interval_until_the_end, UNTIL_DELETE, CRUN),
    test!(process_that_takes_too_much_memory_is_told_of, UNTIL_DELETE, CRUN),
    test!(statistics_of_a_stopped_container_are_refused, CRUN),
    test!(paused_container_has_statistics, CRUN),
    test!(interval_that_is_none_is_refused, CRUN),
];

/// What one call of `events --stats` says.
fn stats(t: &Trial<'_>, id: &str) -> Result<Value, Failure> {
    let done = t.call(&["events", "--stats", id]).succeed()?;
    let mut lines = lines_of(&done.out)?;
    ensure(lines.len() == 1, || done.out.clone())?;
    let line = lines.remove(0);
    same("type", &line["type"], "stats")?;
    same("id", &line["id"], id)?;
    Ok(line["data"].clone())
}

/// The number in a file; none is 0, as is `max` for a number of processes.
fn number(t: &Trial<'_>, id: &str, v1: &str, v2: &str) -> Result<u64, Failure> {
    Ok(value(t, id, v1, v2)?.0.parse().unwrap_or(0))
}

/// The number behind a key in a file; 0 if there is none.
fn keyed(text: &str, key: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} ")));
    line.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Nanoseconds.
fn cpu_time(t: &Trial<'_>, id: &str) -> Result<u64, Failure> {
    let (text, is_v1) = value(t, id, "cpuacct.usage", "cpu.stat")?;
    Ok(if is_v1 {
        text.parse().unwrap_or(0)
    } else {
        keyed(&text, "usage_usec") * 1000
    })
}

/// What `events` has said by the time it ended, which is soon.
fn end_of(events: Running<'_>) -> Result<Done, Failure> {
    let pid = events.pid().ok_or_else(|| Failure::Wrong("no process id".into()))?;
    ensure(ends_before(pid, Instant::now() + Duration::from_secs(10))?, || {
        "`events` does not end".into()
    })?;
    let done = events.wait()?;
    ensure(done.code == 0, || {
        format!("`events` ended with {}: {}", done.code, done.err.trim())
    })?;
    Ok(done)
}

fn statistics_are_what_the_files_say(t: &Trial<'_>) -> Verdict {
    let resources = json!({
        "memory": {"limit": 67_108_864}, "pids": {"limit": 33}, "cpu": {"cpus": "0"}
    });
    let bundle = t.bundle()?.set("/linux/resources", resources);
    let id = t.launch(&bundle.probe("fill 8 , spin 1 , sleep 60"))?.id;
    t.until("what it does first", || Ok(cpu_time(t, &id)? > 50_000_000))?;
    // Nothing changes any more.
    t.call(&["pause", &id]).succeed()?;
    let seen = stats(t, &id)?;
    let pids = number(t, &id, "pids.current", "pids.current")?;
    same("pids.current", &seen["pids"]["current"], pids)?;
    same("pids.limit", &seen["pids"]["limit"], 33)?;
    let memory = &seen["memory"];
    same("memory limit", &memory["usage"]["limit"], 67_108_864)?;
    let (text, is_v1) = value(t, &id, "memory.stat", "memory.stat")?;
    let cache = keyed(&text, if is_v1 { "cache" } else { "file" });
    same("cache", &memory["cache"], cache)?;
    same("pgfault", &memory["raw"]["pgfault"], keyed(&text, "pgfault"))?;
    same("CPU time", &seen["cpu"]["usage"]["total"], cpu_time(t, &id)?)?;
    // What was freed, the kernel takes back from each processor only in a while.
    t.until("memory usage that is the file's", || {
        let usage = number(t, &id, "memory.usage_in_bytes", "memory.current")?;
        Ok(stats(t, &id)?["memory"]["usage"]["usage"] == usage)
    })?;
    same("cpus", &seen["cpuset"]["cpus"], json!([0]))
}

fn throttled_periods_are_counted(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/resources/cpu", json!({"quota": 10_000, "period": 100_000}));
    let id = t.launch(&bundle.probe("spin 60"))?.id;
    t.until("a throttled period", || {
        Ok(stats(t, &id)?["cpu"]["throttling"]["throttledPeriods"]
            .as_u64()
            .unwrap_or(0)
            > 1)
    })?;
    let throttling = stats(t, &id)?["cpu"]["throttling"].clone();
    ensure(throttling["throttledTime"].as_u64().unwrap_or(0) > 1_000_000, || {
        format!("nanoseconds: {throttling}")
    })
}

fn interfaces_of_a_network_namespace_are_counted(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 60"))?.id;
    let interfaces = stats(t, &id)?["network_interfaces"].clone();
    let names: Vec<&Value> = interfaces
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["Name"])
        .collect();
    ensure(names.contains(&&json!("lo")), || interfaces.to_string())?;
    ensure(interfaces[0]["RxBytes"].is_u64(), || interfaces.to_string())
}

fn interfaces_of_the_host_are_not_the_containers(t: &Trial<'_>) -> Verdict {
    let id = t
        .launch(&t.bundle()?.without_namespace("network").probe("sleep 60"))?
        .id;
    let seen = stats(t, &id)?;
    same("network_interfaces", &seen["network_interfaces"], Value::Null)?;
    ensure(seen["cpu"].is_object(), || seen.to_string())
}

fn statistics_come_after_each_interval_until_the_end(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 60"))?.id;
    let events = t.call(&["events", "--interval", "50ms", &id]).spawn()?;
    t.until("two statistics", || {
        Ok(fs::read_to_string(&events.out_path)?.lines().count() >= 2)
    })?;
    t.call(&["kill", &id, "KILL"]).succeed()?;
    let done = end_of(events)?;
    for line in lines_of(&done.out)? {
        same("type", &line["type"], "stats")?;
    }
    Ok(())
}

fn process_that_takes_too_much_memory_is_told_of(t: &Trial<'_>) -> Verdict {
    let limit = json!({"limit": 33_554_432, "swap": 33_554_432});
    let bundle = t.bundle()?.set("/linux/resources/memory", limit);
    let id = t.create(&bundle.probe("fill 100"))?.id;
    let events = t.call(&["events", "--interval", "1h", &id]).spawn()?;
    // It watches as soon as it waits; before that there is nothing to see of it from outside.
    std::thread::sleep(Duration::from_millis(300));
    t.call(&["start", &id]).succeed()?;
    let done = end_of(events)?;
    match &lines_of(&done.out)?[..] {
        [] => wrong("nothing was told"),
        lines => {
            let oom = json!({"type": "oom", "id": id});
            ensure(lines.contains(&oom), || done.out.clone())
        }
    }
}

fn statistics_of_a_stopped_container_are_refused(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    let text = format!("container with id {} is not running", created.id);
    t.call(&["events", "--stats", &created.id]).refuse(&[&text])?;
    t.call(&["events", &created.id]).refuse(&[&text])
}

fn paused_container_has_statistics(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 60"))?.id;
    t.call(&["pause", &id]).succeed()?;
    let pids = stats(t, &id)?["pids"]["current"].as_u64();
    ensure(pids.is_some_and(|pids| pids > 0), || format!("{pids:?}"))
}

fn interval_that_is_none_is_refused(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 60"))?.id;
    t.call(&["events", "--interval", "0s", &id])
        .refuse(&["duration interval must be greater than 0"])?;
    t.call(&["events", "--interval", "often", &id]).refuse(&["interval"])
}
