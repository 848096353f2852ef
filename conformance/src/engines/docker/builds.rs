//! Images from Dockerfiles: each instruction and option, by the classic builder, whose steps are containers, and by
//! BuildKit, which calls the runtime itself.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::Way;
use crate::engines::call::{Call, Outcome, reads};
use crate::engines::check::{Check, Session, checks};
use crate::engines::cli::Cli;
use crate::engines::lab::Lab;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure, same};

/// A docker whose images are built in one of two ways.
#[derive(Debug)]
pub(in crate::engines) struct Builder {
    cli: Cli,
    /// The client, which is not always the one that runs containers.
    client: String,
    is_buildkit: bool,
}

/// Starts dockerd and runs the checks.
pub(in crate::engines) fn run(lab: &Arc<Lab>, session: &mut Session<'_>, is_buildkit: bool) -> Verdict {
    let (_containerd, cli) = super::start(lab, Way::Told)?;
    let client = if is_buildkit {
        buildkit_client(&cli)?
    } else {
        "docker".to_owned()
    };
    let builder = Builder {
        cli,
        client,
        is_buildkit,
    };
    first_step(&builder.cli, &builder.client, is_buildkit)?;
    session.run(lab, &builder, CHECKS);
    if is_buildkit {
        session.run(lab, &builder, OF_BUILDKIT);
    }
    Ok(())
}

/// Builds once: what stays after the first step (the cgroup of the builder's containers) is the engine's.
pub(in crate::engines) fn first_step(cli: &Cli, client: &str, is_buildkit: bool) -> Verdict {
    let build = cli.by(client, &["build", "-"]).stdin("FROM busybox\nRUN true\n");
    build
        .variable("DOCKER_BUILDKIT", if is_buildkit { "1" } else { "0" })
        .seconds(60)
        .succeed()?;
    // BuildKit gives the step's network back some time later.
    in_time("the step's network", 10, || {
        let links = fs::read_to_string("/proc/self/net/dev")?;
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let spaces = mounts.lines().filter(|line| line.contains("/docker/netns/"));
        let spaces = spaces.filter(|line| !line.contains("/netns/default "));
        let left: Vec<&str> = spaces
            .chain(links.lines().filter(|line| line.contains("veth")))
            .collect();
        Ok((left.is_empty(), left.join("; ")))
    })
}

/// The client that can ask dockerd for BuildKit: from 23 on by a plugin, which Debian 12 has not; before, by itself.
pub(in crate::engines) fn buildkit_client(cli: &Cli) -> Result<String, Failure> {
    let path = std::env::var("PATH").unwrap_or_default();
    for folder in path.split(':') {
        let client = Path::new(folder).join("docker");
        let client = client.to_string_lossy().into_owned();
        if Path::new(&client).is_file() {
            let asked = cli.by(&client, &["build", "--help"]).variable("DOCKER_BUILDKIT", "1");
            if asked.finish()?.code == 0 {
                return Ok(client);
            }
        }
    }
    Err(Failure::Skip("no docker client on PATH has BuildKit's".to_owned()))
}

impl Builder {
    /// A new context with these files.
    fn context(&self, files: &[(&str, &str)], dockerfile: &str) -> Result<String, Failure> {
        let folder = self.cli.lab.path("context");
        if fs::exists(&folder)? {
            fs::remove_dir_all(&folder)?;
        }
        for (name, content) in files.iter().chain(&[("Dockerfile", dockerfile)]) {
            let file = Path::new(&folder).join(name);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(file, content)?;
        }
        Ok(folder)
    }

    /// `build OPTIONS CONTEXT`.
    fn build(&self, options: &[&str], context: &str) -> Call {
        self.cli
            .by(&self.client, &["build", "--force-rm"])
            .args(options)
            .args([context])
            .variable("DOCKER_BUILDKIT", if self.is_buildkit { "1" } else { "0" })
            .variable("BUILDKIT_PROGRESS", "plain")
            .seconds(90)
    }

    /// Builds an image of the name.
    fn builds(
        &self,
        name: &str,
        files: &[(&str, &str)],
        dockerfile: &str,
        options: &[&str],
    ) -> Result<Outcome, Failure> {
        let context = self.context(files, dockerfile)?;
        self.build(&["--tag", name], &context).args(options).succeed()
    }

