//! buildah with `--isolation oci`: it calls the runtime itself, without conmon.

use std::fs;

use super::call::Call;
use super::check::{Check, Session, checks};
use super::lab::Lab;
use crate::failure::{Verdict, ensure};
use std::sync::Arc;

/// A working container of buildah's.
#[derive(Debug)]
pub(super) struct Buildah {
    lab: Arc<Lab>,
    container: String,
}

impl Buildah {
    fn run(&self, options: &[&str], command: &[&str]) -> Call {
        call(
            &self.lab,
            &["run", "--isolation", "oci", "--runtime", &self.lab.runtime],
        )
        .args(options)
        .args([&self.container])
        .args(command)
    }
}

fn call(lab: &Lab, words: &[&str]) -> Call {
    let folders = ["--root", &lab.path("buildah"), "--runroot", &lab.path("run/buildah")];
    Call::new("buildah")
        .args(folders)
        .args(["--storage-driver", "overlay"])
        .args(words)
        .variable("TMPDIR", &lab.path("tmp"))
}

/// Runs the checks.
pub(super) fn run(lab: &Arc<Lab>, session: &mut Session<'_>) -> Verdict {
    lab.make_folder("tmp")?;
    let container = call(lab, &["from", "scratch"]).succeed()?.out.trim().to_owned();
    call(lab, &["add", "--quiet", &container, &lab.rootfs_tar()?, "/"]).succeed()?;
    let buildah = Buildah {
        lab: Arc::clone(lab),
        container,
    };
    // What stays after the first container is the engine's.
    buildah.run(&[], &["true"]).finish()?;
    session.run(lab, &buildah, CHECKS);
    Ok(())
}

pub(super) const CHECKS: &[Check<Buildah>] = checks![
    short run_prints_what_the_command_prints,
    short the_exit_code_is_the_commands,
    long a_missing_command_is_an_error,
    long a_user_by_number,
    long a_volume_is_read_only,
    long a_network_of_its_own_or_the_hosts,
    long a_terminal_is_a_terminal,
    short a_containerfile_is_built,
    long a_failing_step_stops_the_build,
];

fn run_prints_what_the_command_prints(buildah: &Buildah) -> Verdict {
    buildah.run(&[], &["echo", "hi"]).says("hi\n")
}

fn the_exit_code_is_the_commands(buildah: &Buildah) -> Verdict {
    buildah.run(&[], &["true"]).ends_with(0)?;
    buildah.run(&[], &["sh", "-c", "exit 7"]).ends_with(7)
}

fn a_missing_command_is_an_error(buildah: &Buildah) -> Verdict {
    let outcome = buildah.run(&[], &["/no/such/command"]).finish()?;
    ensure(outcome.code != 0, || outcome.to_string())?;
    outcome.said("/no/such/command")
}

fn a_user_by_number(buildah: &Buildah) -> Verdict {
    buildah.run(&["--user", "1000:1000"], &["id", "-u"]).says("1000\n")
}

fn a_volume_is_read_only(buildah: &Buildah) -> Verdict {
    let folder = buildah.lab.make_folder("volume")?;
    fs::write(format!("{folder}/file"), "rope\n")?;
    let script = ["sh", "-c", "cat /data/file; touch /data/other"];
    let outcome = buildah.run(&["-v", &format!("{folder}:/data:ro")], &script).finish()?;
    outcome.ended_with(1)?;
    outcome.out_has("rope")?;
    outcome.said("Read-only file system")
}

fn a_network_of_its_own_or_the_hosts(buildah: &Buildah) -> Verdict {
    let own = fs::read_link("/proc/self/ns/net")?.display().to_string();
    let readlink = ["readlink", "/proc/self/ns/net"];
    buildah
        .run(&["--network", "host"], &readlink)
        .says(&format!("{own}\n"))?;
    let other = buildah.run(&["--network", "none"], &readlink).succeed()?;
    ensure(other.out.trim() != own, || other.to_string())
}

fn a_terminal_is_a_terminal(buildah: &Buildah) -> Verdict {
    let outcome = buildah
        .run(&["--terminal"], &["sh", "-c", "tty; sleep 0.3"])
        .on_a_terminal()
        .succeed()?;
    outcome.out_has("/dev/pts/0")
}

/// `buildah build` of a file that begins with the root filesystem.
fn build(buildah: &Buildah, step: &str) -> Result<Call, crate::failure::Failure> {
    let context = buildah.lab.make_folder("context")?;
    fs::copy(buildah.lab.rootfs_tar()?, format!("{context}/rootfs.tar"))?;
    fs::write(
        format!("{context}/Containerfile"),
        format!("FROM scratch\nADD rootfs.tar /\n{step}\n"),
    )?;
    let words = [
        "build",
        "--isolation",
        "oci",
        "--layers=false",
        "--no-cache",
        "--runtime",
        &buildah.lab.runtime,
    ];
    Ok(call(&buildah.lab, &words).args([context]))
}

fn a_containerfile_is_built(buildah: &Buildah) -> Verdict {
    build(buildah, "RUN echo built step && test $(id -u) = 0")?.mentions("built step")
}

fn a_failing_step_stops_the_build(buildah: &Buildah) -> Verdict {
    let outcome = build(buildah, "RUN exit 3")?.finish()?;
    ensure(outcome.code != 0, || outcome.to_string())
}
