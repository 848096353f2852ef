//! dockerd with `--userns-remap`: the root of its containers is an ordinary user of the host's.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::docker::{Dockerd, Way, client, containerd_socket};
use crate::engines::waiting::in_time;
use crate::failure::{Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    long a_remapped_root_is_an_ordinary_user_outside needs "userns",
    long remapped_containers_are_limited_entered_and_connected needs "userns",
    long remapped_containers_have_volumes_and_copies needs "userns",
    long what_a_remapped_daemon_gives_to_root_alone needs "userns",
];

/// The first of the 65536 users and groups.
const FIRST: u32 = 100_000;

/// A link of the host's, a bridge with an address, for as long as this lives.
struct Bridge;

const BRIDGE: &str = "remapped0";

impl Bridge {
    fn new() -> Result<Self, crate::failure::Failure> {
        let add = ["link", "add", "name", BRIDGE, "type", "bridge"];
        Call::new("ip").args(add).succeed()?;
        let bridge = Self;
        let address = ["address", "add", "10.79.0.1/24", "dev", BRIDGE];
        Call::new("ip").args(address).succeed()?;
        Call::new("ip").args(["link", "set", BRIDGE, "up"]).succeed()?;
        Ok(bridge)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = Call::new("ip").args(["link", "delete", BRIDGE]).finish();
    }
}