    /// What `run` of an image with a script writes.
    fn script(&self, image: &str, script: &str) -> Result<String, Failure> {
        let call = self
            .cli
            .call(&["run", "--rm", "--entrypoint", "sh", image, "-c", script]);
        Ok(call.succeed()?.out)
    }

    /// A member of an image, by Go template.
    fn inspect(&self, image: &str, template: &str) -> Result<String, Failure> {
        let call = self.cli.call(&["image", "inspect", "--format", template, image]);
        Ok(call.succeed()?.out.trim().to_owned())
    }
}

pub(in crate::engines) const CHECKS: &[Check<Builder>] = checks![
    long stages_and_build_arguments,
    long a_target_stops_at_its_stage,
    long environment_labels_and_maintainer,
    long files_are_copied_with_their_owners,
    long an_archive_is_unpacked,
    long ignored_files_are_not_copied,
    long commands_in_shell_and_exec_form_and_another_shell,
    long the_working_folder_and_the_user,
    long the_user_is_in_a_named_group,
    long entrypoint_and_command,
    long ports_volume_stop_signal_and_health_check,
    long onbuild_runs_in_the_next_build,
    long a_step_without_network_and_with_the_hosts,
    long a_step_has_the_hosts_that_were_added,
    long a_step_has_the_limits_that_were_given,
    long a_step_is_confined_as_a_container_is,
    long steps_are_taken_from_the_cache,
    long no_cache_runs_all_steps_again,
    long a_failing_step_fails_the_build,
    long a_missing_command_fails_the_build,
    long a_dockerfile_from_standard_input,
];

/// What only BuildKit has.
pub(in crate::engines) const OF_BUILDKIT: &[Check<Builder>] = checks![
    long a_step_has_a_cache_that_stays,
    long a_step_has_a_secret_that_does_not_stay,
    long a_step_has_a_mount_of_another_stage_and_a_tmpfs,
    long stages_are_built_at_the_same_time,
    long a_result_is_written_to_a_folder,
];

fn stages_and_build_arguments(builder: &Builder) -> Verdict {
    let dockerfile = "ARG BASE=no/such/image
FROM ${BASE} AS paint
ARG COLOUR=red
ARG SHADE=light
RUN echo $SHADE $COLOUR >/colour
FROM paint AS second
ARG SHADE
RUN echo second $SHADE >/second
FROM busybox
COPY --from=paint /colour /
COPY --from=1 /second /two
COPY --from=busybox /etc/group /group
";
    let options = ["--build-arg", "BASE=busybox", "--build-arg", "SHADE=dark"];
    builder.builds("stages", &[], dockerfile, &options)?;
    let said = builder.script("stages", "cat /colour /two; grep -c staff /group")?;
    reads("files of the stages", &said, "dark red\nsecond dark\n1\n")
}

fn a_target_stops_at_its_stage(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox AS first\nRUN echo one >/stage\nFROM first AS second\nRUN exit 3\n";
    builder.builds("target", &[], dockerfile, &["--target", "first"])?;
    reads("stage", &builder.script("target", "cat /stage")?, "one\n")
}

fn environment_labels_and_maintainer(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox
MAINTAINER Bosun <bosun@example.invalid>
LABEL deck=orlop \"in the hold\"=\"rope and tar\"
ENV SHIP=frigate MAST=\"main mast\"
ENV SAIL the old way
RUN echo \"$SHIP, $MAST, $SAIL\" >/built
ENV SHIP=brig
";
    builder.builds("words", &[], dockerfile, &["--label", "port=home"])?;
    let said = builder.script("words", "cat /built; echo $SHIP, $MAST, $SAIL")?;
    reads(
        "environment",
        &said,
        "frigate, main mast, the old way\nbrig, main mast, the old way\n",
    )?;
    let labels = builder.inspect("words", "{{json .Config.Labels}}")?;
    let wanted = "{\"deck\":\"orlop\",\"in the hold\":\"rope and tar\",\"port\":\"home\"}";
    reads("labels", &labels, wanted)?;
    reads(
        "author",
        &builder.inspect("words", "{{.Author}}")?,
        "Bosun <bosun@example.invalid>",
    )
}

