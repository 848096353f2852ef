//! The rules that types cannot say, each with the line that tells of its breach.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod bundle_json;

use orlop::bundle::{Bundle, check};
use orlop::{Problem, Severity};
use serde_json::{Value, json};

/// A small good config, changed at a place (`a.b[0]` is written `/a/b/0`); `null` takes a member away.
fn changed(changes: &[(&str, Value)]) -> String {
    let mut config = json!({
        "ociVersion": "1.3.0",
        "root": {"path": "rootfs"},
        "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/", "args": ["sh"]},
        "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]}
    });
    for (pointer, value) in changes {
        let mut at = &mut config;
        for name in pointer.split('/').skip(1) {
            at = match name.parse::<usize>() {
                Ok(index) => {
                    let elements = at.as_array_mut().unwrap();
                    if elements.len() == index {
                        elements.push(Value::Null);
                    }
                    &mut elements[index]
                }
                Err(_) => &mut at[name],
            };
        }
        *at = value.clone();
    }
    config.to_string()
}

#[track_caller]
fn assert_refused(changes: &[(&str, Value)], expected: &str) {
    match Bundle::parse("/bundle", &changed(changes)) {
        Ok(_) => panic!("accepted, and not refused with {expected:?}"),
        Err(error) => assert_eq!(error.to_string(), expected),
    }
}

#[track_caller]
fn assert_warnings(changes: &[(&str, Value)], expected: &[&str]) {
    let bundle = Bundle::parse("/bundle", &changed(changes)).unwrap();
    let warnings: Vec<String> = bundle.warnings().iter().map(Problem::to_string).collect();
    assert_eq!(warnings, expected);
}

