//! What a container may do, and what it may not: privileges, capabilities, seccomp, devices, users.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use crate::engines::call::reads;
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::cli::basics::lacks_no_capabilities;
use crate::engines::place::has_apparmor;
use crate::failure::{Failure, Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    long a_privileged_container_manages_the_machine,
    long capabilities_decide_what_root_may,
    long a_process_of_a_user_has_no_capabilities,
    short no_new_privileges_takes_the_force_of_setuid,
    long the_default_seccomp_profile_follows_the_capabilities,
    long a_seccomp_profile_judges_by_arguments,
    long a_seccomp_profile_that_kills_kills,
    long a_wrong_seccomp_profile_is_told,
    long a_read_only_container_writes_only_where_it_may,
    long a_device_has_the_name_and_access_asked_for,
    long a_folder_of_devices_is_passed,
    long what_a_container_does_to_dev_null_is_its_own_matter,
    long limits_of_resources_are_inherited_by_children,
    long sysctls_of_the_host_are_refused,
    long an_init_process_passes_signals_and_reaps,
    long groups_are_added_by_number_and_name,
    long paths_of_the_system_are_unmasked_on_request,
    long the_hosts_user_namespace_is_the_only_one,
];

fn a_privileged_container_manages_the_machine(cli: &Cli) -> Verdict {
    let script = "set -e
        mkdir /tmp/point; mount -t tmpfs inner /tmp/point; umount /tmp/point
        mount -o remount,ro /sys; mount -o remount,rw /sys
        echo 5 >/proc/sys/net/ipv4/tcp_fin_timeout; cat /proc/sys/net/ipv4/tcp_fin_timeout
        ip link add name inner type bridge; ip link delete inner
        mknod /tmp/node c 1 3; echo x >/tmp/node
        mkdir /sys/fs/cgroup/*/orlop-inner 2>/dev/null || mkdir /sys/fs/cgroup/orlop-inner
        rmdir /sys/fs/cgroup/*/orlop-inner 2>/dev/null || rmdir /sys/fs/cgroup/orlop-inner
        hostname changed; hostname; ls -l /dev/kmsg | cut -c1
        grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status | xargs";
    let outcome = cli.script(&["--privileged"], script).finish()?;
    lacks_no_capabilities(&outcome)?;
    outcome.ended_with(0)?;
    reads("stdout", &outcome.out, "5\nchanged\nc\nNoNewPrivs: 0 Seccomp: 0\n")
}

fn capabilities_decide_what_root_may(cli: &Cli) -> Verdict {
    let may = |options: &[&str], script: &str, wanted: bool| -> Verdict {
        let outcome = cli.script(options, script).finish()?;
        ensure((outcome.code == 0) == wanted, || format!("{options:?}: {outcome}"))
    };
    let chown = "touch /tmp/x && chown 1000 /tmp/x";
    may(&[], chown, true)?;
    may(&["--cap-drop", "CHOWN"], chown, false)?;
    may(&["--cap-drop", "cap_chown"], chown, false)?;
    may(&["--cap-drop", "ALL", "--cap-add", "CHOWN"], chown, true)?;
    let link = "ip link set lo mtu 1400";
    may(&[], link, false)?;
    may(&["--cap-add", "NET_ADMIN"], link, true)?;
    may(&["--cap-drop", "NET_RAW"], "ping -c 1 127.0.0.1", false)?;
    let unknown = cli.run(&["--cap-add", "SAIL"], &["true"]).finish()?;
    unknown.ended_with(125)?;
    unknown.said("SAIL")
}

/// The lines of capabilities in /proc/self/status, in order: inheritable, permitted, effective, bounding, ambient.
const SETS: &str = "grep ^Cap /proc/self/status | cut -f 2 | xargs";

fn a_process_of_a_user_has_no_capabilities(cli: &Cli) -> Verdict {
    let outcome = cli.script(&["--user", "1000"], SETS).succeed()?;
    let sets: Vec<&str> = outcome.out.split_whitespace().collect();
    ensure(
        sets.len() == 5
            && sets[1..3]
                .iter()
                .chain(&sets[4..])
                .all(|set| *set == "0000000000000000"),
        || outcome.to_string(),
    )?;
    // It may bind low ports nevertheless: docker says so by a sysctl.
    cli.run(
        &["--user", "1000"],
        &["cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start"],
    )
    .says("0\n")
}

