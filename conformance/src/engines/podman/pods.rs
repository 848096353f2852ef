//! podman's pods, and Kubernetes' description of them.

use std::fs;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::podman::configuration;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure};

pub(super) const CHECKS: &[Check<Cli>] = checks![
    long a_pod_shares_its_namespaces,
    long a_pod_may_share_its_processes,
    long a_pod_stops_starts_and_restarts,
    long a_pod_is_paused_and_killed needs "pause",
    long a_pod_is_described_and_played_again,
    long a_description_of_a_pod_is_played,
];

/// A pod; dropped, it is removed with its containers.
struct Pod<'c> {
    cli: &'c Cli,
    id: String,
    name: &'static str,
}

impl<'c> Pod<'c> {
    fn create(cli: &'c Cli, name: &'static str, options: &[&str]) -> Result<Self, Failure> {
        let infra = ["--infra-image", cli.image, "--infra-command", "/bin/sleep 100"];
        let create = cli.call(&["pod", "create", "--name", name]).args(infra).args(options);
        let id = create.succeed()?.out.trim().to_owned();
        Ok(Self { cli, id, name })
    }

    fn run(&self, name: &str, command: &[&str]) -> Result<(), Failure> {
        let run = ["run", "--detach", "--pod", self.name, "--name", name, self.cli.image];
        self.cli.call(&run).args(command).succeed().map(drop)
    }

    /// `pod COMMAND NAME`.
    fn call(&self, words: &[&str]) -> Call {
        self.cli.call(&["pod"]).args(words).args([self.name])
    }

    fn exec(&self, container: &str, script: &str) -> Result<String, Failure> {
        Ok(self.cli.call(&["exec", container, "sh", "-c", script]).succeed()?.out)
    }

    fn state(&self, container: &str) -> Result<String, Failure> {
        let inspect = ["inspect", "--format", "{{.State.Status}}", container];
        Ok(self.cli.call(&inspect).succeed()?.out.trim().to_owned())
    }
}

impl Drop for Pod<'_> {
    fn drop(&mut self) {
        let _ = self.call(&["rm", "--force", "--time", "0"]).finish();
        sweep(&self.id);
    }
}

/// podman 4.3 leaves the pod's own cgroup in hierarchies it does not know.
fn sweep(id: &str) {
    for hierarchy in fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
        let _ = fs::remove_dir(hierarchy.path().join("libpod_parent").join(id));
    }
}

/// The namespaces of a process.
const NAMESPACES: &str = "cd /proc/self/ns; for n in net ipc uts pid mnt; do readlink $n; done";

fn share(cli: &Cli, options: &[&str], shared: usize) -> Verdict {
    let pod = Pod::create(cli, "fleet", options)?;
    pod.run("one", &["sleep", "1001"])?;
    pod.run("two", &["sleep", "1002"])?;
    let (one, two) = (pod.exec("one", NAMESPACES)?, pod.exec("two", NAMESPACES)?);
    let same = one.lines().zip(two.lines()).take_while(|(one, two)| one == two).count();
    ensure(same == shared, || format!("{one} and {two}, wanted {shared} the same"))?;
    let processes = pod.exec("two", "ps -o args")?;
    let sees_all = processes.contains("sleep 1001");
    ensure(sees_all == (shared == 4), || processes)?;
    pod.exec("one", "echo rope >/dev/shm/hold")?;
    reads("/dev/shm", &pod.exec("two", "cat /dev/shm/hold")?, "rope\n")
}

fn a_pod_shares_its_namespaces(cli: &Cli) -> Verdict {
    share(cli, &[], 3)
}

fn a_pod_may_share_its_processes(cli: &Cli) -> Verdict {
    share(cli, &["--share", "net,ipc,uts,pid"], 4)
}

fn a_pod_stops_starts_and_restarts(cli: &Cli) -> Verdict {
    let pod = Pod::create(cli, "fleet", &[])?;
    pod.run("one", &["sleep", "1001"])?;
    pod.run("two", &["sleep", "1002"])?;
    let states = |wanted: &str| {
        reads("one", &pod.state("one")?, wanted)?;
        reads("two", &pod.state("two")?, wanted)
    };
    pod.call(&["stop", "--time", "0"]).succeed()?;
    states("exited")?;
    pod.call(&["start"]).succeed()?;
    states("running")?;
    pod.call(&["restart"]).seconds(60).succeed()?;
    states("running")?;
    pod.call(&["top"]).mentions("sleep 1002")?;
    cli.call(&["pod", "ps"]).mentions("Running")
}

fn a_pod_is_paused_and_killed(cli: &Cli) -> Verdict {
    let pod = Pod::create(cli, "fleet", &[])?;
    pod.run("one", &["sleep", "1001"])?;
    pod.call(&["pause"]).succeed()?;
    reads("one", &pod.state("one")?, "paused")?;
    pod.call(&["unpause"]).succeed()?;
    reads("one", &pod.state("one")?, "running")?;
    pod.call(&["kill"]).succeed()?;
    in_time("the end of the container", 10, || {
        let state = pod.state("one")?;
        Ok((state == "exited", state))
    })
}