/// What only `check` tells.
#[track_caller]
fn assert_notices(changes: &[(&str, Value)], expected: &[&str]) {
    assert_warnings(changes, &[]);
    let dir = std::env::temp_dir().join(format!("orlop-bundle-notices-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("config.json"), changed(changes)).unwrap();
    let (_, problems) = check(&dir).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    let notices = problems.all().iter().map(|problem| {
        assert_eq!(problem.severity, Severity::Notice, "{problem}");
        problem.to_string()
    });
    assert_eq!(notices.collect::<Vec<_>>(), expected);
}

fn namespaces(kinds: &[&str]) -> Value {
    kinds
        .iter()
        .chain(&["mount"])
        .map(|kind| json!({"type": kind}))
        .collect()
}

#[test]
fn the_small_config_is_good() {
    assert_warnings(&[], &[]);
    let bundle = Bundle::parse("/bundle", &changed(&[])).unwrap();
    assert_eq!(bundle.rootfs(), std::path::Path::new("/bundle/rootfs"));
    let elsewhere = Bundle::parse("/bundle", &changed(&[("/root/path", json!("/srv/root"))])).unwrap();
    assert_eq!(elsewhere.rootfs(), std::path::Path::new("/srv/root"));
}

#[test]
fn what_is_for_another_platform_is_refused_or_warned_about() {
    assert_refused(&[("/vm", json!({}))], "vm: this runtime runs no virtual machines");
    assert_refused(
        &[("/ociVersion", json!("banana"))],
        "ociVersion: \"banana\" is not a version such as 1.3.0",
    );
    assert_refused(
        &[("/ociVersion", json!("2.0.0"))],
        "ociVersion: version \"2.0.0\" is not supported, only 1.x is",
    );
    assert_warnings(
        &[("/windows", json!({"x": [1]})), ("/zos", json!({}))],
        &["windows: not for Linux, ignored", "zos: not for Linux, ignored"],
    );
    assert_warnings(
        &[("/windows", json!(null)), ("/unknown", json!({"a": 1}))],
        &["unknown: unknown member, ignored"],
    );
}

#[test]
fn the_process_must_be_one_that_can_run() {
    assert_warnings(&[("/process", json!(null))], &[]);
    assert_refused(
        &[("/process/cwd", json!("relative/dir"))],
        "process.cwd: \"relative/dir\" is not absolute",
    );
    assert_refused(&[("/process/cwd", json!(""))], "process.cwd: is empty");
    assert_refused(
        &[("/process/args", json!([]))],
        "process.args: at least the program's name is needed",
    );
    assert_refused(
        &[("/process/args", json!([""]))],
        "process.args[0]: is empty: executable file not found in $PATH",
    );
    assert_refused(
        &[("/process/user/uid", json!(4_294_967_295_u32))],
        "process.user.uid: 4294967295 stands for no id",
    );
    assert_refused(
        &[("/process/user/additionalGids", json!([1, 4_294_967_295_u32]))],
        "process.user.additionalGids[1]: 4294967295 stands for no id",
    );
    assert_refused(
        &[("/process/user/umask", json!(0o10000))],
        "process.user.umask: expected a number from 0 to 4095, found 4096",
    );
    assert_refused(
        &[("/process/oomScoreAdj", json!(1001))],
        "process.oomScoreAdj: expected a number from -1000 to 1000, found 1001",
    );
    assert_warnings(
        &[("/process/env", json!(["A=b", "B", "=c", ""]))],
        &[
            "process.env[1]: \"B\" is not of the form NAME=value; it is passed on as it is",
            "process.env[2]: \"=c\" is not of the form NAME=value; it is passed on as it is",
            "process.env[3]: \"\" is not of the form NAME=value; it is passed on as it is",
        ],
    );
    assert_warnings(&[("/process/consoleSize", json!({"height": 0, "width": 0}))], &[]);
    assert_warnings(&[("/process/consoleSize", json!({"height": 5, "width": 0}))], &[]);
    assert_warnings(
        &[("/process/capabilities", json!({"bounding": ["CAP_KILL", "CAP_FLY"]}))],
        &["process.capabilities.bounding[1]: unknown capability \"CAP_FLY\", ignored"],
    );
}

#[test]
fn limits_of_the_process_must_agree() {
    let limit = |kind: &str, soft: u64, hard: u64| json!({"type": kind, "soft": soft, "hard": hard});
    assert_refused(
        &[("/process/rlimits", json!([limit("RLIMIT_CPU", 5, 3)]))],
        "process.rlimits[0]: the soft limit 5 is above the hard limit 3",
    );
    assert_refused(
        &[(
            "/process/rlimits",
            json!([
                limit("RLIMIT_CPU", 1, 3),
                limit("RLIMIT_AS", 1, 3),
                limit("RLIMIT_CPU", 1, 3)
            ]),
        )],
        "process.rlimits[2].type: RLIMIT_CPU is given twice",
    );
    for (scheduler, expected) in [
        (
            json!({"policy": "SCHED_OTHER", "nice": 20}),
            "process.scheduler.nice: 20 is not from -20 to 19",
        ),
        (
            json!({"policy": "SCHED_RR"}),
            "process.scheduler.priority: missing, SCHED_RR needs one",
        ),
        (
            json!({"policy": "SCHED_RR", "priority": 100}),
            "process.scheduler.priority: 100 is not from 1 to 99",
        ),
        (
            json!({"policy": "SCHED_OTHER", "priority": 1}),
            "process.scheduler.priority: has no meaning for SCHED_OTHER",
        ),
        (
            json!({"policy": "SCHED_OTHER", "period": 1}),
            "process.scheduler.period: has no meaning for SCHED_OTHER",
        ),
    ] {
        assert_refused(&[("/process/scheduler", scheduler)], expected);
    }
    for scheduler in [
        json!({"policy": "SCHED_FIFO", "priority": 5, "nice": 1}),
        json!({"policy": "SCHED_IDLE", "nice": 1}),
        json!({"policy": "SCHED_DEADLINE", "runtime": 1_000_000, "deadline": 5_000_000, "nice": 1}),
    ] {
        let text = format!(
            "process.scheduler.nice: has no meaning for {}, ignored",
            scheduler["policy"].as_str().unwrap()
        );
        assert_notices(&[("/process/scheduler", scheduler)], &[&text]);
    }
    assert_refused(
        &[(
            "/process/ioPriority",
            json!({"class": "IOPRIO_CLASS_RT", "priority": 8}),
        )],
        "process.ioPriority.priority: 8 is not from 0 to 7",
    );
    for bad in ["", "0-", "3-1", "a", "0,,1", "+1", " 1", "0-1-2", "4294967296"] {
        let result = Bundle::parse(
            "/bundle",
            &changed(&[("/process/execCPUAffinity", json!({"initial": bad}))]),
        );
        assert_eq!(result.is_ok(), bad.is_empty(), "{bad:?}");
    }
}

#[test]
fn namespaces_must_be_there_for_what_needs_them() {
    let at = "/linux/namespaces";
    assert_refused(
        &[(at, namespaces(&["pid", "pid"]))],
        "linux.namespaces[1].type: the pid namespace is given twice",
    );
    assert_refused(
        &[("/linux/namespaces/1/path", json!("proc/1/ns/pid"))],
        "linux.namespaces[1].path: \"proc/1/ns/pid\" is not absolute",
    );
    assert_warnings(&[("/linux/namespaces/1/path", json!(""))], &[]);
    assert_refused(
        &[("/hostname", json!("a"))],
        "hostname: needs a uts namespace in linux.namespaces; it would change the host's",
    );
    assert_refused(
        &[("/domainname", json!("a"))],
        "domainname: needs a uts namespace in linux.namespaces; it would change the host's",
    );
    assert_warnings(&[("/hostname", json!("a".repeat(64))), (at, namespaces(&["uts"]))], &[]);
    let long = "a".repeat(65);
    assert_refused(
        &[("/hostname", json!(long)), (at, namespaces(&["uts"]))],
        &format!(
            "hostname: \"{}\"... (65 bytes) is longer than the kernel's 64 bytes",
            "a".repeat(64)
        ),
    );
    assert_refused(
        &[("/linux/timeOffsets", json!({"monotonic": {"secs": 1}}))],
        "linux.timeOffsets: needs a time namespace in linux.namespaces",
    );
    assert_refused(
        &[
            ("/linux/timeOffsets", json!({"boottime": {"nanosecs": 1_000_000_000}})),
            (at, namespaces(&["time"])),
        ],
        "linux.timeOffsets.boottime.nanosecs: is a second or more",
    );
    assert_refused(
        &[("/linux/netDevices", json!({"eth0": {}}))],
        "linux.netDevices: needs a network namespace in linux.namespaces",
    );
    assert_refused(
        &[
            ("/linux/netDevices", json!({"eth0": {"name": "a/b"}})),
            (at, namespaces(&["network"])),
        ],
        "linux.netDevices.eth0.name: \"a/b\" is no name for a network device",
    );
    assert_refused(
        &[
            ("/linux/netDevices", json!({"eth0": {"name": "eth1"}, "eth1": {}})),
            (at, namespaces(&["network"])),
        ],
        "linux.netDevices.eth1: a second device would have the name \"eth1\"",
    );
}

#[test]
fn mappings_of_ids_must_be_what_the_kernel_takes() {
    let map = |container: u32, host: u32, size: u32| json!({"containerID": container, "hostID": host, "size": size});
    let user = |uid: Value| {
        [
            ("/linux/namespaces", namespaces(&["user"])),
            ("/linux/gidMappings", json!([map(0, 0, 1)])),
            ("/linux/uidMappings", uid),
        ]
    };
    assert_warnings(&user(json!([map(0, 1000, 10), map(10, 2000, 5)])), &[]);
    assert_refused(
        &[("/linux/uidMappings", json!([map(0, 0, 1)]))],
        "linux.uidMappings: needs a user namespace in linux.namespaces",
    );
    assert_refused(
        &user(json!(null)),
        "linux.uidMappings: missing, a new user namespace needs them",
    );
    assert_refused(&user(json!([map(0, 0, 0)])), "linux.uidMappings[0].size: is 0");
    assert_refused(
        &user(json!([map(0, 4_294_967_290, 6)])),
        "linux.uidMappings[0].hostID: a range of 6 ids from 4294967290 goes past the last id",
    );
    assert_refused(
        &user(json!([map(0, 0, 10), map(9, 100, 1)])),
        "linux.uidMappings[1].containerID: the range shares ids with an earlier one",
    );
    assert_refused(
        &user(json!([map(0, 0, 10), map(10, 9, 1)])),
        "linux.uidMappings[1].hostID: the range shares ids with an earlier one",
    );
    let many: Vec<_> = (0..341).map(|id| map(id, id, 1)).collect();
    assert_refused(
        &user(json!(many)),
        "linux.uidMappings: 341 ranges are more than the kernel's 340",
    );
    assert_warnings(
        &[
            (
                "/linux/namespaces/1",
                json!({"type": "user", "path": "/proc/1/ns/user"}),
            ),
            ("/linux/uidMappings", json!([map(0, 0, 1)])),
        ],
        &["linux.uidMappings: the user namespace is joined and has its own mappings, ignored"],
    );
}

#[test]
fn options_of_mounts_are_looked_at_with_the_bundle() {
    let bind = |options: Value| json!([{"destination": "/data", "source": "/srv", "options": options}]);
    assert_warnings(
        &[("/mounts", bind(json!(["rbind,sync", "size=1k"])))],
        &[
            "mounts[0].options[0]: \"sync\" is a flag of the whole filesystem, which a bind mount cannot change; ignored",
            "mounts[0].options[1]: a bind mount has no filesystem options; \"size=1k\" is ignored",
        ],
    );
    assert_refused(
        &[("/mounts", bind(json!(["rbind", "ro,rbinddd"])))],
        "mounts[0].options[1]: unknown option \"rbinddd\"; did you mean `rbind`?",
    );
    assert_refused(
        &[(
            "/mounts",
            json!([{"destination": "/data", "type": "tmpfs", "options": ["remount,tmpcopyup"]}]),
        )],
        "mounts[0].options: \"remount\" cannot be combined with \"tmpcopyup\", \"iversion\", \"idmap\", words on links, or mappings: they are for new mounts",
    );
}

#[test]
fn mounts_and_hooks_must_have_their_paths() {
    assert_warnings(
        &[("/mounts", json!([{"destination": "data", "type": "tmpfs"}]))],
        &["mounts[0].destination: \"data\" is not absolute; it is taken from the container's root"],
    );
    assert_refused(
        &[("/mounts", json!([{"destination": ""}]))],
        "mounts[0].destination: is empty",
    );
    assert_refused(
        &[(
            "/mounts",
            json!([{"destination": "/a", "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}]),
        )],
        "mounts[0]: uidMappings and gidMappings only go together",
    );
    assert_refused(&[("/root/path", json!(""))], "root.path: is empty");
    assert_refused(
        &[("/hooks", json!({"poststop": [{"path": "true"}]}))],
        "hooks.poststop[0].path: \"true\" is not absolute",
    );
    for timeout in [0, -1] {
        assert_refused(
            &[("/hooks", json!({"prestart": [{"path": "/true", "timeout": timeout}]}))],
            &format!("hooks.prestart[0].timeout: {timeout} is not greater than 0"),
        );
    }
    assert_refused(
        &[("/annotations", json!({"": "x"}))],
        "annotations[\"\"]: a key must not be empty",
    );
    assert_refused(
        &[("/linux/maskedPaths", json!(["/a", "b"]))],
        "linux.maskedPaths[1]: \"b\" is not absolute",
    );
    assert_refused(
        &[("/linux/readonlyPaths", json!([""]))],
        "linux.readonlyPaths[0]: is empty",
    );
}

#[test]
fn kernel_parameters_must_belong_to_a_namespace_of_the_container() {
    let own = |name: &str, kinds: &[&str]| {
        [
            ("/linux/sysctl", json!({name: "1"})),
            ("/linux/namespaces", namespaces(kinds)),
        ]
    };
    for (name, kind) in [
        ("net.ipv4.ip_forward", "network"),
        ("net/ipv4/ip_forward", "network"),
        ("kernel.msgmax", "ipc"),
        ("kernel/shm_rmid_forced", "ipc"),
        ("fs.mqueue.msg_max", "ipc"),
        ("kernel.domainname", "uts"),
        ("user.max_user_namespaces", "user"),
    ] {
        let mut with = own(name, &[kind]).to_vec();
        let map = json!([{"containerID": 0, "hostID": 0, "size": 1}]);
        if kind == "user" {
            with.extend([("/linux/uidMappings", map.clone()), ("/linux/gidMappings", map)]);
        }
        assert_warnings(&with, &[]);
        assert_refused(
            &own(name, &[]),
            &format!(
                "linux.sysctl[{name:?}]: needs a {kind} namespace in linux.namespaces; it would change the host's"
            ),
        );
    }
    let every = ["network", "ipc", "uts"];
    assert_refused(
        &own("kernel.hostname", &every),
        "linux.sysctl[\"kernel.hostname\"]: is set by the config's hostname",
    );
    for host in [
        "vm.swappiness",
        "kernel.core_pattern",
        "fs.file-max",
        "fs.mqueue",
        "kernel/sem/x",
    ] {
        assert_refused(
            &own(host, &every),
            &format!("linux.sysctl[{host:?}]: no namespace has it for its own, it would change the host's"),
        );
    }
    for bad in [
        "net/../kernel/core_pattern",
        "net.ipv4..x",
        "kernel",
        "net.",
        "net/./ipv4",
    ] {
        let result = Bundle::parse("/bundle", &changed(&own(bad, &every)));
        assert!(
            result
                .unwrap_err()
                .to_string()
                .ends_with(": is no kernel parameter's name"),
            "{bad}"
        );
    }
    assert_refused(
        &[
            ("/linux/sysctl", json!({"net.core.x": "1", "net/core/x": "2"})),
            ("/linux/namespaces", namespaces(&["network"])),
        ],
        "linux.sysctl[\"net/core/x\"]: the parameter \"net/core/x\" is given twice",
    );
}

#[test]
fn devices_must_be_what_mknod_takes() {
    let node = |changes: Value| {
        let mut device = json!({"path": "/dev/x", "type": "c", "major": 1, "minor": 3});
        device
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        device
    };
    let one = |changes: Value| [("/linux/devices", json!([node(changes)]))];
    assert_warnings(&one(json!({"type": "p", "major": null, "minor": null})), &[]);
    assert_refused(
        &one(json!({"path": "dev/x"})),
        "linux.devices[0].path: \"dev/x\" is not absolute",
    );
    assert_refused(
        &one(json!({"minor": null})),
        "linux.devices[0].minor: missing, a device of type c needs one",
    );
    assert_refused(
        &one(json!({"major": 4096})),
        "linux.devices[0].major: 4096 is not from 0 to 4095",
    );
    assert_refused(
        &one(json!({"uid": 4_294_967_295_u32})),
        "linux.devices[0].uid: 4294967295 stands for no id",
    );
    assert_warnings(&one(json!({"fileMode": 0o20666})), &[]);
    assert_refused(
        &one(json!({"fileMode": 0o60666})),
        "linux.devices[0].fileMode: the type in 0o60666 is not that of a device of type c",
    );
    assert_refused(
        &one(json!({"fileMode": 65536})),
        "linux.devices[0].fileMode: expected a number from 0 to 65535, found 65536",
    );
    assert_refused(
        &one(json!({"type": "x"})),
        "linux.devices[0].type: unknown device type \"x\"",
    );
    assert_warnings(
        &[("/linux/devices", json!([node(json!({})), node(json!({}))]))],
        &["linux.devices[1]: is given twice"],
    );
    assert_refused(
        &[("/linux/devices", json!([node(json!({})), node(json!({"minor": 5}))]))],
        "linux.devices[1].path: another device has this path",
    );
}

#[test]
fn resources_must_be_in_their_ranges() {
    for (resources, expected) in [
        (
            json!({"memory": {"limit": -2}}),
            "memory.limit: -2 is neither a number of bytes nor -1 for unlimited",
        ),
        (
            json!({"memory": {"swappiness": 101}}),
            "memory.swappiness: 101 is not from 0 to 100",
        ),
        (
            json!({"cpu": {"quota": 10, "burst": 11}}),
            "cpu.burst: 11 is above the quota 10",
        ),
        (json!({"cpu": {"idle": 2}}), "cpu.idle: 2 is neither 0 nor 1"),
        (
            json!({"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}}),
            "blockIO.weightDevice[0]: neither weight nor leafWeight is set",
        ),
        (
            json!({"blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": -1, "rate": 1}]}}),
            "blockIO.throttleReadBpsDevice[0].minor: -1 is not from 0 to 1048575",
        ),
        (
            json!({"hugepageLimits": [{"pageSize": "2M", "limit": 1}]}),
            "hugepageLimits[0].pageSize: \"2M\" is not a size such as 2MB",
        ),
        (
            json!({"rdma": {"mlx": {}}}),
            "rdma.mlx: neither hcaHandles nor hcaObjects is set",
        ),
        (
            json!({"unified": {"../memory.max": "1"}}),
            "unified[\"../memory.max\"]: is not a cgroup file's name such as memory.high",
        ),
        (
            json!({"unified": {"memory": "1"}}),
            "unified.memory: is not a cgroup file's name such as memory.high",
        ),
        (
            json!({"devices": [{"allow": true, "major": -2}]}),
            "devices[0].major: -2 is not from 0 to 4095, nor -1 for all",
        ),
        (
            json!({"devices": [{"allow": true, "access": "rx"}]}),
            "devices[0].access: unknown access \"rx\"",
        ),
    ] {
        assert_refused(
            &[("/linux/resources", resources.clone())],
            &format!("linux.resources.{expected}"),
        );
        let alone = orlop::bundle::parse_resources(&resources.to_string()).unwrap_err();
        assert_eq!(alone.to_string(), expected);
    }
    for (limit, expected) in [
        (json!(null), None),
        (json!(0), Some(0)),
        (json!(-1), Some(-1)),
        (json!(7), Some(7)),
    ] {
        let bundle = Bundle::parse(
            "/bundle",
            &changed(&[("/linux/resources", json!({"pids": {"limit": limit}}))]),
        )
        .unwrap();
        assert_eq!(
            bundle.config().linux.resources.as_ref().unwrap().pids.unwrap().limit,
            expected
        );
    }
    let (resources, _) = orlop::bundle::parse_resources(r#"{"devices": [{"allow": false, "type": ""}]}"#).unwrap();
    assert_eq!(resources.devices[0].device_type(), orlop::bundle::DeviceRuleType::All);
}

#[test]
fn the_rest_of_linux_has_its_rules() {
    assert_refused(
        &[(
            "/linux/personality",
            json!({"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}),
        )],
        "linux.personality.flags[0]: unknown flag \"ADDR_NO_RANDOMIZE\"; the spec has none",
    );
    assert_refused(
        &[("/linux/memoryPolicy", json!({"mode": "MPOL_BIND", "nodes": "x"}))],
        "linux.memoryPolicy.nodes: invalid memory policy node: \"x\" is not a list of nodes such as 0-3,7",
    );
    assert_refused(
        &[("/linux/intelRdt", json!({"closID": "../x"}))],
        "linux.intelRdt.closID: \"../x\" is no folder's name",
    );
    assert_refused(
        &[("/linux/intelRdt", json!({"memBwSchema": "L3:0=f"}))],
        "linux.intelRdt.memBwSchema: \"L3:0=f\" is not one line that starts with MB:",
    );
    assert_refused(
        &[("/linux/rootfsPropagation", json!("rbind"))],
        "linux.rootfsPropagation: unknown propagation \"rbind\"",
    );
    for good in [
        "",
        "private",
        "rprivate",
        "slave",
        "rslave",
        "shared",
        "rshared",
        "unbindable",
        "runbindable",
    ] {
        assert_warnings(&[("/linux/rootfsPropagation", json!(good))], &[]);
    }
}

#[test]
fn a_hostile_config_gets_few_warnings_and_a_quick_answer() {
    let many = vec!["X"; 100_000];
    let changes = [
        ("/process/env", json!(many)),
        ("/process/capabilities", json!({"ambient": many})),
    ];
    let bundle = Bundle::parse("/bundle", &changed(&changes)).unwrap();
    assert_eq!(bundle.warnings().len(), 66);
    assert_eq!(
        bundle.warnings()[32].to_string(),
        "process.env[32]: and more like these from here on"
    );
    let deep = format!("{{\"x\": {}", "[".repeat(8 << 20));
    assert_eq!(
        Bundle::parse("/bundle", &deep).unwrap_err().to_string(),
        "config.json: not JSON: EOF while parsing a list at line 1 column 8388614"
    );
    let list = json!(vec![json!({"type": "RLIMIT_CPU", "soft": 1, "hard": 1}); 50_000]);
    let refused = Bundle::parse("/bundle", &changed(&[("/process/rlimits", list)])).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "process.rlimits[1].type: RLIMIT_CPU is given twice"
    );
}

#[test]
fn the_whole_check_looks_at_the_plan_and_at_the_rootfs_too() {
    let dir = std::env::temp_dir().join(format!("orlop-bundle-check-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let told = |changes: &[(&str, Value)]| {
        std::fs::write(dir.join("config.json"), changed(changes)).unwrap();
        let problems = orlop::check(&dir).unwrap();
        problems.all().iter().map(Problem::to_string).collect::<Vec<_>>()
    };
    let rootfs = dir.join("rootfs");
    assert_eq!(
        told(&[("/root/paths", json!(1)), ("/linux/maskedPaths", json!(["/"]))]),
        [
            "root.paths: unknown member, ignored; did you mean `path`?".to_owned(),
            "linux.maskedPaths[0]: the root itself cannot be hidden".to_owned(),
            format!("root.path: cannot use the rootfs {rootfs:?}: no such file or directory (ENOENT)"),
        ]
    );
    std::fs::create_dir(&rootfs).unwrap();
    assert_eq!(told(&[]), [""; 0]);
    // Of a config that is refused there is no plan.
    assert_eq!(
        told(&[("/process/cwd", json!("x"))]),
        ["process.cwd: \"x\" is not absolute"]
    );
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn check_tells_all_faults_at_once_and_of_unknown_members() {
    let dir = std::env::temp_dir().join(format!("orlop-bundle-rules-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let told = |text: &[u8]| {
        std::fs::write(dir.join("config.json"), text).unwrap();
        let (bundle, problems) = check(&dir).map_err(|error| error.to_string())?;
        let lines = problems
            .all()
            .iter()
            .map(|problem| (problem.severity, problem.to_string()))
            .collect::<Vec<_>>();
        assert_eq!(
            bundle.is_some(),
            lines.iter().all(|(severity, _)| *severity == Severity::Warning)
        );
        Ok::<_, String>(lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>())
    };
    let bad = [
        ("/process/cwd", json!("x")),
        ("/hostname", json!("a")),
        ("/root/paths", json!(1)),
        ("/windows", json!({"a": {"b": 1}})),
    ];
    assert_eq!(
        told(changed(&bad).as_bytes()).unwrap(),
        [
            "windows: not for Linux, ignored",
            "process.cwd: \"x\" is not absolute",
            "hostname: needs a uts namespace in linux.namespaces; it would change the host's",
            "root.paths: unknown member, ignored; did you mean `path`?",
        ]
    );
    assert_eq!(
        told(changed(&[("/linux/x", json!([{"y": 1}]))]).as_bytes()).unwrap(),
        ["linux.x: unknown member, ignored"]
    );
    assert_eq!(
        told(b"{\"ociVersion\": 3}").unwrap(),
        ["ociVersion: expected a string, found 3"]
    );
    let path = dir.join("config.json");
    assert_eq!(
        told(b"{\"a\": \"\xff\"}").unwrap_err(),
        format!("cannot read {path:?}: it is not UTF-8 at byte 7")
    );
    std::fs::File::create(&path).unwrap().set_len((16 << 20) + 1).unwrap();
    assert_eq!(
        check(&dir).unwrap_err().to_string(),
        format!("cannot read {path:?}: it is larger than 16 MiB")
    );
    std::fs::remove_file(&path).unwrap();
    let missing = Bundle::load(&dir).unwrap_err().to_string();
    let words = format!("cannot read {path:?}: no such file or directory (ENOENT)");
    assert!(
        missing.starts_with(&words) && missing.contains("orlop spec"),
        "{missing}"
    );
    std::fs::create_dir(&path).unwrap();
    assert_eq!(
        Bundle::load(&dir).unwrap_err().to_string(),
        format!("cannot read {path:?}: it is not a regular file")
    );
    std::fs::remove_dir(&path).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert_eq!(
        Bundle::load(&dir).unwrap_err().to_string(),
        format!("cannot read {path:?}: it is not a regular file")
    );
    std::fs::remove_dir_all(&dir).unwrap();
}
