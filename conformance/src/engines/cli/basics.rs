//! What everybody does with docker and podman: checks that both share.

use std::fs;
use std::thread;

use crate::engines::call::{Outcome, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::failure::{Failure, Verdict, ensure, same, wrong};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    short run_prints_what_the_command_prints,
    long stdout_and_stderr_stay_apart,
    short the_exit_code_is_the_commands,
    short a_missing_command_gives_127,
    short a_folder_or_a_file_without_x_gives_126,
    short a_container_in_the_background_logs_stops_and_goes,
    long stop_kills_what_ignores_sigterm,
    short kill_sends_the_signal_asked_for,
    short a_terminal_is_a_terminal,
    short a_shell_on_a_terminal_takes_commands,
    short a_user_by_number_and_by_name,
    short volumes_are_writable_or_read_only,
    short a_read_only_root_refuses_writes_but_tmpfs_takes_them,
    long tmpfs_has_the_size_asked_for,
    long memory_limits_do_not_stop_the_container,
    short network_none_has_only_loopback,
    short network_host_is_the_hosts,
    long the_default_network_has_an_interface,
    long a_network_is_shared_with_another_container,
    short privileged_has_all_capabilities_and_devices,
    short capabilities_are_added_and_dropped,
    long no_new_privileges_and_seccomp_are_on,
    long seccomp_refuses_what_the_profile_does_not_allow,
    short environment_and_working_folder,
    short stdin_is_piped,
    long a_megabyte_goes_through,
    short a_container_restarts,
    long a_stopped_container_starts_again,
    long namespaces_of_the_host_are_shared_on_request,
    long hostname_and_sysctls,
    long ulimits_and_oom_score,
    long an_init_process_reaps,
    long devices_are_there_and_only_those,
    long masked_paths_are_hidden,
    long no_descriptors_leak,
    long four_containers_at_once,
    short exec_runs_a_command_in_the_container needs "exec",
    long exec_takes_user_environment_and_terminal needs "exec",
    long exec_reports_missing_commands needs "exec",
    short pause_freezes_and_unpause_goes_on needs "pause",
    long top_lists_the_processes needs "ps",
];

fn run_prints_what_the_command_prints(cli: &Cli) -> Verdict {
    cli.run(&[], &["echo", "hi"]).says("hi\n")
}

fn stdout_and_stderr_stay_apart(cli: &Cli) -> Verdict {
    let outcome = cli.script(&[], "echo out; echo err >&2").succeed()?;
    reads("stdout", outcome.out.as_str(), "out\n")?;
    ensure(outcome.err.contains("err") && !outcome.err.contains("out"), || {
        outcome.to_string()
    })
}

fn the_exit_code_is_the_commands(cli: &Cli) -> Verdict {
    cli.run(&[], &["true"]).ends_with(0)?;
    cli.run(&[], &["false"]).ends_with(1)?;
    cli.script(&[], "exit 7").ends_with(7)
}

fn a_missing_command_gives_127(cli: &Cli) -> Verdict {
    cli.run(&[], &["/no/such/command"]).ends_with(127)?;
    cli.run(&[], &["nosuchcommand"]).ends_with(127)
}

fn a_folder_or_a_file_without_x_gives_126(cli: &Cli) -> Verdict {
    cli.run(&[], &["/etc"]).ends_with(126)?;
    cli.run(&[], &["/etc/passwd"]).ends_with(126)
}

fn a_container_in_the_background_logs_stops_and_goes(cli: &Cli) -> Verdict {
    let script = "trap 'echo bye; exit 5' TERM; echo hello; while :; do sleep 0.1; done";
    let container = cli.background(&[], &["sh", "-c", script])?;
    container.logs("hello")?;
    reads("state", container.inspect("{{.State.Status}}")?.as_str(), "running")?;
    let pid = container.inspect("{{.State.Pid}}")?;
    let argv = fs::read_to_string(format!("/proc/{pid}/cmdline"))?;
    ensure(argv.starts_with("sh\0"), || format!("State.Pid {pid} is {argv:?}"))?;
    cli.call(&["ps", "--quiet", "--no-trunc"]).mentions(&container.id)?;
    container.call(&["stop", "--time", "8"]).succeed()?;
    container.logs("bye")?;
    reads("state", container.inspect("{{.State.Status}}")?.as_str(), "exited")?;
    reads("exit code", container.inspect("{{.State.ExitCode}}")?.as_str(), "5")?;
    container.call(&["rm"]).succeed()?;
    let all = cli.call(&["ps", "--all", "--quiet", "--no-trunc"]).succeed()?.out;
    ensure(!all.contains(&container.id), || format!("after rm still there: {all}"))
}

