//! The life of a container in a pod: how it starts, what it is limited to, what is told of it, and how it ends.

use std::fs;

use serde_json::{Value, json};

use super::{Cri, number, with_sleeper};
use crate::engines::call::{Call, reads};
use crate::engines::cgroup::{Cgroup, Limit};
use crate::engines::check::{Check, checks};
use crate::failure::{Failure, Verdict, ensure, same, wrong};

pub(super) const CHECKS: &[Check<Cri>] = checks![
    long a_container_is_created_started_and_removed,
    long the_exit_code_and_its_reason_are_told,
    long a_missing_command_is_told_at_the_start,
    long a_container_is_made_again_in_its_pod,
    long a_stop_asks_first_and_kills_later,
    long a_container_without_memory_is_told_as_oomkilled needs "resources",
    long limits_reach_the_cgroup_and_are_changed needs "resources",
    long the_usage_of_a_container_is_told needs "resources",
    long environment_command_and_folder_of_image_and_config,
    long a_mount_is_read_only_or_not,
    long later_mounts_of_the_host_arrive,
    long mounts_of_a_container_reach_the_host,
    long a_device_is_given,
];

fn a_container_is_created_started_and_removed(cri: &Cri) -> Verdict {
    let pod = cri.pod("life", |_| ())?;
    let container = pod.create("one", &["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait $!"], |_| ())?;
    same("state", &container.status()?["state"], "CONTAINER_CREATED")?;
    container.start()?;
    same("state", &container.status()?["state"], "CONTAINER_RUNNING")?;
    let list = cri.client.call("ListContainers", &json!({}))?.to_string();
    ensure(list.contains(&container.id), || list)?;
    let refusal = cri.client.refused("StartContainer", &container.request())?;
    ensure(refusal.contains("CONTAINER_RUNNING"), || refusal)?;
    container.stop(10)?;
    container.remove()?;
    let refusal = cri.client.refused("ContainerStatus", &container.request())?;
    ensure(refusal.starts_with("NOT_FOUND"), || refusal)?;
    // As often as a kubelet likes.
    container.remove()?;
    pod.remove()
}

fn ends(cri: &Cri, name: &str, script: &str, code: u64, reason: &str) -> Verdict {
    // Where the processes are shared, none of a container's is a first one, which many signals do nothing to.
    let pod = cri.pod(name, |config| {
        config["linux"]["security_context"]["namespace_options"] = json!({"pid": "POD"});
    })?;
    let status = pod.run("one", &["sh", "-c", script], |_| ())?.ended()?;
    same("exit code", &status["exit_code"], code)?;
    same("reason", &status["reason"], reason)?;
    pod.remove()
}

fn the_exit_code_and_its_reason_are_told(cri: &Cri) -> Verdict {
    ends(cri, "completed", "exit 0", 0, "Completed")?;
    ends(cri, "failed", "exit 7", 7, "Error")?;
    ends(cri, "killed", "kill -SEGV $$", 139, "Error")
}

fn a_missing_command_is_told_at_the_start(cri: &Cri) -> Verdict {
    let pod = cri.pod("missing", |_| ())?;
    for (name, command, words) in [
        ("path", "/no/such/command", "no such file or directory"),
        ("word", "no-such-command", "executable file not found in $PATH"),
        ("folder", "/etc", "permission denied"),
    ] {
        let container = pod.create(name, &[command], |_| ())?;
        let refusal = cri.client.refused("StartContainer", &container.request())?;
        ensure(refusal.contains(command) && refusal.contains(words), || refusal)?;
        let status = container.ended()?;
        same("exit code", &status["exit_code"], 128)?;
        same("reason", &status["reason"], "StartError")?;
        let message = status["message"].as_str().unwrap_or_default();
        ensure(message.contains(words), || status.to_string())?;
        container.remove()?;
    }
    pod.remove()
}

fn a_container_is_made_again_in_its_pod(cri: &Cri) -> Verdict {
    let pod = cri.pod("again", |_| ())?;
    for attempt in 0..3 {
        let change = |config: &mut Value| config["metadata"]["attempt"] = attempt.into();
        let container = pod.run("one", &["sh", "-c", "exit 3"], change)?;
        same("exit code", &container.ended()?["exit_code"], 3)?;
        container.remove()?;
    }
    pod.remove()
}

