//! A node whose kubelet and containerd leave the cgroups to systemd, which is the usual one: what systemd knows of a pod.

use serde_json::json;

use super::Cri;
use super::life::cgroup_of;
use super::pod::Pod;
use super::slice::{Slice, property};
use crate::engines::call::{Call, reads};
use crate::engines::cgroup::Limit;
use crate::engines::check::{Check, checks};
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure, same};

pub(super) const CHECKS: &[Check<Cri>] = checks![
    long units_of_systemd_hold_a_pod_from_begin_to_end needs "resources",
    long a_pods_limit_holds_for_its_containers_together needs "resources",
];

/// The pod's slice.
fn slice_of<'p>(pod: &'p Pod<'_>) -> Result<&'p Slice, Failure> {
    let why = || Failure::Skip("no systemd makes the cgroups here".to_owned());
    pod.slice.as_ref().ok_or_else(why)
}

/// What systemd says of a unit that it does not have, or not any more.
const GONE: [&str; 2] = ["inactive", "failed"];

fn is_gone(unit: &str) -> Verdict {
    in_time(unit, 20, || {
        let state = property(unit, "ActiveState")?;
        Ok((GONE.contains(&state.as_str()), state))
    })
}

fn memory(bytes: &'static [&'static str]) -> Limit {
    Limit {
        controller: "memory",
        v1: ("memory.limit_in_bytes", ""),
        v2: ("memory.max", bytes),
    }
}

fn units_of_systemd_hold_a_pod_from_begin_to_end(cri: &Cri) -> Verdict {
    let pod = cri.pod("units", |_| ())?;
    let slice = slice_of(&pod)?.name.clone();
    let one = pod.run("one", &["sleep", "1008"], |config| {
        config["linux"]["resources"] = json!({"memory_limit_in_bytes": 64 << 20, "cpu_shares": 512});
    })?;
    let two = pod.run("two", &["sleep", "1009"], |_| ())?;
    let scopes = [&pod.id, &one.id, &two.id].map(|id| Slice::scope(id));
    for scope in &scopes {
        reads(scope, &property(scope, "ActiveState")?, "active")?;
        reads(scope, &property(scope, "Slice")?, &slice)?;
    }
    let limits = |wanted: &str, in_file: &'static [&'static str]| {
        reads("MemoryMax", &property(&scopes[1], "MemoryMax")?, wanted)?;
        // What systemd sets when it reads its configuration again is what it was told.
        Call::new("systemctl").args(["daemon-reload"]).succeed()?;
        cgroup_of("sleep 1008")?.keeps(&[memory(in_file)])
    };
    limits("67108864", &["67108864"])?;
    let change = json!({"container_id": one.id, "linux": {"memory_limit_in_bytes": 96 << 20}});
    cri.client.call("UpdateContainerResources", &change)?;
    limits("100663296", &["100663296"])?;
    // A command is where its container is.
    let place = one.exec(&["sh", "-c", "cat /proc/self/cgroup"])?;
    same("cgroup of a command", &place["stdout"], "0::/\n")?;
    one.stop(0)?;
    is_gone(&scopes[1])?;
    reads("the other one", &property(&scopes[2], "ActiveState")?, "active")?;
    pod.remove()?;
    scopes.iter().try_for_each(|scope| is_gone(scope))?;
    is_gone(&slice)
}

fn a_pods_limit_holds_for_its_containers_together(cri: &Cri) -> Verdict {
    let pod = cri.pod("together", |_| ())?;
    let slice = slice_of(&pod)?;
    slice.set("MemoryMax=48M")?;
    slice.set("MemorySwapMax=0")?;
    let hog = pod.run("hog", &["tail", "-c", "100m", "/dev/zero"], |_| ())?;
    let ended = hog.ended()?;
    same("exit code", &ended["exit_code"], 137)?;
    same("state", &pod.status()?["state"], "SANDBOX_READY")?;
    let cgroup = cgroup_of("/busybox sh -c trap .*")?;
    ensure(cgroup.has("kubepods-besteffort"), || format!("{cgroup:?}"))?;
    pod.remove()
}