/// Makes a `su` with the setuid bit and a root without a password.
const SETUID: &str = "cp /bin/busybox /tmp/busybox; chmod 4755 /tmp/busybox; sed -i 's/^root:x:/root::/' /etc/passwd";

fn no_new_privileges_takes_the_force_of_setuid(cli: &Cli) -> Verdict {
    let become_root = "/tmp/busybox su root -c 'id -u'";
    let script = format!("{SETUID}; exec su user -c \"{become_root}\"");
    cli.script(&[], &script).says("0\n")?;
    let option = ["--security-opt", "no-new-privileges"];
    let outcome = cli.script(&option, &script).finish()?;
    ensure(outcome.code != 0 && outcome.out.is_empty(), || outcome.to_string())?;
    // An exec has it too.
    let container = cli.background(&option, &["sh", "-c", &format!("{SETUID}; echo up; sleep 1000")])?;
    container.logs("up")?;
    let outcome = container
        .exec(&["--user", "1000"], &["sh", "-c", become_root])
        .finish()?;
    ensure(outcome.code != 0 && outcome.out.is_empty(), || outcome.to_string())?;
    container
        .exec(&[], &["grep", "^NoNewPrivs", "/proc/self/status"])
        .says("NoNewPrivs:\t1\n")
}

fn the_default_seccomp_profile_follows_the_capabilities(cli: &Cli) -> Verdict {
    let unshare = &["unshare", "--uts", "true"];
    let outcome = cli.run(&[], unshare).finish()?;
    outcome.ended_with(1)?;
    outcome.said("Operation not permitted")?;
    // A user namespace needs no capability: seccomp alone refuses it.
    let user = &["unshare", "--user", "true"];
    cli.run(&[], user).finish()?.said("Operation not permitted")?;
    let mut free = vec!["--security-opt", "seccomp=unconfined"];
    if has_apparmor() {
        // Profiles of kernels since Linux 6.7 judge about it, too.
        free.extend(["--security-opt", "apparmor=unconfined"]);
    }
    cli.run(&free, user).ends_with(0)?;
    cli.run(&["--cap-add", "SYS_ADMIN"], unshare).ends_with(0)?;
    // The clock is refused by seccomp too, unless the capability comes.
    cli.run(&["--security-opt", "seccomp=unconfined"], &["cat", "/proc/self/status"])
        .mentions("Seccomp:\t0")
}

/// A profile in a file of the lab's.
fn profile(cli: &Cli, text: &str) -> Result<String, Failure> {
    let path = cli.lab.path("profile.json");
    fs::write(&path, text)?;
    Ok(format!("seccomp={path}"))
}

fn a_seccomp_profile_judges_by_arguments(cli: &Cli) -> Verdict {
    // kill(pid, SIGUSR1), and socket(AF_INET6).
    let text = r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
        "syscalls": [
            {"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]},
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_TIME"]}},
            {"names": ["rmdir", "unlinkat"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_TIME"]}}
        ]}"#;
    let option = profile(cli, text)?;
    let script = "trap 'echo usr2' USR2; kill -USR1 $$; echo $?; kill -USR2 $$; echo $?
        mkdir /tmp/x; echo $?; rmdir /tmp/x; echo $?";
    let without = cli.script(&["--security-opt", &option], script).finish()?;
    reads("without", &without.out, "1\nusr2\n0\n0\n1\n")?;
    let with = cli
        .script(&["--cap-add", "SYS_TIME", "--security-opt", &option], script)
        .finish()?;
    reads("with", &with.out, "1\nusr2\n0\n1\n1\n")
}

fn a_seccomp_profile_that_kills_kills(cli: &Cli) -> Verdict {
    let text = r#"{"defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"},
                     {"names": ["chmod", "fchmodat"], "action": "SCMP_ACT_LOG"}]}"#;
    let option = profile(cli, text)?;
    let options = ["--security-opt", option.as_str()];
    // By SIGSYS, which is 31.
    cli.script(&options, "chmod 700 /tmp; mkdir /tmp/x; echo $?")
        .says("159\n")?;
    // That the program ends at once is no failure of the start.
    let at_once = [&options[..], &["--network", "none"]].concat();
    for _ in 0..8 {
        cli.run(&at_once, &["mkdir", "/tmp/x"]).ends_with(159)?;
    }
    let container = cli.background(&options, &["sleep", "1000"])?;
    container.exec(&[], &["mkdir", "/tmp/x"]).ends_with(159)?;
    container.exec(&[], &["chmod", "700", "/tmp"]).ends_with(0)
}

