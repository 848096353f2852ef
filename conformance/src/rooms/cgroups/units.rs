//! Containers whose cgroups systemd makes (`--systemd-cgroup`): the unit, its properties, and what becomes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::bundle::Bundle;
use crate::call::Call;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::sentence::{Known, Test, test};
use crate::trial::{Created, Trial};

/// Of where the process is.
pub(in crate::rooms) const BELOW: Known = ("crun", "1.8", "puts it into a cgroup of its own below the unit's");
/// Of limits.
pub(in crate::rooms) const NO_PROPERTIES: Known = ("crun", "1.8", "writes them to that cgroup's files alone");

pub(crate) const TESTS: &[Test] = &[
    test!(process_is_in_the_unit_that_is_named, BELOW),
    test!(slice_is_in_the_slices_that_its_name_names, BELOW),
    test!(path_that_is_not_set_gives_a_unit_of_its_own, BELOW),
    test!(unit_has_the_limits_also_when_units_are_read_anew, NO_PROPERTIES),
    test!(unit_without_limits_has_none),
    test!(
        update_changes_the_unit_and_the_files,
        ("runc", "1.1", "takes a lone quota for one of the usual period"),
        NO_PROPERTIES
    ),
    test!(cgroup_namespace_is_rooted_at_the_unit),
    test!(
        stopping_the_unit_ends_the_container,
        ("runc", "1.1", "leaves a unit that failed"),
        ("crun", "1.8", "leaves the unit")
    ),
    test!(container_in_a_unit_is_paused_and_killed, BELOW),
    test!(process_in_a_unit_that_takes_more_memory_than_it_may_is_killed),
    test!(properties_of_annotations_are_the_units),
    test!(
        property_that_runs_programs_is_not_set,
        ("runc", "1.1", "sets whatever property is asked for"),
        ("crun", "1.8", "creates no container then")
    ),
    test!(
        device_rules_are_no_properties,
        ("runc", "1.1", "makes properties of them")
    ),
    test!(
        device_rules_hold_when_systemd_reads_its_units_anew,
        (
            "runc",
            "1.1",
            "makes properties of them, which know no device without a driver"
        )
    ),
    test!(
        path_of_a_directory_is_refused_with_systemd,
        ("crun", "1.8", "leaves it to systemd, and says what that says")
    ),
    test!(name_of_a_unit_is_a_path_without_systemd),
    test!(
        unit_that_is_a_slice_is_refused,
        ("runc", "1.1", "leaves it to systemd, and says what that says"),
        ("crun", "1.8", "makes a scope of that name")
    ),
    test!(manager_can_be_named, ("runc", "1.1", "has no such flag")),
    test!(
        container_without_a_cgroup_is_where_its_caller_is,
        ("runc", "1.1", "has no such flag")
    ),
    test!(
        limit_of_a_container_without_a_cgroup_is_refused,
        ("runc", "1.1", "has no such flag"),
        ("crun", "1.8", "runs it without the limit")
    ),
    test!(
        host_with_the_first_version_is_refused,
        ("runc", "1.1", "has a systemd for it"),
        ("crun", "1.8", "has a systemd for it")
    ),
];

/// Where the one hierarchy of v2 is mounted.
const UNIFIED: &str = "/sys/fs/cgroup";

/// Skips where no systemd can make cgroups.
pub(crate) fn systemd_is_here() -> Verdict {
    if !Path::new("/run/systemd/system").is_dir() {
        return Err(Failure::Skip("systemd does not run on this host".into()));
    }
    match Path::new(UNIFIED).join("cgroup.controllers").exists() {
        true => Ok(()),
        false => Err(Failure::Skip("the host has more than cgroup v2".into())),
    }
}

/// The unit of a container of a bundle that [`in_unit`] gives.
pub(crate) fn unit(id: &str) -> String {
    format!("orlop-{id}.scope")
}

/// A bundle whose cgroup is a unit's.
pub(in crate::rooms) fn in_unit(t: &Trial<'_>) -> Result<Bundle, Failure> {
    systemd_is_here()?;
    let bundle = t.bundle()?;
    let path = format!("system.slice:orlop:{}", bundle.id);
    // Without a cgroup namespace of its own runc mounts the host's cgroups anew, with other options for all.
    Ok(bundle
        .without_mount("/sys/fs/cgroup")
        .set("/linux/cgroupsPath", json!(path)))
}