fn a_stop_asks_first_and_kills_later(cri: &Cri) -> Verdict {
    let pod = cri.pod("stops", |_| ())?;
    let polite = pod.run(
        "polite",
        &["sh", "-c", "trap 'exit 5' TERM; sleep 1000 & wait $!"],
        |_| (),
    )?;
    let deaf = pod.run("deaf", &["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], |_| ())?;
    polite.says("until grep -q 'SigCgt:.*4[0-9a-f]\\{3\\}$' /proc/1/status; do sleep 0.1; done")?;
    deaf.says("until grep -q 'SigIgn:.*4[0-9a-f]\\{3\\}$' /proc/1/status; do sleep 0.1; done")?;
    polite.stop(20)?;
    same("exit code", &polite.status()?["exit_code"], 5)?;
    deaf.stop(1)?;
    same("exit code", &deaf.status()?["exit_code"], 137)?;
    same("reason", &deaf.status()?["reason"], "Error")?;
    pod.remove()
}

fn a_container_without_memory_is_told_as_oomkilled(cri: &Cri) -> Verdict {
    let pod = cri.pod("memory", |_| ())?;
    let container = pod.run("one", &["tail", "-c", "100m", "/dev/zero"], |config| {
        config["linux"]["resources"] = json!({"memory_limit_in_bytes": 32 << 20});
    })?;
    let status = container.ended()?;
    same("exit code", &status["exit_code"], 137)?;
    same("reason", &status["reason"], "OOMKilled")?;
    pod.remove()
}

/// The cgroup of the process with this command line.
pub(super) fn cgroup_of(command: &str) -> Result<Cgroup, Failure> {
    let found = Call::new("pgrep").args(["-o", "-f", "-x", command]).succeed()?.out;
    Cgroup::of(found.trim())
}

fn limits_reach_the_cgroup_and_are_changed(cri: &Cri) -> Verdict {
    let pod = cri.pod("limits", |_| ())?;
    let container = pod.run("one", &["sleep", "1004"], |config| {
        config["linux"]["resources"] = json!({
            "cpu_period": 100_000,
            "cpu_quota": 50_000,
            "cpu_shares": 512,
            "memory_limit_in_bytes": 64 << 20,
            "oom_score_adj": 500,
            "cpuset_cpus": "0",
        });
    })?;
    cgroup_of("sleep 1004")?.keeps(&[
        Limit {
            controller: "cpu",
            v1: ("cpu.cfs_quota_us", "50000"),
            v2: ("cpu.max", &["50000 100000"]),
        },
        Limit {
            controller: "cpu",
            v1: ("cpu.shares", "512"),
            v2: ("cpu.weight", &["20", "59"]),
        },
        Limit {
            controller: "memory",
            v1: ("memory.limit_in_bytes", "67108864"),
            v2: ("memory.max", &["67108864"]),
        },
        Limit {
            controller: "cpuset",
            v1: ("cpuset.cpus", "0"),
            v2: ("cpuset.cpus", &["0"]),
        },
    ])?;
    reads("oom_score_adj", &container.says("cat /proc/1/oom_score_adj")?, "500")?;
    let change = json!({
        "container_id": container.id,
        "linux": {"cpu_period": 100_000, "cpu_quota": 70_000, "cpu_shares": 256, "memory_limit_in_bytes": 128 << 20},
    });
    cri.client.call("UpdateContainerResources", &change)?;
    cgroup_of("sleep 1004")?.keeps(&[
        Limit {
            controller: "cpu",
            v1: ("cpu.cfs_quota_us", "70000"),
            v2: ("cpu.max", &["70000 100000"]),
        },
        Limit {
            controller: "cpu",
            v1: ("cpu.shares", "256"),
            v2: ("cpu.weight", &["10", "35"]),
        },
        Limit {
            controller: "memory",
            v1: ("memory.limit_in_bytes", "134217728"),
            v2: ("memory.max", &["134217728"]),
        },
        Limit {
            controller: "cpuset",
            v1: ("cpuset.cpus", "0"),
            v2: ("cpuset.cpus", &["0"]),
        },
    ])?;
    // One that is created and not started is changed as well.
    let waiting = pod.create("waiting", &["sleep", "1005"], |_| ())?;
    let change = json!({"container_id": waiting.id, "linux": {"memory_limit_in_bytes": 96 << 20}});
    cri.client.call("UpdateContainerResources", &change)?;
    waiting.start()?;
    cgroup_of("sleep 1005")?.keeps(&[Limit {
        controller: "memory",
        v1: ("memory.limit_in_bytes", "100663296"),
        v2: ("memory.max", &["100663296"]),
    }])?;
    pod.remove()
}

fn the_usage_of_a_container_is_told(cri: &Cri) -> Verdict {
    with_sleeper(cri, "figures", |_, sleeper| {
        sleeper.says("n=0; while [ $n -lt 50000 ]; do n=$((n + 1)); done")?;
        let answer = cri.client.call("ContainerStats", &sleeper.request())?;
        let cpu = number(&answer["stats"]["cpu"]["usage_core_nano_seconds"]["value"])?;
        let memory = number(&answer["stats"]["memory"]["working_set_bytes"]["value"])?;
        ensure(cpu > 1_000_000 && memory > 0, || answer.to_string())
    })
}

fn environment_command_and_folder_of_image_and_config(cri: &Cri) -> Verdict {
    let change = |config: &mut Value| {
        config["command"] = json!(["sh", "-c"]);
        config["args"] = json!(["echo $DECK $PWD $PATH $HOSTNAME"]);
        config["working_dir"] = "/tmp".into();
        config["envs"] = json!([{"key": "DECK", "value": "lowest"}]);
    };
    let said = super::output_of(cri, "words", "", change)?;
    reads("said", &said, "lowest /tmp /usr/sbin:/usr/bin:/sbin:/bin words\n")
}

fn a_mount_is_read_only_or_not(cri: &Cri) -> Verdict {
    let folder = cri.lab.make_folder("cri-volume")?;
    fs::write(format!("{folder}/file"), "rope\n")?;
    let script = "cat /ro/file; touch /ro/other 2>/dev/null || echo refused; echo tar >/rw/other; cat /ro/other";
    let said = super::output_of(cri, "mounts", script, |config| {
        config["mounts"] = json!([
            {"container_path": "/ro", "host_path": folder, "readonly": true},
            {"container_path": "/rw", "host_path": folder},
        ]);
    })?;
    reads("said", &said, "rope\nrefused\ntar\n")
}

/// A shared mount point of the lab's, while the body runs.
fn on_a_shared_mount(cri: &Cri, name: &str, body: impl FnOnce(&str) -> Verdict) -> Verdict {
    let folder = cri.lab.make_folder(name)?;
    Call::new("mount").args(["-t", "tmpfs", "tmpfs", &folder]).succeed()?;
    Call::new("mount").args(["--make-shared", &folder]).succeed()?;
    Call::new("mkdir").args([format!("{folder}/below")]).succeed()?;
    let verdict = body(&folder);
    let _ = Call::new("umount").args(["--lazy", "--recursive", &folder]).finish();
    verdict
}

fn privileged(config: &mut Value) {
    config["linux"]["security_context"]["privileged"] = true.into();
}

/// A privileged container's config, with a mount that propagates.
fn propagating(folder: &str, how: &'static str) -> impl Fn(&mut Value) {
    let mounts = json!([{"container_path": "/data", "host_path": folder, "propagation": how}]);
    move |config| {
        config["mounts"] = mounts.clone();
        privileged(config);
    }
}

fn later_mounts_of_the_host_arrive(cri: &Cri) -> Verdict {
    on_a_shared_mount(cri, "arriving", |folder| {
        let pod = cri.pod("arrivals", privileged)?;
        let container = pod.run(
            "one",
            &["sleep", "1000"],
            propagating(folder, "PROPAGATION_HOST_TO_CONTAINER"),
        )?;
        Call::new("mount")
            .args(["-t", "tmpfs", "later", &format!("{folder}/below")])
            .succeed()?;
        container.says("grep -q '^later /data/below ' /proc/mounts")?;
        container.says("mount -t tmpfs inner /data/below")?;
        let own = fs::read_to_string("/proc/self/mounts")?;
        ensure(!own.contains("inner "), || {
            "a mount of the container's came out".to_owned()
        })?;
        pod.remove()
    })
}

fn mounts_of_a_container_reach_the_host(cri: &Cri) -> Verdict {
    on_a_shared_mount(cri, "leaving", |folder| {
        let pod = cri.pod("departures", privileged)?;
        let container = pod.run(
            "one",
            &["sleep", "1000"],
            propagating(folder, "PROPAGATION_BIDIRECTIONAL"),
        )?;
        container.says("mount -t tmpfs inner /data/below")?;
        let own = fs::read_to_string("/proc/self/mounts")?;
        if !own.contains(&format!("inner {folder}/below ")) {
            return wrong("a mount of the container's did not come out");
        }
        container.says("umount /data/below")?;
        pod.remove()
    })
}

fn a_device_is_given(cri: &Cri) -> Verdict {
    let script = "head -c 3 /dev/deck | wc -c; echo x 2>/dev/null >/dev/deck || echo refused; ls /dev/kmsg 2>&1";
    let said = super::output_of(cri, "devices", script, |config| {
        config["devices"] = json!([{"container_path": "/dev/deck", "host_path": "/dev/zero", "permissions": "r"}]);
    })?;
    // The cgroup's rules about /dev/zero are those of every container: what is written there is refused to nobody.
    ensure(said.starts_with("3\n") && said.contains("No such file"), || said)
}