fn a_wrong_seccomp_profile_is_told(cli: &Cli) -> Verdict {
    let option = profile(cli, r#"{"defaultAction": "SCMP_ACT_SINK"}"#)?;
    let outcome = cli.run(&["--security-opt", &option], &["true"]).finish()?;
    outcome.ended_with(125)?;
    outcome.said("SCMP_ACT_SINK")?;
    // A call that nobody knows is no error.
    let option = profile(
        cli,
        r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["keelhaul"], "action": "SCMP_ACT_ERRNO"}]}"#,
    )?;
    cli.run(&["--security-opt", &option], &["true"]).ends_with(0)
}

fn a_read_only_container_writes_only_where_it_may(cli: &Cli) -> Verdict {
    let volume = cli.lab.make_folder("read-only")?;
    let mount = format!("{volume}:/data");
    let options = ["--read-only", "-v", &mount, "--tmpfs", "/scratch"];
    let script = "for place in / /root /etc /proc/sys/kernel /sys /data /scratch /dev/shm /dev; do
        touch $place/x 2>/dev/null && echo $place; done; echo 10.1.1.1 x >>/etc/hosts || echo no hosts";
    let wanted = "/data\n/scratch\n/dev/shm\n/dev\nno hosts\n";
    cli.script(&options, script).says(wanted)?;
    let container = cli.background(&options, &["sleep", "1000"])?;
    container.exec(&[], &["sh", "-c", script]).says(wanted)?;
    // Not even its root can say otherwise.
    let remount = container.exec(&[], &["mount", "-o", "remount,rw", "/"]).finish()?;
    ensure(remount.code != 0, || remount.to_string())
}

fn a_device_has_the_name_and_access_asked_for(cli: &Cli) -> Verdict {
    let script = "stat -c '%t:%T %a' /dev/sail; test -e /dev/fuse || echo no other name
        (exec 3</dev/sail) && echo read; (exec 3>>/dev/sail) && echo written";
    let mode = fs::metadata("/dev/fuse")?.permissions().mode() & 0o7777;
    let named = format!("a:e5 {mode:o}\nno other name\nread\n");
    let whole = cli.script(&["--device", "/dev/fuse:/dev/sail"], script).succeed()?;
    reads("rwm", &whole.out, &format!("{named}written\n"))?;
    let only_read = cli.script(&["--device", "/dev/fuse:/dev/sail:r"], script).finish()?;
    reads("r", &only_read.out, &named)?;
    only_read.said("Operation not permitted")?;
    let missing = cli.run(&["--device", "/dev/no-such-device"], &["true"]).finish()?;
    ensure(missing.code != 0, || missing.to_string())?;
    missing.said("/dev/no-such-device")
}

fn a_folder_of_devices_is_passed(cli: &Cli) -> Verdict {
    let folder = cli.lab.make_folder("devices")?;
    for (name, minor) in [("one", "3"), ("two", "5")] {
        let node = format!("{folder}/{name}");
        if !fs::exists(&node)? {
            crate::engines::call::Call::new("mknod")
                .args([&node, "c", "1", minor])
                .succeed()?;
        }
    }
    cli.script(
        &["--device", &format!("{folder}:/dev/fleet")],
        "ls /dev/fleet | xargs; echo x >/dev/fleet/one; head -c 2 /dev/fleet/two | wc -c",
    )
    .says("one two\n2\n")
}

fn what_a_container_does_to_dev_null_is_its_own_matter(cli: &Cli) -> Verdict {
    const NULL: &str = "/dev/null";
    let look = || fs::metadata(NULL).map(|it| (it.permissions().mode() & 0o7777, it.uid(), it.gid()));
    let before = look()?;
    // Stdin of a container without one is the daemon's.
    cli.script(
        &[],
        "for it in /dev/null /proc/self/fd/0; do chmod 640 $it; chown 77:77 $it; done",
    )
    .succeed()?;
    let after = look()?;
    fs::set_permissions(NULL, fs::Permissions::from_mode(before.0))?;
    chown(NULL, Some(before.1), Some(before.2))?;
    ensure(before == after, || format!("the host's has become {after:?}"))
}

