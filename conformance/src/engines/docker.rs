//! dockerd, with a containerd of its own, and the runtime both as an added and as the default one.

use std::fs;

use super::call::{Call, reads};
use super::check::{Check, Session, checks};
use super::cli::{self, Cli};
use super::lab::{Daemon, Lab};
use super::limits;
use super::place::has_systemd;
use super::service::{Own, Service};
use crate::failure::{Failure, Verdict, ensure};
use std::sync::Arc;

/// CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD,
/// AUDIT_WRITE, SETFCAP.
const DEFAULT_CAPABILITIES: u64 = 0xa804_25fb;

/// Starts containerd in the lab.
pub(super) fn start_containerd(lab: &Lab) -> Result<(Daemon, String), Failure> {
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

/// A containerd and a dockerd of the harness' own, and where the latter listens.
fn start_dockerd(lab: &Arc<Lab>) -> Result<(Daemon, Service, String), Failure> {
    let (containerd, socket) = start_containerd(lab)?;
    let host = format!("unix://{}", lab.path("docker.sock"));
    let words = [
        ["--data-root", &lab.path("docker")],
        ["--exec-root", &lab.path("run/docker")],
        ["--pidfile", &lab.path("docker.pid")],
        ["--host", &host],
        ["--containerd", &socket],
        ["--storage-driver", "overlay2"],
        ["--add-runtime", &format!("test={}", lab.runtime)],
        ["--default-runtime", "test"],
        ["--init-path", "/usr/bin/docker-init"],
    ];
    let mut words: Vec<String> = words.iter().flatten().map(|&word| word.to_owned()).collect();
    // The lab's network is its own, but nothing here needs to reach out of it.
    words.extend(["--iptables=false", "--ip6tables=false", "--live-restore"].map(str::to_owned));
    let buildkit = vec![("DOCKER_BUILDKIT_RUNC_COMMAND".to_owned(), lab.runtime.clone())];
    let dockerd = Own::start(lab, "dockerd", words, buildkit)?;
    Ok((containerd, Service::Own(dockerd), host))
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

/// Starts dockerd and runs the checks.
pub(super) fn run(lab: &Arc<Lab>, session: &mut Session<'_>) -> Verdict {
    let (_containerd, service, host) = if has_systemd() {
        (None, start_unit(lab)?, "unix:///run/docker.sock".to_owned())
    } else {
        let (containerd, dockerd, host) = start_dockerd(lab)?;
        (Some(containerd), dockerd, host)
    };
    let cli = Cli {
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
    };
    cli.service.answers(&cli.call(&["version"]))?;
    cli.call(&["import", &lab.rootfs_tar()?, cli.image]).succeed()?;
    // What stays after the first container (the engine's cgroup, its mounts) is the engine's.
    cli.run(&[], &["true"]).finish()?;
    session.run(lab, &cli, cli::CHECKS);
    session.run(lab, &cli, limits::CHECKS);
    session.run(lab, &cli, CHECKS);
    Ok(())
}

pub(super) const CHECKS: &[Check<Cli>] = checks![
    short the_runtime_is_used_by_name_and_by_default,
    long a_restart_policy_tries_again,
    long a_missing_working_folder_is_made,
    long the_classic_builder_runs_steps needs "build",
    long buildkit_runs_steps needs "build",
    long a_health_check_passes needs "exec",
    long a_private_cgroup_namespace_begins_at_its_root,
    long a_shared_pid_namespace_shows_the_others,
    long files_are_copied_in_and_out,
];

fn the_runtime_is_used_by_name_and_by_default(cli: &Cli) -> Verdict {
    let default = cli.call(&["info", "--format", "{{.DefaultRuntime}}"]).succeed()?;
    reads("default runtime", default.out.trim(), "test")?;
    let container = cli.background(&["--runtime", "test"], &["sleep", "100"])?;
    reads(
        "runtime",
        container.inspect("{{.HostConfig.Runtime}}")?.as_str(),
        "test",
    )?;
    let folder = exec_root(&cli.lab);
    let states = fs::read_dir(format!("{folder}/runtime-test/moby"))
        .or_else(|_| fs::read_dir(format!("{folder}/runtime-runc/moby")))?;
    let mut states = states.flatten().map(|entry| entry.file_name());
    ensure(states.any(|name| name.to_string_lossy() == container.id), || {
        "the runtime's folder has no state of the container".to_owned()
    })
}

fn a_restart_policy_tries_again(cli: &Cli) -> Verdict {
    let container = cli.background(&["--restart", "on-failure:2"], &["sh", "-c", "echo turn; exit 3"])?;
    container.logs("turn\nturn\nturn\n")?;
    container.call(&["wait"]).says("3\n")?;
    reads("restarts", container.inspect("{{.RestartCount}}")?.as_str(), "2")
}

fn a_missing_working_folder_is_made(cli: &Cli) -> Verdict {
    cli.run(&["-w", "/not/there/yet"], &["pwd"]).says("/not/there/yet\n")
}

fn build(cli: &Cli, buildkit: &str) -> Verdict {
    let context = cli.lab.make_folder("context")?;
    let file = format!(
        "FROM {}\nRUN echo built >/result && test $(id -u) = 0\nCMD [\"cat\", \"/result\"]\n",
        cli.image
    );
    fs::write(format!("{context}/Dockerfile"), file)?;
    let build = cli.call(&["build", "--no-cache", "--tag", "built", &context]);
    let outcome = build.variable("DOCKER_BUILDKIT", buildkit).seconds(60).finish()?;
    if outcome.said("buildx component is missing").is_ok() {
        return Err(Failure::Skip("the docker client has no buildx".to_owned()));
    }
    outcome.ended_with(0)?;
    let said = cli.call(&["run", "--rm", "built"]).says("built\n");
    cli.call(&["image", "rm", "--force", "built"]).finish()?;
    said?;
    let failing = format!("FROM {}\nRUN exit 3\n", cli.image);
    fs::write(format!("{context}/Dockerfile"), failing)?;
    let outcome = cli
        .call(&["build", "--no-cache", &context])
        .variable("DOCKER_BUILDKIT", buildkit)
        .finish()?;
    cli.call(&["container", "prune", "--force"]).finish()?;
    ensure(outcome.code != 0, || format!("a failing step: {outcome}"))
}

fn the_classic_builder_runs_steps(cli: &Cli) -> Verdict {
    build(cli, "0")
}

fn buildkit_runs_steps(cli: &Cli) -> Verdict {
    build(cli, "1")
}

fn a_health_check_passes(cli: &Cli) -> Verdict {
    let options = ["--health-cmd", "true", "--health-interval", "1s"];
    let container = cli.background(&options, &["sleep", "100"])?;
    for _ in 0..50 {
        if container.inspect("{{.State.Health.Status}}")? == "healthy" {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    reads(
        "health",
        container.inspect("{{json .State.Health}}")?.as_str(),
        "healthy",
    )
}

fn a_private_cgroup_namespace_begins_at_its_root(cli: &Cli) -> Verdict {
    let outcome = cli
        .run(&["--cgroupns", "private"], &["cat", "/proc/self/cgroup"])
        .succeed()?;
    let memory = outcome
        .out
        .lines()
        .find(|line| line.contains(":memory:") || line.starts_with("0::"));
    ensure(memory.is_some_and(|line| line.ends_with(":/")), || outcome.to_string())
}

fn a_shared_pid_namespace_shows_the_others(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1234"])?;
    cli.run(&["--pid", &format!("container:{}", container.id)], &["ps"])
        .mentions("sleep 1234")
}

fn files_are_copied_in_and_out(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    let file = cli.lab.path("cargo");
    fs::write(&file, "rope")?;
    cli.call(&["cp", &file, &format!("{}:/root/cargo", container.id)])
        .succeed()?;
    let back = cli.lab.path("cargo-back");
    cli.call(&["cp", &format!("{}:/root/cargo", container.id), &back])
        .succeed()?;
    reads("content", fs::read_to_string(back)?.as_str(), "rope")
}