/// A verb on a bundle, with systemd.
pub(super) fn by_systemd<'t>(t: &'t Trial<'_>, verb: &str, bundle: &Bundle) -> Result<Call<'t>, Failure> {
    Ok(t.with_bundle(&[verb], bundle)?.global(&["--systemd-cgroup"]))
}

pub(super) fn create(t: &Trial<'_>, bundle: &Bundle) -> Result<Created, Failure> {
    t.create_with(by_systemd(t, "create", bundle)?, bundle)
}

pub(in crate::rooms) fn launch(t: &Trial<'_>, bundle: &Bundle) -> Result<Created, Failure> {
    let created = create(t, bundle)?;
    t.call(&["start", &created.id]).succeed()?;
    Ok(created)
}

/// What `systemctl` says.
pub(in crate::rooms) fn systemctl(words: &[&str]) -> Result<String, Failure> {
    let done = Command::new("systemctl").args(words).output()?;
    match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        false => wrong(format!(
            "systemctl {words:?}: {}",
            String::from_utf8_lossy(&done.stderr).trim()
        )),
    }
}

/// A unit's property.
pub(in crate::rooms) fn property(unit: &str, name: &str) -> Result<String, Failure> {
    let told = systemctl(&["show", "--value", "--property", name, unit])?;
    Ok(told.trim_end().to_owned())
}

fn has(unit: &str, wanted: &[(&str, &str)]) -> Verdict {
    for (name, value) in wanted {
        same(name, &property(unit, name)?, *value)?;
    }
    Ok(())
}

/// The units that systemd knows of a container.
pub(in crate::rooms) fn units(id: &str) -> Result<Vec<String>, Failure> {
    let all = systemctl(&["list-units", "--all", "--plain", "--no-legend", "--no-pager"])?;
    let of_it = all.lines().filter(|line| line.contains(&format!("{id}.scope")));
    Ok(of_it.map(ToOwned::to_owned).collect())
}

/// The cgroup of the unit.
pub(in crate::rooms) fn folder(unit: &str) -> Result<PathBuf, Failure> {
    let below = property(unit, "ControlGroup")?;
    match below.trim_start_matches('/') {
        "" => wrong(format!("{unit} has no cgroup")),
        below => Ok(Path::new(UNIFIED).join(below)),
    }
}

fn files(unit: &str, wanted: &[(&str, &str)]) -> Verdict {
    let folder = folder(unit)?;
    for (file, value) in wanted {
        let text = fs::read_to_string(folder.join(file))?.trim_end().to_owned();
        same(file, &text, *value)?;
    }
    Ok(())
}

/// The cgroup of a container's process.
fn cgroup_of(t: &Trial<'_>, id: &str) -> Result<String, Failure> {
    let text = fs::read_to_string(format!("/proc/{}/cgroup", t.pid(id)?.as_raw_nonzero()))?;
    Ok(text.trim_end().trim_start_matches("0::").to_owned())
}

fn process_is_in_the_unit_that_is_named(t: &Trial<'_>) -> Verdict {
    let created = create(t, &in_unit(t)?.probe("sleep 60"))?;
    let unit = unit(&created.id);
    let place = format!("/system.slice/{unit}");
    same("cgroup", &cgroup_of(t, &created.id)?, place.as_str())?;
    has(
        &unit,
        &[
            ("ActiveState", "active"),
            ("Slice", "system.slice"),
            ("ControlGroup", &place),
            ("Delegate", "yes"),
            ("DefaultDependencies", "no"),
        ],
    )
}

fn slice_is_in_the_slices_that_its_name_names(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?.probe("sleep 60");
    let path = format!("orloptest-inner.slice:p:{}", bundle.id);
    let bundle = bundle.set("/linux/cgroupsPath", json!(path));
    let created = create(t, &bundle)?;
    let place = cgroup_of(t, &created.id);
    t.call(&["delete", "--force", &created.id]).succeed()?;
    systemctl(&["stop", "orloptest.slice"])?;
    let wanted = format!("/orloptest.slice/orloptest-inner.slice/p-{}.scope", created.id);
    same("cgroup", &place?, wanted)
}

