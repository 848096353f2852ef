//! Pods: their life, what their containers share, and what they are told of the network and the host.

use std::fs;

use serde_json::{Value, json};

use super::life::cgroup_of;
use super::pod::{Container, Pod};
use super::slice::Slice;
use super::{Cri, HANDLERS, IMAGE, PAUSE, number, with_sleeper};
use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::place::has_systemd;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure, same};

pub(super) const CHECKS: &[Check<Cri>] = checks![
    long version_and_images_are_told,
    long a_pod_becomes_ready_stops_and_goes,
    short containers_of_a_pod_share_network_ipc_and_hostname,
    long a_pod_may_share_its_processes,
    long a_container_joins_the_processes_of_another,
    long a_pod_uses_the_namespaces_of_the_host,
    long pods_reach_each_other,
    long a_pod_has_sysctls_and_name_servers,
    long a_second_handler_is_taken_and_an_unknown_one_refused,
    long containers_are_in_the_cgroup_of_the_pod needs "resources",
    long the_usage_of_a_pod_is_told needs "resources",
    long pods_live_on_when_the_engine_is_started_again needs "exec",
    long a_pod_whose_first_process_is_killed_is_not_ready,
];

fn version_and_images_are_told(cri: &Cri) -> Verdict {
    let version = cri.client.call("Version", &json!({"version": "v1"}))?;
    same("runtime_name", &version["runtime_name"], "containerd")?;
    same("runtime_api_version", &version["runtime_api_version"], "v1")?;
    let images = cri.client.call("ListImages", &json!({}))?.to_string();
    ensure(images.contains(IMAGE) && images.contains(PAUSE), || images)
}

fn a_pod_becomes_ready_stops_and_goes(cri: &Cri) -> Verdict {
    let pod = cri.pod("ship", |_| ())?;
    same("state", &pod.status()?["state"], "SANDBOX_READY")?;
    let id = pod.id.clone();
    let is_listed = || -> Result<bool, Failure> {
        let list = cri.client.call("ListPodSandbox", &json!({}))?;
        Ok(list.to_string().contains(&id))
    };
    ensure(is_listed()?, || "not listed".to_owned())?;
    pod.stop()?;
    same("state", &pod.status()?["state"], "SANDBOX_NOTREADY")?;
    // A kubelet says everything twice.
    pod.stop()?;
    pod.remove()?;
    ensure(!is_listed()?, || "listed after its removal".to_owned())?;
    let refusal = cri.client.refused("PodSandboxStatus", &json!({"pod_sandbox_id": id}))?;
    ensure(refusal.starts_with("NOT_FOUND"), || refusal)
}

/// The namespaces of a process.
const NAMESPACES: &str = "cd /proc/self/ns; for n in net ipc uts pid mnt; do readlink $n; done";

fn containers_of_a_pod_share_network_ipc_and_hostname(cri: &Cri) -> Verdict {
    let pod = cri.pod("share", |_| ())?;
    let first = pod.run("first", &["sleep", "1000"], |_| ())?;
    let second = pod.run("second", &["sleep", "1000"], |_| ())?;
    let (one, other) = (first.says(NAMESPACES)?, second.says(NAMESPACES)?);
    for (number, (one, other)) in one.lines().zip(other.lines()).enumerate() {
        let is_shared = number < 3;
        ensure((one == other) == is_shared, || {
            format!("{one} and {other}, wanted shared: {is_shared}")
        })?;
    }
    reads("hostname", &first.says("hostname")?, "share")?;
    // What one writes to shared memory or serves, the other finds.
    first.says("echo rope >/dev/shm/hold; nc -l -p 7070 -e cat /dev/shm/hold >/dev/null 2>&1 &")?;
    reads("/dev/shm", &second.says("cat /dev/shm/hold")?, "rope")?;
    let served =
        "for n in 1 2 3 4 5 6 7 8 9; do nc 127.0.0.1 7070 </dev/null 2>/dev/null && exit; sleep 0.2; done; exit 1";
    reads("served", &second.says(served)?, "rope")?;
    pod.remove()
}

