//! The flags of `update`: what stands in the cgroup afterwards.

use std::collections::BTreeMap;
use std::fs;

use serde_json::json;

use super::compare;
use super::side::Side;
use crate::call::text_on_stdin;
use crate::failure::{Failure, Verdict};
use crate::host::cgroups;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        each_flag_of_update_does_what_runcs_does,
        ("crun", "1.8", "takes no units and has other flags")
    ),
    test!(
        values_of_update_that_are_none_are_refused_as_by_runc,
        ("crun", "1.8", "has words of its own")
    ),
    test!(
        resources_of_update_are_read_as_by_runc,
        ("crun", "1.8", "reads no empty object")
    ),
];

/// Files that say how the CPU, memory, processes and I/O are limited, in any version of cgroups.
const FILES: [&str; 22] = [
    "cpu.cfs_period_us",
    "cpu.cfs_quota_us",
    "cpu.shares",
    "cpu.rt_period_us",
    "cpu.rt_runtime_us",
    "cpu.max",
    "cpu.weight",
    "cpuset.cpus",
    "cpuset.mems",
    "memory.limit_in_bytes",
    "memory.soft_limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.max",
    "memory.low",
    "memory.swap.max",
    "pids.max",
    "blkio.weight",
    "blkio.bfq.weight",
    "io.weight",
    "io.bfq.weight",
    "cpu.idle",
    "cpu.max.burst",
];

/// What they say of a container.
fn limits(side: &Side<'_, '_>, id: &str) -> BTreeMap<String, String> {
    let own = side.t.cgroup(id);
    let folders = cgroups(id)
        .into_iter()
        .filter(|folder| folder.to_string_lossy().ends_with(&own));
    let mut found = BTreeMap::new();
    for folder in folders {
        for file in FILES {
            if let Ok(text) = fs::read_to_string(folder.join(file)) {
                found.insert(file.to_owned(), text.trim().to_owned());
            }
        }
    }
    found
}

fn container(side: &Side<'_, '_>) -> Result<String, Failure> {
    let resources = json!({
        "memory": {"limit": 67_108_864, "swap": 134_217_728}, "pids": {"limit": 50},
        "cpu": {"quota": 50_000, "period": 100_000, "shares": 512},
        "devices": [{"allow": false, "access": "rwm"}]
    });
    side.running(&side.bundle()?.set("/linux/resources", resources))
}

fn each_flag_of_update_does_what_runcs_does(t: &Trial<'_>) -> Verdict {
    for flags in [
        &["--pids-limit", "33"][..],
        &["--pids-limit=-1"],
        &["--memory", "83886080"],
        &["--memory", "80M"],
        &["--memory=80m", "--memory-swap=160M"],
        &["--memory", "80mb", "--memory-swap", "-1"],
        &["--memory-swap", "200000000"],
        &["--memory-reservation", "4194304"],
        &["--memory-reservation", "4M"],
        &["--memory", "-1"],
        &["--cpu-quota", "20000"],
        &["--cpu-quota", "-1"],
        &["--cpu-period", "50000"],
        &["--cpu-quota", "20000", "--cpu-period", "50000"],
        &["--cpu-share", "2048"],
        &["--cpuset-cpus", "0"],
        &["--cpuset-mems", "0"],
        &["--cpuset-cpus=0", "--cpuset-mems=0"],
        &["--kernel-memory", "100M"],
        &["--kernel-memory-tcp", "100M"],
        &["--kernel-memory", "100M", "--pids-limit", "9"],
        &["--cpu-rt-period", "1000000"],
        &["--cpu-rt-runtime", "0"],
        &["--blkio-weight", "100"],
        &["--pids-limit", "33", "--frob"],
        &["--memory", "1k"],
        &["--cpuset-cpus", "99"],
        &["--cpu-share", "2"],
        &["--cpu-share", "262144"],
        // Variables of scripts that are not set.
        &["--memory", ""],
        &["--memory=", "--pids-limit", "33"],
        &["--resources="],
        &["--resources=", "--pids-limit", "33"],
        &["--cpu-quota=", "--cpuset-cpus=", "--l3-cache-schema="],
    ] {
        compare(t, &format!("{flags:?}"), |side| {
            let id = container(side)?;
            let words: Vec<&str> = ["update"].iter().chain(flags).copied().chain([id.as_str()]).collect();
            let code = side.call(&words).finish()?.code;
            Ok((code, limits(side, &id)))
        })?;
    }
    Ok(())
}

fn values_of_update_that_are_none_are_refused_as_by_runc(t: &Trial<'_>) -> Verdict {
    for (flags, phrase) in [
        (["--memory", "1e8"], "invalid"),
        (["--memory", "+60M"], "invalid"),
        (["--memory", "x"], "invalid"),
        (["--memory-swap", "-2"], "invalid"),
        (["--kernel-memory", "x"], "invalid"),
        (["--cpu-quota", "x"], "invalid"),
        (["--cpu-share", "1"], "minimum allowed cpu-shares is 2"),
        (["--cpu-share", "262145"], "maximum allowed cpu-shares is 262144"),
        (["--cpuset-cpus", "x"], "cpuset.cpus"),
    ] {
        compare(t, &format!("{flags:?}"), |side| {
            let id = container(side)?;
            let done = side.call(&["update", flags[0], flags[1], &id]).finish()?;
            Ok((done.code, done.err.contains(phrase)))
        })?;
    }
    Ok(())
}

fn resources_of_update_are_read_as_by_runc(t: &Trial<'_>) -> Verdict {
    for (resources, flags) in [
        (json!({"pids": {"limit": 22}}), &[][..]),
        (
            json!({"memory": {"limit": 83_886_080, "swap": 167_772_160}, "cpu": {"shares": 256}}),
            &[],
        ),
        (
            json!({"cpu": {"quota": 30_000, "period": 60_000, "cpus": "0", "mems": "0"}}),
            &[],
        ),
        // Flags about resources count no more beside it.
        (
            json!({"pids": {"limit": 23}}),
            &["--pids-limit", "24", "--cpu-share", "700"],
        ),
        (json!({}), &[]),
    ] {
        for place in ["file", "stdin"] {
            compare(t, &format!("{resources} by {place}, {flags:?}"), |side| {
                let id = container(side)?;
                let file = t.dir.join(format!("resources-{}.json", t.fresh_number()));
                fs::write(&file, resources.to_string())?;
                let file = file.to_string_lossy().into_owned();
                let (flag, from) = if place == "file" {
                    ("--resources", file.as_str())
                } else {
                    ("-r", "-")
                };
                let words: Vec<&str> = ["update", flag, from]
                    .iter()
                    .chain(flags)
                    .copied()
                    .chain([id.as_str()])
                    .collect();
                let code = side
                    .call(&words)
                    .stdin(text_on_stdin(&resources.to_string())?)
                    .finish()?
                    .code;
                Ok((code, limits(side, &id)))
            })?;
        }
    }
    compare(t, "text that is none", |side| {
        let id = container(side)?;
        let mut codes = Vec::new();
        for text in ["", "{", "[]", "{\"pids\": {\"limit\": \"x\"}}"] {
            codes.push(
                side.call(&["update", "--resources=-", &id])
                    .stdin(text_on_stdin(text)?)
                    .finish()?
                    .code,
            );
        }
        Ok(codes)
    })
}