fn path_that_is_not_set_gives_a_unit_of_its_own(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?.remove("/linux", "cgroupsPath").probe("sleep 60");
    let created = create(t, &bundle)?;
    let wanted = format!("/system.slice/{}-{}.scope", t.runtime.name, created.id);
    same("cgroup", &cgroup_of(t, &created.id)?, wanted)
}

fn unit_has_the_limits_also_when_units_are_read_anew(t: &Trial<'_>) -> Verdict {
    let resources = json!({
        "memory": {"limit": 67_108_864, "swap": 134_217_728, "reservation": 33_554_432},
        "cpu": {"shares": 1024, "quota": 50_000, "period": 200_000, "cpus": "0", "mems": "0"},
        "pids": {"limit": 77},
        "hugepageLimits": [{"pageSize": "2MB", "limit": 4_194_304}]
    });
    let created = create(t, &in_unit(t)?.set("/linux/resources", resources).probe("sleep 60"))?;
    let unit = unit(&created.id);
    let properties = [
        ("MemoryMax", "67108864"),
        ("MemorySwapMax", "67108864"),
        ("MemoryLow", "33554432"),
        ("CPUQuotaPerSecUSec", "250ms"),
        ("CPUQuotaPeriodUSec", "200ms"),
        ("AllowedCPUs", "0"),
        ("AllowedMemoryNodes", "0"),
        ("TasksMax", "77"),
    ];
    let in_files = [
        ("memory.max", "67108864"),
        ("memory.swap.max", "67108864"),
        ("memory.low", "33554432"),
        ("cpu.max", "50000 200000"),
        ("cpuset.cpus", "0"),
        ("cpuset.mems", "0"),
        ("pids.max", "77"),
        ("hugetlb.2MB.max", "4194304"),
    ];
    for _ in 0..2 {
        has(&unit, &properties)?;
        // Versions of runtimes differ in what shares are.
        let weight = property(&unit, "CPUWeight")?;
        files(&unit, &[("cpu.weight", &weight)])?;
        files(&unit, &in_files)?;
        systemctl(&["daemon-reload"])?;
    }
    same("state", &property(&unit, "ActiveState")?, "active")
}

fn unit_without_limits_has_none(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?.set("/linux/resources", json!({})).probe("sleep 60");
    let created = create(t, &bundle)?;
    let unit = unit(&created.id);
    has(&unit, &[("MemoryMax", "infinity"), ("CPUQuotaPerSecUSec", "infinity")])?;
    if t.runtime.name == "orlop" {
        // systemd has a limit of its own for units that say nothing.
        has(&unit, &[("TasksMax", "infinity")])?;
    }
    Ok(())
}

fn update_changes_the_unit_and_the_files(t: &Trial<'_>) -> Verdict {
    let resources = json!({"memory": {"limit": 67_108_864}, "cpu": {"quota": 50_000, "period": 200_000}});
    let created = launch(t, &in_unit(t)?.set("/linux/resources", resources).probe("sleep 60"))?;
    let unit = unit(&created.id);
    let words = [
        "update",
        "--memory",
        "33554432",
        "--memory-swap",
        "50331648",
        "--pids-limit",
        "9",
    ];
    t.call(&words).word(&created.id).succeed()?;
    t.call(&["update", "--cpu-quota", "20000", &created.id]).succeed()?;
    for _ in 0..2 {
        has(
            &unit,
            &[
                ("MemoryMax", "33554432"),
                ("MemorySwapMax", "16777216"),
                ("TasksMax", "9"),
                ("CPUQuotaPerSecUSec", "100ms"),
            ],
        )?;
        files(
            &unit,
            &[
                ("memory.max", "33554432"),
                ("memory.swap.max", "16777216"),
                ("pids.max", "9"),
                ("cpu.max", "20000 200000"),
            ],
        )?;
        systemctl(&["daemon-reload"])?;
    }
    Ok(())
}

fn cgroup_namespace_is_rooted_at_the_unit(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?;
    let bundle = bundle
        .without_namespace("cgroup")
        .new_namespace("cgroup")
        .probe("report");
    let done = by_systemd(t, "run", &bundle)?.succeed()?;
    let report = done.lines()?.into_iter().next().unwrap_or_default();
    same("cgroup", &report["cgroup"], json!(["0::/"]))
}

