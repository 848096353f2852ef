//! `linux.cgroupsPath`: where the container's processes are, and what is gone afterwards.

use std::fs;

use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Verdict, ensure, same};
use crate::host::{cgroups, devices_of_v1, hierarchies};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(process_is_in_its_cgroup_in_every_hierarchy),
    test!(cgroup_is_there_before_the_start),
    test!(cgroup_is_gone_after_delete),
    test!(cgroup_is_gone_after_a_failed_create),
    test!(cgroup_made_inside_is_removed_with_the_container),
    test!(missing_cgroups_path_gives_one_of_its_own),
    test!(deep_cgroups_path_is_made),
    test!(
        cgroups_path_with_dots_stays_below_the_root,
        ("crun", "1.8", "leaves a parent that it made")
    ),
    test!(relative_cgroups_path_works),
    test!(default_device_rules_are_in_the_cgroup),
    test!(cgroup_of_another_container_is_not_disturbed),
    test!(
        cgroup_that_the_process_may_write_to_is_its_own,
        ("runc", "1.1", "does so with systemd only"),
        ("crun", "1.8", "is not shown cgroup v2 here")
    ),
    test!(
        cgroup_that_is_in_use_is_refused_or_its_container_left_in_peace,
        ("runc", "1.1", "deleting the second kills the first"),
        ("crun", "1.8", "deleting the second kills the first")
    ),
];

fn process_is_in_its_cgroup_in_every_hierarchy(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?.as_raw_nonzero().to_string();
    for hierarchy in hierarchies() {
        let own = hierarchy.join(t.cgroup(&created.id).trim_start_matches('/'));
        let members = fs::read_to_string(own.join("cgroup.procs")).unwrap_or_default();
        ensure(members.lines().any(|line| line == pid), || {
            format!("not in {}", own.display())
        })?;
    }
    Ok(())
}

fn cgroup_is_there_before_the_start(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let text = fs::read_to_string(format!("/proc/{}/cgroup", t.pid(&created.id)?))?;
    let second_version = hierarchies()
        .iter()
        .any(|path| path.join("cgroup.controllers").exists());
    let mut lines = text.lines().filter(|line| second_version || !line.starts_with("0::"));
    ensure(lines.all(|line| line.ends_with(&t.cgroup(&created.id))), || {
        text.clone()
    })
}

fn cgroup_is_gone_after_delete(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    t.full_life(&bundle)?;
    same("cgroups", &cgroups(&bundle.id).len(), 0)
}

fn cgroup_is_gone_after_a_failed_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "bind", "/no/such/source", &["bind"]);
    t.refused(&bundle, &[])?;
    same("cgroups", &cgroups(&bundle.id).len(), 0)
}

fn cgroup_made_inside_is_removed_with_the_container(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let created = t.launch(&bundle)?;
    for hierarchy in hierarchies() {
        fs::create_dir_all(
            hierarchy
                .join(t.cgroup(&created.id).trim_start_matches('/'))
                .join("made/inside"),
        )?;
    }
    t.call(&["delete", "--force", &created.id]).succeed()?;
    same("cgroups", &cgroups(&bundle.id), Vec::<std::path::PathBuf>::new())
}

fn missing_cgroups_path_gives_one_of_its_own(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.remove("/linux", "cgroupsPath"))?;
    let host = fs::read_to_string("/proc/self/cgroup")?;
    for line in report["cgroup"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|line| line.as_str())
    {
        // Without a controller a hierarchy may be left alone; crun does so with the hidden second version.
        let named = line.starts_with("0::") || line.contains("name=");
        ensure(named || !host.lines().any(|one| one == line), || {
            format!("shares {line}")
        })?;
    }
    Ok(())
}

fn deep_cgroups_path_is_made(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    let id = bundle.id.clone();
    let path = format!("{}/a/b/c", t.cgroup(&id));
    let report = t.see_one(&bundle.set("/linux/cgroupsPath", json!(path)));
    // Which of the parents the runtime may leave is not said anywhere.
    for cgroup in cgroups(&id).iter().rev() {
        let _ = fs::remove_dir(cgroup);
    }
    let report = report?;
    let all = report["cgroup"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|line| line.as_str())
        .collect::<Vec<_>>();
    ensure(all.iter().any(|line| line.ends_with("/a/b/c")), || format!("{all:?}"))
}

