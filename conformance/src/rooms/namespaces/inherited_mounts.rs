//! No mount namespace in `linux.namespaces`: the process is in the caller's, whose table stays as it was.

use std::fs;

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::text_on_stdin;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::own_namespace;
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

const RUNC_REFUSES: (&str, &str, &str) = ("runc", "1.1", "refuses masked paths without a mount namespace");
const CRUN_LEAVES: (&str, &str, &str) = ("crun", "1.8", "leaves its mounts on the host");

pub(crate) const TESTS: &[Test] = &[
    test!(process_is_in_the_callers_mount_namespace, RUNC_REFUSES, CRUN_LEAVES),
    test!(
        hosts_table_stays_while_the_container_is_there,
        RUNC_REFUSES,
        CRUN_LEAVES
    ),
    test!(hosts_table_stays_whatever_fails, CRUN_LEAVES),
    test!(what_is_mounted_is_there, RUNC_REFUSES, CRUN_LEAVES),
    test!(masked_and_read_only_paths_hold, RUNC_REFUSES, CRUN_LEAVES),
    test!(no_word_of_propagation_reaches_the_host, RUNC_REFUSES, CRUN_LEAVES),
    test!(nothing_can_be_mounted_and_the_table_is_empty, RUNC_REFUSES, CRUN_LEAVES),
    test!(hosts_tree_is_out_of_reach, RUNC_REFUSES, CRUN_LEAVES),
    test!(hooks_of_each_kind_run, RUNC_REFUSES, CRUN_LEAVES),
    test!(process_of_a_joined_pid_namespace_runs, RUNC_REFUSES, CRUN_LEAVES),
    test!(long_lists_of_layers_are_mounted, RUNC_REFUSES, CRUN_LEAVES),
    test!(no_pivot_changes_nothing, RUNC_REFUSES, CRUN_LEAVES),
    test!(
        user_namespace_without_a_mount_namespace_is_refused_before_anything,
        RUNC_REFUSES,
        CRUN_LEAVES
    ),
    test!(caller_without_chroot_is_told, RUNC_REFUSES, CRUN_LEAVES),
];

fn bundle(t: &Trial<'_>) -> Result<Bundle, Failure> {
    Ok(t.bundle()?.without_namespace("mount"))
}

fn table() -> Result<String, Failure> {
    Ok(fs::read_to_string("/proc/self/mountinfo")?)
}

/// The caller's table of mounts is as it was before.
fn unchanged(before: &str, when: &str) -> Verdict {
    let now = table()?;
    ensure(now == before, || {
        let new = now.lines().filter(|line| !before.lines().any(|old| old == *line));
        format!(
            "{when} the host has mounts of the container: {:?}",
            new.collect::<Vec<_>>()
        )
    })
}

fn process_is_in_the_callers_mount_namespace(t: &Trial<'_>) -> Verdict {
    let seen = t.namespaces_inside(&bundle(t)?)?;
    same("mnt", &seen["mnt"], own_namespace("mnt")?.as_str())?;
    ensure(seen["pid"] != own_namespace("pid")?.as_str(), || {
        "the host's pid namespace".into()
    })
}

fn hosts_table_stays_while_the_container_is_there(t: &Trial<'_>) -> Verdict {
    let before = table()?;
    let created = t.create(&bundle(t)?.probe("sleep 60"))?;
    unchanged(&before, "when it is created,")?;
    t.call(&["start"]).word(&created.id).succeed()?;
    unchanged(&before, "while it runs,")?;
    t.call(&["delete", "--force"]).word(&created.id).succeed()?;
    unchanged(&before, "when it is deleted,")
}

fn hosts_table_stays_whatever_fails(t: &Trial<'_>) -> Verdict {
    let missing = json!({"path": "/nowhere/hook"});
    let failing = [
        bundle(t)?.mount("/data", "nofilesystem", "none", &[]),
        bundle(t)?.bind("/data", &t.dir.join("missing"), &["rbind"]),
        bundle(t)?.mount("/data", "tmpfs", "tmpfs", &["size=wrong"]),
        bundle(t)?.args(&["/missing"]),
        bundle(t)?.user(0, 0).set("/process/cwd", json!("/probe")),
        bundle(t)?.hook("createRuntime", missing.clone()),
        bundle(t)?.hook("createContainer", missing.clone()),
        bundle(t)?.hook("startContainer", missing),
        bundle(t)?.set("/linux/sysctl", json!({"kernel.shmmni": "none"})),
    ];
    for bundle in failing {
        let before = table()?;
        let done = t.run(&bundle)?;
        ensure(done.code != 0, || "it runs".into())?;
        unchanged(&before, &format!("after {:?},", done.err.trim()))?;
    }
    Ok(())
}

