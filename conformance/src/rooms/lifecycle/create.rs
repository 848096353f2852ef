//! `create`: what it makes, refuses and leaves alone (runtime.md#create).

use std::fs;

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::host::hierarchies;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        create_waits_for_start,
        ("crun", "1.8", "says that a file of its own cannot be opened")
    ),
    test!(
        duplicate_id_is_refused,
        ("crun", "1.8", "words of its own: container already exists")
    ),
    test!(pid_file_holds_the_pid_and_nothing_else),
    test!(
        relative_pid_file_is_relative_to_the_caller,
        ("crun", "1.8", "changes to the bundle's folder first")
    ),
    test!(pid_file_that_cannot_be_written_fails_the_create),
    test!(file_beside_the_pid_file_is_left_alone),
    test!(create_without_a_bundle_is_refused),
    test!(config_that_changes_after_create_has_no_effect),
    test!(
        config_without_process_can_be_created,
        ("runc", "1.1", "wants a process at create"),
        (
            "crun",
            "1.8",
            "internal error: max number of capabilities not initialized"
        )
    ),
    test!(refused_create_leaves_nothing_but_the_first_container),
];

fn create_waits_for_start(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("stdout started"))?;
    same("status", &t.status(&created.id)?, "created")?;
    let pid = t.pid(&created.id)?;
    std::thread::sleep(std::time::Duration::from_millis(30));
    same("output before start", &created.out()?, "")?;
    t.call(&["start", &created.id]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 0)?;
    same("status", &t.status(&created.id)?, "stopped")?;
    let said = created.out()?;
    ensure(said.starts_with("started"), || format!("output after start: {said:?}"))?;
    t.call(&["delete", &created.id]).succeed()?;
    t.call(&["state", &created.id]).refuse(&["does not exist"])
}

fn duplicate_id_is_refused(t: &Trial<'_>) -> Verdict {
    let first = t.create(&t.bundle()?.probe("sleep 60"))?;
    let mut second = t.bundle()?;
    second.id.clone_from(&first.id);
    t.with_bundle(&["create"], &second)?
        .refuse(&["container with given ID already exists"])?;
    same("status of the first", &t.status(&first.id)?, "created")
}

fn pid_file_holds_the_pid_and_nothing_else(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let file = t.dir.join("pid");
    let call = t.with_bundle(&["create", "--pid-file", &file.to_string_lossy()], &bundle)?;
    let created = t.create_with(call, &bundle)?;
    same(
        "pid file",
        &fs::read_to_string(file)?,
        t.pid(&created.id)?.as_raw_nonzero().to_string(),
    )
}

fn relative_pid_file_is_relative_to_the_caller(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let call = t.with_bundle(&["create", "--pid-file", "pid"], &bundle)?.folder(&t.dir);
    t.create_with(call, &bundle)?;
    ensure(t.dir.join("pid").exists(), || {
        "no pid file in the caller's folder".into()
    })
}

fn pid_file_that_cannot_be_written_fails_the_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    t.with_bundle(&["create", "--pid-file", "/nonexistent/pid"], &bundle)?
        .refuse(&["/nonexistent"])
}

fn file_beside_the_pid_file_is_left_alone(t: &Trial<'_>) -> Verdict {
    let other = t.dir.join(".pid");
    fs::write(&other, "somebody's")?;
    let file = t.dir.join("pid").to_string_lossy().into_owned();
    let bundle = t.bundle()?;
    let call = t.with_bundle(&["create", "--pid-file", &file], &bundle)?;
    let done = call.finish()?;
    if done.code == 0 {
        t.adopt(&bundle.id);
    }
    same("the other file", &fs::read_to_string(&other)?, "somebody's")
}

fn create_without_a_bundle_is_refused(t: &Trial<'_>) -> Verdict {
    let empty = t.dir.join("empty");
    fs::create_dir(&empty)?;
    t.call(&["create", &t.fresh_id()]).folder(&empty).refuse(&[])
}

fn config_that_changes_after_create_has_no_effect(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/annotations", json!({"when": "before"}))
        .probe("stdout before");
    let created = t.create(&bundle)?;
    let pid = t.pid(&created.id)?;
    let bundle = bundle
        .set("/annotations", json!({"when": "after"}))
        .probe("stdout after");
    bundle.save()?;
    t.call(&["start", &created.id]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 0)?;
    let said = created.out()?;
    ensure(said.starts_with("before"), || said.clone())?;
    same("annotation", &t.state(&created.id)?["annotations"]["when"], "before")
}

fn config_without_process_can_be_created(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.remove("", "process"))?;
    same("status", &t.status(&created.id)?, "created")
}

fn refused_create_leaves_nothing_but_the_first_container(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let before = t.state(&created.id)?;
    let mut second = t.bundle()?;
    let cgroup = t.cgroup(&second.id);
    second.id.clone_from(&created.id);
    t.with_bundle(&["create"], &second)?.refuse(&[])?;
    same("state of the first", &t.state(&created.id)?, before)?;
    for hierarchy in hierarchies() {
        let other = hierarchy.join(cgroup.trim_start_matches('/'));
        ensure(!other.exists(), || format!("{} was made", other.display()))?;
    }
    Ok(())
}
