//! What the specification asks of each operation beyond what it does (runtime.md#operations, #lifecycle).

use std::fs;

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::host::hierarchies;
use crate::suite::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(operation_without_an_id_is_refused),
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
    test!(start_without_a_process_is_refused),
    test!(refused_start_leaves_the_running_container_alone),
    test!(refused_start_leaves_the_stopped_container_alone),
    test!(refused_delete_leaves_the_running_container_alone),
    test!(refused_create_leaves_nothing_but_the_first_container),
    test!(status_goes_from_created_to_running_to_stopped),
    test!(container_that_died_before_its_start_is_stopped),
    test!(start_of_a_container_that_died_is_refused),
    test!(delete_leaves_the_bundle_and_its_mounts_sources),
    test!(delete_leaves_a_namespace_that_was_joined),
    test!(
        delete_leaves_a_cgroup_that_was_there_before,
        ("runc", "1.1", "removes it"),
        ("crun", "1.8", "removes it")
    ),
    test!(deleting_twice_is_refused),
    test!(every_usual_signal_reaches_the_process),
    test!(operation_on_an_unknown_id_is_refused),
    test!(process_runs_at_start_and_not_before),
    test!(refused_kill_leaves_the_stopped_container_alone),
    test!(
        cgroup_that_is_in_use_is_refused_or_its_container_left_in_peace,
        ("runc", "1.1", "deleting the second kills the first"),
        ("crun", "1.8", "deleting the second kills the first")
    ),
    test!(delete_ends_what_is_left_in_a_shared_pid_namespace),
];

fn operation_without_an_id_is_refused(t: &Trial<'_>) -> Verdict {
    let dir = t.bundle()?;
    dir.save()?;
    let folder = dir.dir.to_string_lossy().into_owned();
    for words in [
        &["state"] as &[&str],
        &["create", "--bundle", &folder],
        &["run", "--bundle", &folder],
        &["start"],
        &["kill"],
        &["delete"],
    ] {
        t.call(words).refuse(&[])?;
    }
    Ok(())
}

fn create_without_a_bundle_is_refused(t: &Trial<'_>) -> Verdict {
    let empty = t.dir.join("empty");
    fs::create_dir(&empty)?;
    t.call(&["create", &t.fresh_id()]).folder(&empty).refuse(&[]).map(drop)
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
    let said = fs::read_to_string(&created.out_path)?;
    ensure(said.starts_with("before"), || said.clone())?;
    same("annotation", &t.state(&created.id)?["annotations"]["when"], "before")
}

fn config_without_process_can_be_created(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.remove("", "process"))?;
    same("status", &t.status(&created.id)?, "created")
}

fn start_without_a_process_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.remove("", "process");
    // A runtime may also refuse it earlier.
    if t.with_bundle(&["create"], &bundle)?.finish()?.code == 0 {
        t.adopt(&bundle.id);
        t.call(&["start", &bundle.id]).refuse(&["rocess"])?;
        ensure(t.status(&bundle.id)? != "running", || "it runs".into())?;
    }
    Ok(())
}

fn refused_start_leaves_the_running_container_alone(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let before = t.state(&created.id)?;
    t.call(&["start", &created.id]).refuse(&[])?;
    same("state", &t.state(&created.id)?, before)
}

