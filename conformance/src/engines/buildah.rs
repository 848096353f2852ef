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
    long every_instruction_is_built,
    long stages_arguments_and_mounts_of_a_step,
    long a_step_has_the_options_of_the_build,
    long run_takes_environment_folder_hostname_and_capabilities,
    long run_mounts_what_it_is_told,
    long a_container_is_mounted_committed_and_begun_from,
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
fn build(buildah: &Buildah, step: &str, options: &[&str]) -> Result<Call, crate::failure::Failure> {
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
    Ok(call(&buildah.lab, &words).args(options).args([context]))
}

fn a_containerfile_is_built(buildah: &Buildah) -> Verdict {
    build(buildah, "RUN echo built step && test $(id -u) = 0", &[])?.mentions("built step")
}

fn a_failing_step_stops_the_build(buildah: &Buildah) -> Verdict {
    let outcome = build(buildah, "RUN exit 3", &[])?.finish()?;
    ensure(outcome.code != 0, || outcome.to_string())
}

/// Every instruction that leaves something in the image.
const INSTRUCTIONS: &str = r#"
MAINTAINER nobody
LABEL ship="one"
ARG DECK=lowest
ENV DECK=$DECK ROPE="long enough"
SHELL ["/bin/sh", "-e", "-c"]
WORKDIR /hold
COPY --chown=1000:50 first second /hold/
ADD third.tar /hold/
RUN test "$PWD" = /hold && test "$ROPE" = "long enough" && stat -c '%u %g %n' first && cat first second inner
RUN ["/bin/sh", "-c", "echo $DECK >/hold/said"]
USER user
RUN test $(id -u) = 1000 && test $(id -g) = 1000 && ! touch /root/file 2>/dev/null
EXPOSE 7070/tcp
VOLUME /data
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s CMD true
ONBUILD RUN echo built upon
ENTRYPOINT ["/bin/sh"]
CMD ["-c", "true"]
"#;

/// Builds an image of this name and removes it after what is looked at.
fn built(buildah: &Buildah, step: &str, options: &[&str], body: impl FnOnce(&str) -> Verdict) -> Verdict {
    let context = buildah.lab.make_folder("context")?;
    for (name, text) in [("first", "rope\n"), ("second", "tar\n"), ("inner", "oakum\n")] {
        fs::write(format!("{context}/{name}"), text)?;
    }
    Call::new("tar")
        .args(["-C", &context, "-cf", &format!("{context}/third.tar"), "inner"])
        .succeed()?;
    let all = [&["--format", "docker", "--tag", "localhost/built"], options].concat();
    let outcome = build(buildah, step, &all)?.seconds(120).succeed()?;
    let verdict = body(&(outcome.out + &outcome.err));
    call(&buildah.lab, &["rmi", "localhost/built"]).succeed()?;
    verdict
}

fn every_instruction_is_built(buildah: &Buildah) -> Verdict {
    built(buildah, INSTRUCTIONS, &["--build-arg", "DECK=orlop"], |said| {
        ensure(said.contains("1000 50 first\nrope\ntar\noakum\n"), || said.to_owned())?;
        let inspected = call(&buildah.lab, &["inspect", "--type", "image", "localhost/built"]).succeed()?;
        for part in [
            "\"ship\": \"one\"",
            "\"DECK=orlop\"",
            "7070/tcp",
            "\"/data\"",
            "SIGINT",
            "\"RUN echo built upon\"",
            "\"User\": \"user\"",
            "\"WorkingDir\": \"/hold\"",
        ] {
            inspected.out_has(part)?;
        }
        Ok(())
    })
}

fn stages_arguments_and_mounts_of_a_step(buildah: &Buildah) -> Verdict {
    let step = "RUN echo made >/made\nFROM scratch AS second\nADD rootfs.tar /\nCOPY --from=0 /made /taken\n\
                RUN --mount=type=bind,from=0,target=/other --mount=type=tmpfs,target=/tmp/fleeting \
                cat /taken /other/made && grep -c ' /tmp/fleeting tmpfs ' /proc/mounts\n\
                RUN --mount=type=secret,id=chart cat /run/secrets/chart";
    let secret = buildah.lab.path("chart");
    fs::write(&secret, "here be rocks\n")?;
    let options = ["--secret", &format!("id=chart,src={secret}")];
    built(buildah, step, &options, |said| {
        ensure(
            said.contains("made\nmade\n1\n") && said.contains("here be rocks\n"),
            || said.to_owned(),
        )
    })
}

