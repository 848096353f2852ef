//! Containers of an ordinary user, whose cgroups the user's own systemd makes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::rootless::{as_root_of_its_own, without_user_namespace};
use crate::bundle::Bundle;
use crate::call::Call;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::host::cgroups;
use crate::rooms::cgroups::delegation::{UNIFIED, makes_room, with_own_cgroups};
use crate::rooms::cgroups::units::{systemctl, systemd_is_here, unit};
use crate::rooms::deviations::GIVES_NULL;
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{USER, as_user, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(
        ordinary_user_has_units_of_its_own_systemd,
        ("runc", "1.1", "needs a bus of the user's"),
        ("crun", "1.8", "wants a slice to be named")
    ),
    test!(
        root_of_a_user_namespace_has_units_of_its_users_systemd,
        ("runc", "1.1", "needs a bus of the user's"),
        ("crun", "1.8", "wants a slice to be named")
    ),
    test!(
        payload_makes_cgroups_in_a_unit_of_its_users_systemd,
        ("runc", "1.1", "needs a bus of the user's"),
        GIVES_NULL
    ),
    test!(
        limits_hold_where_the_runtime_is_in_a_scope_that_was_delegated,
        ("crun", "1.8", "runs it without the limit")
    ),
    test!(
        ordinary_user_without_a_systemd_is_told,
        ("runc", "1.1", "names a command that it calls"),
        ("crun", "1.8", "names no bus")
    ),
];

/// The systemd of the ordinary user, which a login would start.
struct Manager {
    /// Its unit of the machine's systemd.
    unit: String,
    runtime: PathBuf,
}

impl Manager {
    fn start(t: &Trial<'_>) -> Result<Self, Failure> {
        systemd_is_here()?;
        // The machine's systemd lets nobody else bring processes into a unit.
        let users = fs::read_to_string("/etc/passwd")?;
        if !users
            .lines()
            .any(|line| line.split(':').nth(2) == Some(&USER.to_string()))
        {
            return Err(Failure::Skip(format!("the host knows no user of the number {USER}")));
        }
        let runtime = t.dir.join("run-user");
        fs::create_dir_all(&runtime)?;
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700))?;
        chown(&runtime, Some(USER), Some(USER))?;
        for above in [Some(t.dir.as_path()), t.dir.parent()].into_iter().flatten() {
            fs::set_permissions(above, fs::Permissions::from_mode(0o755))?;
        }
        let unit = format!("{}-user.service", t.fresh_id());
        let started = Command::new("systemd-run")
            .args(["--unit", &unit, "--property=Type=notify", "--property=Delegate=yes"])
            .arg(format!("--property=User={USER}"))
            .arg(format!("--property=Group={USER}"))
            .arg(format!("--setenv=XDG_RUNTIME_DIR={}", runtime.display()))
            .arg(format!("--setenv=HOME={}", runtime.display()))
            .args(["/lib/systemd/systemd", "--user"])
            .output()?;
        match started.status.success() {
            true => Ok(Self { unit, runtime }),
            false => wrong(format!(
                "no systemd of the user's: {}",
                String::from_utf8_lossy(&started.stderr)
            )),
        }
    }

    /// A verb with the user's systemd.
    fn by<'t>(&self, call: Call<'t>) -> Call<'t> {
        call.variable("XDG_RUNTIME_DIR", &self.runtime.to_string_lossy())
            .global(&["--systemd-cgroup"])
    }

    /// What the user's `systemctl` says.
    fn systemctl(&self, words: &[&str]) -> Result<String, Failure> {
        let id = USER.to_string();
        let done = Command::new("setpriv")
            .args(["--reuid", &id, "--regid", &id, "--clear-groups", "systemctl", "--user"])
            .args(words)
            .env("XDG_RUNTIME_DIR", &self.runtime)
            .output()?;
        match done.status.success() {
            true => Ok(String::from_utf8_lossy(&done.stdout).trim_end().to_owned()),
            false => wrong(format!(
                "systemctl --user {words:?}: {}",
                String::from_utf8_lossy(&done.stderr)
            )),
        }
    }

    fn property(&self, unit: &str, name: &str) -> Result<String, Failure> {
        self.systemctl(&["show", "--value", "--property", name, unit])
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = systemctl(&["stop", &self.unit]);
    }
}

