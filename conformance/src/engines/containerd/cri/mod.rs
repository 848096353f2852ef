//! containerd's socket for Kubernetes, used as a kubelet does: pods, and containers in them.

mod client;
mod life;
mod pod;
mod pods;
mod security;
mod slice;
mod streams;
mod units;

use std::fs;
use std::sync::Arc;

use client::Client;
use pod::{Container, Pod};
use serde_json::{Value, json};
use slice::Slice;

use crate::engines::call::Call;
use crate::engines::check::{Check, Session};
use crate::engines::lab::Lab;
use crate::engines::place::has_systemd;
use crate::engines::service::{Own, Service};
use crate::failure::{Failure, Verdict, wrong};

/// The checks of this folder, a file each.
pub(in crate::engines) const CHECKS: &[&[Check<Cri>]] = &[
    pods::CHECKS,
    units::CHECKS,
    life::CHECKS,
    security::CHECKS,
    streams::CHECKS,
];

/// The image of containers.
const IMAGE: &str = "docker.io/local/busybox:latest";

/// The image of pods.
const PAUSE: &str = "docker.io/local/pause:latest";

/// Where Debian has the plugins that make the pods' network.
const NETWORK_PLUGINS: &str = "/usr/lib/cni";

/// What the first process of a pod does: it lives, ends when told to, and reaps whom others leave.
const PAUSE_SCRIPT: &str = "trap 'exit 0' TERM INT; while :; do /busybox sleep 3600 & wait $!; done";

/// The runtime handlers that the configuration has: the default one, and one that a RuntimeClass would name.
const HANDLERS: [&str; 2] = ["test", "deck"];

/// containerd with its plugin for Kubernetes.
#[derive(Debug)]
pub(in crate::engines) struct Cri {
    lab: Arc<Lab>,
    client: Client,
    service: Service,
}

/// Starts containerd and runs the checks.
pub(in crate::engines) fn run(lab: &Arc<Lab>, session: &mut Session<'_>) -> Verdict {
    let socket = lab.path("cri.sock");
    let client = Client::new(lab, &socket)?;
    if !fs::exists(format!("{NETWORK_PLUGINS}/bridge"))? {
        let why = format!("there are no network plugins in {NETWORK_PLUGINS} (containernetworking-plugins)");
        return Err(Failure::Skip(why));
    }
    // Where the network's plugins keep what they did last; the host's is not ours.
    fs::create_dir_all("/var/lib/cni")?;
    Call::new("mount")
        .args(["-t", "tmpfs", "tmpfs", "/var/lib/cni"])
        .succeed()?;
    write_network(lab)?;
    let config = write_config(lab, &socket)?;
    let words = vec!["--config".to_owned(), config];
    let service = Service::Own(Own::start(lab, "containerd", words, Vec::new())?);
    let ctr = |words: &[&str]| {
        Call::new("ctr")
            .args(["--address", &socket, "--namespace", "k8s.io"])
            .args(words)
    };
    service.answers(&ctr(&["version"]))?;
    for archive in [lab.image_archive()?, pause_archive(lab)?] {
        ctr(&["image", "import", "--base-name", "docker.io/local", &archive]).succeed()?;
    }
    let cri = Cri {
        lab: Arc::clone(lab),
        client,
        service,
    };
    cri.is_ready()?;
    // What stays after the first pod (the bridge, the cgroup of the namespace) is the engine's.
    let pod = cri.pod("first", |_| ())?;
    pod.run("first", &["true"], |_| ())?.ended()?;
    pod.remove()?;
    session.run_all(lab, &cri, CHECKS);
    if has_systemd() {
        slice::stop_all();
    }
    Ok(())
}

impl Cri {
    /// Waits until the runtime and its network are ready, and the images are known.
    fn is_ready(&self) -> Verdict {
        crate::engines::waiting::in_time("ready", 20, || {
            let Ok(status) = self.client.call("Status", &json!({})) else {
                return Ok((false, "no answer".to_owned()));
            };
            let conditions = status["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let is_ready = conditions.len() >= 2 && conditions.iter().all(|condition| condition["status"] == true);
            let has_images = [IMAGE, PAUSE].iter().all(|image| {
                let request = json!({"image": {"image": image}});
                let answer = self.client.call("ImageStatus", &request);
                answer.is_ok_and(|answer| answer["image"]["id"].is_string())
            });
            Ok((is_ready && has_images, status.to_string()))
        })
    }

    /// A pod that runs; the change is for its config. Where systemd makes the cgroups, it has a slice.
    fn pod(&self, name: &str, change: impl FnOnce(&mut Value)) -> Result<Pod<'_>, Failure> {
        self.pod_of("", name, change)
    }

