//! The runtime in runc's place: on a machine whose only `runc` is a link to it, dockerd and containerd are told nothing.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::builds::{buildkit_client, first_step};
use super::{Way, exec_root};
use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, Session, checks};
use crate::engines::cli::Cli;
use crate::engines::lab::Lab;
use crate::engines::place::has_systemd;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure, wrong};

/// Where Debian installs programs that others call by their names.
const LINK: &str = "/usr/bin/runc";

/// The image that the archive holds, for containerd.
const IMAGE: &str = "docker.io/local/busybox:latest";

/// A docker and a containerd that know of no runtime but the `runc` on PATH.
#[derive(Debug)]
pub(in crate::engines) struct Machine {
    cli: Cli,
}

impl Machine {
    fn ctr(&self, words: &[&str]) -> Call {
        let socket = self.cli.lab.path("containerd.sock");
        Call::new("ctr").args(["--address", &socket]).args(words)
    }
}

/// Has the runtime take the place of runc, starts the daemons and runs the checks.
pub(in crate::engines) fn run(lab: &Arc<Lab>, session: &mut Session<'_>) -> Verdict {
    if has_systemd() {
        let why = "the machine's own programs stay as they are: needs namespaces of its own".to_owned();
        return Err(Failure::Skip(why));
    }
    replace_runc(lab)?;
    let (_containerd, cli) = super::start(lab, Way::Runc)?;
    if let Ok(client) = buildkit_client(&cli) {
        first_step(&cli, &client, true)?;
    }
    let machine = Machine { cli };
    let archive = lab.image_archive()?;
    machine
        .ctr(&["image", "import", "--base-name", "local/busybox", &archive])
        .succeed()?;
    machine.ctr(&["run", "--rm", IMAGE, "deck", "true"]).finish()?;
    session.run(lab, &machine, CHECKS);
    Ok(())
}

/// Lays a writable layer over /usr, in this mount namespace alone, in which the only `runc` is a link to the runtime.
fn replace_runc(lab: &Lab) -> Verdict {
    // It may be Debian's runc itself, which is removed below.
    let runtime = lab.path("runtime");
    fs::copy(&lab.runtime, &runtime)?;
    let layers = format!(
        "lowerdir=/usr,upperdir={},workdir={}",
        lab.make_folder("usr")?,
        lab.make_folder("usr.work")?
    );
    Call::new("mount")
        .args(["-t", "overlay", "-o", &layers, "overlay", "/usr"])
        .succeed()?;
    let path = std::env::var("PATH").unwrap_or_default();
    for folder in path.split(':') {
        let place = Path::new(folder).join("runc");
        if fs::symlink_metadata(&place).is_ok() {
            ensure(fs::canonicalize(folder)?.starts_with("/usr"), || {
                format!("{}: is not below /usr", place.display())
            })?;
            fs::remove_file(&place)?;
        }
    }
    std::os::unix::fs::symlink(&runtime, LINK)?;
    let found = Call::new("sh").args(["-c", "command -v runc"]).succeed()?;
    let found = fs::canonicalize(found.out.trim())?;
    reads("runc on PATH", &found.to_string_lossy(), &runtime)
}

pub(in crate::engines) const CHECKS: &[Check<Machine>] = checks![
    short docker_runs_a_container_with_what_is_called_runc,
    long docker_tells_the_version_of_what_is_called_runc,
    long docker_executes_a_command_in_a_container,
    long docker_executes_a_command_on_a_terminal,
    long docker_pauses_updates_and_lists,
    long docker_restarts_and_stops_a_container,
    long docker_builds_an_image_step_by_step,
    long buildkit_builds_an_image,
    long docker_sees_a_health_check_pass_and_fail,
    long a_missing_command_has_its_exit_code,
    long containers_outlive_their_daemon,
    long ctr_runs_a_container_with_what_is_called_runc,
    long ctr_executes_pauses_and_kills,
];

