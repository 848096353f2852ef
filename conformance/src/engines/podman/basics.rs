//! What podman does by itself, and docker otherwise or not at all.

use std::fs;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::failure::{Verdict, ensure, same};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    short the_runtime_is_the_one_asked_for,
    short tmpfs_begins_with_what_the_image_has,
    long systemd_mode_starts,
    long hooks_run_in_all_stages,
    short a_failing_hook_stops_the_start,
    long an_overlay_volume_keeps_the_source,
    long a_root_filesystem_without_image,
    long umask_and_time_zone,
    long masks_are_added,
    long a_user_namespace_maps_ids needs "userns",
];

fn the_runtime_is_the_one_asked_for(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    let runtime = container.inspect("{{.OCIRuntime}}")?;
    ensure(cli.lab.runtime.ends_with(&runtime), || {
        format!("OCIRuntime is {runtime:?}")
    })
}

fn tmpfs_begins_with_what_the_image_has(cli: &Cli) -> Verdict {
    let script = "grep ' /home ' /proc/mounts && ls /home && stat -c %u /home/user";
    let outcome = cli.script(&["--tmpfs", "/home"], script).succeed()?;
    outcome.out_has("tmpfs")?;
    outcome.out_has("user\n1000\n")?;
    let options = ["--mount", "type=tmpfs,destination=/home,notmpcopyup"];
    cli.script(&options, "ls /home | wc -l").says("0\n")
}

fn systemd_mode_starts(cli: &Cli) -> Verdict {
    let script = "grep -c ' /run \\| /tmp \\| /run/lock ' /proc/mounts; cd /sys/fs/cgroup/systemd 2>/dev/null || cd /sys/fs/cgroup; mkdir mine && rmdir mine && echo made";
    let outcome = cli.script(&["--systemd=always"], script).succeed()?;
    outcome.out_has("3\nmade")
}

/// Writes a hook for each stage and returns their folder.
fn make_hooks(cli: &Cli, stages: &[&str], script: &str) -> Result<String, crate::failure::Failure> {
    let folder = cli.lab.make_folder("hooks")?;
    for entry in fs::read_dir(&folder)? {
        fs::remove_file(entry?.path())?;
    }
    for stage in stages {
        let hook = serde_json::json!({
            "version": "1.0.0",
            "hook": {"path": "/bin/sh", "args": ["sh", "-c", script], "env": [format!("STAGE={stage}")]},
            "when": {"always": true},
            "stages": [stage],
        });
        fs::write(format!("{folder}/{stage}.json"), hook.to_string())?;
    }
    Ok(folder)
}

fn hooks_run_in_all_stages(cli: &Cli) -> Verdict {
    let record = cli.lab.path("stages");
    fs::write(&record, "")?;
    let stages = ["prestart", "createRuntime", "poststart", "poststop"];
    // Each reads the container's state on stdin.
    let script = format!("state=$(cat); case $state in *'\"id\"'*) echo $STAGE >>{record} ;; esac");
    let folder = make_hooks(cli, &stages, &script)?;
    let mut cli_with_hooks = cli.call(&["--hooks-dir", &folder]);
    cli_with_hooks = cli_with_hooks.args(["run", "--rm", cli.image, "true"]);
    cli_with_hooks.succeed()?;
    let seen = fs::read_to_string(&record)?;
    let mut seen: Vec<&str> = seen.lines().collect();
    // Podman 5 gives those of prestart to the later stage.
    if seen.starts_with(&["createRuntime", "prestart"]) {
        seen.swap(0, 1);
    }
    same("stages", &seen, stages.to_vec())
}

fn a_failing_hook_stops_the_start(cli: &Cli) -> Verdict {
    let folder = make_hooks(cli, &["createRuntime"], "echo the hold is full >&2; exit 3")?;
    let call = cli.call(&["--hooks-dir", &folder, "run", "--rm", cli.image, "echo", "started"]);
    let outcome = call.finish()?;
    ensure(outcome.code != 0 && !outcome.out.contains("started"), || {
        outcome.to_string()
    })
}

fn an_overlay_volume_keeps_the_source(cli: &Cli) -> Verdict {
    let folder = cli.lab.make_folder("below")?;
    fs::write(format!("{folder}/file"), "old\n")?;
    let script = "cat /data/file; echo new >/data/file; cat /data/file";
    cli.script(&["-v", &format!("{folder}:/data:O")], script)
        .says("old\nnew\n")?;
    reads(
        "the source",
        fs::read_to_string(format!("{folder}/file"))?.as_str(),
        "old\n",
    )
}

fn a_root_filesystem_without_image(cli: &Cli) -> Verdict {
    let mut rootfs = cli.lab.path("rootfs");
    if cli.is_rootless {
        // podman writes there, and that one is root's.
        rootfs = cli.lab.make_folder("users-rootfs")?;
        Call::new("tar")
            .args(["-C", &rootfs, "-xf", &cli.lab.rootfs_tar()?])
            .succeed()?;
    }
    cli.call(&["run", "--rm", "--rootfs", &rootfs, "echo", "hi"])
        .says("hi\n")
}

fn umask_and_time_zone(cli: &Cli) -> Verdict {
    cli.script(&["--umask", "0077"], "umask; touch /file; stat -c %a /file")
        .says("0077\n600\n")
}

fn masks_are_added(cli: &Cli) -> Verdict {
    let options = ["--security-opt", "mask=/etc/passwd:/home"];
    cli.script(&options, "wc -c </etc/passwd; ls /home | wc -l")
        .says("0\n0\n")
}

fn a_user_namespace_maps_ids(cli: &Cli) -> Verdict {
    // An ordinary user maps what its own namespace has: itself as 0, and its subordinate ids.
    let (first, count) = if cli.is_rootless {
        ("1", "1000")
    } else {
        ("100000", "65536")
    };
    let map = format!("0:{first}:{count}");
    let options = ["--uidmap", &map, "--gidmap", &map];
    let outcome = cli.script(&options, "id -u; cat /proc/self/uid_map").succeed()?;
    let seen: Vec<&str> = outcome.out.split_whitespace().collect();
    same("id and map", &seen, ["0", "0", first, count])
}
