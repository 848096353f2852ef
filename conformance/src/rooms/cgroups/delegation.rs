//! A cgroup of the payload's own below the container's (`run.oci.delegate-cgroup`): the payload does there what it
//! likes, within the limits of the container.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::limits::value;
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::{cgroups, hierarchies};
use crate::rooms::deviations::GIVES_NULL;
use crate::sentence::{Known, Test, test};
use crate::trial::{Created, Trial};
use crate::unprivileged::{FIRST, mapped};

/// runc knows no such annotation.
const RUNC: Known = ("runc", "1.1", "knows no such annotation");

pub(crate) const TESTS: &[Test] = &[
    test!(process_is_in_a_cgroup_below_the_containers, RUNC),
    test!(name_may_begin_with_a_slash_and_have_levels, RUNC),
    test!(cgroup_of_the_payload_is_there_without_a_cgroup_namespace, RUNC),
    test!(payload_makes_cgroups_and_limits_them, RUNC),
    test!(limits_of_the_container_hold_for_the_payload, RUNC),
    test!(payload_cannot_lift_the_limits_of_the_container),
    test!(
        verbs_reach_what_the_payload_has_made,
        RUNC,
        ("crun", "1.8", "its `ps` crashes")
    ),
    test!(cgroups_that_the_payload_has_made_are_removed, RUNC),
    test!(cgroup_goes_to_the_user_of_the_payload, RUNC, GIVES_NULL),
    test!(empty_name_is_none),
    test!(
        name_that_leaves_the_cgroup_is_refused,
        RUNC,
        ("crun", "1.8", "leaves it to the kernel")
    ),
    test!(
        name_of_a_kernels_file_is_refused,
        RUNC,
        ("crun", "1.8", "names no annotation")
    ),
    test!(
        cgroup_that_was_there_stays_without_that_of_the_payload,
        RUNC,
        ("crun", "1.8", "removes it")
    ),
    test!(host_with_the_first_version_has_no_delegation, RUNC),
];

/// Where the one hierarchy of v2 is mounted, in the container as well.
pub(in crate::rooms) const UNIFIED: &str = "/sys/fs/cgroup";

const DELEGATE: &str = "/annotations/run.oci.delegate-cgroup";

/// Skips where there is more than cgroup v2.
pub(crate) fn v2_is_alone() -> Verdict {
    match Path::new(UNIFIED).join("cgroup.controllers").exists() {
        true => Ok(()),
        false => Err(Failure::Skip("the host has more than cgroup v2".into())),
    }
}

/// A bundle that sees its own cgroups alone, and may write there.
pub(in crate::rooms) fn with_own_cgroups(bundle: Bundle) -> Bundle {
    bundle
        .without_mount(UNIFIED)
        .without_namespace("cgroup")
        .new_namespace("cgroup")
        .mount(UNIFIED, "cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime"])
}

/// The same with a payload that is in the cgroup `payload`.
fn delegated(t: &Trial<'_>) -> Result<Bundle, Failure> {
    v2_is_alone()?;
    Ok(with_own_cgroups(t.bundle()?).set(DELEGATE, json!("payload")))
}

/// The container's cgroup on the host.
fn folder(t: &Trial<'_>, id: &str) -> PathBuf {
    Path::new(UNIFIED).join(t.cgroup(id).trim_start_matches('/'))
}

/// Where the process is, seen from outside.
fn place_of(t: &Trial<'_>, id: &str) -> Result<PathBuf, Failure> {
    let text = fs::read_to_string(format!("/proc/{}/cgroup", t.pid(id)?.as_raw_nonzero()))?;
    let below = text.trim_end().trim_start_matches("0::/");
    Ok(Path::new(UNIFIED).join(below))
}

/// What makes room for controllers: the process goes into a cgroup of its own below that of the payload.
pub(in crate::rooms) fn makes_room(payload: &str) -> String {
    format!("mkdir {payload}/leaf , write {payload}/leaf/cgroup.procs 0 , write {payload}/cgroup.subtree_control +pids")
}

fn without_errors(lines: &[Value]) -> Verdict {
    match lines.iter().find(|line| !line["errno"].is_null()) {
        None => Ok(()),
        Some(line) => Err(Failure::Wrong(line.to_string())),
    }
}

fn process_is_in_a_cgroup_below_the_containers(t: &Trial<'_>) -> Verdict {
    let created = t.create(&delegated(t)?.probe("report"))?;
    same(
        "place",
        &place_of(t, &created.id)?,
        folder(t, &created.id).join("payload"),
    )?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    t.exit_of(pid)?;
    let seen = created.lines()?.into_iter().next().unwrap_or_default();
    same("cgroup inside", &seen["cgroup"], json!(["0::/payload"]))
}