fn docker_runs_a_container_with_what_is_called_runc(machine: &Machine) -> Verdict {
    let cli = &machine.cli;
    let default = cli.call(&["info", "--format", "{{.DefaultRuntime}}"]).succeed()?;
    reads("default runtime", default.out.trim(), "runc")?;
    cli.script(&[], "echo aboard; exit 7").finish()?.ended_with(7)?;
    cli.run(&[], &["echo", "aboard"]).says("aboard\n")?;
    let container = cli.background(&[], &["sleep", "100"])?;
    reads(
        "runtime",
        container.inspect("{{.HostConfig.Runtime}}")?.as_str(),
        "runc",
    )?;
    // The runtime asked by its name, where dockerd's shims have it keep its states.
    let root = format!("{}/runtime-runc/moby", exec_root(&cli.lab));
    let list = Call::new("runc").args(["--root", &root, "list", "--quiet"]).succeed()?;
    ensure(list.out.lines().any(|id| id == container.id), || {
        format!("{list}, wanted {}", container.id)
    })
}

/// What `runc --version` says: its version, and its commit.
fn version() -> Result<(String, String), Failure> {
    let outcome = Call::new("runc").args(["--version"]).succeed()?;
    let after = |words: &str| {
        let mut lines = outcome.out.lines();
        let rest = lines.find_map(|line| line.split_once(words).map(|(_, rest)| rest.to_owned()));
        rest.ok_or_else(|| Failure::Wrong(format!("no {words:?}: {outcome}")))
    };
    Ok((after(" version ")?, after("commit: ")?))
}

fn docker_tells_the_version_of_what_is_called_runc(machine: &Machine) -> Verdict {
    let (version, commit) = version()?;
    let info = machine.cli.call(&["info"]).succeed()?;
    info.out_has(&format!(" runc version: {commit}\n"))?;
    // dockerd asks at each `info` and each `version`, and leaves out what it could not read.
    let format =
        "{{range .Server.Components}}{{if eq .Name \"runc\"}}{{.Version}} {{.Details.GitCommit}}{{end}}{{end}}";
    let told = machine.cli.call(&["version", "--format", format]).succeed()?;
    reads("the component runc", told.out.trim(), &format!("{version} {commit}"))?;
    let log = fs::read_to_string(machine.cli.lab.folder.join("dockerd.log"))?;
    match log
        .lines()
        .find(|line| line.contains("runc") && line.contains("failed to"))
    {
        Some(line) => wrong(format!("dockerd's log: {line}")),
        None => Ok(()),
    }
}

fn docker_executes_a_command_in_a_container(machine: &Machine) -> Verdict {
    let container = machine.cli.background(&[], &["sleep", "100"])?;
    container.exec(&[], &["echo", "hi"]).says("hi\n")?;
    container.exec(&[], &["sh", "-c", "exit 9"]).ends_with(9)?;
    let options = ["-u", "user", "-w", "/tmp", "-e", "DECK=orlop", "-i"];
    container
        .exec(&options, &["sh", "-c", "echo $(id -un) $PWD $DECK $(cat)"])
        .stdin("rope")
        .says("user /tmp orlop rope\n")
}

fn docker_executes_a_command_on_a_terminal(machine: &Machine) -> Verdict {
    let container = machine.cli.background(&[], &["sleep", "100"])?;
    let outcome = container
        .exec(&["-it"], &["sh", "-c", "tty; echo $((6 * 7))"])
        .on_a_terminal()
        .succeed()?;
    outcome.out_has("/dev/pts/")?;
    outcome.out_has("42")
}

fn docker_pauses_updates_and_lists(machine: &Machine) -> Verdict {
    let container = machine.cli.background(&[], &["sleep", "1234"])?;
    container.call(&["pause"]).succeed()?;
    reads("status", container.inspect("{{.State.Status}}")?.as_str(), "paused")?;
    container.call(&["unpause"]).succeed()?;
    container.call(&["update", "--pids-limit", "77"]).succeed()?;
    reads(
        "pids limit",
        container.inspect("{{.HostConfig.PidsLimit}}")?.as_str(),
        "77",
    )?;
    container.call(&["top"]).mentions("sleep 1234")?;
    container
        .call(&["stats", "--no-stream", "--format", "{{.PIDs}}"])
        .says("1\n")
}

