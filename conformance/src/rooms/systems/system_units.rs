//! Systems in a unit of the host's systemd.

use std::fs;

use serde_json::json;

use super::bundle::system;
use super::{commands_reach_the_manager, place, shuts_down, told, up};
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::cgroups::units::{BELOW, NO_PROPERTIES, folder, in_unit, launch, property, systemctl, unit, units};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(system_comes_up_in_a_unit, BELOW),
    test!(system_comes_up_in_a_cgroup_below_its_unit),
    test!(limits_of_the_unit_stay_the_hosts, NO_PROPERTIES),
    test!(forced_delete_ends_a_system_with_its_unit, BELOW),
];

/// A system in a unit.
fn in_a_unit(t: &Trial<'_>) -> Result<Bundle, Failure> {
    system(in_unit(t)?)
}

/// What becomes of it; its manager's place is this one.
fn lives_at(t: &Trial<'_>, bundle: &Bundle, below: &str) -> Verdict {
    let created = launch(t, bundle)?;
    let pid = up(t, &created.id)?;
    let unit = unit(&created.id);
    let wanted = format!("/system.slice/{unit}{below}/init.scope");
    same("cgroup", &place(pid)?, wanted.as_str())?;
    commands_reach_the_manager(t, &created.id, pid)?;
    // The host's systemd leaves alone what it has delegated.
    systemctl(&["daemon-reload"])?;
    commands_reach_the_manager(t, &created.id, pid)?;
    same("state of the unit", &property(&unit, "ActiveState")?, "active")?;
    shuts_down(t, &created, pid, "37")?;
    same("units", &units(&created.id)?, Vec::<String>::new())
}

fn system_comes_up_in_a_unit(t: &Trial<'_>) -> Verdict {
    lives_at(t, &in_a_unit(t)?, "")
}

fn system_comes_up_in_a_cgroup_below_its_unit(t: &Trial<'_>) -> Verdict {
    let bundle = in_a_unit(t)?.set("/annotations/run.oci.systemd.subgroup", json!("container"));
    let below = if t.runtime.name == "runc" { "" } else { "/container" };
    lives_at(t, &bundle, below)
}

fn limits_of_the_unit_stay_the_hosts(t: &Trial<'_>) -> Verdict {
    let created = launch(t, &in_a_unit(t)?)?;
    up(t, &created.id)?;
    let words = ["update", "--pids-limit", "333", "--memory", "268435456"];
    t.call(&words).word(&created.id).succeed()?;
    told(t, &created.id, &["systemctl", "daemon-reload"])?;
    systemctl(&["daemon-reload"])?;
    let unit = unit(&created.id);
    for (name, file, wanted) in [
        ("TasksMax", "pids.max", "333"),
        ("MemoryMax", "memory.max", "268435456"),
    ] {
        same(name, &property(&unit, name)?, wanted)?;
        let text = fs::read_to_string(folder(&unit)?.join(file))?;
        same(file, &text.trim_end(), wanted)?;
    }
    Ok(())
}

fn forced_delete_ends_a_system_with_its_unit(t: &Trial<'_>) -> Verdict {
    let created = launch(t, &in_a_unit(t)?)?;
    up(t, &created.id)?;
    told(t, &created.id, &["systemctl", "start", "deck"])?;
    let folder = folder(&unit(&created.id))?;
    ensure(folder.join("system.slice/deck.service").exists(), || {
        "the service has no cgroup below the unit's".to_owned()
    })?;
    t.call(&["delete", "--force", &created.id]).succeed()?;
    same("units", &units(&created.id)?, Vec::<String>::new())?;
    ensure(!folder.exists(), || format!("{} is left", folder.display()))
}
