//! dockerd of an ordinary user's, in Debian's rootlesskit: a user namespace, a network by slirp4netns, and no cgroups.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::sync::Arc;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, Session, checks};
use crate::engines::cli::Cli;
use crate::engines::lab::Lab;
use crate::engines::place::has_systemd;
use crate::engines::service::{Own, Service};
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure, same, wrong};

/// Docker's own script, where Debian puts it.
const SCRIPT: &str = "/usr/share/docker.io/contrib/dockerd-rootless.sh";

/// The ordinary user, who is there in the lab alone.
const USER: &str = "sailor";
const UID: u32 = 1717;

/// Starts the user's dockerd and runs the checks.
pub(in crate::engines) fn run(lab: &Arc<Lab>, session: &mut Session<'_>) -> Verdict {
    if has_systemd() {
        let why = "the machine's users stay as they are: needs namespaces of its own".to_owned();
        return Err(Failure::Skip(why));
    }
    if !Path::new(SCRIPT).exists() {
        return Err(Failure::Skip(format!("there is no {SCRIPT}")));
    }
    let home = make_user(lab)?;
    let cli = start(lab, &home)?;
    session.run(lab, &cli, CHECKS);
    Ok(())
}

/// An ordinary user with subordinate ids, a home, and the devices that udev gives to everybody. Returns the home.
fn make_user(lab: &Lab) -> Result<String, Failure> {
    let layers = format!(
        "lowerdir=/etc,upperdir={},workdir={}",
        lab.make_folder("etc")?,
        lab.make_folder("etc.work")?
    );
    Call::new("mount")
        .args(["-t", "overlay", "-o", &layers, "overlay", "/etc"])
        .succeed()?;
    let home = lab.make_folder("home")?;
    let add = |file: &str, line: &str| -> Verdict {
        let before = fs::read_to_string(file).unwrap_or_default();
        Ok(fs::write(file, format!("{before}{line}\n"))?)
    };
    add("/etc/passwd", &format!("{USER}:x:{UID}:{UID}::{home}:/bin/sh"))?;
    add("/etc/group", &format!("{USER}:x:{UID}:"))?;
    for file in ["/etc/subuid", "/etc/subgid"] {
        fs::write(file, format!("{USER}:2000000:65536\n"))?;
    }
    let session = format!("/run/user/{UID}");
    fs::create_dir_all(&session)?;
    for folder in [&session, &home] {
        chown(folder, Some(UID), Some(UID))?;
    }
    fs::set_permissions(&lab.folder, fs::Permissions::from_mode(0o755))?;
    for (device, minor) in [("/dev/net/tun", "200"), ("/dev/fuse", "229")] {
        let node = lab.path(&format!("node.{minor}"));
        Call::new("mknod")
            .args(["--mode=666", &node, "c", "10", minor])
            .succeed()?;
        Call::new("mount").args(["--bind", &node, device]).succeed()?;
    }
    Ok(home)
}

fn start(lab: &Arc<Lab>, home: &str) -> Result<Cli, Failure> {
    // Where the runtime under test stands, the user may not be let in.
    let runtime = lab.path("runtime");
    fs::copy(&lab.runtime, &runtime)?;
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o755))?;
    let id = UID.to_string();
    let words = [
        "--reuid",
        &id,
        "--regid",
        &id,
        "--clear-groups",
        "sh",
        SCRIPT,
        "--add-runtime",
        &format!("test={runtime}"),
        "--default-runtime",
        "test",
        "--storage-driver",
        "overlay2",
    ];
    let variables = [
        ("HOME", home.to_owned()),
        ("XDG_RUNTIME_DIR", format!("/run/user/{UID}")),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let dockerd = Own::start(lab, "setpriv", words.map(str::to_owned).to_vec(), variables)?;
    let cli = Cli {
        lab: Arc::clone(lab),
        prefix: vec!["docker".to_owned()],
        variables: vec![
            ("DOCKER_HOST".to_owned(), format!("unix:///run/user/{UID}/docker.sock")),
            ("DOCKER_CONFIG".to_owned(), lab.path("docker-config")),
        ],
        image: "busybox",
        default_capabilities: super::DEFAULT_CAPABILITIES,
        is_docker: true,
        is_rootless: true,
        service: Service::Own(dockerd),
    };
    cli.service.answers(&cli.call(&["version"]))?;
    cli.call(&["import", &lab.rootfs_tar()?, cli.image]).succeed()?;
    cli.run(&[], &["true"]).finish()?;
    Ok(cli)
}

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    long docker_is_an_ordinary_users,
    long root_in_a_container_is_the_user,
    long the_exit_code_is_the_commands,
    long exec_as_root_and_as_another,
    long a_shell_on_a_terminal,
    long a_port_is_published,
    long containers_find_each_other_by_name,
    long limits_have_no_effect_as_info_tells,
    long pause_is_refused,
    long privileged_is_no_more_than_the_user,
    long a_bind_mount_has_the_users_rights,
    long a_volume_stays,
    long a_health_check_passes,
    long an_image_is_built,
    long stop_kill_and_restart,
    long a_system_call_filter_is_on,
];

