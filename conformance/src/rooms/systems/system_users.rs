//! Systems whose root is not the host's.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::Pid;
use serde_json::json;

use super::bundle::system;
use super::{comes_up, commands_by, commands_reach_the_manager, exec, shuts_down, up};
use crate::failure::{Failure, Verdict, same};
use crate::host::cgroups;
use crate::rooms::cgroups::delegation::{UNIFIED, v2_is_alone};
use crate::rooms::deviations::GIVES_NULL;
use crate::rooms::users::own_cgroup::Given;
use crate::rooms::users::subordinate_ids::{Granted, IDS};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{FIRST, USER, give, mapped, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(
        system_in_a_user_namespace_comes_up_and_shuts_down,
        ("runc", "1.1", "its system ends at once"),
        GIVES_NULL
    ),
    test!(
        system_of_an_ordinary_user_comes_up_and_shuts_down,
        ("runc", "1.1", "leaves commands in the caller's cgroup")
    ),
];

fn system_in_a_user_namespace_comes_up_and_shuts_down(t: &Trial<'_>) -> Verdict {
    // What is of v1 is never given away.
    v2_is_alone()?;
    let bundle = system(mapped(t)?)?;
    give(&bundle.rootfs(), FIRST)?;
    let created = t.launch(&bundle)?;
    let pid = up(t, &created.id)?;
    commands_reach_the_manager(t, &created.id, pid)?;
    // Its cgroups are its own to the last, and the limits of the first are the host's.
    let folder = Path::new(UNIFIED).join(t.cgroup(&created.id).trim_start_matches('/'));
    for (file, owner) in [("", FIRST), ("system.slice/deck.service", FIRST), ("pids.max", 0)] {
        let seen = fs::metadata(folder.join(file))?.uid();
        same(&format!("owner of {file:?}"), &seen, owner)?;
    }
    shuts_down(t, &created, pid, "37")
}

/// In a cgroup that was given to the user, with the ids that the user was granted.
fn system_of_an_ordinary_user_comes_up_and_shuts_down(t: &Trial<'_>) -> Verdict {
    let given = Given::new(t)?;
    let maps = json!([
        {"containerID": 0, "hostID": USER, "size": 1},
        {"containerID": 1, "hostID": IDS.0, "size": IDS.1 - 1}
    ]);
    let terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"];
    let bundle = rootless(t)?
        .id_maps(maps)
        .mount("/dev/pts", "devpts", "devpts", &terminals)
        .mount("/sys", "sysfs", "sysfs", &["nosuid", "noexec", "nodev", "ro"]);
    let bundle = system(bundle)?;
    give(&bundle.rootfs(), USER)?;
    let path = given.path(&bundle.id);
    let bundle = bundle.set("/linux/cgroupsPath", json!(path));
    let _granted = Granted::new(t)?;
    let id = &bundle.id;
    given
        .call(t, t.with_bundle(&["run", "--detach"], &bundle)?)?
        .succeed()?;
    let lived = (|| {
        let state = given.call(t, t.call(&["state", id]))?.succeed()?.json()?;
        let pid = state["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Failure::Wrong(state.to_string()))?;
        comes_up(t, pid)?;
        commands_by(t, |command| given.call(t, exec(t, id, &[], command)), pid)?;
        given.call(t, t.call(&["kill", id, "37"]))?.succeed()?;
        same("exit status", &t.exit_of(pid)?, 0)
    })();
    let deleted = given.call(t, t.call(&["delete", "--force", id]))?.succeed();
    lived?;
    deleted?;
    same("cgroups", &cgroups(id), Vec::<PathBuf>::new())
}