fn files_are_copied_with_their_owners(builder: &Builder) -> Verdict {
    let files = [("one", "1\n"), ("folder/two", "2\n"), ("folder/deep/three", "3\n")];
    let dockerfile = "FROM busybox
COPY one /one
COPY --chown=1000:50 folder /cargo/
COPY --chown=user:staff one folder/two /named/
ADD one /added
RUN chmod 0640 /one && chown user /added
";
    builder.builds("copied", &files, dockerfile, &[])?;
    let script = "stat -c '%u:%g %n' /one /cargo/two /cargo/deep/three /named/one /named/two /added; \
                  stat -c %a /one; cat /cargo/deep/three";
    let wanted = "0:0 /one\n1000:50 /cargo/two\n1000:50 /cargo/deep/three\n1000:50 /named/one\n1000:50 /named/two\n\
                  1000:0 /added\n640\n3\n";
    reads("files", &builder.script("copied", script)?, wanted)
}

fn an_archive_is_unpacked(builder: &Builder) -> Verdict {
    let files = [("cargo/rope", "long\n")];
    let context = builder.context(&files, "FROM busybox\nADD cargo.tar.gz /hold/\nCOPY cargo.tar.gz /\n")?;
    let owner = ["--owner=1000", "--group=50"];
    let archive = format!("{context}/cargo.tar.gz");
    Call::new("tar")
        .args(owner)
        .args(["-C", &context, "-czf", &archive, "cargo"])
        .succeed()?;
    builder.build(&["--tag", "unpacked"], &context).succeed()?;
    let script = "stat -c '%u:%g' /hold/cargo/rope; cat /hold/cargo/rope; test -f /cargo.tar.gz";
    reads(
        "what was unpacked",
        &builder.script("unpacked", script)?,
        "1000:50\nlong\n",
    )
}

fn ignored_files_are_not_copied(builder: &Builder) -> Verdict {
    let files = [
        (".dockerignore", "*.log\nsecret\n!kept.log\n"),
        ("a.log", ""),
        ("kept.log", ""),
        ("secret/key", ""),
        ("file", ""),
    ];
    builder.builds("ignoring", &files, "FROM busybox\nCOPY . /context/\n", &[])?;
    let said = builder.script("ignoring", "ls /context")?;
    reads("context", &said, "Dockerfile\nfile\nkept.log\n")
}