fn docker_is_an_ordinary_users(cli: &Cli) -> Verdict {
    let info = cli.call(&["info"]).succeed()?;
    info.out_has("  rootless\n")?;
    info.out_has(" Cgroup Driver: none\n")
}

fn root_in_a_container_is_the_user(cli: &Cli) -> Verdict {
    let outcome = cli.script(&[], "id -u; cat /proc/self/uid_map").succeed()?;
    let numbers: Vec<&str> = outcome.out.split_whitespace().collect();
    let user = UID.to_string();
    same("ids", &numbers, ["0", "0", &user, "1", "1", "2000000", "65536"])?;
    let container = cli.background(&[], &["sleep", "100"])?;
    // The daemon's pid namespace is its own, but the process is seen here as well.
    let processes = Call::new("pgrep").args(["-f", "^sleep 100$"]).succeed()?;
    let pid = processes.out.trim().to_owned();
    same("owner", &fs::metadata(format!("/proc/{pid}"))?.uid(), UID)?;
    container.exec(&["-u", "user"], &["id", "-u"]).says("1000\n")
}

fn the_exit_code_is_the_commands(cli: &Cli) -> Verdict {
    cli.script(&[], "exit 7").ends_with(7)?;
    cli.run(&[], &["no-such-command"]).ends_with(127)?;
    cli.run(&[], &["/etc"]).ends_with(126)
}

fn exec_as_root_and_as_another(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    container.exec(&[], &["id", "-u"]).says("0\n")?;
    let options = ["-u", "user:staff", "-w", "/tmp", "-e", "DECK=orlop"];
    container
        .exec(&options, &["sh", "-c", "echo $(id -u) $(id -g) $PWD $DECK"])
        .says("1000 50 /tmp orlop\n")?;
    container.exec(&[], &["sh", "-c", "exit 9"]).ends_with(9)
}

fn a_shell_on_a_terminal(cli: &Cli) -> Verdict {
    let run = cli.run(&["-it"], &["sh"]).on_a_terminal();
    let outcome = run.stdin("tty\necho $((6 * 7))\nexit 3\n").finish()?;
    outcome.ended_with(3)?;
    outcome.out_has("/dev/pts/0")?;
    outcome.out_has("42")
}

fn a_port_is_published(cli: &Cli) -> Verdict {
    let serve = "mkdir /www; echo ashore >/www/index.html; exec httpd -f -p 8000 -h /www";
    let _container = cli.background(&["--publish", "8080:8000"], &["sh", "-c", serve])?;
    in_time("the page", 10, || {
        let page = Call::new("busybox")
            .args(["wget", "-q", "-O", "-", "http://127.0.0.1:8080/"])
            .finish()?;
        Ok((page.out == "ashore\n", page.to_string()))
    })
}

fn containers_find_each_other_by_name(cli: &Cli) -> Verdict {
    cli.call(&["network", "create", "fleet"]).succeed()?;
    let verdict = (|| {
        let _one = cli.background(&["--network", "fleet", "--name", "flagship"], &["sleep", "100"])?;
        cli.run(&["--network", "fleet"], &["ping", "-c", "1", "-W", "5", "flagship"])
            .mentions("1 packets received")
    })();
    cli.call(&["network", "rm", "fleet"]).succeed()?;
    verdict
}

fn limits_have_no_effect_as_info_tells(cli: &Cli) -> Verdict {
    cli.call(&["info"])
        .succeed()?
        .said("WARNING: Running in rootless-mode without cgroups.")?;
    let own = fs::read_to_string("/proc/self/cgroup")?;
    let options = ["--memory", "64m", "--cpus", "0.5", "--pids-limit", "20"];
    cli.run(&options, &["cat", "/proc/self/cgroup"]).says(&own)
}