/// The image of the first container of a pod that is played.
const INFRA: &str = "localhost/infra";

/// podman's configuration with an image for pods that is not from a registry.
fn with_infra(cli: &Cli, call: Call) -> Result<Call, Failure> {
    let file = cli.lab.path("pods.conf");
    let text = configuration()?;
    let own = format!("infra_image = {INFRA:?}\n");
    let text = text.replace("[engine]\n", &format!("[engine]\n{own}"));
    ensure(text.contains(&own), || "no [engine] in containers.conf".to_owned())?;
    fs::write(&file, text)?;
    Ok(call.variable("CONTAINERS_CONF", &file))
}

/// Plays a description, and takes it down again after what is looked at.
fn played(cli: &Cli, text: &str, body: impl FnOnce() -> Verdict) -> Verdict {
    let command = ["import", "--change", "CMD /bin/sleep 100"];
    cli.call(&command).args([&cli.lab.rootfs_tar()?, INFRA]).succeed()?;
    let file = cli.lab.path("pod.yaml");
    fs::write(&file, text)?;
    let outcome = with_infra(cli, cli.call(&["play", "kube", &file]))?
        .seconds(60)
        .finish()?;
    let verdict = outcome.ended_with(0).and_then(|()| body());
    let inspect = cli
        .call(&["pod", "ps", "--no-trunc", "--format", "{{.Id}}"])
        .succeed()?
        .out;
    let down = with_infra(cli, cli.call(&["play", "kube", "--down", &file]))?
        .seconds(60)
        .finish();
    cli.call(&["pod", "rm", "--all", "--force", "--time", "0"]).finish()?;
    inspect.lines().for_each(sweep);
    // Its network stays, with its bridge.
    cli.call(&["network", "rm", "--force", "podman-default-kube-network"])
        .finish()?;
    Call::new("ip").args(["link", "delete", "cni-podman1"]).finish()?;
    verdict?;
    down?.ended_with(0)
}

fn a_pod_is_described_and_played_again(cli: &Cli) -> Verdict {
    let text = {
        let pod = Pod::create(cli, "fleet", &[])?;
        pod.run("one", &["/bin/sleep", "1001"])?;
        cli.call(&["generate", "kube", "fleet"]).succeed()?.out
    };
    ensure(text.contains("kind: Pod") && text.contains("1001"), || text.clone())?;
    played(cli, &text, || {
        cli.call(&[
            "exec",
            "fleet-one",
            "/bin/sh",
            "-c",
            "/bin/tr '\\0' ' ' </proc/1/cmdline",
        ])
        .says("/bin/sleep 1001 ")
    })
}

/// A description as people write it.
const DESCRIPTION: &str = r#"
apiVersion: v1
kind: Pod
metadata:
  name: fleet
spec:
  hostname: flagship
  containers:
  - name: one
    image: IMAGE
    command: ["/bin/sleep"]
    args: ["1001"]
    env: [{name: DECK, value: lowest}]
    workingDir: /tmp
    securityContext:
      runAsUser: 1000
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL]}
    volumeMounts: [{name: hold, mountPath: /hold}, {name: host, mountPath: /host, readOnly: true}]
    resources: {limits: {memory: 64Mi, cpu: 500m}}
  - name: two
    image: IMAGE
    command: ["/bin/sh", "-c", "while /bin/sleep 0.1; do :; done"]
  volumes:
  - {name: hold, emptyDir: {}}
  - {name: host, hostPath: {path: FOLDER, type: Directory}}
"#;

fn a_description_of_a_pod_is_played(cli: &Cli) -> Verdict {
    let folder = cli.lab.make_folder("kube")?;
    fs::write(format!("{folder}/file"), "rope\n")?;
    let text = DESCRIPTION.replace("IMAGE", cli.image).replace("FOLDER", &folder);
    let verdict = played(cli, &text, || {
        let script = "PATH=/bin; id -u; pwd; hostname; echo $DECK; cat /host/file; \
                      sed -n 's/CapBnd:.//p' /proc/self/status; touch /file 2>/dev/null || echo refused";
        let outcome = cli.call(&["exec", "fleet-one", "/bin/sh", "-c", script]).succeed()?;
        reads(
            "said",
            &outcome.out,
            "1000\n/tmp\nflagship\nlowest\nrope\n0000000000000000\nrefused\n",
        )?;
        let inspect = ["inspect", "--format", "{{.HostConfig.Memory}}", "fleet-one"];
        cli.call(&inspect).says("67108864\n")?;
        let seen = cli.call(&["ps", "--format", "{{.Names}}"]).succeed()?;
        ensure(seen.out.contains("fleet-two"), || seen.to_string())
    });
    // An emptyDir is a volume, which goes with the pod in later versions only.
    cli.call(&["volume", "rm", "--all", "--force"]).finish()?;
    verdict
}