/// The container has what it asks for, from its creation to its end.
fn lives_in_its_unit<'t>(
    t: &'t Trial<'_>,
    manager: &Manager,
    bundle: Bundle,
    by: impl Fn(Call<'t>) -> Result<Call<'t>, Failure>,
) -> Verdict {
    let path = format!(":orlop:{}", bundle.id);
    let resources = json!({"memory": {"limit": 67_108_864}, "pids": {"limit": 77}});
    let bundle = bundle
        .set("/linux/cgroupsPath", json!(path))
        .set("/linux/resources", resources)
        .probe("sleep 60");
    manager.by(by(t.with_bundle(&["create"], &bundle)?)?).succeed()?;
    let seen = (|| {
        let unit = unit(&bundle.id);
        let state = manager.by(by(t.call(&["state", &bundle.id]))?).succeed()?.json()?;
        let place = fs::read_to_string(format!("/proc/{}/cgroup", state["pid"]))?;
        let wanted = format!("0::{}/user.slice/{unit}\n", systemctl_cgroup(&manager.unit)?);
        same("cgroup", &place, wanted)?;
        for _ in 0..2 {
            same("MemoryMax", &manager.property(&unit, "MemoryMax")?, "67108864")?;
            same("TasksMax", &manager.property(&unit, "TasksMax")?, "77")?;
            manager.systemctl(&["daemon-reload"])?;
        }
        manager.by(by(t.call(&["start", &bundle.id]))?).succeed()?;
        let update = ["update", "--memory", "33554432", &bundle.id];
        manager.by(by(t.call(&update))?).succeed()?;
        same("MemoryMax", &manager.property(&unit, "MemoryMax")?, "33554432")
    })();
    let deleted = manager.by(by(t.call(&["delete", "--force", &bundle.id]))?).succeed();
    seen?;
    deleted?;
    same("cgroups", &cgroups(&bundle.id).len(), 0)?;
    let units = manager.systemctl(&["list-units", "--all", "--plain", "--no-legend", "--no-pager"])?;
    ensure(!units.contains(&bundle.id), || units.clone())
}

fn systemctl_cgroup(unit: &str) -> Result<String, Failure> {
    let told = systemctl(&["show", "--value", "--property", "ControlGroup", unit])?;
    Ok(told.trim_end().to_owned())
}

fn ordinary_user_has_units_of_its_own_systemd(t: &Trial<'_>) -> Verdict {
    let manager = Manager::start(t)?;
    lives_in_its_unit(t, &manager, rootless(t)?, |call| as_user(t, call))
}

/// As podman has it.
fn root_of_a_user_namespace_has_units_of_its_users_systemd(t: &Trial<'_>) -> Verdict {
    let manager = Manager::start(t)?;
    let bundle = without_user_namespace(rootless(t)?);
    lives_in_its_unit(t, &manager, bundle, |call| as_root_of_its_own(t, call))
}

fn payload_makes_cgroups_in_a_unit_of_its_users_systemd(t: &Trial<'_>) -> Verdict {
    let manager = Manager::start(t)?;
    let bundle = with_own_cgroups(rootless(t)?);
    let path = format!(":orlop:{}", bundle.id);
    let actions = format!("report , {}", makes_room(&format!("{UNIFIED}/payload")));
    let bundle = bundle
        .set("/linux/cgroupsPath", json!(path))
        .set("/linux/resources", json!({"pids": {"limit": 77}}))
        .set("/annotations/run.oci.systemd.subgroup", json!("inner"))
        .set("/annotations/run.oci.delegate-cgroup", json!("payload"))
        .probe(&actions);
    let done = manager.by(as_user(t, t.with_bundle(&["run"], &bundle)?)?).succeed()?;
    let lines = done.lines()?;
    same("cgroup inside", &lines[0]["cgroup"], json!(["0::/payload"]))?;
    for line in &lines[1..] {
        ensure(line["errno"].is_null(), || line.to_string())?;
    }
    same("cgroups", &cgroups(&bundle.id).len(), 0)
}

/// As the error says that tells of a limit without a cgroup.
fn limits_hold_where_the_runtime_is_in_a_scope_that_was_delegated(t: &Trial<'_>) -> Verdict {
    let manager = Manager::start(t)?;
    let memory = json!({"limit": 33_554_432, "swap": 33_554_432});
    let bundle = rootless(t)?.set("/linux/resources", json!({"memory": memory}));
    let call = as_user(t, t.with_bundle(&["run"], &bundle.probe("fill 150"))?)?;
    let done = call
        .variable("XDG_RUNTIME_DIR", &manager.runtime.to_string_lossy())
        .script(&format!(
            "exec setpriv --reuid {USER} --regid {USER} --clear-groups systemd-run --user --scope --quiet -p Delegate=yes \
             \"$0\" \"$@\""
        ))
        .finish()?;
    same("exit status", &done.code, 137)
}

fn ordinary_user_without_a_systemd_is_told(t: &Trial<'_>) -> Verdict {
    systemd_is_here()?;
    let bundle = rootless(t)?;
    let path = format!(":orlop:{}", bundle.id);
    let bundle = bundle.set("/linux/cgroupsPath", json!(path));
    let call = as_user(t, t.with_bundle(&["create"], &bundle)?)?.global(&["--systemd-cgroup"]);
    call.refuse(&["unix:path=", "rootless/bus", "systemd of its own"])
}
