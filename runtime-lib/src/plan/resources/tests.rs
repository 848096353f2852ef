//! What resources become on a hybrid host, where most controllers are on v1, and on one with v2 alone.

mod by_cgroups_rs;

use super::{Knob, knobs};
use crate::host::{Hierarchies, Host};

fn told(json: &str, hierarchies: &Hierarchies) -> Vec<String> {
    let (resources, _) = crate::bundle::parse_resources(json).unwrap();
    let (knobs, problems) = knobs(&resources, &"linux.resources".into(), hierarchies);
    let written = knobs.iter().map(Knob::to_string);
    let told = problems.all().iter().map(ToString::to_string);
    written.chain(told).collect()
}

#[track_caller]
fn assert_told(json: &str, v1: &[&str], v2: &[&str]) {
    assert_eq!(told(json, &Host::hybrid().hierarchies), v1, "v1");
    assert_eq!(told(json, &Host::v2().hierarchies), v2, "v2");
}

#[test]
fn zeros_that_mean_unset_write_nothing() {
    let docker = r#"{"memory":{"limit":0,"swap":0},"cpu":{"shares":0,"cpus":"","quota":0},"pids":{},
        "blockIO":{"weight":0,"weightDevice":[]},"network":{"classID":0}}"#;
    assert_told(docker, &[], &[]);
}