fn stop_kills_what_ignores_sigterm(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"])?;
    container.logs("up")?;
    container.call(&["stop", "--time", "1"]).succeed()?;
    reads("exit code", container.inspect("{{.State.ExitCode}}")?.as_str(), "137")
}

fn kill_sends_the_signal_asked_for(cli: &Cli) -> Verdict {
    let container = cli.background(
        &[],
        &["sh", "-c", "trap 'echo usr' USR1; echo up; while :; do sleep 0.1; done"],
    )?;
    container.logs("up")?;
    container.call(&["kill", "--signal", "USR1"]).succeed()?;
    container.logs("usr")?;
    container.call(&["kill"]).succeed()?;
    reads("wait", container.call(&["wait"]).succeed()?.out.trim(), "137")
}

fn a_terminal_is_a_terminal(cli: &Cli) -> Verdict {
    let call = cli.script(
        &["-it"],
        "tty; test -t 0 && test -t 1 && test -t 2 && ls -l /dev/console; sleep 0.3",
    );
    // podman may lose what is written just before the end.
    let outcome = call.on_a_terminal().succeed()?;
    outcome.out_has("/dev/pts/0")?;
    outcome.out_has("/dev/console")
}

fn a_shell_on_a_terminal_takes_commands(cli: &Cli) -> Verdict {
    let call = cli
        .run(&["-it"], &["sh"])
        .on_a_terminal()
        .stdin("echo $((6 * 7))\nsleep 0.3\nexit 3\n");
    let outcome = call.finish()?;
    outcome.ended_with(3)?;
    outcome.out_has("42")
}

fn a_user_by_number_and_by_name(cli: &Cli) -> Verdict {
    cli.run(&["--user", "1000:1000"], &["id", "-u"]).says("1000\n")?;
    cli.run(&["--user", "1234"], &["id", "-u"]).says("1234\n")?;
    let options = ["--user", "user", "--group-add", "50"];
    let outcome = cli
        .script(&options, "id; echo $HOME; touch /tmp/mine && ! touch /mine")
        .succeed()?;
    outcome.out_has("uid=1000")?;
    outcome.out_has("50")?;
    outcome.out_has("/home/user")
}

fn volumes_are_writable_or_read_only(cli: &Cli) -> Verdict {
    let folder = cli.lab.make_folder("volume")?;
    cli.script(&["-v", &format!("{folder}:/data")], "echo written >/data/file")
        .succeed()?;
    reads(
        "on the host",
        fs::read_to_string(format!("{folder}/file"))?.as_str(),
        "written\n",
    )?;
    let outcome = cli
        .script(
            &["-v", &format!("{folder}:/data:ro")],
            "cat /data/file; touch /data/other",
        )
        .finish()?;
    outcome.ended_with(1)?;
    outcome.out_has("written")?;
    outcome.said("Read-only file system")?;
    // A file as the source.
    cli.run(&["-v", &format!("{folder}/file:/etc/motd")], &["cat", "/etc/motd"])
        .says("written\n")
}

fn a_read_only_root_refuses_writes_but_tmpfs_takes_them(cli: &Cli) -> Verdict {
    let script = "touch /file; echo $?; echo deck >/scratch/file && cat /scratch/file";
    let outcome = cli.script(&["--read-only", "--tmpfs", "/scratch"], script).succeed()?;
    outcome.said("Read-only file system")?;
    outcome.out_has("1\ndeck")
}

fn tmpfs_has_the_size_asked_for(cli: &Cli) -> Verdict {
    let script = "dd if=/dev/zero of=/scratch/file bs=1k count=128; stat -c %a /scratch; stat -c %s /scratch/file";
    let outcome = cli
        .script(&["--tmpfs", "/scratch:size=64k,mode=700"], script)
        .succeed()?;
    outcome.said("No space left")?;
    outcome.out_has("700\n65536\n")
}