fn stopping_the_unit_ends_the_container(t: &Trial<'_>) -> Verdict {
    // A container's first process takes no signal that it has no handler for, so that systemd kills in the end.
    let bundle = in_unit(t)?.probe("sleep 60");
    let bundle = annotated(bundle, "TimeoutStopUSec", "uint64 1000000");
    let created = launch(t, &bundle)?;
    let pid = t.pid(&created.id)?;
    systemctl(&["stop", &unit(&created.id)])?;
    t.exit_of(pid)?;
    same("status", &t.status(&created.id)?, "stopped")?;
    t.call(&["delete", &created.id]).succeed()?;
    same("units", &units(&created.id)?.len(), 0)
}

fn container_in_a_unit_is_paused_and_killed(t: &Trial<'_>) -> Verdict {
    let created = launch(t, &in_unit(t)?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["pause", &created.id]).succeed()?;
    same("status", &t.status(&created.id)?, "paused")?;
    files(&unit(&created.id), &[("cgroup.freeze", "1")])?;
    t.call(&["resume", &created.id]).succeed()?;
    same("status", &t.status(&created.id)?, "running")?;
    let processes = t.call(&["ps", "--format", "json", &created.id]).succeed()?;
    same("processes", &processes.json()?, json!([pid.as_raw_nonzero().get()]))?;
    t.call(&["kill", &created.id, "KILL"]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)?;
    t.call(&["delete", &created.id]).succeed()?;
    same("units", &units(&created.id)?, Vec::<String>::new())
}

fn process_in_a_unit_that_takes_more_memory_than_it_may_is_killed(t: &Trial<'_>) -> Verdict {
    let memory = json!({"limit": 33_554_432, "swap": 33_554_432});
    let bundle = in_unit(t)?.set("/linux/resources/memory", memory).probe("fill 150");
    let created = create(t, &bundle)?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)?;
    t.call(&["delete", &created.id]).succeed()?;
    same("units", &units(&created.id)?, Vec::<String>::new())
}

fn annotated(bundle: Bundle, property: &str, value: &str) -> Bundle {
    bundle.set(&format!("/annotations/org.systemd.property.{property}"), json!(value))
}

fn properties_of_annotations_are_the_units(t: &Trial<'_>) -> Verdict {
    let bundle = annotated(in_unit(t)?.probe("sleep 60"), "TimeoutStopSec", "uint64 7");
    let bundle = annotated(bundle, "CollectMode", "'inactive-or-failed'");
    let bundle = annotated(bundle, "KillSignal", "10");
    let created = create(t, &bundle)?;
    has(
        &unit(&created.id),
        &[
            ("TimeoutStopUSec", "7s"),
            ("CollectMode", "inactive-or-failed"),
            ("KillSignal", "10"),
        ],
    )
}

fn property_that_runs_programs_is_not_set(t: &Trial<'_>) -> Verdict {
    let bundle = annotated(in_unit(t)?.probe("sleep 60"), "DevicePolicy", "'strict'");
    let call = by_systemd(t, "create", &bundle)?;
    let running = call.spawn()?;
    let said = running.err_path.clone();
    let done = running.wait()?;
    t.adopt(&bundle.id);
    same("exit status", &done.code, 0)?;
    has(&unit(&bundle.id), &[("DevicePolicy", "auto")])?;
    let said = fs::read_to_string(said)?;
    ensure(said.contains("org.systemd.property.DevicePolicy"), || said.clone())
}