/// A file in the place of another, for as long as this lives.
struct InPlaceOf(&'static str);

impl InPlaceOf {
    fn new(cli: &Cli, path: &'static str, text: &str) -> Result<Self, crate::failure::Failure> {
        let own = cli.lab.path(path.rsplit('/').next().unwrap_or(path));
        fs::write(&own, text)?;
        Call::new("mount").args(["--bind", &own, path]).succeed()?;
        Ok(Self(path))
    }
}

impl Drop for InPlaceOf {
    fn drop(&mut self) {
        let _ = Call::new("umount").args([self.0]).finish();
    }
}

/// Does something with a second dockerd, which remaps users.
fn remapped(cli: &Cli, body: impl FnOnce(&Cli) -> Verdict) -> Verdict {
    let users = format!("nobody:{FIRST}:65536\n");
    let groups = format!("{users}nogroup:{FIRST}:65536\n");
    let _users = InPlaceOf::new(cli, "/etc/subuid", &users)?;
    let _groups = InPlaceOf::new(cli, "/etc/subgid", &groups)?;
    // What the first one is told, where it is a service, is not for the second.
    let config = "/etc/docker/daemon.json";
    let is_told = Path::new(config).exists();
    let _config = is_told.then(|| InPlaceOf::new(cli, config, "{}")).transpose()?;
    let _bridge = Bridge::new()?;
    // The user has to get to its folder.
    Call::new("chmod").args(["a+x", &cli.lab.path("")]).succeed()?;
    let dockerd = Dockerd {
        name: "remapped",
        way: Way::Told,
        containerd: &containerd_socket(&cli.lab),
        options: &["--userns-remap", "nobody:nogroup", "--bridge", BRIDGE],
    };
    let (service, host) = dockerd.start(&cli.lab)?;
    let second = client(&cli.lab, service, host);
    second.service.answers(&second.call(&["version"]))?;
    second
        .call(&["import", &second.lab.rootfs_tar()?, second.image])
        .succeed()?;
    body(&second)
}

fn a_remapped_root_is_an_ordinary_user_outside(cli: &Cli) -> Verdict {
    remapped(cli, |cli| {
        let container = cli.background(&[], &["sleep", "1000"])?;
        let pid = container.inspect("{{.State.Pid}}")?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let wanted = format!("\nUid:\t{FIRST}\t{FIRST}\t{FIRST}\t{FIRST}\nGid:\t{FIRST}\t");
        ensure(status.contains(&wanted), || status.clone())?;
        for file in ["uid_map", "gid_map"] {
            let map = fs::read_to_string(format!("/proc/{pid}/{file}"))?;
            let words: Vec<&str> = map.split_whitespace().collect();
            reads(file, &words.join(" "), &format!("0 {FIRST} 65536"))?;
        }
        let script = "id -u; stat -c '%u %g' / /bin/busybox /proc/1 /dev/pts | xargs; touch /x /root/x && chown 1000 /x && echo ok
            stat -c %u /home/user; mount -t tmpfs inner /tmp 2>&1 | grep -c denied; echo 1 >/proc/sys/kernel/panic; hostname";
        let outcome = cli.script(&["--hostname", "deck"], script).finish()?;
        reads("inside", &outcome.out, "0\n0 0 0 0 0 0 0 0\nok\n1000\n1\ndeck\n")?;
        // A user in it, and one that is not mapped.
        cli.script(&["--user", "1000"], "id -u; echo $HOME; head -c 1 /etc/shadow")
            .finish()?
            .out_has("1000\n/home/user\n")?;
        let outside = cli.run(&["--user", "70000"], &["true"]).finish()?;
        ensure(outside.code != 0, || outside.to_string())
    })
}

fn remapped_containers_are_limited_entered_and_connected(cli: &Cli) -> Verdict {
    remapped(cli, |cli| {
        let mut options = vec!["--memory", "64m", "--pids-limit", "33", "--publish", "8790:80"];
        options.extend(["--health-cmd", "true", "--health-interval", "300ms"]);
        let container = super::networks::server(cli, &options, 80, "aye")?;
        let cgroup = container.cgroup()?;
        let seen = cgroup.read("memory", ("memory.limit_in_bytes", "memory.max"))?;
        reads("memory", &seen, "67108864")?;
        let shown = container.exec(&[], &["sh", "-c", "id -u; cat /proc/self/uid_map | xargs"]);
        shown.says(&format!("0\n0 {FIRST} 65536\n"))?;
        container
            .exec(&["--user", "1000", "-i"], &["cat"])
            .stdin("one\n")
            .says("one\n")?;
        let outcome = container.exec(&["-it"], &["tty"]).on_a_terminal().finish()?;
        outcome.out_has("/dev/pts/")?;
        Call::new("busybox")
            .args(["wget", "-q", "-O", "-", "http://127.0.0.1:8790/"])
            .says("aye\n")?;
        container.comes_to("{{.State.Health.Status}}", "healthy")?;
        container.call(&["pause"]).succeed()?;
        container.call(&["unpause"]).succeed()?;
        cli.call(&["update", "--pids-limit", "44", &container.id]).succeed()?;
        container.call(&["top"]).mentions("httpd")?;
        container.call(&["restart", "--time", "0"]).succeed()?;
        container.shows("{{.State.Status}}", "running")?;
        // A terminal, and the end of a process that takes too much.
        cli.run(&["-it"], &["tty"])
            .on_a_terminal()
            .finish()?
            .out_has("/dev/pts/0")?;
        let hog = ["dd", "if=/dev/zero", "of=/dev/null", "bs=150M", "count=1"];
        cli.run(&["--memory", "64m"], &hog).ends_with(137)
    })
}

fn remapped_containers_have_volumes_and_copies(cli: &Cli) -> Verdict {
    remapped(cli, |cli| {
        cli.script(&["-v", "held:/home"], "stat -c %u /home/user; touch /home/x && echo ok")
            .says("1000\nok\n")?;
        cli.call(&["volume", "rm", "held"]).succeed()?;
        let folder = cli.lab.make_folder("remapped-bind")?;
        let volume = format!("{folder}:/data");
        let script = "stat -c %u /data; touch /data/x && stat -c %u /data/x";
        let roots = cli.script(&["-v", &volume], script).finish()?;
        reads("root's folder", &roots.out, "65534\n")?;
        roots.said("Permission denied")?;
        chown(&folder, Some(FIRST), Some(FIRST))?;
        let options = ["--read-only", "--tmpfs", "/scratch:mode=700", "-v", &volume];
        cli.script(&options, &format!("{script}; touch /scratch/x && stat -c %u /scratch"))
            .says("0\n0\n0\n")?;
        let made = fs::metadata(format!("{folder}/x"))?;
        ensure(made.uid() == FIRST, || format!("made by {}", made.uid()))?;
        let container = cli.background(&[], &["sleep", "1000"])?;
        cli.call(&["cp", &format!("{folder}/x"), &format!("{}:/root/x", container.id)])
            .succeed()?;
        container
            .exec(&[], &["sh", "-c", "echo more >>/root/x; cat /root/x"])
            .finish()?;
        container.call(&["diff"]).mentions("A /root/x")?;
        cli.call(&["commit", &container.id, "remapped:1"]).succeed()?;
        let listed = cli.call(&["run", "--rm", "remapped:1", "ls", "/root/x"]).finish()?;
        cli.call(&["image", "rm", "remapped:1"]).finish()?;
        reads("committed", &listed.out, "/root/x\n")
    })
}

fn what_a_remapped_daemon_gives_to_root_alone(cli: &Cli) -> Verdict {
    remapped(cli, |cli| {
        let own = fs::read_link("/proc/self/ns/user")?.display().to_string();
        let show = &["readlink", "/proc/self/ns/user"];
        cli.run(&["--userns", "host"], show).says(&format!("{own}\n"))?;
        let other = cli.run(&[], show).succeed()?;
        ensure(other.out.trim() != own, || other.to_string())?;
        for options in [&["--privileged"][..], &["--pid", "host"], &["--network", "host"]] {
            let outcome = cli.run(options, &["true"]).finish()?;
            outcome.ended_with(125)?;
            outcome.said("user namespaces")?;
        }
        // What is asked for by name is given within the namespace.
        let link = cli.script(&["--cap-add", "NET_ADMIN"], "ip link set lo mtu 1400 && echo ok");
        link.says("ok\n")?;
        let mounts = ["--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined"];
        cli.script(
            &mounts,
            "mount -t tmpfs inner /mnt 2>&1 || mount -t tmpfs inner /tmp && echo ok",
        )
        .mentions("ok\n")?;
        // A device is there, as its owner left it.
        cli.run(&["--device", "/dev/fuse"], &["ls", "-l", "/dev/fuse"])
            .mentions("10, 229")?;
        in_time("sysctl", 2, || {
            let outcome = cli
                .run(
                    &["--sysctl", "net.ipv4.ip_forward=1"],
                    &["cat", "/proc/sys/net/ipv4/ip_forward"],
                )
                .finish()?;
            Ok((outcome.out == "1\n", outcome.to_string()))
        })
    })
}