fn name_may_begin_with_a_slash_and_have_levels(t: &Trial<'_>) -> Verdict {
    let created = t.create(&delegated(t)?.set(DELEGATE, json!("/a/b")).probe("sleep 60"))?;
    same("place", &place_of(t, &created.id)?, folder(t, &created.id).join("a/b"))
}

fn cgroup_of_the_payload_is_there_without_a_cgroup_namespace(t: &Trial<'_>) -> Verdict {
    v2_is_alone()?;
    let bundle = t.bundle()?.without_mount(UNIFIED).set(DELEGATE, json!("payload"));
    let created = t.create(&bundle.probe("sleep 60"))?;
    same(
        "place",
        &place_of(t, &created.id)?,
        folder(t, &created.id).join("payload"),
    )
}

/// Beside itself, where a process of its own stands no more, and below itself.
fn payload_makes_cgroups_and_limits_them(t: &Trial<'_>) -> Verdict {
    let payload = format!("{UNIFIED}/payload");
    let actions = [
        format!("write {UNIFIED}/cgroup.subtree_control +pids"),
        format!("mkdir {UNIFIED}/beside"),
        format!("write {UNIFIED}/beside/pids.max 5"),
        makes_room(&payload),
        format!("mkdir {payload}/other"),
        format!("write {payload}/other/pids.max 3"),
        format!("write {payload}/other/cgroup.procs 0"),
        format!("read {payload}/other/pids.current"),
    ];
    let lines = t.see(&delegated(t)?.probe(&actions.join(" , ")))?;
    without_errors(&lines)?;
    let told = lines.last().cloned().unwrap_or_default();
    same("processes", &told["value"], json!("1\n"))
}

fn limits_of_the_container_hold_for_the_payload(t: &Trial<'_>) -> Verdict {
    let resources = json!({"memory": {"limit": 33_554_432, "swap": 33_554_432}, "pids": {"limit": 77}});
    let actions = format!("{} , fill 150", makes_room(&format!("{UNIFIED}/payload")));
    let created = t.create(&delegated(t)?.set("/linux/resources", resources).probe(&actions))?;
    let (limit, _) = value(t, &created.id, "memory.limit_in_bytes", "memory.max")?;
    same("memory.max", &limit, "33554432")?;
    let own = folder(t, &created.id).join("payload/memory.max");
    same("payload", &fs::read_to_string(own)?, "max\n")?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)?;
    let lines = created.lines()?;
    without_errors(&lines)?;
    same("lines", &lines.len(), 3)
}

fn payload_cannot_lift_the_limits_of_the_container(t: &Trial<'_>) -> Verdict {
    let options = fs::read_to_string("/proc/self/mountinfo")?;
    if !options
        .lines()
        .any(|line| line.contains(" - cgroup2 ") && line.contains("nsdelegate"))
    {
        return Err(Failure::Skip(
            "the host has cgroup v2 mounted without nsdelegate".into(),
        ));
    }
    let bundle = delegated(t)?.set("/linux/resources/pids", json!({"limit": 77}));
    let lines = t.see(&bundle.probe(&format!("write {UNIFIED}/pids.max max , read {UNIFIED}/pids.max")))?;
    same("errno", &lines[0]["errno"], json!(libc::EPERM))?;
    same("limit", &lines[1]["value"], json!("77\n"))
}

/// A container whose process has left another one beside it, each in a cgroup of its own.
fn spread(t: &Trial<'_>) -> Result<Created, Failure> {
    let payload = format!("{UNIFIED}/payload");
    let actions = format!(
        "{} , leave 60 , mkdir {payload}/other , write {payload}/other/cgroup.procs 0 , sleep 60",
        makes_room(&payload)
    );
    let created = t.launch(&delegated(t)?.probe(&actions))?;
    let other = folder(t, &created.id).join("payload/other/cgroup.procs");
    t.until("the process has moved", || {
        Ok(fs::read_to_string(&other).is_ok_and(|text| !text.is_empty()))
    })?;
    Ok(created)
}