fn refused_start_leaves_the_stopped_container_alone(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("stdout once"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    t.exit_of(pid)?;
    let before = t.state(&created.id)?;
    t.call(&["start", &created.id]).refuse(&[])?;
    same("state", &t.state(&created.id)?, before)?;
    same(
        "runs",
        &fs::read_to_string(&created.out_path)?.matches("once{").count(),
        1,
    )
}

fn refused_delete_leaves_the_running_container_alone(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let before = t.state(&created.id)?;
    t.call(&["delete", &created.id]).refuse(&[])?;
    same("state", &t.state(&created.id)?, before)
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

fn start_of_a_container_that_died_is_refused(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["kill", &created.id, "KILL"]).succeed()?;
    t.exit_of(pid)?;
    t.call(&["start", &created.id]).refuse(&[])?;
    same("status", &t.status(&created.id)?, "stopped")
}

fn delete_leaves_the_bundle_and_its_mounts_sources(t: &Trial<'_>) -> Verdict {
    let source = t.dir.join("source");
    fs::create_dir(&source)?;
    fs::write(source.join("file"), "kept")?;
    let bundle = t
        .bundle()?
        .mount("/data", "bind", &source.to_string_lossy(), &["rbind"])
        .probe("exit 0");
    t.full_life(&bundle)?;
    same("source", &fs::read_to_string(source.join("file"))?, "kept")?;
    ensure(bundle.dir.join("config.json").exists(), || "no config.json".into())?;
    ensure(bundle.rootfs().join("probe").exists(), || "an empty rootfs".into())
}

fn delete_leaves_a_namespace_that_was_joined(t: &Trial<'_>) -> Verdict {
    let first = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let path = format!("/proc/{}/ns/pid", t.pid(&first.id)?.as_raw_nonzero());
    let second = t
        .bundle()?
        .without_namespace("pid")
        .set("/linux/namespaces/-", json!({"type": "pid", "path": path}))
        .probe("sleep 60");
    let second = t.launch(&second)?;
    let pid = t.pid(&second.id)?;
    t.call(&["delete", "--force", &second.id]).succeed()?;
    // Until it is reaped, it keeps the namespace's init from ending.
    t.exit_of(pid)?;
    same("status of the first", &t.status(&first.id)?, "running")
}

fn delete_leaves_a_cgroup_that_was_there_before(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    let own = t.cgroup(&bundle.id);
    let folders: Vec<_> = hierarchies()
        .into_iter()
        .map(|hierarchy| hierarchy.join(own.trim_start_matches('/')))
        .collect();
    for folder in &folders {
        fs::create_dir(folder)?;
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if let (true, Some(parent)) = (folder.join(file).exists(), folder.parent()) {
                fs::write(folder.join(file), fs::read(parent.join(file))?)?;
            }
        }
    }
    let life = t.full_life(&bundle);
    let gone = folders.iter().filter(|folder| !folder.exists()).count();
    for folder in &folders {
        let _ = fs::remove_dir(folder);
    }
    life?;
    same("cgroups that are gone", &gone, 0)
}

fn deleting_twice_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    t.full_life(&bundle)?;
    t.call(&["delete", &bundle.id]).refuse(&[]).map(drop)
}

fn every_usual_signal_reaches_the_process(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("signals");
    let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
    running.until_out_has("ready")?;
    for (name, number) in [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("USR1", 10),
        ("USR2", 12),
        ("WINCH", 28),
    ] {
        t.call(&["kill", &bundle.id, name]).succeed()?;
        running.until_out_has(&format!("signal {number}\n"))?;
    }
    t.call(&["kill", &bundle.id, "KILL"]).succeed()?;
    same("exit status", &running.wait()?.code, 137)
}

fn operation_on_an_unknown_id_is_refused(t: &Trial<'_>) -> Verdict {
    for verb in ["state", "start", "kill", "delete"] {
        t.call(&[verb, &t.fresh_id()]).refuse(&[])?;
    }
    Ok(())
}

fn process_runs_at_start_and_not_before(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("stdout began"))?;
    let pid = t.pid(&created.id)?;
    std::thread::sleep(std::time::Duration::from_millis(30));
    same("output before", &fs::read_to_string(&created.out_path)?, "")?;
    t.call(&["start", &created.id]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 0)?;
    let said = fs::read_to_string(&created.out_path)?;
    ensure(said.starts_with("began"), || said.clone())
}

fn refused_kill_leaves_the_stopped_container_alone(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("exit 0"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    t.exit_of(pid)?;
    let before = t.state(&created.id)?;
    t.call(&["kill", &created.id, "KILL"]).refuse(&[])?;
    same("state", &t.state(&created.id)?, before)
}

fn cgroup_that_is_in_use_is_refused_or_its_container_left_in_peace(t: &Trial<'_>) -> Verdict {
    let first = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let second = t.bundle()?.set("/linux/cgroupsPath", json!(t.cgroup(&first.id)));
    let second = second.without_namespace("pid").probe("sleep 60");
    let done = t.with_bundle(&["create"], &second)?.finish()?;
    if done.code == 0 {
        t.adopt(&second.id);
        let pid = t.pid(&second.id)?;
        t.call(&["delete", "--force", &second.id]).finish()?;
        t.exit_of(pid)?;
    }
    same("status of the first", &t.status(&first.id)?, "running")
}

fn delete_ends_what_is_left_in_a_shared_pid_namespace(t: &Trial<'_>) -> Verdict {
    // The harness looks for processes that are left.
    let bundle = t.bundle()?.without_namespace("pid").probe("leave 60 session , exit 0");
    t.full_life(&bundle)?;
    same("cgroups", &crate::host::cgroups(&bundle.id).len(), 0)
}