#[test]
fn memory_and_swap_are_one_limit_on_v1_and_two_on_v2() {
    assert_told(
        r#"{"memory":{"limit":1048576,"swap":3145728,"reservation":4096}}"#,
        &[
            r#"write "1048576" to memory.limit_in_bytes"#,
            r#"write "3145728" to memory.memsw.limit_in_bytes"#,
            r#"write "4096" to memory.soft_limit_in_bytes"#,
        ],
        &[
            r#"write "1048576" to memory.max"#,
            r#"write "2097152" to memory.swap.max"#,
            r#"write "4096" to memory.low"#,
        ],
    );
    assert_told(
        r#"{"memory":{"limit":-1}}"#,
        &[
            r#"write "-1" to memory.limit_in_bytes"#,
            r#"write "-1" to memory.memsw.limit_in_bytes"#,
        ],
        &[r#"write "max" to memory.max"#, r#"write "max" to memory.swap.max"#],
    );
}

#[test]
fn swap_that_cannot_be_is_refused() {
    for (memory, text) in [
        (
            r#"{"limit":4096,"swap":4095}"#,
            "linux.resources.memory.swap: memory+swap limit should be >= memory limit",
        ),
        (
            r#"{"swap":4096}"#,
            "linux.resources.memory.swap: unable to set swap limit without memory limit",
        ),
    ] {
        let json = format!(r#"{{"memory":{memory}}}"#);
        for hierarchies in [Host::hybrid().hierarchies, Host::v2().hierarchies] {
            let told = told(&json, &hierarchies);
            assert!(told.last().unwrap().starts_with(text), "{told:?}");
        }
    }
}

#[test]
fn what_v2_has_nothing_like_is_refused_there() {
    let nothing = |path: &str, controller: &str| {
        format!(
            "linux.resources.{path}: cgroup v2 has nothing like it, and this host has its {controller} controller there"
        )
    };
    for (json, path, controller) in [
        (r#"{"memory":{"swappiness":0}}"#, "memory.swappiness", "memory"),
        (
            r#"{"memory":{"disableOOMKiller":true}}"#,
            "memory.disableOOMKiller",
            "memory",
        ),
        (r#"{"memory":{"useHierarchy":false}}"#, "memory.useHierarchy", "memory"),
        (r#"{"memory":{"kernel":4096}}"#, "memory.kernel", "memory"),
        (r#"{"memory":{"kernelTCP":4096}}"#, "memory.kernelTCP", "memory"),
        (r#"{"cpu":{"realtimePeriod":4096}}"#, "cpu.realtimePeriod", "cpu"),
        (r#"{"cpu":{"realtimeRuntime":4096}}"#, "cpu.realtimeRuntime", "cpu"),
        (r#"{"blockIO":{"leafWeight":10}}"#, "blockIO.leafWeight", "io"),
    ] {
        assert_eq!(
            told(json, &Host::v2().hierarchies),
            [nothing(path, controller)],
            "{json}"
        );
        let on_v1 = told(json, &Host::hybrid().hierarchies);
        assert!(
            on_v1.iter().all(|line| line.starts_with("write")) && on_v1.len() == 1,
            "{on_v1:?}"
        );
    }
    assert_told(
        r#"{"memory":{"disableOOMKiller":false}}"#,
        &[r#"write "0" to memory.oom_control"#],
        &[],
    );
}

#[test]
fn cpu_time_is_a_file_each_on_v1_and_one_on_v2() {
    assert_told(
        r#"{"cpu":{"shares":1024,"quota":50000,"period":200000,"burst":1000,"cpus":"0-1","mems":"0"}}"#,
        &[
            r#"write "1024" to cpu.shares"#,
            r#"write "200000" to cpu.cfs_period_us"#,
            r#"write "50000" to cpu.cfs_quota_us"#,
            r#"write "1000" to cpu.cfs_burst_us"#,
            r#"write "0-1" to cpuset.cpus"#,
            r#"write "0" to cpuset.mems"#,
        ],
        &[
            r#"write "100" to cpu.weight"#,
            r#"write "50000 200000" to cpu.max"#,
            r#"write "1000" to cpu.max.burst"#,
            r#"write "0-1" to cpuset.cpus"#,
            r#"write "0" to cpuset.mems"#,
        ],
    );
    assert_told(
        r#"{"cpu":{"quota":-1}}"#,
        &[r#"write "-1" to cpu.cfs_quota_us"#],
        &[r#"write "max" to cpu.max"#],
    );
    // An idle group has no weight that could be written.
    for (idle, v1, v2) in [
        (0, ["idle", "shares"], ["idle", "weight"]),
        (1, ["shares", "idle"], ["weight", "idle"]),
    ] {
        let json = format!(r#"{{"cpu":{{"shares":1024,"idle":{idle}}}}}"#);
        for (hierarchies, files) in [(Host::hybrid().hierarchies, v1), (Host::v2().hierarchies, v2)] {
            let told = told(&json, &hierarchies);
            let order: Vec<_> = told
                .iter()
                .filter_map(|line| line.rsplit_once("cpu."))
                .map(|(_, file)| file)
                .collect();
            assert_eq!(order, files);
        }
    }
}

#[test]
fn limits_of_block_devices_are_a_file_each_on_v1_and_keys_on_v2() {
    assert_told(
        r#"{"blockIO":{"weight":500,"weightDevice":[{"major":8,"minor":0,"weight":10}],
            "throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1000}],"throttleWriteIOPSDevice":[{"major":8,"minor":16,"rate":0}]}}"#,
        &[
            r#"write "500" to blkio.bfq.weight, or "500" to blkio.weight"#,
            r#"write "8:0 10" to blkio.bfq.weight_device, or "8:0 10" to blkio.weight_device"#,
            r#"write "8:0 1000" to blkio.throttle.read_bps_device"#,
            r#"write "8:16 0" to blkio.throttle.write_iops_device"#,
        ],
        &[
            r#"write "500" to io.bfq.weight, or "4950" to io.weight"#,
            r#"write "8:0 10" to io.bfq.weight, or "8:0 1" to io.weight"#,
            r#"write "8:0 rbps=1000" to io.max"#,
            r#"write "8:16 wiops=max" to io.max"#,
        ],
    );
    let weight = r#"{"blockIO":{"weight":9}}"#;
    let refused = ["linux.resources.blockIO.weight: 9 is not from 10 to 1000"];
    assert_told(weight, &refused, &refused);
}

#[test]
fn tasks_are_limited_to_0_if_that_is_asked_for() {
    let written = [r#"write "0" to pids.max"#];
    assert_told(r#"{"pids":{"limit":0}}"#, &written, &written);
    let unlimited = [r#"write "max" to pids.max"#];
    assert_told(r#"{"pids":{"limit":-1}}"#, &unlimited, &unlimited);
}

#[test]
fn a_controller_is_used_where_it_is_and_missed_where_it_is_not() {
    let pages = r#"{"hugepageLimits":[{"pageSize":"2MB","limit":4096}]}"#;
    let written = [
        r#"write "4096" to hugetlb.2MB.max"#,
        r#"write "4096" to hugetlb.2MB.rsvd.max"#,
    ];
    assert_told(pages, &written, &written);
    assert_told(
        r#"{"rdma":{"mlx5_1":{"hcaHandles":3,"hcaObjects":4}}}"#,
        &[r#"linux.resources.rdma.mlx5_1: this host has no cgroup controller "rdma""#],
        &[r#"write "mlx5_1 hca_handle=3 hca_object=4" to rdma.max"#],
    );
    assert_told(
        r#"{"network":{"classID":1048577,"priorities":[{"name":"lo","priority":3}]}}"#,
        &[
            r#"write "1048577" to net_cls.classid"#,
            r#"write "lo 3" to net_prio.ifpriomap"#,
        ],
        &[
            r#"linux.resources.network.classID: this host has no cgroup controller "net_cls""#,
            r#"linux.resources.network.priorities[0]: this host has no cgroup controller "net_prio""#,
        ],
    );
}

#[test]
fn files_of_v2_are_written_line_by_line_where_their_controller_is() {
    assert_told(
        r#"{"unified":{"memory.high":"4096","hugetlb.2MB.max":"0\n","cgroup.max.depth":"3"}}"#,
        &[
            r#"write "3" to cgroup.max.depth"#,
            r#"write "0" to hugetlb.2MB.max"#,
            r#"linux.resources.unified["memory.high"]: is a file of cgroup v2, and this host has the controller "memory" on v1"#,
        ],
        &[
            r#"write "3" to cgroup.max.depth"#,
            r#"write "0" to hugetlb.2MB.max"#,
            r#"write "4096" to memory.high"#,
        ],
    );
    let lines = r#"{"unified":{"io.max":"8:0 rbps=1\n8:16 rbps=2"}}"#;
    let written = [r#"write "8:0 rbps=1" to io.max"#, r#"write "8:16 rbps=2" to io.max"#];
    assert_eq!(told(lines, &Host::v2().hierarchies), written);
    let moves = r#"{"unified":{"cgroup.procs":"1"}}"#;
    let refused = [r#"linux.resources.unified["cgroup.procs"]: is no resource: the runtime alone writes it"#];
    assert_told(moves, &refused, &refused);
}
