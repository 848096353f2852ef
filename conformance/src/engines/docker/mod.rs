//! dockerd, with a containerd of its own, and the runtime both as an added and as the default one.

pub(in crate::engines) mod as_runc;
mod basics;
pub(in crate::engines) mod builds;
pub(in crate::engines) mod compose;
mod copies;
mod execs;
mod following;
mod health;
mod images;
mod lifecycle;
mod limits;
mod namespaces;
mod networks;
mod ports;
pub(in crate::engines) mod registry;
mod remap;
mod restarts;
pub(in crate::engines) mod rootless;
mod security;
pub(in crate::engines) mod swarm;
mod volumes;

use std::fs;

use crate::engines::call::Call;
use crate::engines::check::{Check, Session};
use crate::engines::cli::{self, Cli};
use crate::engines::lab::{Daemon, Lab};
use crate::engines::place::has_systemd;
use crate::engines::service::{Own, Service};
use crate::failure::{Failure, Verdict};
use std::sync::Arc;

/// The checks of this folder, a file each.
pub(in crate::engines) const CHECKS: &[&[Check<Cli>]] = &[
    basics::CHECKS,
    lifecycle::CHECKS,
    following::CHECKS,
    restarts::CHECKS,
    images::CHECKS,
    copies::CHECKS,
    volumes::CHECKS,
    networks::CHECKS,
    ports::CHECKS,
    security::CHECKS,
    namespaces::CHECKS,
    execs::CHECKS,
    health::CHECKS,
    limits::CHECKS,
    remap::CHECKS,
];

/// CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD,
/// AUDIT_WRITE, SETFCAP.
const DEFAULT_CAPABILITIES: u64 = 0xa804_25fb;

/// Starts containerd in the lab.
pub(in crate::engines) fn start_containerd(lab: &Lab) -> Result<(Daemon, String), Failure> {
    let socket = lab.path("containerd.sock");
    let config = lab.path("containerd.toml");
    let text = format!(
        "version = 2\nroot = {:?}\nstate = {:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
         [grpc]\n  address = {socket:?}\n",
        lab.path("containerd"),
        lab.path("run/containerd")
    );
    fs::write(&config, text)?;
    let mut daemon = lab.start("containerd", &["--config", &config], &[])?;
    daemon.answers(&Call::new("ctr").args(["--address", &socket, "version"]))?;
    Ok((daemon, socket))
}

/// How dockerd comes to the runtime.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::engines) enum Way {
    /// By `--add-runtime` and `--default-runtime`, under the name `test`.
    Told,
    /// By the name `runc`, on PATH.
    Runc,
}

/// Whether dockerd can filter and translate packets here: without, names of containers are not resolved and nothing is
/// let through between networks.
pub(in crate::engines) fn has_packet_filter() -> bool {
    let list = Call::new("iptables")
        .args(["--wait", "--table", "nat", "--list"])
        .finish();
    list.is_ok_and(|outcome| outcome.code == 0)
}

/// A dockerd of the harness' own.
struct Dockerd<'a> {
    /// How its files in the lab are called.
    name: &'a str,
    way: Way,
    /// Where its containerd listens.
    containerd: &'a str,
    /// Further options.
    options: &'a [&'a str],
}

impl Dockerd<'_> {
    /// Starts it; where it listens.
    fn start(&self, lab: &Arc<Lab>) -> Result<(Service, String), Failure> {
        let name = self.name;
        let host = format!("unix://{}", lab.path(&format!("{name}.sock")));
        let words = [
            ["--data-root", &lab.path(name)],
            ["--exec-root", &lab.path(&format!("run/{name}"))],
            ["--pidfile", &lab.path(&format!("{name}.pid"))],
            ["--host", &host],
            ["--containerd", self.containerd],
            ["--storage-driver", "overlay2"],
            ["--init-path", "/usr/bin/docker-init"],
        ];
        let words = words.iter().flatten().chain(self.options);
        let mut words: Vec<String> = words.map(|&word| word.to_owned()).collect();
        words.push("--live-restore".to_owned());
        // The lab's network is its own, and so are the tables of its packet filter.
        words.push(format!("--iptables={}", has_packet_filter()));
        let mut variables = Vec::new();
        if self.way == Way::Told {
            let runtime = format!("test={}", lab.runtime);
            words.extend(["--add-runtime", &runtime, "--default-runtime", "test"].map(str::to_owned));
            variables.push(("DOCKER_BUILDKIT_RUNC_COMMAND".to_owned(), lab.runtime.clone()));
        }
        let dockerd = Own::start(lab, "dockerd", words, variables)?;
        Ok((Service::Own(dockerd), host))
    }
}

/// Docker's command line for the daemon that listens there.
fn client(lab: &Arc<Lab>, service: Service, host: String) -> Cli {
    Cli {
        lab: Arc::clone(lab),
        prefix: vec!["docker".to_owned()],
        variables: vec![
            ("DOCKER_HOST".to_owned(), host),
            ("DOCKER_CONFIG".to_owned(), lab.path("docker-config")),
        ],
        image: "busybox",
        default_capabilities: DEFAULT_CAPABILITIES,
        is_docker: true,
        is_rootless: false,
        service,
    }
}

/// The machine's dockerd, by its unit and with its defaults; only the runtime is told.
fn start_unit(lab: &Lab) -> Result<Service, Failure> {
    let config = serde_json::json!({
        "runtimes": {"test": {"path": lab.runtime}},
        "default-runtime": "test",
        // So that containers live on when the daemon ends.
        "live-restore": true,
    });
    fs::create_dir_all("/etc/docker")?;
    fs::write("/etc/docker/daemon.json", config.to_string())?;
    Call::new("systemctl").args(["start", "docker"]).succeed()?;
    Ok(Service::Unit("docker"))
}

/// Where the shims keep the states of containers, below the folder of the runtime's name.
fn exec_root(lab: &Lab) -> String {
    if has_systemd() {
        "/run/docker".to_owned()
    } else {
        lab.path("run/docker")
    }
}

/// Where the containerd listens that dockerd uses.
fn containerd_socket(lab: &Lab) -> String {
    if has_systemd() {
        "/run/containerd/containerd.sock".to_owned()
    } else {
        lab.path("containerd.sock")
    }
}

/// The command line of a dockerd that has one image, and a containerd of the harness' own that goes with it.
pub(in crate::engines) fn start(lab: &Arc<Lab>, way: Way) -> Result<(Option<Daemon>, Cli), Failure> {
    let (containerd, service, host) = if has_systemd() {
        (None, start_unit(lab)?, "unix:///run/docker.sock".to_owned())
    } else {
        let (containerd, socket) = start_containerd(lab)?;
        let dockerd = Dockerd {
            name: "docker",
            way,
            containerd: &socket,
            options: &[],
        };
        let (service, host) = dockerd.start(lab)?;
        (Some(containerd), service, host)
    };
    let cli = client(lab, service, host);
    cli.service.answers(&cli.call(&["version"]))?;
    cli.call(&["import", &lab.rootfs_tar()?, cli.image]).succeed()?;
    // What stays after the first container (the engine's cgroup, its mounts) is the engine's.
    cli.run(&[], &["true"]).finish()?;
    Ok((containerd, cli))
}

/// Starts dockerd and runs the checks.
pub(in crate::engines) fn run(lab: &Arc<Lab>, session: &mut Session<'_>) -> Verdict {
    let (_containerd, cli) = start(lab, Way::Told)?;
    session.run_all(lab, &cli, cli::CHECKS);
    session.run_all(lab, &cli, CHECKS);
    Ok(())
}