fn commands_in_shell_and_exec_form_and_another_shell(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox
RUN echo $0 >/shell && \\
    echo two lines >>/shell
RUN [\"/bin/sh\", \"-c\", \"echo $0 >/exec\", \"given\"]
SHELL [\"/bin/busybox\", \"ash\", \"-e\", \"-c\"]
RUN false || true; echo $- >/other
";
    builder.builds("forms", &[], dockerfile, &[])?;
    let said = builder.script("forms", "cat /shell /exec; grep -c e /other")?;
    reads("forms", &said, "/bin/sh\ntwo lines\ngiven\n1\n")?;
    reads(
        "shell",
        &builder.inspect("forms", "{{json .Config.Shell}}")?,
        "[\"/bin/busybox\",\"ash\",\"-e\",\"-c\"]",
    )
}

fn the_working_folder_and_the_user(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox
WORKDIR /made
WORKDIR below
RUN pwd >/tmp/where && chown user .
USER user
RUN echo $(id -u) $(id -g) $HOME >/tmp/who && touch mine
";
    builder.builds("user", &[], dockerfile, &[])?;
    let said = builder.script("user", "cat /tmp/where /tmp/who; stat -c %u mine; id -un; pwd")?;
    reads(
        "user",
        &said,
        "/made/below\n1000 1000 /home/user\n1000\nuser\n/made/below\n",
    )
}

fn the_user_is_in_a_named_group(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox\nUSER user:staff\nRUN echo $(id -u) $(id -g) >/tmp/who\n";
    builder.builds("group", &[], dockerfile, &[])?;
    reads("ids", &builder.script("group", "cat /tmp/who")?, "1000 50\n")
}

fn entrypoint_and_command(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox\nENTRYPOINT [\"echo\", \"aboard:\"]\nCMD [\"rope\", \"tar\"]\n";
    builder.builds("entry", &[], dockerfile, &[])?;
    let run = |words: &[&str]| builder.cli.call(&["run", "--rm", "entry"]).args(words);
    run(&[]).says("aboard: rope tar\n")?;
    run(&["sails"]).says("aboard: sails\n")?;
    let shell = "FROM busybox\nENTRYPOINT exec echo from $0\nCMD [\"ignored\"]\n";
    builder.builds("entry-shell", &[], shell, &[])?;
    let run = builder.cli.call(&["run", "--rm", "entry-shell"]);
    run.says("from ignored\n")
}

fn ports_volume_stop_signal_and_health_check(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox
EXPOSE 80 53/udp
RUN mkdir /data && echo kept >/data/file
VOLUME /data
STOPSIGNAL SIGUSR1
HEALTHCHECK --interval=1s --timeout=5s --retries=2 CMD test -e /data/file
CMD trap 'echo struck; exit 4' USR1; while :; do sleep 0.1; done
";
    builder.builds("ports", &[], dockerfile, &[])?;
    let ports = builder.inspect("ports", "{{json .Config.ExposedPorts}}")?;
    reads("ports", &ports, "{\"53/udp\":{},\"80/tcp\":{}}")?;
    let id = builder.cli.call(&["run", "--detach", "ports"]).succeed()?.out;
    let id = id.trim();
    let look = |template: &str| -> Result<String, Failure> {
        let outcome = builder.cli.call(&["inspect", "--format", template, id]).succeed()?;
        Ok(outcome.out.trim().to_owned())
    };
    let verdict = (|| {
        in_time("health", 20, || {
            let seen = look("{{.State.Health.Status}}")?;
            Ok((seen == "healthy", seen))
        })?;
        builder.cli.call(&["exec", id, "cat", "/data/file"]).says("kept\n")?;
        reads(
            "mount",
            &look("{{range .Mounts}}{{.Type}} {{.Destination}}{{end}}")?,
            "volume /data",
        )?;
        builder.cli.call(&["stop", "--time", "10", id]).succeed()?;
        reads("exit code", &look("{{.State.ExitCode}}")?, "4")?;
        builder.cli.call(&["logs", id]).says("struck\n")
    })();
    builder.cli.call(&["rm", "--force", "--volumes", id]).succeed()?;
    verdict
}

fn onbuild_runs_in_the_next_build(builder: &Builder) -> Verdict {
    let parent = "FROM busybox\nONBUILD ARG WHO=nobody\nONBUILD RUN echo for $WHO >/later\nRUN test ! -e /later\n";
    builder.builds("parent", &[], parent, &[])?;
    let options = ["--build-arg", "WHO=crew"];
    builder.builds("child", &[], "FROM parent\nRUN test -e /later\n", &options)?;
    reads("what came later", &builder.script("child", "cat /later")?, "for crew\n")?;
    let left = builder.inspect("child", "{{json .Config.OnBuild}}")?;
    ensure(["null", "[]"].contains(&left.as_str()), || left.clone())
}

fn a_step_without_network_and_with_the_hosts(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox\nRUN ls /sys/class/net >/links; readlink /proc/self/ns/net >/space\n";
    let context = builder.context(&[], dockerfile)?;
    let built = |network: &str| -> Result<(String, String), Failure> {
        builder
            .build(&["--no-cache", "--network", network, "--tag", "net"], &context)
            .succeed()?;
        Ok((
            builder.script("net", "cat /links")?,
            builder.script("net", "cat /space")?,
        ))
    };
    let own = fs::read_link("/proc/self/ns/net")?.display().to_string();
    let (links, space) = built("none")?;
    ensure(!links.contains("eth0"), || links.clone())?;
    ensure(space.trim() != own, || format!("{space}: the host's"))?;
    let (_, space) = built("host")?;
    reads("network namespace", space.trim(), &own)
}

fn a_step_has_the_hosts_that_were_added(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox\nRUN grep beacon /etc/hosts >/beacon\n";
    builder.builds("hosts", &[], dockerfile, &["--add-host", "beacon:192.0.2.7"])?;
    let said = builder.script("hosts", "cat /beacon")?;
    let words: Vec<&str> = said.split_whitespace().collect();
    same("line", &words, ["192.0.2.7", "beacon"])
}

fn a_step_has_the_limits_that_were_given(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox
RUN ulimit -n >/files; df -k /dev/shm | tail -n 1 | awk '{print $2}' >/shm
RUN for f in /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; do cat $f; done >/memory; true
";
    let options = ["--ulimit", "nofile=123:456", "--shm-size", "8m", "--memory", "80m"];
    if builder.is_buildkit {
        // BuildKit of dockerd 20.10 has no memory limits, and drops the others without a word.
        return Err(Failure::Skip("dockerd's BuildKit takes no limits".to_owned()));
    }
    builder.builds("limits", &[], dockerfile, &options)?;
    let said = builder.script("limits", "cat /files /shm /memory")?;
    reads("limits", &said, "123\n8192\n83886080\n")
}

fn a_step_is_confined_as_a_container_is(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox
RUN grep -E '^(CapEff|CapBnd|Seccomp):' /proc/self/status >/status
RUN ! mount -t tmpfs none /mnt 2>/dev/null; ! cat /proc/kcore 2>/dev/null | head -c 1 | grep -q .
RUN echo $$ >/pid; ls /proc | grep -c '^[0-9]' >/processes
";
    builder.builds("confined", &[], dockerfile, &[])?;
    let said = builder.script("confined", "cat /status /pid")?;
    let wanted = "CapBnd:\t00000000a80425fb";
    ensure(said.contains(wanted), || format!("{said:?}, wanted {wanted:?}"))?;
    ensure(said.contains("Seccomp:\t2"), || format!("{said:?}: no filter"))?;
    ensure(said.ends_with("\n1\n"), || format!("{said:?}: not the first process"))
}

/// How many steps a builder says it has taken from the cache. BuildKit tells each step's number with its name
/// (`#5 [2/4] RUN ...`), what became of it with the number alone (`#5 CACHED`), and the image at the beginning too.
fn hits(builder: &Builder, outcome: &Outcome) -> usize {
    if !builder.is_buildkit {
        return outcome.out.matches(" ---> Using cache").count();
    }
    let cached = outcome.err.lines().filter_map(|line| line.strip_suffix(" CACHED"));
    cached
        .filter(|number| {
            let name = outcome
                .err
                .lines()
                .find(|line| line.starts_with(&format!("{number} [")));
            name.is_some_and(|name| !name.contains("] FROM "))
        })
        .count()
}

fn steps_are_taken_from_the_cache(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox\nRUN echo cached >/one\nCOPY file /two\nRUN cat /one /two >/three\n";
    let files = |content| [("file", content)];
    let first = builder.builds("cache", &files("a\n"), dockerfile, &[])?;
    same("hits of the first build", &hits(builder, &first), 0_usize)?;
    let again = builder.builds("cache", &files("a\n"), dockerfile, &[])?;
    same("hits of the same build", &hits(builder, &again), 3_usize)?;
    let changed = builder.builds("cache", &files("b\n"), dockerfile, &[])?;
    same("hits after a change", &hits(builder, &changed), 1_usize)?;
    reads("result", &builder.script("cache", "cat /three")?, "cached\nb\n")
}

fn no_cache_runs_all_steps_again(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox\nRUN cat /proc/sys/kernel/random/uuid >/uuid\n";
    let uuid = |options: &[&str]| -> Result<String, Failure> {
        builder.builds("fresh", &[], dockerfile, options)?;
        builder.script("fresh", "cat /uuid")
    };
    let first = uuid(&[])?;
    reads("the same build again", &uuid(&[])?, &first)?;
    ensure(uuid(&["--no-cache"])? != first, || {
        "the step did not run again".to_owned()
    })
}

fn a_failing_step_fails_the_build(builder: &Builder) -> Verdict {
    let context = builder.context(&[], "FROM busybox\nRUN echo before; exit 3\nRUN touch /after\n")?;
    let outcome = builder.build(&["--no-cache"], &context).finish()?;
    ensure(outcome.code != 0, || outcome.to_string())?;
    outcome.said("before")?;
    outcome.said(if builder.is_buildkit {
        "exit code: 3"
    } else {
        "non-zero code: 3"
    })
}

fn a_missing_command_fails_the_build(builder: &Builder) -> Verdict {
    let context = builder.context(&[], "FROM busybox\nRUN [\"no-such-command\"]\n")?;
    let outcome = builder.build(&["--no-cache"], &context).finish()?;
    ensure(outcome.code != 0, || outcome.to_string())?;
    outcome.said("no-such-command")?;
    outcome.said("executable file not found in $PATH")
}

fn a_dockerfile_from_standard_input(builder: &Builder) -> Verdict {
    let call = builder.build(&["--tag", "piped"], "-");
    call.stdin("FROM busybox\nRUN echo piped >/piped\n").succeed()?;
    reads("file", &builder.script("piped", "cat /piped")?, "piped\n")
}

fn a_step_has_a_cache_that_stays(builder: &Builder) -> Verdict {
    let step = |text: &str| format!("FROM busybox\nRUN --mount=type=cache,target=/cache {text}\n");
    builder.builds("kept", &[], &step("test ! -e /cache/one; echo 1 >/cache/one"), &[])?;
    builder.builds("kept", &[], &step("cp /cache/one /one"), &[])?;
    reads(
        "cache",
        &builder.script("kept", "cat /one; ls /cache | wc -l")?,
        "1\n0\n",
    )
}

fn a_step_has_a_secret_that_does_not_stay(builder: &Builder) -> Verdict {
    let file = builder.cli.lab.path("secret");
    fs::write(&file, "hush")?;
    let dockerfile = "FROM busybox
RUN --mount=type=secret,id=word test \"$(cat /run/secrets/word)\" = hush && stat -c %a /run/secrets/word >/mode
";
    builder.builds("secret", &[], dockerfile, &["--secret", &format!("id=word,src={file}")])?;
    let said = builder.script("secret", "cat /mode; test ! -s /run/secrets/word && echo gone")?;
    reads("secret", &said, "400\ngone\n")
}

fn a_step_has_a_mount_of_another_stage_and_a_tmpfs(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox AS other
RUN mkdir /goods && echo rope >/goods/list
FROM busybox
RUN --mount=type=bind,from=other,source=/goods,target=/goods --mount=type=tmpfs,target=/scratch \\
    cp /goods/list /list && ! touch /goods/new 2>/dev/null && grep -c ' /scratch tmpfs ' /proc/mounts >/count
";
    builder.builds("mounts", &[], dockerfile, &[])?;
    reads("mounts", &builder.script("mounts", "cat /list /count")?, "rope\n1\n")
}

fn stages_are_built_at_the_same_time(builder: &Builder) -> Verdict {
    // Each of the four waits for the cache that all share to have the four names.
    let stages: String = (1..=4)
        .map(|number| {
            format!(
                "FROM busybox AS s{number}\nRUN --mount=type=cache,target=/all touch /all/{number}; \
                 for i in $(seq 200); do test $(ls /all | wc -l) = 4 && break; sleep 0.1; done; \
                 ls /all | wc -l >/{number}\n"
            )
        })
        .collect();
    let dockerfile = format!(
        "{stages}FROM busybox\n{}",
        (1..=4)
            .map(|number| format!("COPY --from=s{number} /{number} /\n"))
            .collect::<String>()
    );
    builder.builds("parallel", &[], &dockerfile, &[])?;
    reads("names", &builder.script("parallel", "cat /1 /2 /3 /4")?, "4\n4\n4\n4\n")
}

fn a_result_is_written_to_a_folder(builder: &Builder) -> Verdict {
    let dockerfile = "FROM busybox AS made\nRUN echo result >/file\nFROM scratch\nCOPY --from=made /file /file\n";
    let context = builder.context(&[], dockerfile)?;
    let out = builder.cli.lab.path("result");
    builder
        .build(&["--output", &format!("type=local,dest={out}")], &context)
        .succeed()?;
    reads("file", &fs::read_to_string(format!("{out}/file"))?, "result\n")
}