fn what_is_mounted_is_there(t: &Trial<'_>) -> Verdict {
    let source = t.host_folder()?;
    let bundle = bundle(t)?
        .bind("/data", source.as_ref(), &["rbind", "ro"])
        .mount("/run", "tmpfs", "tmpfs", &["size=64k"])
        .probe(
            "read /data/inside , write /data/new x , write /run/new x , write /new x , statfs /proc , stat /dev/null , \
                list /sys/fs/cgroup , list /dev/pts",
        );
    let before = table()?;
    let seen = t.see(&bundle)?;
    unchanged(&before, "afterwards")?;
    same("what is bound", &seen[0]["value"], "from the host")?;
    same("read-only bind", &seen[1]["errno"], libc::EROFS)?;
    ensure(seen[2]["errno"].is_null(), || seen[2].to_string())?;
    same("read-only root", &seen[3]["errno"], libc::EROFS)?;
    for line in &seen[4..] {
        ensure(line["errno"].is_null(), || line.to_string())?;
    }
    Ok(())
}

fn masked_and_read_only_paths_hold(t: &Trial<'_>) -> Verdict {
    let source = t.host_folder()?;
    fs::create_dir_all(t.dir.join("source/hidden"))?;
    fs::write(t.dir.join("source/hidden/file"), "secret")?;
    let before = table()?;
    let bundle = bundle(t)?
        .bind("/data", source.as_ref(), &["rbind"])
        .set("/linux/maskedPaths/-", json!("/data/hidden"))
        .set("/linux/readonlyPaths/-", json!("/data/inside"))
        .probe(
            "list /data/hidden , write /data/inside x , write /proc/sys/kernel/core_pattern x , read /proc/timer_list",
        );
    let seen = t.see(&bundle)?;
    unchanged(&before, "afterwards")?;
    same("hidden", &seen[0]["value"], json!([]))?;
    same("read-only file", &seen[1]["errno"], libc::EROFS)?;
    same("read-only file of procfs", &seen[2]["errno"], libc::EROFS)?;
    ensure(fs::read(t.dir.join("source/hidden/file"))? == b"secret", || {
        "hidden on the host".into()
    })
}

fn no_word_of_propagation_reaches_the_host(t: &Trial<'_>) -> Verdict {
    let source = t.host_folder()?;
    fs::create_dir_all(t.dir.join("source/hidden"))?;
    for word in [
        "shared",
        "rshared",
        "slave",
        "rslave",
        "private",
        "rprivate",
        "unbindable",
        "runbindable",
    ] {
        for of_the_root in [
            Value::Null,
            json!("shared"),
            json!("rshared"),
            json!("rslave"),
            json!("rprivate"),
        ] {
            let before = table()?;
            let bundle = bundle(t)?
                .set("/linux/rootfsPropagation", of_the_root.clone())
                .bind("/data", source.as_ref(), &["rbind", word])
                .mount("/data/hidden", "tmpfs", "tmpfs", &[word])
                .set("/linux/maskedPaths/-", json!("/data/inside"))
                .probe("read /data/inside");
            let done = t.run(&bundle)?;
            ensure(done.code == 0, || format!("{word}, {of_the_root}: {}", done.err))?;
            unchanged(&before, &format!("with {word} and {of_the_root}"))?;
        }
    }
    Ok(())
}

/// All that a process can be given.
const MIGHTY: &[&str] = &[
    "CAP_SYS_ADMIN",
    "CAP_SYS_CHROOT",
    "CAP_MKNOD",
    "CAP_DAC_OVERRIDE",
    "CAP_SETUID",
];

fn nothing_can_be_mounted_and_the_table_is_empty(t: &Trial<'_>) -> Verdict {
    let before = table()?;
    let bundle = bundle(t)?
        .capabilities(MIGHTY)
        .probe("read /proc/self/mountinfo , mount none /tmp tmpfs 0 , mount none / none 278528");
    let seen = t.see(&bundle)?;
    same("mountinfo", &seen[0]["value"], "")?;
    ensure(seen[1]["errno"].is_i64(), || seen[1].to_string())?;
    ensure(seen[2]["errno"].is_i64(), || seen[2].to_string())?;
    unchanged(&before, "afterwards")
}