fn cgroups_path_with_dots_stays_below_the_root(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    let path = format!("{}/../../../../..{}", t.cgroup("x"), t.cgroup(&bundle.id));
    let done = t.run(&bundle.set("/linux/cgroupsPath", json!(path)))?;
    for hierarchy in hierarchies() {
        ensure(!hierarchy.join("..").join(t.cgroup("x")).exists(), || "outside".into())?;
    }
    // Refused, or resolved to below the root: the harness looks for leftovers.
    drop(done);
    Ok(())
}

fn relative_cgroups_path_works(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    let path = t.cgroup(&bundle.id).trim_start_matches('/').to_owned();
    let report = t.see_one(&bundle.set("/linux/cgroupsPath", json!(path.clone())));
    // Relative to what is the runtime's choice; the parent it made there may stay.
    let parent = t.cgroup("");
    let parent = parent.trim_matches('/');
    let roots = hierarchies();
    for cgroup in cgroups(parent) {
        if cgroup.ends_with(parent) && !roots.iter().any(|root| cgroup.parent() == Some(root)) {
            let _ = fs::remove_dir(cgroup);
        }
    }
    let report = report?;
    let all = report["cgroup"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|line| line.as_str())
        .collect::<Vec<_>>();
    ensure(all.iter().any(|line| line.ends_with(&path)), || format!("{all:?}"))
}

fn default_device_rules_are_in_the_cgroup(t: &Trial<'_>) -> Verdict {
    let Some(devices) = devices_of_v1() else {
        return Err(crate::failure::Failure::Skip(
            "no devices controller of cgroup v1".into(),
        ));
    };
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let text = fs::read_to_string(
        devices
            .join(t.cgroup(&created.id).trim_start_matches('/'))
            .join("devices.list"),
    )?;
    for rule in [
        "c 1:3 rwm",
        "c 1:5 rwm",
        "c 1:7 rwm",
        "c 1:8 rwm",
        "c 1:9 rwm",
        "c 5:0 rwm",
        "c 5:2 rwm",
        "c 136:* rwm",
    ] {
        ensure(text.lines().any(|line| line == rule), || {
            format!("{rule} is missing: {text}")
        })?;
    }
    ensure(!text.contains("a *:*"), || text.clone())
}

fn cgroup_of_another_container_is_not_disturbed(t: &Trial<'_>) -> Verdict {
    let first = t.launch(&t.bundle()?.probe("sleep 60"))?;
    t.see(&t.bundle()?)?;
    t.refused(&t.bundle()?.args(&["/nope"]), &[])?;
    same("status of the first", &t.status(&first.id)?, "running")
}

fn cgroup_that_the_process_may_write_to_is_its_own(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::MetadataExt;
    let writable = |bundle: Bundle, options: &[&str]| {
        bundle
            .without_mount("/sys/fs/cgroup")
            .mount("/sys/fs/cgroup", "cgroup", "cgroup", options)
            .without_namespace("cgroup")
            .new_namespace("cgroup")
            .user(1234, 1234)
            .probe("sleep 20")
    };
    let Some(v2) = hierarchies()
        .into_iter()
        .find(|path| path.join("cgroup.controllers").exists())
    else {
        return Err(crate::failure::Failure::Skip("there is no cgroup v2".into()));
    };
    for (options, owner) in [(["rw"].as_slice(), 1234), (["ro"].as_slice(), 0)] {
        let created = t.launch(&writable(t.bundle()?, options))?;
        let own = v2.join(t.cgroup(&created.id).trim_start_matches('/'));
        for name in ["", "cgroup.procs", "cgroup.subtree_control"] {
            same(name, &fs::metadata(own.join(name))?.uid(), owner)?;
        }
        same("another file", &fs::metadata(own.join("cgroup.type"))?.uid(), 0)?;
    }
    Ok(())
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