fn limits_of_resources_are_inherited_by_children(cli: &Cli) -> Verdict {
    let mut options = vec![
        "--ulimit",
        "nofile=64:128",
        "--ulimit",
        "fsize=4096",
        "--ulimit",
        "core=0",
    ];
    options.extend(["--ulimit", "cpu=9", "--ulimit", "memlock=65536:65536"]);
    let script = "sh -c 'ulimit -Sn; ulimit -Hn; ulimit -t; ulimit -l'; dd if=/dev/zero of=/tmp/x bs=1k count=8; stat -c %s /tmp/x";
    let outcome = cli.script(&options, script).finish()?;
    reads("stdout", &outcome.out, "64\n128\n9\n64\n4096\n")?;
    let wrong = cli.run(&["--ulimit", "nofile=128:64"], &["true"]).finish()?;
    wrong.ended_with(125)
}

fn sysctls_of_the_host_are_refused(cli: &Cli) -> Verdict {
    let outcome = cli
        .run(
            &[
                "--sysctl",
                "net.ipv4.conf.all.forwarding=1",
                "--sysctl",
                "fs.mqueue.msg_max=7",
            ],
            &[
                "cat",
                "/proc/sys/net/ipv4/conf/all/forwarding",
                "/proc/sys/fs/mqueue/msg_max",
            ],
        )
        .succeed()?;
    reads("stdout", &outcome.out, "1\n7\n")?;
    for (options, word) in [
        (&["--sysctl", "kernel.panic=1"][..], "kernel.panic"),
        (&["--sysctl", "net.no.such=1"], "net/no/such"),
        (
            &["--network", "host", "--sysctl", "net.ipv4.ip_forward=1"],
            "net.ipv4.ip_forward",
        ),
        (&["--ipc", "host", "--sysctl", "kernel.msgmax=1"], "kernel.msgmax"),
    ] {
        let outcome = cli.run(options, &["true"]).finish()?;
        ensure(outcome.code != 0, || outcome.to_string())?;
        outcome.said(word)?;
    }
    Ok(())
}

fn an_init_process_passes_signals_and_reaps(cli: &Cli) -> Verdict {
    let script = "trap 'echo bye; exit 21' TERM; (sh -c 'sleep 0.2; exit 0' &); echo up; while :; do sleep 0.1; done";
    let container = cli.background(&["--init"], &["sh", "-c", script])?;
    container.logs("up")?;
    crate::engines::waiting::in_time("an orphan stays", 5, || {
        let seen = container.exec(&[], &["ps", "-o", "stat,args"]).succeed()?.out;
        let orphan = |line: &str| line.trim_end().ends_with(" sleep 0.2") || line.starts_with('Z');
        Ok((!seen.lines().any(orphan), seen))
    })?;
    container.exec(&[], &["readlink", "/proc/1/exe"]).mentions("init")?;
    container.call(&["stop", "--time", "8"]).succeed()?;
    container.ended_with("21")
}

fn groups_are_added_by_number_and_name(cli: &Cli) -> Verdict {
    let options = [
        "--user",
        "user",
        "--group-add",
        "staff",
        "--group-add",
        "4321",
        "--group-add",
        "nogroup",
    ];
    let script = "id -G | tr ' ' '\\n' | sort -n -u | xargs";
    cli.script(&options, script).says("50 1000 4321 65534\n")?;
    let container = cli.background(&options, &["sleep", "1000"])?;
    container
        .exec(&[], &["sh", "-c", script])
        .says("50 1000 4321 65534\n")?;
    let unknown = cli.run(&["--group-add", "pirates"], &["true"]).finish()?;
    ensure(unknown.code != 0, || unknown.to_string())?;
    unknown.said("pirates")
}

fn paths_of_the_system_are_unmasked_on_request(cli: &Cli) -> Verdict {
    let script = "grep -c -E ' /proc/(kcore|keys|timer_list|sys|bus) ' /proc/self/mountinfo";
    let hidden = cli.script(&[], script).succeed()?;
    ensure(hidden.out.trim() != "0", || hidden.to_string())?;
    let shown = cli
        .script(&["--security-opt", "systempaths=unconfined"], script)
        .finish()?;
    reads("unmasked", &shown.out, "0\n")
}

fn the_hosts_user_namespace_is_the_only_one(cli: &Cli) -> Verdict {
    let own = fs::read_link("/proc/self/ns/user")?.display().to_string();
    let show = &["readlink", "/proc/self/ns/user"];
    for options in [&[][..], &["--userns", "host"], &["--userns", "host", "--privileged"]] {
        let outcome = cli.run(options, show).finish()?;
        lacks_no_capabilities(&outcome)?;
        outcome.ended_with(0)?;
        reads("user namespace", outcome.out.trim(), &own)?;
    }
    Ok(())
}