fn a_step_has_the_options_of_the_build(buildah: &Buildah) -> Verdict {
    let folder = buildah.lab.make_folder("volume")?;
    fs::write(format!("{folder}/file"), "rope\n")?;
    let options = [
        "--network",
        "none",
        "--volume",
        &format!("{folder}:/data:ro"),
        "--ulimit",
        "nofile=100:200",
        "--cap-drop",
        "CAP_CHOWN",
        "--shm-size",
        "16m",
    ];
    let step = "RUN cat /data/file; touch /data/f 2>/dev/null || echo refused; ulimit -Sn; ulimit -Hn; ls /sys/class/net; \
                chown 1000 /etc/group 2>/dev/null || echo kept; df -k /dev/shm | tail -n 1";
    built(buildah, step, &options, |said| {
        let wanted = ["rope\nrefused\n100\n200\nlo\nkept\n", " 16384 "];
        ensure(wanted.iter().all(|part| said.contains(part)), || said.to_owned())
    })
}

fn run_takes_environment_folder_hostname_and_capabilities(buildah: &Buildah) -> Verdict {
    let options = [
        "--env",
        "DECK=lowest",
        "--workingdir",
        "/home",
        "--hostname",
        "orlop",
        "--user",
        "user",
    ];
    let script = ["sh", "-c", "echo $DECK $PWD $(hostname) $(id -un)"];
    buildah.run(&options, &script).says("lowest /home orlop user\n")?;
    let capabilities = |options: &[&str]| {
        let outcome = buildah.run(options, &["sed", "-n", "s/CapEff:.//p", "/proc/self/status"]);
        let text = outcome.succeed()?.out;
        u64::from_str_radix(text.trim(), 16).map_err(|error| crate::failure::Failure::Wrong(format!("{text}: {error}")))
    };
    let (usual, added) = (capabilities(&[])?, capabilities(&["--cap-add", "CAP_SYS_TIME"])?);
    let dropped = capabilities(&["--cap-drop", "CAP_CHOWN"])?;
    ensure(added == usual | 1 << 25 && dropped == usual & !1, || {
        format!("{usual:x}, {added:x}, {dropped:x}")
    })
}

fn run_mounts_what_it_is_told(buildah: &Buildah) -> Verdict {
    let folder = buildah.lab.make_folder("volume")?;
    fs::write(format!("{folder}/file"), "rope\n")?;
    let bind = format!("type=bind,src={folder},dst=/data,ro");
    let options = ["--mount", &bind, "--mount", "type=tmpfs,dst=/fleeting"];
    let script = ["sh", "-c", "cat /data/file; grep -c ' /fleeting tmpfs ' /proc/mounts"];
    buildah.run(&options, &script).says("rope\n1\n")
}

fn a_container_is_mounted_committed_and_begun_from(buildah: &Buildah) -> Verdict {
    let buildah_call = |words: &[&str]| call(&buildah.lab, words);
    let point = buildah_call(&["mount", &buildah.container]).succeed()?.out;
    let written = fs::write(format!("{}/written", point.trim()), "from outside\n");
    buildah_call(&["umount", &buildah.container]).succeed()?;
    written?;
    let seen = buildah.run(&[], &["cat", "/written"]).finish();
    ensure(seen?.out == "from outside\n", || "the file is not there".to_owned())?;
    buildah_call(&[
        "config",
        "--env",
        "DECK=lowest",
        "--workingdir",
        "/home",
        &buildah.container,
    ])
    .succeed()?;
    buildah_call(&["commit", "--quiet", &buildah.container, "localhost/laden"]).succeed()?;
    let other = buildah_call(&["from", "--pull-never", "localhost/laden"])
        .succeed()?
        .out;
    let second = Buildah {
        lab: Arc::clone(&buildah.lab),
        container: other.trim().to_owned(),
    };
    let verdict = second
        .run(&[], &["sh", "-c", "cat /written; echo $DECK $PWD"])
        .says("from outside\nlowest /home\n");
    buildah_call(&["rm", &second.container]).succeed()?;
    buildah_call(&["rmi", "localhost/laden"]).succeed()?;
    verdict
}
