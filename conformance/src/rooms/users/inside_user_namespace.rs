//! The runtime itself in a user namespace, as rootless engines run it, and an ordinary user without any cgroup.

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::Call;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{as_user, give, mapped, rootless};

const USER: u32 = 1000;

pub(crate) const TESTS: &[Test] = &[
    test!(root_of_a_user_namespace_that_denies_groups_runs_a_container),
    test!(root_of_a_user_namespace_with_all_ids_runs_a_container),
    test!(
        user_namespace_is_mapped_below_another_pid_namespaces_procfs,
        ("runc", "1.1", "writes to another process"),
        ("crun", "1.8", "writes to another process")
    ),
    test!(ordinary_user_without_a_cgroup_namespace_sees_its_cgroups),
    test!(
        device_rules_that_an_ordinary_user_cannot_set_are_told_of,
        ("runc", "1.1", "says nothing"),
        ("crun", "1.8", "says nothing")
    ),
];

/// What an engine writes that has made the user namespace itself.
fn inside(t: &Trial<'_>) -> Result<Bundle, Failure> {
    Ok(rootless(t)?
        .without_namespace("user")
        .id_maps(Value::Null)
        .set("/process/rlimits", json!([])))
}

fn root_of_a_user_namespace_that_denies_groups_runs_a_container(t: &Trial<'_>) -> Verdict {
    let bundle = inside(t)?;
    let root = t.dir.join("rootless").to_string_lossy().into_owned();
    std::fs::create_dir_all(&root)?;
    std::os::unix::fs::chown(&root, Some(USER), Some(USER))?;
    let call: Call<'_> = t.with_bundle(&["run"], &bundle)?;
    let call = call.root(&root).variable("XDG_RUNTIME_DIR", &root).script(&format!(
        "exec setpriv --reuid {USER} --regid {USER} --clear-groups unshare --user --map-root-user \"$0\" \"$@\""
    ));
    let report = call.succeed()?.json()?;
    same("uids", &report["uids"], json!([0, 0, 0]))
}

fn root_of_a_user_namespace_with_all_ids_runs_a_container(t: &Trial<'_>) -> Verdict {
    // Root of the host, mapped to itself: its cgroups can be written to, but their devices are not for a user
    // namespace.
    let rules = json!([{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]);
    let bundle = t
        .bundle()?
        .without_mount("/sys")
        .set("/process/rlimits", json!([]))
        .set("/linux/resources/devices", rules);
    let call = t.with_bundle(&["run"], &bundle)?;
    // By hand: unshare's own options for maps go through helpers, which map nobody's ids but those of /etc/subuid.
    let script = "unshare --user sh -c 'until grep -q . /proc/self/uid_map; do sleep 0.01; done; exec \"$0\" \"$@\"' \"$0\" \"$@\" & \
        pid=$!; until [ \"$(readlink /proc/$pid/ns/user)\" != \"$(readlink /proc/$$/ns/user)\" ]; do sleep 0.01; done; \
        echo 0 0 65536 >/proc/$pid/gid_map; echo 0 0 65536 >/proc/$pid/uid_map; wait $pid";
    let done = call.script(script).finish()?;
    same("exit status", &done.code, 0).map_err(|_| Failure::Wrong(done.err.clone()))
}

fn ordinary_user_without_a_cgroup_namespace_sees_its_cgroups(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.without_namespace("cgroup").mount(
        "/sys/fs/cgroup",
        "cgroup",
        "cgroup",
        &["nosuid", "noexec", "nodev", "relatime", "ro"],
    );
    std::fs::create_dir_all(bundle.rootfs().join("sys/fs/cgroup"))?;
    give(&bundle.rootfs(), USER)?;
    let call = t.with_bundle(&["run"], &bundle.probe("list /sys/fs/cgroup"))?;
    let lines = as_user(t, call)?.succeed()?.lines()?;
    let names = lines[0]["value"].as_array().map_or(0, Vec::len);
    ensure(names > 0, || lines[0].to_string())
}

fn device_rules_that_an_ordinary_user_cannot_set_are_told_of(t: &Trial<'_>) -> Verdict {
    let rules = json!([{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]);
    let bundle = rootless(t)?.set("/linux/resources", json!({"devices": rules}));
    let done = as_user(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?;
    ensure(done.err.contains("linux.resources.devices"), || {
        format!("nothing about it: {:?}", done.err)
    })
}

fn user_namespace_is_mapped_below_another_pid_namespaces_procfs(t: &Trial<'_>) -> Verdict {
    let call = t.with_bundle(&["run"], &mapped(t)?)?;
    let done = call.script("exec unshare --pid --fork \"$0\" \"$@\"").finish()?;
    same("exit status", &done.code, 0).map_err(|_| Failure::Wrong(done.err.clone()))?;
    same("uids", &done.json()?["uids"], json!([0, 0, 0]))
}
