//! `linux.resources`: what the process may use (config-linux.md#control-groups).

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::delegation::v2_is_alone;
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::{cgroups, hierarchies};
use crate::rooms::deviations::{CRUN_WEIGHS_ALONG_A_LINE, OLD_CRUN, RUNC_WEIGHS_ALONG_A_LINE};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(limits_of_memory_are_in_the_cgroup),
    test!(
        limits_of_cpu_time_are_in_the_cgroup,
        RUNC_WEIGHS_ALONG_A_LINE,
        CRUN_WEIGHS_ALONG_A_LINE
    ),
    test!(cpus_are_those_of_the_cpuset),
    test!(limits_of_tasks_are_in_the_cgroup),
    test!(
        limit_of_0_tasks_is_one,
        ("runc", "1.1", "takes 0 for no limit"),
        ("crun", "1.8", "takes 0 for no limit")
    ),
    test!(throttles_of_a_block_device_are_in_the_cgroup),
    test!(process_that_takes_more_memory_than_it_may_is_killed),
    test!(process_that_starts_more_than_it_may_is_refused),
    test!(process_that_uses_more_cpu_time_than_it_may_is_throttled),
    test!(
        zeros_of_engines_limit_nothing,
        ("crun", "1.8", "takes 0 bytes for a limit")
    ),
    test!(
        swap_below_memory_is_refused,
        ("runc", "1.1", "leaves it to the kernel, and names no reason"),
        ("crun", "1.8", "leaves it to the kernel, and names no reason")
    ),
    test!(
        swap_without_memory_is_refused,
        ("runc", "1.1", "leaves it to the kernel, and names no reason"),
        ("crun", "1.8", "leaves it to the kernel, and names no reason")
    ),
    test!(
        limit_that_the_kernel_refuses_is_named_and_leaves_no_cgroup,
        ("crun", "1.8", "leaves its cgroups")
    ),
    test!(
        controller_that_the_host_does_not_have_is_named,
        ("runc", "1.1", "names no member of the config"),
        OLD_CRUN
    ),
    test!(
        limit_below_a_cgroup_with_processes_is_refused,
        ("runc", "1.1", "says that a file is not there"),
        ("crun", "1.8", "says that the controller is not available")
    ),
    test!(
        file_that_moves_processes_is_no_resource,
        ("runc", "1.1", "says that unified is not supported on cgroup v1"),
        ("crun", "1.8", "says that unified is not supported on cgroup v1")
    ),
];

/// The text of a file of a container's cgroup, by its name on v1 and that on v2.
pub(in crate::rooms) fn value(t: &Trial<'_>, id: &str, v1: &str, v2: &str) -> Result<(String, bool), Failure> {
    for hierarchy in hierarchies() {
        let cgroup: PathBuf = hierarchy.join(t.cgroup(id).trim_start_matches('/'));
        for (file, is_v1) in [(v1, true), (v2, false)] {
            let is_of_this_kind = cgroup.join("cgroup.controllers").exists() != is_v1;
            if is_of_this_kind && let Ok(text) = fs::read_to_string(cgroup.join(file)) {
                return Ok((text.trim_end().to_owned(), is_v1));
            }
        }
    }
    Err(Failure::Skip(format!("the host has neither {v1} nor {v2}")))
}

/// Whether the files hold what each is to be on v1 and on v2.
pub(super) fn hold(t: &Trial<'_>, id: &str, files: &[[&str; 4]]) -> Verdict {
    for [v1, on_v1, v2, on_v2] in files {
        let (text, is_v1) = value(t, id, v1, v2)?;
        same(if is_v1 { v1 } else { v2 }, &text, if is_v1 { *on_v1 } else { *on_v2 })?;
    }
    Ok(())
}

/// Whether the files of a container with these resources do.
pub(super) fn created_holds(t: &Trial<'_>, member: &str, resources: Value, files: &[[&str; 4]]) -> Verdict {
    let bundle = t.bundle()?.set(&format!("/linux/resources/{member}"), resources);
    let created = t.create(&bundle.probe("sleep 60"))?;
    hold(t, &created.id, files)
}

