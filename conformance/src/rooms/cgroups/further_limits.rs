//! Limits that few containers have, and that not every host can keep (config-linux.md#control-groups). What the host has
//! no controller or no file for is skipped.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::limits::{block_device, created_holds, value};
use crate::call::text_on_stdin;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::{hierarchies, unified};
use crate::kernel::is_since;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        burst_is_in_the_cgroup,
        ("runc", "1.1", "does not know it"),
        ("crun", "1.8", "does not know it")
    ),
    test!(cgroup_is_idle, ("runc", "1.1", "does not know it")),
    test!(
        swappiness_is_in_the_cgroup_or_refused,
        ("runc", "1.1", "ignores it on cgroup v2"),
        ("crun", "1.8", "refuses it on cgroup v2, and names no member")
    ),
    test!(
        limit_below_what_is_used_is_refused_where_that_is_asked_for,
        ("runc", "1.1", "does not look on cgroup v2"),
        ("crun", "1.8", "does not know it")
    ),
    test!(
        huge_pages_are_limited,
        ("runc", "1.1", "does not limit those that are reserved"),
        ("crun", "1.8", "does not limit those that are reserved")
    ),
    test!(network_class_and_priorities_are_in_the_cgroup),
    test!(each_throttle_of_a_block_device_is_in_the_cgroup),
    test!(files_of_the_second_version_are_written_as_they_are_named),
];

/// Whether the host has v1 with this file.
fn v1_has(t: &Trial<'_>, file: &str) -> bool {
    let own = t.cgroup("");
    let own = own.trim_start_matches('/');
    let is_there = |hierarchy: &Path| hierarchy.join(own).join(file).exists();
    let mut v1 = hierarchies()
        .into_iter()
        .filter(|it| !it.join("cgroup.controllers").exists());
    v1.any(|hierarchy| is_there(&hierarchy))
}

/// Whether v2 has this controller.
fn v2_has(controller: &str) -> bool {
    let known = unified().and_then(|hierarchy| fs::read_to_string(hierarchy.join("cgroup.controllers")).ok());
    known.is_some_and(|known| known.split_whitespace().any(|one| one == controller))
}

/// Skips where neither is there.
pub(super) fn needs(t: &Trial<'_>, controller: &str, v1: &str) -> Verdict {
    match v1_has(t, v1) || v2_has(controller) {
        true => Ok(()),
        false => Err(Failure::Skip(format!("the host has no {controller}, or no {v1}"))),
    }
}

fn needs_linux(major: u32, minor: u32) -> Verdict {
    match is_since(major, minor) {
        true => Ok(()),
        false => Err(Failure::Skip(format!("this is in Linux since {major}.{minor}"))),
    }
}

fn burst_is_in_the_cgroup(t: &Trial<'_>) -> Verdict {
    needs_linux(5, 14)?;
    needs(t, "cpu", "cpu.cfs_burst_us")?;
    let cpu = json!({"quota": 50_000, "period": 100_000, "burst": 20_000});
    created_holds(
        t,
        "cpu",
        cpu,
        &[["cpu.cfs_burst_us", "20000", "cpu.max.burst", "20000"]],
    )
}

fn cgroup_is_idle(t: &Trial<'_>) -> Verdict {
    needs_linux(5, 15)?;
    needs(t, "cpu", "cpu.idle")?;
    created_holds(t, "cpu", json!({"idle": 1}), &[["cpu.idle", "1", "cpu.idle", "1"]])
}

fn swappiness_is_in_the_cgroup_or_refused(t: &Trial<'_>) -> Verdict {
    let memory = json!({"swappiness": 30});
    if v1_has(t, "memory.swappiness") {
        return created_holds(t, "memory", memory, &[["memory.swappiness", "30", "", ""]]);
    }
    t.refused(
        &t.bundle()?.set("/linux/resources/memory", memory),
        &["linux.resources.memory.swappiness"],
    )
}

fn limit_below_what_is_used_is_refused_where_that_is_asked_for(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 60"))?.id;
    let resources = json!({"memory": {"limit": 65_536, "checkBeforeUpdate": true}}).to_string();
    t.call(&["update", "-r", "-", &id])
        .stdin(text_on_stdin(&resources)?)
        .refuse(&["memory"])?;
    same("status", &t.status(&id)?, "running")?;
    let (limit, _) = value(t, &id, "memory.limit_in_bytes", "memory.max")?;
    ensure(limit != "65536", || "the limit is there".into())
}

fn huge_pages_are_limited(t: &Trial<'_>) -> Verdict {
    needs(t, "hugetlb", "hugetlb.2MB.limit_in_bytes")?;
    if !Path::new("/sys/kernel/mm/hugepages/hugepages-2048kB").is_dir() {
        return Err(Failure::Skip("the host has no huge pages of 2 MB".into()));
    }
    let limits = json!([{"pageSize": "2MB", "limit": 4_194_304}]);
    let [limit, reserved] = ["", "rsvd."].map(|kind| {
        [
            format!("hugetlb.2MB.{kind}limit_in_bytes"),
            format!("hugetlb.2MB.{kind}max"),
        ]
    });
    let files = [&limit, &reserved].map(|[v1, v2]| [v1, "4194304", v2, "4194304"]);
    created_holds(t, "hugepageLimits", limits, &files)
}

fn network_class_and_priorities_are_in_the_cgroup(t: &Trial<'_>) -> Verdict {
    needs(t, "net_cls", "net_cls.classid")?;
    let network = json!({"classID": 1_048_577, "priorities": [{"name": "lo", "priority": 5}]});
    let id = t
        .create(&t.bundle()?.set("/linux/resources/network", network).probe("sleep 60"))?
        .id;
    let (class, _) = value(t, &id, "net_cls.classid", "")?;
    same("net_cls.classid", &class, "1048577")?;
    let (priorities, _) = value(t, &id, "net_prio.ifpriomap", "")?;
    ensure(priorities.lines().any(|line| line == "lo 5"), || priorities.clone())
}

fn each_throttle_of_a_block_device_is_in_the_cgroup(t: &Trial<'_>) -> Verdict {
    let (major, minor) = block_device()?;
    let number = format!("{major}:{minor}");
    let rate = |rate: u64| -> Value { json!([{"major": major, "minor": minor, "rate": rate}]) };
    let block_io = json!({
        "throttleReadBpsDevice": rate(1_048_576), "throttleWriteBpsDevice": rate(2_097_152),
        "throttleReadIOPSDevice": rate(100), "throttleWriteIOPSDevice": rate(200),
    });
    let all = format!("{number} rbps=1048576 wbps=2097152 riops=100 wiops=200");
    let v1 = ["1048576", "2097152", "100", "200"].map(|rate| format!("{number} {rate}"));
    let names = ["read_bps", "write_bps", "read_iops", "write_iops"].map(|it| format!("blkio.throttle.{it}_device"));
    let files: Vec<[&str; 4]> = names
        .iter()
        .zip(&v1)
        .map(|(name, value)| [name.as_str(), value, "io.max", &all])
        .collect();
    created_holds(t, "blockIO", block_io, &files)
}

fn files_of_the_second_version_are_written_as_they_are_named(t: &Trial<'_>) -> Verdict {
    if !v2_has("memory") {
        return Err(Failure::Skip("the host has no memory controller on cgroup v2".into()));
    }
    let unified = json!({"memory.high": "33554432", "memory.min": "1048576"});
    created_holds(
        t,
        "unified",
        unified,
        &[["", "", "memory.high", "33554432"], ["", "", "memory.min", "1048576"]],
    )
}