fn docker_restarts_and_stops_a_container(machine: &Machine) -> Verdict {
    let container = machine.cli.background(&[], &["sleep", "100"])?;
    let first = container.inspect("{{.State.Pid}}")?;
    container.call(&["restart", "--time", "0"]).succeed()?;
    reads("status", container.inspect("{{.State.Status}}")?.as_str(), "running")?;
    ensure(container.inspect("{{.State.Pid}}")? != first, || {
        "the same process as before".to_owned()
    })?;
    container.call(&["stop", "--time", "0"]).succeed()?;
    reads("exit code", container.inspect("{{.State.ExitCode}}")?.as_str(), "137")
}

fn docker_builds_an_image_step_by_step(machine: &Machine) -> Verdict {
    build(machine, "docker", "0")
}

fn buildkit_builds_an_image(machine: &Machine) -> Verdict {
    build(machine, &buildkit_client(&machine.cli)?, "1")
}

fn build(machine: &Machine, client: &str, buildkit: &str) -> Verdict {
    let cli = &machine.cli;
    let context = cli.lab.make_folder("context")?;
    let file = "FROM busybox\nRUN echo built >/result\nRUN test -s /result\nCMD cat /result\n";
    fs::write(format!("{context}/Dockerfile"), file)?;
    cli.by(client, &["build", "--no-cache", "--tag", "built", &context])
        .variable("DOCKER_BUILDKIT", buildkit)
        .seconds(60)
        .succeed()?;
    let said = cli.call(&["run", "--rm", "built"]).says("built\n");
    cli.call(&["image", "rm", "--force", "built"]).finish()?;
    said
}

fn docker_sees_a_health_check_pass_and_fail(machine: &Machine) -> Verdict {
    let options = [
        "--health-cmd",
        "test -e /tmp/well",
        "--health-interval",
        "1s",
        "--health-retries",
        "1",
    ];
    let container = machine
        .cli
        .background(&options, &["sh", "-c", "touch /tmp/well; sleep 100"])?;
    let becomes = |wanted: &str| {
        in_time("health", 20, || {
            let seen = container.inspect("{{.State.Health.Status}}")?;
            Ok((seen == wanted, seen))
        })
    };
    becomes("healthy")?;
    container.exec(&[], &["rm", "/tmp/well"]).succeed()?;
    becomes("unhealthy")
}

fn a_missing_command_has_its_exit_code(machine: &Machine) -> Verdict {
    let outcome = machine.cli.run(&[], &["no-such-command"]).finish()?;
    outcome.ended_with(127)?;
    outcome.said("executable file not found in $PATH")
}

fn containers_outlive_their_daemon(machine: &Machine) -> Verdict {
    let cli = &machine.cli;
    let container = cli.background(&[], &["sleep", "100"])?;
    let first = container.inspect("{{.State.Pid}}")?;
    cli.service.restart(&cli.call(&["version"]))?;
    reads("pid", container.inspect("{{.State.Pid}}")?.as_str(), &first)?;
    container.exec(&[], &["echo", "hi"]).says("hi\n")
}

fn ctr_runs_a_container_with_what_is_called_runc(machine: &Machine) -> Verdict {
    let run = |command: &[&str]| machine.ctr(&["run", "--rm", IMAGE, "deck"]).args(command);
    run(&["echo", "aboard"]).says("aboard\n")?;
    run(&["sh", "-c", "exit 7"]).ends_with(7)
}

fn ctr_executes_pauses_and_kills(machine: &Machine) -> Verdict {
    let task = |words: &[&str]| machine.ctr(&["task"]).args(words);
    machine
        .ctr(&["run", "--detach", IMAGE, "sleeper", "sleep", "100"])
        .succeed()?;
    let verdict = (|| {
        task(&["exec", "--exec-id", "one", "sleeper", "echo", "hi"]).says("hi\n")?;
        task(&["pause", "sleeper"]).succeed()?;
        task(&["ls"]).mentions("PAUSED")?;
        task(&["resume", "sleeper"]).succeed()?;
        task(&["ps", "sleeper"]).mentions("PID")?;
        task(&["kill", "--signal", "SIGKILL", "sleeper"]).succeed()?;
        in_time("the task", 10, || {
            let seen = task(&["ls"]).succeed()?.out;
            Ok((seen.contains("STOPPED"), seen))
        })
    })();
    std::thread::sleep(Duration::from_millis(50));
    task(&["rm", "--force", "sleeper"]).finish()?;
    let removed = machine.ctr(&["container", "rm", "sleeper"]).succeed();
    verdict.and(removed.map(drop))
}
