//! `delete`: what is gone afterwards, and what stays (runtime.md#delete).

use std::fs;

use crate::failure::{Verdict, ensure, same};
use crate::host::{cgroups, hierarchies};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        container_without_cgroups_on_read_only_mounts_can_be_deleted,
        ("runc", "1.1", "does not run without cgroups"),
        ("crun", "1.8", "does not run without cgroups")
    ),
    test!(
        delete_of_a_running_container_is_refused,
        ("crun", "1.8", "words of its own: not in created or stopped state")
    ),
    test!(delete_of_a_created_container_kills_it),
    test!(delete_force_kills_a_running_container),
    test!(delete_force_of_an_unknown_id_succeeds),
    test!(
        delete_of_an_unknown_id_is_refused,
        ("crun", "1.8", "says: cannot open directory")
    ),
    test!(id_is_free_again_after_delete),
    test!(refused_delete_leaves_the_running_container_alone),
    test!(delete_leaves_the_bundle_and_its_mounts_sources),
    test!(delete_leaves_a_namespace_that_was_joined),
    test!(
        delete_leaves_a_cgroup_that_was_there_before,
        ("runc", "1.1", "removes it"),
        ("crun", "1.8", "removes it")
    ),
    test!(deleting_twice_is_refused),
    test!(delete_ends_what_is_left_in_a_shared_pid_namespace),
];

fn delete_of_a_running_container_is_refused(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    t.call(&["delete", &created.id])
        .refuse(&["that is not stopped: running"])?;
    same("status", &t.status(&created.id)?, "running")
}

fn delete_of_a_created_container_kills_it(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["delete", &created.id]).succeed()?;
    same("exit status of the waiting init", &t.exit_of(pid)?, 137)
}

fn delete_force_kills_a_running_container(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["delete", "--force", &created.id]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)
}

fn delete_force_of_an_unknown_id_succeeds(t: &Trial<'_>) -> Verdict {
    t.call(&["delete", "--force", &t.fresh_id()]).succeed().map(drop)
}

fn delete_of_an_unknown_id_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["delete", &t.fresh_id()]).refuse(&["does not exist"])
}

fn id_is_free_again_after_delete(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    for _ in 0..3 {
        let created = t.create(&bundle)?;
        t.call(&["delete", "--force", &created.id]).succeed()?;
    }
    Ok(())
}

fn refused_delete_leaves_the_running_container_alone(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let before = t.state(&created.id)?;
    t.call(&["delete", &created.id]).refuse(&[])?;
    same("state", &t.state(&created.id)?, before)
}

fn delete_leaves_the_bundle_and_its_mounts_sources(t: &Trial<'_>) -> Verdict {
    let source = t.dir.join("source");
    fs::create_dir(&source)?;
    fs::write(source.join("file"), "kept")?;
    let bundle = t.bundle()?.bind("/data", &source, &["rbind"]).probe("exit 0");
    t.full_life(&bundle)?;
    same("source", &fs::read_to_string(source.join("file"))?, "kept")?;
    ensure(bundle.dir.join("config.json").exists(), || "no config.json".into())?;
    ensure(bundle.rootfs().join("probe").exists(), || "an empty rootfs".into())
}

fn delete_leaves_a_namespace_that_was_joined(t: &Trial<'_>) -> Verdict {
    let first = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let path = format!("/proc/{}/ns/pid", t.pid(&first.id)?.as_raw_nonzero());
    let second = t.bundle()?.joining("pid", &path).probe("sleep 60");
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
    t.call(&["delete", &bundle.id]).refuse(&[])
}

fn delete_ends_what_is_left_in_a_shared_pid_namespace(t: &Trial<'_>) -> Verdict {
    // The harness looks for processes that are left.
    let bundle = t.bundle()?.without_namespace("pid").probe("leave 60 session , exit 0");
    t.full_life(&bundle)?;
    same("cgroups", &cgroups(&bundle.id).len(), 0)
}

/// As inside a container whose cgroups are mounted read-only: what was not made is not in the way of the end.
fn container_without_cgroups_on_read_only_mounts_can_be_deleted(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .probe("exit 4")
        .remove("/linux", "cgroupsPath")
        .remove("/linux", "resources");
    let inside = "for point in $(sed -n 's/^\\([^ ]* \\)\\{4\\}\\([^ ]*\\) .* - cgroup2\\{0,1\\} .*/\\2/p' /proc/self/mountinfo); do \
                  mount -o remount,bind,ro $point || exit 99; done; \"$0\" \"$@\"";
    let script = format!(
        "exec unshare --mount --propagation private sh -c '{}' \"$0\" \"$@\"",
        inside.replace('\'', "'\\''")
    );
    let done = t.with_bundle(&["run"], &bundle)?.script(&script).finish()?;
    same("exit status", &done.code, 4)?;
    ensure(done.err.is_empty(), || format!("stderr: {}", done.err))?;
    ensure(!t.root.join(&bundle.id).exists(), || {
        "its state folder is still there".into()
    })
}