fn a_pod_may_share_its_processes(cri: &Cri) -> Verdict {
    let pod = cri.pod("processes", |config| {
        config["linux"]["security_context"]["namespace_options"] = json!({"pid": "POD"});
    })?;
    let first = pod.run("first", &["sleep", "1001"], |_| ())?;
    let second = pod.run("second", &["sleep", "1002"], |_| ())?;
    let seen = second.says("ps -o pid,args")?;
    ensure(
        ["/busybox sh -c", "sleep 1001", "sleep 1002"]
            .iter()
            .all(|part| seen.contains(part)),
        || seen.clone(),
    )?;
    // Killed by its neighbour, which shares them; neither the pod nor the other one ends with it.
    second.says("kill -9 $(ps -o pid,args | sed -n 's/^ *\\([0-9]*\\) sleep 1001$/\\1/p')")?;
    same("exit code", &first.ended()?["exit_code"], 137)?;
    same("state", &second.status()?["state"], "CONTAINER_RUNNING")?;
    // A process that a container leaves behind ends with the container, though the pid namespace goes on.
    let third = pod.run("third", &["sh", "-c", "setsid sleep 1003 & sleep 0.2"], |_| ())?;
    third.ended()?;
    in_time("what a container left behind", 10, || {
        let seen = second.says("ps -o pid,args")?;
        Ok((!seen.contains("sleep 1003"), seen))
    })?;
    second.stop(0)?;
    same("exit code", &second.ended()?["exit_code"], 137)?;
    pod.remove()
}

fn a_container_joins_the_processes_of_another(cri: &Cri) -> Verdict {
    with_sleeper(cri, "debugged", |pod, sleeper| {
        let debugger = pod.run("debugger", &["sleep", "1001"], |config| {
            config["linux"]["security_context"]["namespace_options"] =
                json!({"pid": "TARGET", "target_id": sleeper.id});
        })?;
        let pid = "readlink /proc/self/ns/pid";
        same("pid namespace", &debugger.says(pid)?, sleeper.says(pid)?)?;
        reads(
            "first process",
            &debugger.says("tr '\\0' ' ' </proc/1/cmdline")?,
            "sleep 1000",
        )?;
        debugger.stop(0)?;
        same("state", &sleeper.status()?["state"], "CONTAINER_RUNNING")
    })
}

fn a_pod_uses_the_namespaces_of_the_host(cri: &Cri) -> Verdict {
    let pod = cri.pod("host", |config| {
        config["hostname"] = "".into();
        config["linux"]["security_context"]["namespace_options"] =
            json!({"network": "NODE", "pid": "NODE", "ipc": "NODE"});
    })?;
    let container = pod.run("one", &["sleep", "1000"], |_| ())?;
    for namespace in ["net", "pid", "ipc"] {
        let own = fs::read_link(format!("/proc/self/ns/{namespace}"))?
            .display()
            .to_string();
        let seen = container.says(&format!("readlink /proc/self/ns/{namespace}"))?;
        same(namespace, &seen, own)?;
    }
    container.stop(0)?;
    pod.remove()
}

fn pods_reach_each_other(cri: &Cri) -> Verdict {
    let server = cri.pod("server", |_| ())?;
    let serving = server.run(
        "one",
        &["sh", "-c", "echo rope >/tmp/f; nc -ll -p 7070 -e cat /tmp/f"],
        |_| (),
    )?;
    reads("interface", &serving.says("ls /sys/class/net")?, "eth0\nlo")?;
    let address = server.address()?;
    with_sleeper(cri, "client", |_, client| {
        in_time("an answer of the other pod", 10, || {
            let answer = client.exec(&["nc", "-w", "2", &address, "7070"])?;
            Ok((answer["stdout"] == "rope\n", answer.to_string()))
        })
    })?;
    server.remove()
}

fn a_pod_has_sysctls_and_name_servers(cri: &Cri) -> Verdict {
    let pod = cri.pod("sysctls", |config| {
        config["linux"]["sysctls"] =
            json!({"net.ipv4.ip_unprivileged_port_start": "80", "kernel.shm_rmid_forced": "1"});
        config["dns_config"] = json!({"servers": ["10.0.0.10"], "searches": ["fleet.local"], "options": ["ndots:5"]});
    })?;
    let container = pod.run("one", &["sleep", "1000"], |_| ())?;
    let script = "cd /proc/sys; cat net/ipv4/ip_unprivileged_port_start kernel/shm_rmid_forced; cat /etc/resolv.conf";
    let wanted = "80\n1\nsearch fleet.local\nnameserver 10.0.0.10\noptions ndots:5";
    reads("seen", &container.says(script)?, wanted)?;
    pod.remove()
}

