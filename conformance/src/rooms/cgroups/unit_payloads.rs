//! Cgroups below that of a container's systemd unit: `run.oci.systemd.subgroup` and `run.oci.delegate-cgroup`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::delegation::{UNIFIED, makes_room, with_own_cgroups};
use super::units::{create, folder, in_unit, launch, property, systemctl, systemd_is_here, unit, units};
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::cgroups;
use crate::rooms::deviations::GIVES_NULL;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;
use crate::unprivileged::{FIRST, mapped};

const RUNC: Known = ("runc", "1.1", "knows no such annotation");
const CRUN: Known = ("crun", "1.8", "makes a cgroup \"container\" where nobody asks for one");

pub(crate) const TESTS: &[Test] = &[
    test!(process_is_in_the_subgroup_of_the_unit, RUNC),
    test!(payload_is_below_the_subgroup_of_the_unit, RUNC),
    test!(payload_is_below_the_unit_where_there_is_no_subgroup, RUNC, CRUN),
    test!(unit_without_these_annotations_has_the_process_itself, CRUN),
    test!(
        limits_of_the_unit_hold_for_the_payload_also_when_units_are_read_anew,
        RUNC
    ),
    test!(
        unit_stays_the_hosts_and_what_is_below_goes_to_the_user,
        RUNC,
        GIVES_NULL
    ),
    test!(
        stopped_unit_ends_the_payload_and_goes_with_its_cgroups,
        RUNC,
        ("crun", "1.8", "leaves a unit that failed")
    ),
    test!(subgroup_has_no_meaning_without_systemd),
];

const DELEGATE: &str = "/annotations/run.oci.delegate-cgroup";
const SUBGROUP: &str = "/annotations/run.oci.systemd.subgroup";

/// A bundle in a unit, with these cgroups below it.
fn with(t: &Trial<'_>, subgroup: Option<&str>, payload: Option<&str>) -> Result<Bundle, Failure> {
    let bundle = with_own_cgroups(in_unit(t)?);
    let named = [(SUBGROUP, subgroup), (DELEGATE, payload)];
    let named = named
        .into_iter()
        .filter_map(|(annotation, name)| Some((annotation, name?)));
    Ok(named.fold(bundle, |bundle, (annotation, name)| bundle.set(annotation, json!(name))))
}

/// Where the process is below its unit, and what it sees of that.
fn places(t: &Trial<'_>, bundle: &Bundle) -> Result<(PathBuf, Value), Failure> {
    let created = create(t, bundle)?;
    let pid = t.pid(&created.id)?;
    let text = fs::read_to_string(format!("/proc/{}/cgroup", pid.as_raw_nonzero()))?;
    let place = PathBuf::from(format!("{UNIFIED}{}", text.trim_end().trim_start_matches("0::")));
    let unit = folder(&unit(&created.id))?;
    let below = place.strip_prefix(&unit).map(PathBuf::from).unwrap_or(place);
    t.call(&["start", &created.id]).succeed()?;
    t.exit_of(pid)?;
    let seen = created.lines()?.into_iter().next().unwrap_or_default();
    Ok((below, seen["cgroup"][0].clone()))
}

fn process_is_in_the_subgroup_of_the_unit(t: &Trial<'_>) -> Verdict {
    let seen = places(t, &with(t, Some("inner"), None)?.probe("report"))?;
    same("places", &seen, ("inner".into(), json!("0::/")))
}

fn payload_is_below_the_subgroup_of_the_unit(t: &Trial<'_>) -> Verdict {
    let seen = places(t, &with(t, Some("inner"), Some("payload"))?.probe("report"))?;
    same("places", &seen, ("inner/payload".into(), json!("0::/payload")))
}

fn payload_is_below_the_unit_where_there_is_no_subgroup(t: &Trial<'_>) -> Verdict {
    for subgroup in [None, Some("")] {
        let seen = places(t, &with(t, subgroup, Some("payload"))?.probe("report"))?;
        same("places", &seen, ("payload".into(), json!("0::/payload")))?;
    }
    Ok(())
}