fn pause_is_refused(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    let paused = container.call(&["pause"]).finish()?;
    ensure(paused.code != 0, || paused.to_string())?;
    paused.said("cgroup")?;
    reads("status", container.inspect("{{.State.Status}}")?.as_str(), "running")?;
    container.exec(&[], &["echo", "hi"]).says("hi\n")
}

fn privileged_is_no_more_than_the_user(cli: &Cli) -> Verdict {
    let script = "grep CapEff /proc/self/status; mount -t tmpfs none /tmp && echo mounted; \
                  mknod /root/disk b 254 0 || echo no node";
    let outcome = cli.script(&["--privileged"], script).succeed()?;
    ensure(!outcome.out.contains("CapEff:\t00000000a80425fb"), || {
        outcome.to_string()
    })?;
    outcome.out_has("mounted\n")?;
    outcome.out_has("no node\n")
}

fn a_bind_mount_has_the_users_rights(cli: &Cli) -> Verdict {
    let folder = cli.lab.path("home/shared");
    fs::create_dir_all(&folder)?;
    chown(&folder, Some(UID), Some(UID))?;
    let secret = cli.lab.path("home/secret");
    fs::write(&secret, "root's")?;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
    let options = ["-v", &format!("{folder}:/data"), "-v", &format!("{secret}:/secret:ro")];
    let script = "touch /data/mine; chown user /data/mine; touch /data/roots; cat /secret || echo refused";
    cli.script(&options, script).says("refused\n")?;
    same("owner of root's", &fs::metadata(format!("{folder}/roots"))?.uid(), UID)?;
    // The user 1000 of the container is the thousandth of the subordinate ids.
    same(
        "owner of user's",
        &fs::metadata(format!("{folder}/mine"))?.uid(),
        2_000_999_u32,
    )
}

fn a_volume_stays(cli: &Cli) -> Verdict {
    let options = ["-v", "hold:/data"];
    cli.script(&options, "echo rope >/data/file").succeed()?;
    let said = cli.script(&options, "cat /data/file").says("rope\n");
    cli.call(&["volume", "rm", "hold"]).succeed()?;
    said
}

fn a_health_check_passes(cli: &Cli) -> Verdict {
    let options = ["--health-cmd", "true", "--health-interval", "1s"];
    let container = cli.background(&options, &["sleep", "100"])?;
    in_time("health", 20, || {
        let seen = container.inspect("{{.State.Health.Status}}")?;
        Ok((seen == "healthy", seen))
    })
}

fn an_image_is_built(cli: &Cli) -> Verdict {
    let build = cli.call(&["build", "--force-rm", "--tag", "built", "-"]);
    build
        .stdin("FROM busybox\nRUN echo built >/result && chown user:staff /result\nCMD [\"cat\", \"/result\"]\n")
        .variable("DOCKER_BUILDKIT", "0")
        .seconds(60)
        .succeed()?;
    cli.call(&["run", "--rm", "built"]).says("built\n")?;
    cli.call(&["image", "rm", "built"]).succeed().map(drop)
}

fn stop_kill_and_restart(cli: &Cli) -> Verdict {
    let script = "trap 'exit 5' TERM; while :; do sleep 0.1; done";
    let container = cli.background(&[], &["sh", "-c", script])?;
    container.call(&["stop", "--time", "10"]).succeed()?;
    reads("exit code", container.inspect("{{.State.ExitCode}}")?.as_str(), "5")?;
    container.call(&["restart"]).succeed()?;
    reads("status", container.inspect("{{.State.Status}}")?.as_str(), "running")?;
    container.call(&["kill"]).succeed()?;
    in_time("status", 10, || {
        let seen = container.inspect("{{.State.Status}} {{.State.ExitCode}}")?;
        Ok((seen == "exited 137", seen))
    })
}

fn a_system_call_filter_is_on(cli: &Cli) -> Verdict {
    let status = cli.run(&[], &["cat", "/proc/self/status"]).succeed()?;
    if !status.out.contains("Seccomp:\t2") {
        return wrong(status.to_string());
    }
    status.out_has("CapBnd:\t00000000a80425fb")
}