fn memory_limits_do_not_stop_the_container(cli: &Cli) -> Verdict {
    let options = ["--memory", "64m", "--cpus", "0.5", "--pids-limit", "50"];
    cli.run(&options, &["echo", "hi"]).says("hi\n")
}

fn network_none_has_only_loopback(cli: &Cli) -> Verdict {
    let outcome = cli
        .script(&["--network", "none"], "ls /sys/class/net; ip link show up")
        .succeed()?;
    let links: Vec<&str> = outcome.out.lines().filter(|line| line.contains(": <")).collect();
    ensure(
        links.len() == 1 && links.iter().all(|link| link.contains("LOOPBACK,UP")),
        || outcome.to_string(),
    )
}

fn network_host_is_the_hosts(cli: &Cli) -> Verdict {
    let own = fs::read_link("/proc/self/ns/net")?;
    cli.run(&["--network", "host"], &["readlink", "/proc/self/ns/net"])
        .says(&format!("{}\n", own.display()))
}

fn the_default_network_has_an_interface(cli: &Cli) -> Verdict {
    // slirp4netns calls it otherwise.
    let link = if cli.is_rootless { "tap0" } else { "eth0" };
    cli.run(&[], &["ip", "address", "show", link]).mentions("inet ")
}

fn a_network_is_shared_with_another_container(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    let pid = container.inspect("{{.State.Pid}}")?;
    let link = fs::read_link(format!("/proc/{pid}/ns/net"))?;
    cli.run(
        &["--network", &format!("container:{}", container.id)],
        &["readlink", "/proc/self/ns/net"],
    )
    .says(&format!("{}\n", link.display()))
}

/// CAP_CHECKPOINT_RESTORE, since Linux 5.9.
const LAST_CAPABILITY: u32 = 40;

/// A line of /proc/self/status in hexadecimal.
fn mask_of(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).ok()
}

/// What runc and crun say where root lacks capabilities and all were asked for.
const REFUSALS: [&str; 2] = ["unable to apply caps", "capset: Operation not permitted"];

/// Skips what a runtime refuses because root lacks capabilities here.
pub(in crate::engines) fn lacks_no_capabilities(outcome: &Outcome) -> Verdict {
    let own = fs::read_to_string("/proc/self/status")?;
    let bounding = mask_of(&own, "CapBnd").unwrap_or_default();
    let is_refused = REFUSALS.iter().any(|words| outcome.said(words).is_ok());
    if is_refused && bounding.count_ones() < LAST_CAPABILITY + 1 {
        return Err(Failure::Skip(
            "root lacks capabilities here, and this runtime then refuses all".to_owned(),
        ));
    }
    Ok(())
}

fn privileged_has_all_capabilities_and_devices(cli: &Cli) -> Verdict {
    let own = fs::read_to_string("/proc/self/status")?;
    let script = "cat /proc/self/status; mount -t tmpfs tmpfs /mnt 2>/dev/null || mount -t tmpfs tmpfs /tmp; ls /dev";
    let outcome = cli.script(&["--privileged"], script).finish()?;
    let bounding = mask_of(&own, "CapBnd").unwrap_or_default();
    lacks_no_capabilities(&outcome)?;
    outcome.ended_with(0)?;
    // docker 20.10 knows of 38 capabilities and asks for those.
    let effective = mask_of(&outcome.out, "CapEff").unwrap_or_default();
    ensure(effective == bounding || effective == bounding & ((1 << 38) - 1), || {
        format!("CapEff is {effective:x}, the bounding set outside {bounding:x}")
    })?;
    outcome.out_has("kmsg")
}

fn capabilities_are_added_and_dropped(cli: &Cli) -> Verdict {
    let effective = |options: &[&str]| -> Result<Option<u64>, Failure> {
        let outcome = cli.run(options, &["cat", "/proc/self/status"]).succeed()?;
        Ok(mask_of(&outcome.out, "CapEff"))
    };
    const SYS_ADMIN: u64 = 1 << 21;
    same("by default", &effective(&[])?, Some(cli.default_capabilities))?;
    same("all dropped", &effective(&["--cap-drop", "ALL"])?, Some(0))?;
    let more = Some(cli.default_capabilities | SYS_ADMIN);
    same("one added", &effective(&["--cap-add", "SYS_ADMIN"])?, more)
}