fn verbs_reach_what_the_payload_has_made(t: &Trial<'_>) -> Verdict {
    let created = spread(t)?;
    let id = &created.id;
    let pid = t.pid(id)?;
    let listed = t.call(&["ps", "--format", "json", id]).succeed()?.json()?;
    same("processes", &listed.as_array().map(Vec::len), Some(2))?;
    t.call(&["pause", id]).succeed()?;
    same("status", &t.status(id)?, "paused")?;
    let frozen = fs::read_to_string(folder(t, id).join("payload/other/cgroup.events"))?;
    ensure(frozen.contains("frozen 1"), || frozen.clone())?;
    t.call(&["resume", id]).succeed()?;
    t.call(&["update", "--pids-limit", "9", id]).succeed()?;
    same("pids.max", &value(t, id, "pids.max", "pids.max")?.0, "9")?;
    if t.runtime.name != "crun" {
        let told = t.call(&["events", "--stats", id]).succeed()?.json()?;
        same("pids.current", &told["data"]["pids"]["current"], json!(2))?;
    }
    t.call(&["kill", "--all", id, "KILL"]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)?;
    let events = folder(t, id).join("cgroup.events");
    t.until("all are gone", || {
        Ok(fs::read_to_string(&events)?.contains("populated 0"))
    })
}

fn cgroups_that_the_payload_has_made_are_removed(t: &Trial<'_>) -> Verdict {
    let id = spread(t)?.id;
    t.call(&["delete", "--force", &id]).succeed()?;
    same("cgroups", &cgroups(&id), Vec::<PathBuf>::new())
}

fn cgroup_goes_to_the_user_of_the_payload(t: &Trial<'_>) -> Verdict {
    v2_is_alone()?;
    let bundle = with_own_cgroups(mapped(t)?).set(DELEGATE, json!("payload"));
    let payload = format!("{UNIFIED}/payload");
    let actions = format!("{} , sleep 60", makes_room(&payload));
    let created = t.create(&bundle.probe(&actions))?;
    let payload = folder(t, &created.id).join("payload");
    for file in ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"] {
        same(file, &fs::metadata(payload.join(file))?.uid(), FIRST)?;
    }
    for file in ["pids.max", "memory.max"] {
        same(file, &fs::metadata(folder(t, &created.id).join(file))?.uid(), 0)?;
    }
    t.call(&["start", &created.id]).succeed()?;
    t.until("it has made room", || Ok(created.lines()?.len() == 3))?;
    without_errors(&created.lines()?)
}

fn empty_name_is_none(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_mount(UNIFIED).set(DELEGATE, json!(""));
    let created = t.create(&bundle.probe("sleep 60"))?;
    let text = fs::read_to_string(format!("/proc/{}/cgroup", t.pid(&created.id)?.as_raw_nonzero()))?;
    ensure(text.lines().any(|line| line.ends_with(&created.id)), || text.clone())
}

fn name_that_leaves_the_cgroup_is_refused(t: &Trial<'_>) -> Verdict {
    v2_is_alone()?;
    for name in ["..", "../beside", "a/../../beside", "/", ".", "a\nb"] {
        let bundle = t.bundle()?.without_mount(UNIFIED).set(DELEGATE, json!(name));
        t.refused(&bundle, &["run.oci.delegate-cgroup"])?;
    }
    Ok(())
}

fn name_of_a_kernels_file_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = delegated(t)?.set(DELEGATE, json!("cgroup.procs"));
    t.refused(&bundle, &["run.oci.delegate-cgroup", "cgroup.procs"])?;
    same("cgroups", &cgroups(&bundle.id), Vec::<PathBuf>::new())
}

fn cgroup_that_was_there_stays_without_that_of_the_payload(t: &Trial<'_>) -> Verdict {
    let bundle = delegated(t)?.probe("sleep 60");
    let folder = folder(t, &bundle.id);
    fs::create_dir_all(&folder)?;
    let lived = (|| {
        let created = t.create(&bundle)?;
        same("place", &place_of(t, &created.id)?, folder.join("payload"))?;
        t.call(&["delete", "--force", &created.id]).succeed()?;
        same("cgroups", &cgroups(&bundle.id), vec![folder.clone()])
    })();
    let removed = fs::remove_dir(&folder);
    lived?;
    Ok(removed?)
}

fn host_with_the_first_version_has_no_delegation(t: &Trial<'_>) -> Verdict {
    if v2_is_alone().is_ok() {
        return Err(Failure::Skip("the host has nothing but cgroup v2".into()));
    }
    let bundle = t.bundle()?.set(DELEGATE, json!("payload"));
    t.refused(&bundle, &["delegate-cgroup", "not supported on cgroup v1"])?;
    ensure(!hierarchies().is_empty(), || "no hierarchy is mounted".into())
}