fn a_second_handler_is_taken_and_an_unknown_one_refused(cri: &Cri) -> Verdict {
    let pod = cri.pod_of(HANDLERS[1], "classes", |_| ())?;
    same("handler", &pod.status()?["runtime_handler"], HANDLERS[1])?;
    let container = pod.run("one", &["sleep", "1000"], |_| ())?;
    reads("said", &container.says("echo hi")?, "hi")?;
    pod.remove()?;
    match cri.pod_of("no-such-handler", "unknown", |_| ()) {
        Ok(_) => crate::failure::wrong("a pod with an unknown handler"),
        Err(failure) => {
            let text = failure.to_string();
            ensure(text.contains("no-such-handler"), || text)
        }
    }
}

/// Where the kubelet keeps the pods that ask for less than they may use.
const PARENT: &str = "kubepods-deck";

/// The folder of a hierarchy's mount point, for each hierarchy.
fn hierarchies() -> Result<Vec<std::path::PathBuf>, Failure> {
    let root = std::path::Path::new("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        return Ok(vec![root.to_owned()]);
    }
    Ok(fs::read_dir(root)?.flatten().map(|entry| entry.path()).collect())
}

/// A pod below a cgroup that is made and removed as a kubelet does, and a container in it.
fn in_a_cgroup(cri: &Cri, name: &str, body: impl FnOnce(&Pod<'_>, &Container<'_>) -> Verdict) -> Verdict {
    if has_systemd() {
        // Each pod has a slice.
        let pod = cri.pod(name, |_| ())?;
        let container = pod.run("one", &["sleep", "1007"], |_| ())?;
        body(&pod, &container)?;
        return pod.remove();
    }
    let parents: Vec<_> = hierarchies()?.into_iter().map(|folder| folder.join(PARENT)).collect();
    for parent in &parents {
        fs::create_dir_all(parent)?;
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if let Ok(all) = fs::read(parent.with_file_name(file)) {
                let _ = fs::write(parent.join(file), all);
            }
        }
    }
    let run = || {
        let change = |config: &mut Value| config["linux"]["cgroup_parent"] = format!("/{PARENT}").into();
        let pod = cri.pod(name, change)?;
        let container = pod.run("one", &["sleep", "1007"], |_| ())?;
        body(&pod, &container)?;
        pod.remove()
    };
    let verdict = run();
    for parent in &parents {
        // The engine leaves it to the kubelet, and it has to be empty.
        fs::remove_dir(parent)?;
    }
    verdict
}

fn containers_are_in_the_cgroup_of_the_pod(cri: &Cri) -> Verdict {
    in_a_cgroup(cri, "parented", |pod, container| {
        let place = match &pod.slice {
            Some(slice) => format!("{}/{}", slice.path(), Slice::scope(&container.id)),
            None => format!("/{PARENT}/{}", container.id),
        };
        let cgroup = cgroup_of("sleep 1007")?;
        ensure(cgroup.has(&place), || format!("{cgroup:?}, wanted {place}"))
    })
}

fn the_usage_of_a_pod_is_told(cri: &Cri) -> Verdict {
    in_a_cgroup(cri, "usage", |pod, _| {
        in_time("the usage of a pod", 20, || {
            let answer = cri.client.call("PodSandboxStats", &json!({"pod_sandbox_id": pod.id}))?;
            let linux = &answer["stats"]["linux"];
            let memory = number(&linux["memory"]["usage_bytes"]["value"]).unwrap_or_default();
            let cpu = number(&linux["cpu"]["usage_core_nano_seconds"]["value"]).unwrap_or_default();
            let containers = linux["containers"].as_array().map_or(0, Vec::len);
            Ok((memory > 0 && cpu > 0 && containers == 1, answer.to_string()))
        })
    })
}

fn pods_live_on_when_the_engine_is_started_again(cri: &Cri) -> Verdict {
    with_sleeper(cri, "survivor", |pod, sleeper| {
        let started = sleeper.says("cut -d' ' -f22 /proc/1/stat")?;
        cri.service.restart(&Call::new("true"))?;
        cri.is_ready()?;
        same("state", &pod.status()?["state"], "SANDBOX_READY")?;
        same("state", &sleeper.status()?["state"], "CONTAINER_RUNNING")?;
        reads(
            "the start of its first process",
            &sleeper.says("cut -d' ' -f22 /proc/1/stat")?,
            &started,
        )
    })
}

fn a_pod_whose_first_process_is_killed_is_not_ready(cri: &Cri) -> Verdict {
    let pod = cri.pod("sunk", |_| ())?;
    Call::new("pkill")
        .args(["-KILL", "-f", "^/busybox sh -c trap"])
        .succeed()?;
    in_time("the state of the pod", 10, || {
        let state = pod.status()?["state"].clone();
        Ok((state == "SANDBOX_NOTREADY", state.to_string()))
    })?;
    pod.remove()
}