fn no_new_privileges_and_seccomp_are_on(cli: &Cli) -> Verdict {
    let status = &["cat", "/proc/self/status"];
    cli.run(&["--security-opt", "no-new-privileges"], status)
        .mentions("NoNewPrivs:\t1")?;
    cli.run(&[], status).mentions("Seccomp:\t2")?;
    cli.run(&["--security-opt", "seccomp=unconfined"], status)
        .mentions("Seccomp:\t0")
}

fn seccomp_refuses_what_the_profile_does_not_allow(cli: &Cli) -> Verdict {
    let profile = cli.lab.path("profile.json");
    let text = r#"{"defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["chmod", "fchmodat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}"#;
    fs::write(&profile, text)?;
    let outcome = cli
        .run(
            &["--security-opt", &format!("seccomp={profile}")],
            &["chmod", "700", "/tmp"],
        )
        .finish()?;
    outcome.ended_with(1)?;
    // docker 20.10 drops errnoRet of custom profiles: then it is EPERM.
    if outcome.said("No space left").is_ok() {
        return Ok(());
    }
    outcome.said("Operation not permitted")
}

fn environment_and_working_folder(cli: &Cli) -> Verdict {
    let options = ["--env", "DECK=orlop", "--env", "EMPTY=", "-w", "/home/user"];
    cli.script(&options, "echo $DECK-${EMPTY-unset}-$PWD")
        .says("orlop--/home/user\n")
}

fn stdin_is_piped(cli: &Cli) -> Verdict {
    cli.run(&["-i"], &["cat"]).stdin("one\ntwo\n").says("one\ntwo\n")?;
    cli.run(&[], &["cat"]).stdin("not for you").says("")
}

fn a_megabyte_goes_through(cli: &Cli) -> Verdict {
    const MEGABYTE: usize = 1 << 20;
    cli.run(&["-i"], &["wc", "-c"])
        .stdin(vec![b'x'; MEGABYTE])
        .says("1048576\n")?;
    let outcome = cli.run(&[], &["head", "-c", "1048576", "/dev/zero"]).succeed()?;
    same("bytes", &outcome.out.len(), MEGABYTE)
}

fn a_container_restarts(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sh", "-c", "echo turn >>/turns; wc -l /turns; sleep 100"])?;
    container.logs("1 /turns")?;
    container.call(&["restart", "--time", "0"]).succeed()?;
    container.logs("2 /turns")?;
    reads("state", container.inspect("{{.State.Status}}")?.as_str(), "running")
}

fn a_stopped_container_starts_again(cli: &Cli) -> Verdict {
    let container = cli.created(&[], &["sh", "-c", "echo turn; exit 4"])?;
    for _ in 0..2 {
        let outcome = container.call(&["start", "--attach"]).finish()?;
        outcome.ended_with(4)?;
        reads("stdout", outcome.out.as_str(), "turn\n")?;
    }
    Ok(())
}

fn namespaces_of_the_host_are_shared_on_request(cli: &Cli) -> Verdict {
    for (option, name) in [("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts")] {
        let path = format!("/proc/self/ns/{name}");
        let own = fs::read_link(&path)?.display().to_string();
        cli.run(&[option, "host"], &["readlink", &path])
            .says(&format!("{own}\n"))?;
        let other = cli.run(&[], &["readlink", &path]).succeed()?;
        ensure(other.out.trim() != own, || {
            format!("without {option} host the namespace is the host's")
        })?;
    }
    Ok(())
}

fn hostname_and_sysctls(cli: &Cli) -> Verdict {
    let options = [
        "--hostname",
        "deck",
        "--sysctl",
        "net.ipv4.ip_forward=1",
        "--sysctl",
        "kernel.msgmax=4096",
    ];
    let script = "hostname; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax; grep -c deck /etc/hosts";
    cli.script(&options, script).says("deck\n1\n4096\n1\n")
}

