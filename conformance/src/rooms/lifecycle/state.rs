//! What `state` and `list` tell (runtime-spec: runtime.md#state).

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(state_has_every_member_of_the_spec),
    test!(
        state_tells_rootfs_created_and_owner,
        ("crun", "1.8", "rootfs as in the config, relative")
    ),
    test!(state_of_a_stopped_container_has_no_pid),
    test!(state_holds_the_annotations),
    test!(state_without_annotations_is_well_formed),
    test!(state_pid_is_the_process_itself),
    test!(
        state_of_an_unknown_id_is_refused,
        ("crun", "1.8", "says that a file of its own cannot be opened")
    ),
    test!(bundle_in_state_is_absolute_when_given_relative),
    test!(list_as_json_shows_the_container),
    test!(list_quiet_shows_ids_only),
    test!(
        list_as_table_has_the_known_columns,
        (
            "crun",
            "1.8",
            "a table of its own: NAME PID STATUS BUNDLE PATH CREATED OWNER"
        )
    ),
    test!(empty_list_as_json_is_null, ("crun", "1.8", "prints an empty array")),
    test!(list_is_sorted_by_id, ("crun", "1.8", "in the order of the folder")),
    test!(status_goes_from_created_to_running_to_stopped),
    test!(container_that_died_before_its_start_is_stopped),
];

fn state_has_every_member_of_the_spec(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let created = t.create(&bundle)?;
    let state = t.state(&created.id)?;
    ensure(
        state["ociVersion"].as_str().is_some_and(|text| text.starts_with("1.")),
        || format!("{state}"),
    )?;
    same("id", &state["id"], created.id.as_str())?;
    same("status", &state["status"], "created")?;
    same("bundle", &state["bundle"], bundle.dir.to_string_lossy().as_ref())?;
    ensure(state["pid"].as_i64().is_some_and(|pid| pid > 0), || {
        format!("pid: {}", state["pid"])
    })?;
    t.call(&["start", &created.id]).succeed()?;
    same("status", &t.state(&created.id)?["status"], "running")
}

fn state_tells_rootfs_created_and_owner(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let created = t.create(&bundle)?;
    let state = t.state(&created.id)?;
    same("rootfs", &state["rootfs"], bundle.rootfs().to_string_lossy().as_ref())?;
    let when = state["created"].as_str().unwrap_or_default();
    ensure(
        when.starts_with("20") && when.contains('T') && when.ends_with('Z'),
        || format!("created: {when:?}"),
    )?;
    ensure(state["owner"].is_string(), || format!("owner: {}", state["owner"]))
}

fn state_of_a_stopped_container_has_no_pid(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    let state = t.state(&created.id)?;
    same("status", &state["status"], "stopped")?;
    ensure(state["pid"].is_null() || state["pid"] == 0, || {
        format!("pid: {}", state["pid"])
    })
}

fn state_holds_the_annotations(t: &Trial<'_>) -> Verdict {
    let annotations = json!({"org.example.one": "1", "empty": "", "with \"quotes\"": "line\nbreak \u{fc}"});
    let created = t.create(&t.bundle()?.probe("sleep 60").set("/annotations", annotations.clone()))?;
    same("annotations", &t.state(&created.id)?["annotations"], annotations)
}

fn state_without_annotations_is_well_formed(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let annotations = t.state(&created.id)?["annotations"].clone();
    ensure(annotations.is_null() || annotations == json!({}), || {
        format!("annotations: {annotations}")
    })
}

fn state_pid_is_the_process_itself(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let created = t.launch(&bundle)?;
    let command = std::fs::read_to_string(format!("/proc/{}/cmdline", t.pid(&created.id)?))?;
    same("command line", &command, "/probe\0sleep\x0060\0")
}

fn state_of_an_unknown_id_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["state", &t.fresh_id()]).refuse(&["does not exist"])
}

fn bundle_in_state_is_absolute_when_given_relative(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    bundle.save()?;
    t.call(&["create", &bundle.id]).folder(&bundle.dir).succeed()?;
    t.adopt(&bundle.id);
    same(
        "bundle",
        &t.state(&bundle.id)?["bundle"],
        bundle.dir.to_string_lossy().as_ref(),
    )
}

fn list_as_json_shows_the_container(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let list = t.call(&["list", "--format", "json"]).succeed()?.json()?;
    same("id", &list[0]["id"], created.id.as_str())?;
    same("status", &list[0]["status"], "created")?;
    same("owner", &list[0]["owner"], "root")
}

fn list_quiet_shows_ids_only(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    same(
        "list",
        &t.call(&["list", "-q"]).succeed()?.out.trim(),
        created.id.as_str(),
    )
}

fn list_as_table_has_the_known_columns(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let out = t.call(&["list"]).succeed()?.out;
    let mut lines = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    same(
        "header",
        &lines.next(),
        Some(vec!["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]),
    )?;
    let row = lines.next().unwrap_or_default();
    same("id", &row.first().copied(), Some(created.id.as_str()))?;
    same("status", &row.get(2).copied(), Some("created"))
}

fn empty_list_as_json_is_null(t: &Trial<'_>) -> Verdict {
    std::fs::create_dir_all(&t.root)?;
    same("list", &t.call(&["list", "-f", "json"]).succeed()?.out.trim(), "null")
}

fn list_is_sorted_by_id(t: &Trial<'_>) -> Verdict {
    let mut ids = Vec::new();
    for end in ["c", "a", "b"] {
        let mut bundle = t.bundle()?.probe("sleep 60");
        bundle.id.push_str(end);
        bundle.id = format!("{end}-{}", bundle.id);
        ids.push(t.create(&bundle)?.id);
    }
    ids.sort();
    let out = t.call(&["list", "-q"]).succeed()?.out;
    same("ids", &out.lines().map(str::to_owned).collect::<Vec<_>>(), ids)
}

fn status_goes_from_created_to_running_to_stopped(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    same("after create", &t.status(&created.id)?, "created")?;
    t.call(&["start", &created.id]).succeed()?;
    same("after start", &t.status(&created.id)?, "running")?;
    t.call(&["kill", &created.id, "KILL"]).succeed()?;
    t.exit_of(pid)?;
    same("after its end", &t.status(&created.id)?, "stopped")
}

fn container_that_died_before_its_start_is_stopped(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["kill", &created.id, "KILL"]).succeed()?;
    t.exit_of(pid)?;
    same("status", &t.status(&created.id)?, "stopped")
}