    /// A pod that runs, by a handler.
    fn pod_of(&self, handler: &str, name: &str, change: impl FnOnce(&mut Value)) -> Result<Pod<'_>, Failure> {
        let logs = self.lab.make_folder(&format!("logs/{name}"))?;
        let mut config = json!({
            "metadata": {"name": name, "uid": format!("uid-{name}"), "namespace": "fleet"},
            "hostname": name,
            "log_directory": logs,
            "linux": {"security_context": {"namespace_options": {"pid": "CONTAINER"}}},
        });
        let slice = has_systemd().then(|| Slice::start(name)).transpose()?;
        if let Some(slice) = &slice {
            config["linux"]["cgroup_parent"] = slice.path().into();
        }
        change(&mut config);
        let request = json!({"config": config, "runtime_handler": handler});
        let answer = self.client.call("RunPodSandbox", &request)?;
        match answer["pod_sandbox_id"].as_str() {
            Some(id) => Ok(Pod::new(self, id.to_owned(), config, slice)),
            None => wrong(format!("RunPodSandbox: {answer}")),
        }
    }
}

/// A bridge as Debian's plugins make it; no container reaches out of the lab.
fn write_network(lab: &Lab) -> Verdict {
    let folder = lab.make_folder("net.d")?;
    let bridge = json!({
        "type": "bridge",
        "bridge": "cni-deck",
        "isGateway": true,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": "10.89.7.0/24"}]],
            "dataDir": lab.path("addresses"),
        },
    });
    let list = json!({"cniVersion": "0.4.0", "name": "deck", "plugins": [bridge]});
    Ok(fs::write(format!("{folder}/10-deck.conflist"), list.to_string())?)
}

/// containerd's configuration.
fn write_config(lab: &Lab, socket: &str) -> Result<String, Failure> {
    const CRI: &str = "plugins.\"io.containerd.grpc.v1.cri\"";
    // Without CAP_SYS_RESOURCE nothing is made less likely to be killed than the engine is.
    let own = fs::read_to_string("/proc/self/oom_score_adj")?;
    let is_restricted = fs::write("/proc/self/oom_score_adj", "-998").is_err();
    fs::write("/proc/self/oom_score_adj", own)?;
    let mut text = format!(
        "version = 2\nroot = {:?}\nstate = {:?}\n[grpc]\n  address = {socket:?}\n\
         [{CRI}]\n  sandbox_image = {PAUSE:?}\n  stream_server_address = \"127.0.0.1\"\n  stream_server_port = \"0\"\n\
         restrict_oom_score_adj = {is_restricted}\n\
         [{CRI}.cni]\n  bin_dir = {NETWORK_PLUGINS:?}\n  conf_dir = {:?}\n\
         [{CRI}.containerd]\n  default_runtime_name = {:?}\n",
        lab.path("cri"),
        lab.path("run/cri"),
        lab.path("net.d"),
        HANDLERS[0],
    );
    for handler in HANDLERS {
        text += &format!(
            "[{CRI}.containerd.runtimes.{handler}]\n  runtime_type = \"io.containerd.runc.v2\"\n\
             [{CRI}.containerd.runtimes.{handler}.options]\n  BinaryName = {:?}\n  SystemdCgroup = {}\n",
            lab.runtime,
            has_systemd()
        );
    }
    let file = lab.path("cri.toml");
    fs::write(&file, text)?;
    Ok(file)
}

/// An image that has one static program and nothing else.
fn pause_archive(lab: &Lab) -> Result<String, Failure> {
    let rootfs = lab.rootfs_tar()?;
    let folder = lab.make_folder("pause")?;
    Call::new("tar")
        .args(["-C", &folder, "-xf", &rootfs, "--strip-components=2", "./bin/busybox"])
        .succeed()?;
    let tar = lab.path("pause-layer.tar");
    Call::new("tar")
        .args(["-C", &folder, "-cf", &tar, "busybox"])
        .succeed()?;
    lab.archive_of(
        "pause",
        &tar,
        &json!({"Entrypoint": ["/busybox", "sh", "-c", PAUSE_SCRIPT]}),
    )
}

/// A member of an answer that is a number, as text (JSON's numbers end at 2^53) or as one.
fn number(value: &Value) -> Result<u64, Failure> {
    let text = value.as_str().and_then(|text| text.parse().ok());
    match value.as_u64().or(text) {
        Some(number) => Ok(number),
        None => wrong(format!("no number: {value}")),
    }
}

/// Runs a container to its end and returns what it wrote to its log.
fn output_of(cri: &Cri, name: &str, script: &str, change: impl FnOnce(&mut Value)) -> Result<String, Failure> {
    let pod = cri.pod(name, |_| ())?;
    let container = pod.run("one", &["sh", "-c", script], change)?;
    container.ended()?;
    let text = container.log_text()?;
    pod.remove()?;
    Ok(text)
}

/// A container that sleeps, in a pod of its own.
fn with_sleeper(cri: &Cri, name: &str, body: impl FnOnce(&Pod<'_>, &Container<'_>) -> Verdict) -> Verdict {
    let pod = cri.pod(name, |_| ())?;
    let container = pod.run("sleeper", &["sleep", "1000"], |_| ())?;
    body(&pod, &container)?;
    pod.remove()
}