fn ulimits_and_oom_score(cli: &Cli) -> Verdict {
    let options = [
        "--ulimit",
        "nofile=256:512",
        // podman's own default for it may be more than this machine's root can have.
        "--ulimit",
        "nproc=4096:4096",
        "--ulimit",
        "core=0",
        "--oom-score-adj",
        "500",
    ];
    let script = "ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj";
    cli.script(&options, script).says("256\n512\n0\n500\n")
}

fn an_init_process_reaps(cli: &Cli) -> Verdict {
    let outcome = cli.script(&["--init"], "cat /proc/1/comm; exit 6").finish()?;
    outcome.ended_with(6)?;
    outcome.out_has("init")
}

fn devices_are_there_and_only_those(cli: &Cli) -> Verdict {
    let script = "for d in null zero full random urandom tty; do test -c /dev/$d || echo no $d; done
        for l in fd stdin stdout stderr ptmx; do test -L /dev/$l || echo no $l; done
        echo x >/dev/null; head -c 3 /dev/zero | wc -c; test -e /dev/kmsg && echo kmsg; ls -l /dev/fuse; true";
    let outcome = cli.script(&["--device", "/dev/fuse"], script).succeed()?;
    outcome.out_has("10, 229")?;
    ensure(outcome.out.starts_with("3\n") && !outcome.out.contains("kmsg"), || {
        outcome.to_string()
    })
}

fn masked_paths_are_hidden(cli: &Cli) -> Verdict {
    let script = "head -c 1 /proc/kcore | wc -c; ls /sys/firmware | wc -l; echo 1 >/proc/sys/kernel/panic; echo $?";
    let outcome = cli.script(&[], script).succeed()?;
    outcome.out_has("0\n0\n1\n")
}

fn no_descriptors_leak(cli: &Cli) -> Verdict {
    // 3 is the folder that ls reads.
    cli.run(&[], &["ls", "/proc/self/fd"]).says("0\n1\n2\n3\n")
}

fn four_containers_at_once(cli: &Cli) -> Verdict {
    thread::scope(|scope| {
        let turns: Vec<_> = (0..4)
            .map(|turn| {
                let words = format!("sleep 0.3; echo turn {turn}");
                scope.spawn(move || cli.script(&[], &words).says(&format!("turn {turn}\n")))
            })
            .collect();
        for turn in turns {
            turn.join().unwrap_or_else(|_| wrong("harness: a thread ended"))?;
        }
        Ok(())
    })
}

fn exec_runs_a_command_in_the_container(cli: &Cli) -> Verdict {
    let container = cli.background(&["--hostname", "deck"], &["sleep", "100"])?;
    container.exec(&[], &["hostname"]).says("deck\n")?;
    container.exec(&[], &["sh", "-c", "exit 9"]).ends_with(9)?;
    container.exec(&["-i"], &["cat"]).stdin("one\n").says("one\n")
}

fn exec_takes_user_environment_and_terminal(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    let options = ["--user", "1000:1000", "-e", "DECK=orlop", "-w", "/tmp"];
    container
        .exec(&options, &["sh", "-c", "echo $(id -u) $DECK $PWD"])
        .says("1000 orlop /tmp\n")?;
    let outcome = container
        .exec(&["-it"], &["sh", "-c", "tty; sleep 0.3"])
        .on_a_terminal()
        .succeed()?;
    outcome.out_has("/dev/pts/")
}

fn exec_reports_missing_commands(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    // docker 20.10 says 126 here, whatever the runtime says; podman and later dockers 127.
    let outcome = container.exec(&[], &["nosuchcommand"]).finish()?;
    ensure([126, 127].contains(&outcome.code), || outcome.to_string())?;
    container.exec(&[], &["/etc/passwd"]).ends_with(126)
}

fn pause_freezes_and_unpause_goes_on(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "100"])?;
    container.call(&["pause"]).succeed()?;
    reads("state", container.inspect("{{.State.Status}}")?.as_str(), "paused")?;
    container.call(&["unpause"]).succeed()?;
    reads("state", container.inspect("{{.State.Status}}")?.as_str(), "running")
}

fn top_lists_the_processes(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1234"])?;
    container.call(&["top"]).mentions("sleep")
}