fn limits_of_memory_are_in_the_cgroup(t: &Trial<'_>) -> Verdict {
    let memory = json!({"limit": 67_108_864, "reservation": 33_554_432, "swap": 134_217_728});
    created_holds(
        t,
        "memory",
        memory,
        &[
            ["memory.limit_in_bytes", "67108864", "memory.max", "67108864"],
            ["memory.soft_limit_in_bytes", "33554432", "memory.low", "33554432"],
            [
                "memory.memsw.limit_in_bytes",
                "134217728",
                "memory.swap.max",
                "67108864",
            ],
        ],
    )
}

fn limits_of_cpu_time_are_in_the_cgroup(t: &Trial<'_>) -> Verdict {
    created_holds(
        t,
        "cpu",
        json!({"shares": 1024, "quota": 50_000, "period": 200_000}),
        &[
            ["cpu.shares", "1024", "cpu.weight", "100"],
            ["cpu.cfs_period_us", "200000", "cpu.max", "50000 200000"],
            ["cpu.cfs_quota_us", "50000", "cpu.max", "50000 200000"],
        ],
    )
}

fn cpus_are_those_of_the_cpuset(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/resources/cpu", json!({"cpus": "0", "mems": "0"}));
    let created = t.launch(&bundle.probe("sleep 60"))?;
    let (cpus, _) = value(t, &created.id, "cpuset.cpus", "cpuset.cpus")?;
    same("cpuset.cpus", &cpus, "0")?;
    let status = fs::read_to_string(format!("/proc/{}/status", t.pid(&created.id)?.as_raw_nonzero()))?;
    ensure(status.contains("Cpus_allowed_list:\t0\n"), || status.clone())
}

fn limits_of_tasks_are_in_the_cgroup(t: &Trial<'_>) -> Verdict {
    created_holds(t, "pids", json!({"limit": 77}), &[["pids.max", "77", "pids.max", "77"]])
}

fn limit_of_0_tasks_is_one(t: &Trial<'_>) -> Verdict {
    created_holds(t, "pids", json!({"limit": 0}), &[["pids.max", "0", "pids.max", "0"]])
}

/// The numbers of a block device of the host's.
pub(super) fn block_device() -> Result<(u32, u32), Failure> {
    let disks = fs::read_dir("/sys/block")?.flatten();
    let number = disks
        .filter_map(|disk| fs::read_to_string(disk.path().join("dev")).ok())
        .next();
    let Some(number) = number else {
        return Err(Failure::Skip("the host has no block device".into()));
    };
    let (major, minor) = number.trim_end().split_once(':').unwrap_or_default();
    let number = |half: &str| half.parse::<u32>().unwrap_or(0);
    Ok((number(major), number(minor)))
}

fn throttles_of_a_block_device_are_in_the_cgroup(t: &Trial<'_>) -> Verdict {
    let (major, minor) = block_device()?;
    let v1 = format!("{major}:{minor} 1048576");
    let v2 = format!("{major}:{minor} rbps=1048576 wbps=max riops=max wiops=max");
    let device = json!([{"major": major, "minor": minor, "rate": 1_048_576}]);
    created_holds(
        t,
        "blockIO",
        json!({"throttleReadBpsDevice": device}),
        &[["blkio.throttle.read_bps_device", &v1, "io.max", &v2]],
    )
}

fn process_that_takes_more_memory_than_it_may_is_killed(t: &Trial<'_>) -> Verdict {
    let memory = json!({"limit": 33_554_432, "swap": 33_554_432});
    let bundle = t.bundle()?.set("/linux/resources/memory", memory);
    let (_, code) = t.to_its_end(&bundle.probe("fill 150"))?;
    same("exit status", &code, 137)
}

