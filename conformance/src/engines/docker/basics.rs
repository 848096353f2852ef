//! What docker does by itself, and podman otherwise or not at all.

use std::fs;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::docker::exec_root;
use crate::failure::{Failure, Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
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
    let before = options_of_v2()?;
    let verdict = build(cli, "1");
    // dockerd has what is called runc run the steps, whatever its default runtime. Debian's mounts cgroup v2 in the
    // host's cgroup namespace without the host's options, and so takes them from the host.
    if options_of_v2()? != before {
        let options = format!("remount,{before}");
        Call::new("mount").args(["-o", &options, "/sys/fs/cgroup"]).succeed()?;
    }
    verdict
}

/// The superblock's options of a cgroup v2 that is alone on the host.
fn options_of_v2() -> Result<String, Failure> {
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    let mut mounts = table.lines().filter_map(|line| line.split_once(" - cgroup2 "));
    let v2 = mounts.find(|(mount, _)| mount.contains(" /sys/fs/cgroup "));
    Ok(v2
        .and_then(|(_, superblock)| superblock.split(' ').nth(1))
        .unwrap_or_default()
        .to_owned())
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