/// Whoever has both CAP_SYS_ADMIN and CAP_SYS_CHROOT can join the namespace that it is in, and finds its root. All
/// else leads nowhere, also with one of them.
fn hosts_tree_is_out_of_reach(t: &Trial<'_>) -> Verdict {
    let secret = t.dir.join("secret");
    fs::write(&secret, "of the host")?;
    let secret = secret.to_string_lossy();
    for capabilities in [
        &["CAP_SYS_CHROOT", "CAP_DAC_OVERRIDE"][..],
        &["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"],
        &[],
    ] {
        let up = "/..".repeat(40);
        let bundle = bundle(t)?.writable().capabilities(capabilities).probe(&format!(
            "read {up}{secret} , read /proc/self/root{up}{secret} , read /proc/self/cwd{up}{secret} , \
             read /proc/1/root{up}{secret} , escape /tmp/inner join , read {secret} , escape /tmp/inner chroot , \
             read {secret} , list /"
        ));
        let seen = t.see(&bundle)?;
        for index in [0, 1, 2, 3, 5, 7] {
            ensure(seen[index]["errno"].is_i64(), || {
                format!("{capabilities:?}, action {index}: {}", seen[index])
            })?;
        }
        let top = seen[8]["value"].to_string();
        ensure(top.contains("probe"), || format!("the root is {top}"))?;
    }
    Ok(())
}

fn hooks_of_each_kind_run(t: &Trial<'_>) -> Verdict {
    let probe = t.probe();
    let log = t.dir.join("hooks");
    let on_host = |name: &str| {
        let file = log.join(name);
        json!({"path": probe, "args": ["probe", "write", file, name]})
    };
    fs::create_dir_all(&log)?;
    let bundle = bundle(t)?
        .mount("/run", "tmpfs", "tmpfs", &[])
        .hook("createRuntime", on_host("createRuntime"))
        .hook("createContainer", on_host("createContainer"))
        .hook(
            "startContainer",
            json!({"path": "/probe", "args": ["probe", "write", "/run/startContainer", "x"]}),
        )
        .hook("poststop", on_host("poststop"))
        .probe("read /run/startContainer");
    let before = table()?;
    same("inside", &t.see_one(&bundle)?["value"], "x")?;
    unchanged(&before, "afterwards")?;
    for name in ["createRuntime", "createContainer", "poststop"] {
        ensure(log.join(name).exists(), || format!("{name} has not run"))?;
    }
    Ok(())
}

fn process_of_a_joined_pid_namespace_runs(t: &Trial<'_>) -> Verdict {
    let first = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let path = format!("/proc/{}/ns/pid", t.pid(&first.id)?);
    let before = table()?;
    let seen = t.namespaces_inside(&bundle(t)?.joining("pid", &path))?;
    same("mnt", &seen["mnt"], own_namespace("mnt")?.as_str())?;
    unchanged(&before, "afterwards")
}

/// More than the new calls take in one parameter.
fn long_lists_of_layers_are_mounted(t: &Trial<'_>) -> Verdict {
    let mut layers = Vec::new();
    for number in 0..12 {
        let layer = t.dir.join(format!("layer-with-a-name-that-is-rather-long-{number}"));
        fs::create_dir_all(&layer)?;
        fs::write(layer.join(format!("file{number}")), "x")?;
        layers.push(layer.to_string_lossy().into_owned());
    }
    let lower = format!("lowerdir={}", layers.join(":"));
    let before = table()?;
    let bundle = bundle(t)?
        .mount("/data", "overlay", "overlay", &["ro", &lower])
        .probe("list /data");
    let seen = t.see_one(&bundle)?;
    same("files", &seen["value"].as_array().map_or(0, Vec::len), 12)?;
    unchanged(&before, "afterwards")
}

fn no_pivot_changes_nothing(t: &Trial<'_>) -> Verdict {
    let before = table()?;
    let done = t.with_bundle(&["run", "--no-pivot"], &bundle(t)?)?.succeed()?;
    let seen = done.json()?;
    same("mnt", &seen["namespaces"]["mnt"], own_namespace("mnt")?.as_str())?;
    unchanged(&before, "afterwards")
}

fn user_namespace_without_a_mount_namespace_is_refused_before_anything(t: &Trial<'_>) -> Verdict {
    let before = table()?;
    let bundle = mapped(t)?.without_namespace("mount");
    let call = t.with_bundle(&["run"], &bundle)?.stdin(text_on_stdin("")?);
    call.refuse(&["linux.namespaces", "mount namespace"])?;
    unchanged(&before, "afterwards")
}

fn caller_without_chroot_is_told(t: &Trial<'_>) -> Verdict {
    let before = table()?;
    let call = t.with_bundle(&["run"], &bundle(t)?)?;
    call.script("exec setpriv --bounding-set -sys_chroot --inh-caps -all \"$0\" \"$@\"")
        .refuse(&["CAP_SYS_CHROOT", "linux.namespaces"])?;
    unchanged(&before, "afterwards")
}