fn process_that_starts_more_than_it_may_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/linux/resources/pids", json!({"limit": 2}));
    let bundle = bundle.probe("leave 1 , leave 1 , leave 1");
    let (_, lines) = t.full_life(&bundle)?;
    let errors: Vec<&Value> = lines.iter().map(|line| &line["errno"]).collect();
    ensure(errors.contains(&&json!(11)), || format!("{lines:?}"))
}

fn process_that_uses_more_cpu_time_than_it_may_is_throttled(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/resources/cpu", json!({"quota": 5_000, "period": 50_000}));
    let created = t.launch(&bundle.probe("spin 30"))?;
    t.until("it is throttled", || {
        let (stat, _) = value(t, &created.id, "cpu.stat", "cpu.stat")?;
        Ok(!stat.contains("nr_throttled 0"))
    })
}

fn zeros_of_engines_limit_nothing(t: &Trial<'_>) -> Verdict {
    let resources = json!({
        "devices": [{"allow": false, "access": "rwm"}],
        "memory": {"limit": 0, "swap": 0, "disableOOMKiller": false}, "cpu": {"shares": 0, "quota": 0, "cpus": ""},
        "pids": {}, "blockIO": {"weight": 0}
    });
    let (code, _) = t.full_life(&t.bundle()?.set("/linux/resources", resources).probe("exit 7"))?;
    same("exit status", &code, 7)
}

fn swap_below_memory_is_refused(t: &Trial<'_>) -> Verdict {
    let memory = json!({"limit": 67_108_864, "swap": 33_554_432});
    let phrases = &["memory+swap limit should be >= memory limit"];
    t.refused(&t.bundle()?.set("/linux/resources/memory", memory), phrases)
}

fn swap_without_memory_is_refused(t: &Trial<'_>) -> Verdict {
    let phrases = &["swap limit without memory limit"];
    t.refused(
        &t.bundle()?.set("/linux/resources/memory", json!({"swap": 33_554_432})),
        phrases,
    )
}

fn limit_that_the_kernel_refuses_is_named_and_leaves_no_cgroup(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/linux/resources/cpu", json!({"cpus": "9999"}));
    t.refused(&bundle, &["cpuset.cpus"])?;
    same("cgroups", &cgroups(&bundle.id).len(), 0)
}

fn controller_that_the_host_does_not_have_is_named(t: &Trial<'_>) -> Verdict {
    let unified = hierarchies().into_iter().map(|path| path.join("cgroup.controllers"));
    let controllers: String = unified.filter_map(|file| fs::read_to_string(file).ok()).collect();
    if controllers.contains("rdma") || hierarchies().iter().any(|path| path.ends_with("rdma")) {
        return Err(Failure::Skip("the host has the controller rdma".into()));
    }
    let rdma = json!({"mlx5_1": {"hcaHandles": 3}});
    let phrases = &["linux.resources.rdma.mlx5_1", "no cgroup controller \"rdma\""];
    t.refused(&t.bundle()?.set("/linux/resources/rdma", rdma), phrases)
}

fn limit_below_a_cgroup_with_processes_is_refused(t: &Trial<'_>) -> Verdict {
    v2_is_alone()?;
    let above = t.create(&t.bundle()?.probe("sleep 60"))?.id;
    let bundle = t.bundle()?;
    let path = format!("{}/{}", t.cgroup(&above), bundle.id);
    let bundle = bundle.set("/linux/cgroupsPath", json!(path)).probe("exit 7");
    let limited = Bundle {
        id: bundle.id.clone(),
        dir: bundle.dir.clone(),
        config: bundle.config.clone(),
    };
    let limited = limited.set("/linux/resources/pids", json!({"limit": 77}));
    t.refused(&limited, &["linux.resources.pids.limit", "has processes of its own"])?;
    same("cgroups", &cgroups(&bundle.id).len(), 0)?;
    same("exit status", &t.run(&bundle)?.code, 7)
}

fn file_that_moves_processes_is_no_resource(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/resources/unified", json!({"cgroup.procs": "1"}));
    t.refused(&bundle, &["cgroup.procs", "no resource"])
}