fn unit_without_these_annotations_has_the_process_itself(t: &Trial<'_>) -> Verdict {
    let seen = places(t, &with(t, None, None)?.probe("report"))?;
    same("places", &seen, ("".into(), json!("0::/")))
}

fn limits_of_the_unit_hold_for_the_payload_also_when_units_are_read_anew(t: &Trial<'_>) -> Verdict {
    let memory = json!({"limit": 33_554_432, "swap": 33_554_432});
    let actions = format!("{} , await /go , fill 150", makes_room(&format!("{UNIFIED}/payload")));
    let bundle = with(t, Some("inner"), Some("payload"))?
        .writable()
        .set("/linux/resources/memory", memory)
        .probe(&actions);
    let created = launch(t, &bundle)?;
    let pid = t.pid(&created.id)?;
    let leaf = folder(&unit(&created.id))?.join("inner/payload/leaf");
    t.until("the payload has made room", || Ok(created.lines()?.len() == 3))?;
    for line in created.lines()? {
        same(&line.to_string(), &line["errno"], Value::Null)?;
    }
    systemctl(&["daemon-reload"])?;
    ensure(leaf.join("pids.max").exists(), || {
        "the payload's cgroup has lost its controllers".into()
    })?;
    fs::write(bundle.rootfs().join("go"), "")?;
    same("exit status", &t.exit_of(pid)?, 137)
}

fn unit_stays_the_hosts_and_what_is_below_goes_to_the_user(t: &Trial<'_>) -> Verdict {
    systemd_is_here()?;
    let bundle = with_own_cgroups(mapped(t)?);
    let path = format!("system.slice:orlop:{}", bundle.id);
    let bundle = bundle
        .set("/linux/cgroupsPath", json!(path))
        .set(SUBGROUP, json!("inner"))
        .set(DELEGATE, json!("payload"));
    let created = create(t, &bundle.probe("sleep 60"))?;
    let unit = folder(&unit(&created.id))?;
    let owners = [
        "",
        "inner",
        "inner/payload",
        "inner/payload/cgroup.subtree_control",
        "inner/pids.max",
    ]
    .map(|below| fs::metadata(unit.join(below)).map(|found| found.uid()));
    let owners: Vec<u32> = owners.into_iter().collect::<Result<_, _>>()?;
    same("owners", &owners, vec![0, FIRST, FIRST, FIRST, 0])
}

fn stopped_unit_ends_the_payload_and_goes_with_its_cgroups(t: &Trial<'_>) -> Verdict {
    let actions = format!("{} , sleep 60", makes_room(&format!("{UNIFIED}/payload")));
    let timeout = "/annotations/org.systemd.property.TimeoutStopUSec";
    let bundle = with(t, Some("inner"), Some("payload"))?
        .set(timeout, json!("uint64 1000000"))
        .probe(&actions);
    let created = launch(t, &bundle)?;
    t.until("the payload has made room", || Ok(created.lines()?.len() == 3))?;
    let pid = t.pid(&created.id)?;
    same("Delegate", &property(&unit(&created.id), "Delegate")?, "yes")?;
    systemctl(&["stop", &unit(&created.id)])?;
    t.exit_of(pid)?;
    t.call(&["delete", &created.id]).succeed()?;
    same("units", &units(&created.id)?, Vec::<String>::new())?;
    let created = launch(
        t,
        &Bundle {
            id: created.id,
            ..bundle
        },
    )?;
    t.until("the payload has made room", || Ok(created.lines()?.len() == 3))?;
    t.call(&["delete", "--force", &created.id]).succeed()?;
    same("units", &units(&created.id)?, Vec::<String>::new())?;
    same("cgroups", &cgroups(&created.id), Vec::<PathBuf>::new())
}

fn subgroup_has_no_meaning_without_systemd(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_mount(UNIFIED).set(SUBGROUP, json!("inner"));
    let created = t.create(&bundle.probe("sleep 60"))?;
    let text = fs::read_to_string(format!("/proc/{}/cgroup", t.pid(&created.id)?.as_raw_nonzero()))?;
    ensure(text.lines().any(|line| line.ends_with(&created.id)), || text.clone())?;
    Ok(())
}
