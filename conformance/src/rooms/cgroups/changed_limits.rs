//! `update`: other limits for a container that runs.

use serde_json::json;

use super::further_limits::needs;
use super::limits::hold;
use crate::call::text_on_stdin;
use crate::failure::{Failure, Verdict, ensure};
use crate::rooms::deviations::{CRUN_IS_SILENT, CRUN_WEIGHS_ALONG_A_LINE, RUNC_IS_SILENT, RUNC_WEIGHS_ALONG_A_LINE};
use crate::sentence::{Test, test};
use crate::trial::{Created, Trial};

pub(crate) const TESTS: &[Test] = &[
    test!(
        update_changes_each_limit_that_a_flag_names,
        RUNC_WEIGHS_ALONG_A_LINE,
        CRUN_WEIGHS_ALONG_A_LINE
    ),
    test!(update_takes_units, ("crun", "1.8", "takes no units")),
    test!(update_takes_resources_from_a_file_and_from_standard_input),
    test!(
        lone_quota_keeps_the_period_and_lone_period_the_quota,
        ("crun", "1.8", "a period alone lifts the quota of v2")
    ),
    test!(limits_grow_and_shrink_in_either_order),
    test!(update_of_a_created_container_works),
    test!(
        update_of_a_stopped_container_is_refused,
        ("crun", "1.8", "says something else")
    ),
    test!(
        update_changes_bursts_and_idleness,
        ("runc", "1.1", "is older than these flags"),
        ("crun", "1.8", "has no such flags")
    ),
    test!(update_tells_of_members_that_are_unknown, RUNC_IS_SILENT, CRUN_IS_SILENT),
    test!(
        limit_of_no_process_is_that_of_the_one_there_is,
        ("runc", "1.1", "leaves the limit as it was"),
        ("crun", "1.8", "leaves the limit as it was")
    ),
    test!(update_of_nothing_is_refused, RUNC_IS_SILENT, CRUN_IS_SILENT),
    test!(
        update_that_the_kernel_refuses_names_the_member,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
];

fn running(t: &Trial<'_>) -> Result<Created, Failure> {
    let resources = json!({
        "memory": {"limit": 67_108_864, "swap": 134_217_728}, "pids": {"limit": 50},
        "cpu": {"quota": 50_000, "period": 100_000, "shares": 512},
        "devices": [{"allow": false, "access": "rwm"}]
    });
    t.launch(&t.bundle()?.set("/linux/resources", resources).probe("sleep 60"))
}

fn update_changes_each_limit_that_a_flag_names(t: &Trial<'_>) -> Verdict {
    let id = running(t)?.id;
    t.call(&["update", "--memory", "83886080", "--memory-swap", "167772160", &id])
        .succeed()?;
    t.call(&["update", "--memory-reservation", "4194304", "--pids-limit", "60", &id])
        .succeed()?;
    t.call(&[
        "update",
        "--cpu-share",
        "1024",
        "--cpuset-cpus",
        "0",
        "--cpuset-mems",
        "0",
        &id,
    ])
    .succeed()?;
    hold(
        t,
        &id,
        &[
            ["memory.limit_in_bytes", "83886080", "memory.max", "83886080"],
            [
                "memory.memsw.limit_in_bytes",
                "167772160",
                "memory.swap.max",
                "83886080",
            ],
            ["memory.soft_limit_in_bytes", "4194304", "memory.low", "4194304"],
            ["pids.max", "60", "pids.max", "60"],
            ["cpu.shares", "1024", "cpu.weight", "100"],
            ["cpuset.cpus", "0", "cpuset.cpus", "0"],
        ],
    )
}

fn update_changes_bursts_and_idleness(t: &Trial<'_>) -> Verdict {
    needs(t, "cpu", "cpu.cfs_burst_us")?;
    let id = running(t)?.id;
    t.call(&["update", "--cpu-burst", "20000", &id]).succeed()?;
    hold(t, &id, &[["cpu.cfs_burst_us", "20000", "cpu.max.burst", "20000"]])?;
    let id = t.launch(&t.bundle()?.probe("sleep 60"))?.id;
    t.call(&["update", "--cpu-idle", "1", &id]).succeed()?;
    hold(t, &id, &[["cpu.idle", "1", "cpu.idle", "1"]])
}

fn update_takes_units(t: &Trial<'_>) -> Verdict {
    let id = running(t)?.id;
    t.call(&["update", "--memory", "80M", "--memory-swap", "160m", &id])
        .succeed()?;
    hold(
        t,
        &id,
        &[["memory.limit_in_bytes", "83886080", "memory.max", "83886080"]],
    )
}

fn update_takes_resources_from_a_file_and_from_standard_input(t: &Trial<'_>) -> Verdict {
    let id = running(t)?.id;
    let file = t.dir.join("resources.json");
    std::fs::write(&file, json!({"pids": {"limit": 70}}).to_string())?;
    t.call(&["update", "--resources", &file.to_string_lossy(), &id])
        .succeed()?;
    hold(t, &id, &[["pids.max", "70", "pids.max", "70"]])?;
    let text = json!({"pids": {"limit": 71}}).to_string();
    t.call(&["update", "-r", "-", &id])
        .stdin(text_on_stdin(&text)?)
        .succeed()?;
    hold(t, &id, &[["pids.max", "71", "pids.max", "71"]])
}

fn lone_quota_keeps_the_period_and_lone_period_the_quota(t: &Trial<'_>) -> Verdict {
    let id = running(t)?.id;
    t.call(&["update", "--cpu-quota", "40000", &id]).succeed()?;
    let period = ["cpu.cfs_period_us", "100000", "cpu.max", "40000 100000"];
    hold(
        t,
        &id,
        &[["cpu.cfs_quota_us", "40000", "cpu.max", "40000 100000"], period],
    )?;
    t.call(&["update", "--cpu-period", "200000", &id]).succeed()?;
    let period = ["cpu.cfs_period_us", "200000", "cpu.max", "40000 200000"];
    hold(
        t,
        &id,
        &[["cpu.cfs_quota_us", "40000", "cpu.max", "40000 200000"], period],
    )
}

fn limits_grow_and_shrink_in_either_order(t: &Trial<'_>) -> Verdict {
    let id = running(t)?.id;
    for (limit, swap, rest) in [("268435456", "268435456", "0"), ("33554432", "50331648", "16777216")] {
        t.call(&["update", "--memory", limit, "--memory-swap", swap, &id])
            .succeed()?;
        let limits = ["memory.limit_in_bytes", limit, "memory.max", limit];
        hold(
            t,
            &id,
            &[limits, ["memory.memsw.limit_in_bytes", swap, "memory.swap.max", rest]],
        )?;
    }
    Ok(())
}

fn update_of_a_created_container_works(t: &Trial<'_>) -> Verdict {
    let id = t.create(&t.bundle()?.probe("sleep 60"))?.id;
    t.call(&["update", "--pids-limit", "60", &id]).succeed()?;
    hold(t, &id, &[["pids.max", "60", "pids.max", "60"]])
}

fn update_of_a_stopped_container_is_refused(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    t.call(&["update", "--pids-limit", "60", &created.id])
        .refuse(&["container not running"])
}

fn update_tells_of_members_that_are_unknown(t: &Trial<'_>) -> Verdict {
    let id = running(t)?.id;
    for (resources, told) in [
        (json!({"linux": {"resources": {"pids": {"limit": 3}}}}), "linux"),
        (json!({"memory": {"limitt": 1}}), "memory.limitt"),
        (json!({"pids": {"limit": 44}, "foo": 1}), "foo"),
    ] {
        let call = t.call(&["update", "--resources=-", &id]);
        let done = call.stdin(text_on_stdin(&resources.to_string())?).succeed()?;
        let warning = format!("warning: {told}: unknown member");
        ensure(done.err.contains(&warning), || format!("{resources}: {}", done.err))?;
    }
    hold(t, &id, &[["pids.max", "44", "pids.max", "44"]])
}

fn limit_of_no_process_is_that_of_the_one_there_is(t: &Trial<'_>) -> Verdict {
    let id = running(t)?.id;
    t.call(&["update", "--pids-limit", "0", &id]).succeed()?;
    hold(t, &id, &[["pids.max", "1", "pids.max", "1"]])
}

fn update_of_nothing_is_refused(t: &Trial<'_>) -> Verdict {
    let id = running(t)?.id;
    t.call(&["update", &id]).refuse(&["nothing"])
}

fn update_that_the_kernel_refuses_names_the_member(t: &Trial<'_>) -> Verdict {
    let id = running(t)?.id;
    t.call(&["update", "--cpuset-cpus", "9999", &id])
        .refuse(&["cpu.cpus"])?;
    t.call(&["update", "--cpuset-cpus", "x", &id])
        .refuse(&["cpu.cpus", "no list of numbers"])?;
    t.call(&["update", "--memory", "1M", "--memory-swap", "512k", &id])
        .refuse(&["memory.swap"])
}