fn device_rules_are_no_properties(t: &Trial<'_>) -> Verdict {
    let rules = json!([{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"}]);
    let bundle = in_unit(t)?.set("/linux/resources/devices", rules).probe("sleep 60");
    let created = create(t, &bundle)?;
    has(&unit(&created.id), &[("DevicePolicy", "auto"), ("DeviceAllow", "")])
}

fn device_rules_hold_when_systemd_reads_its_units_anew(t: &Trial<'_>) -> Verdict {
    // A block device that need not be there: opening it tells EPERM from ENXIO.
    let node =
        json!([{"path": "/dev/mine", "type": "b", "major": 7, "minor": 200, "fileMode": 0o666, "uid": 0, "gid": 0}]);
    for allow in [false, true] {
        let rules = json!([
            {"allow": false, "access": "rwm"},
            {"allow": allow, "type": "b", "major": 7, "minor": 200, "access": "rwm"}
        ]);
        let bundle = in_unit(t)?
            .writable()
            .set("/linux/devices", node.clone())
            .set("/linux/resources/devices", rules)
            .probe("await /go , read /dev/mine , write /dev/null");
        let created = create(t, &bundle)?;
        let pid = t.pid(&created.id)?;
        t.call(&["start", &created.id]).succeed()?;
        systemctl(&["daemon-reload"])?;
        fs::write(bundle.rootfs().join("go"), "")?;
        t.exit_of(pid)?;
        let seen = created.lines()?;
        same("denied", &(seen[1]["errno"] == libc::EPERM), !allow)?;
        same("a default device", &seen[2]["errno"], serde_json::Value::Null)?;
    }
    Ok(())
}

fn path_of_a_directory_is_refused_with_systemd(t: &Trial<'_>) -> Verdict {
    systemd_is_here()?;
    // A log quotes the quotes in it.
    by_systemd(t, "create", &t.bundle()?)?.refuse(&["expected cgroupsPath to be of format"])
}

fn name_of_a_unit_is_a_path_without_systemd(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_mount("/sys/fs/cgroup").probe("sleep 60");
    let path = format!("system.slice:orlop:{}", bundle.id);
    let created = t.create(&bundle.set("/linux/cgroupsPath", json!(path)))?;
    let place = cgroup_of(t, &created.id)?;
    ensure(place.lines().any(|line| line.ends_with(&path)), || place.clone())
}

fn unit_that_is_a_slice_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?;
    let path = format!("system.slice:orlop:{}.slice", bundle.id);
    let bundle = bundle.set("/linux/cgroupsPath", json!(path));
    let created = by_systemd(t, "create", &bundle)?.finish()?;
    if created.code == 0 {
        t.adopt(&bundle.id);
        return wrong("`create` succeeded, wanted an error");
    }
    for phrase in ["linux.cgroupsPath", "slice"] {
        ensure(created.err.contains(phrase), || created.err.clone())?;
    }
    Ok(())
}

fn manager_can_be_named(t: &Trial<'_>) -> Verdict {
    let bundle = in_unit(t)?.probe("sleep 60");
    let call = t
        .with_bundle(&["create"], &bundle)?
        .global(&["--cgroup-manager=systemd"]);
    let created = t.create_with(call, &bundle)?;
    same("state", &property(&unit(&created.id), "ActiveState")?, "active")
}

fn container_without_a_cgroup_is_where_its_caller_is(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .remove("/linux", "cgroupsPath")
        .remove("/linux", "resources");
    let bundle = bundle
        .without_mount("/sys/fs/cgroup")
        .without_namespace("cgroup")
        .probe("sleep 60");
    let call = t
        .with_bundle(&["create"], &bundle)?
        .global(&["--cgroup-manager=disabled"]);
    let created = t.create_with(call, &bundle)?;
    let text = fs::read_to_string(format!("/proc/{}/cgroup", t.pid(&created.id)?.as_raw_nonzero()))?;
    same("cgroups", &text, fs::read_to_string("/proc/self/cgroup")?)
}

fn limit_of_a_container_without_a_cgroup_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/linux/resources/pids", json!({"limit": 7}));
    let call = t
        .with_bundle(&["create"], &bundle)?
        .global(&["--cgroup-manager=disabled"]);
    call.refuse(&["linux.resources.pids.limit", "no cgroup is made"])
}

fn host_with_the_first_version_is_refused(t: &Trial<'_>) -> Verdict {
    if Path::new(UNIFIED).join("cgroup.controllers").exists() {
        return Err(Failure::Skip("the host has nothing but cgroup v2".into()));
    }
    let bundle = t.bundle()?;
    let path = format!("system.slice:orlop:{}", bundle.id);
    let bundle = bundle.set("/linux/cgroupsPath", json!(path));
    by_systemd(t, "create", &bundle)?.refuse(&["linux.cgroupsPath", "nothing but cgroup v2", "--systemd-cgroup"])
}
