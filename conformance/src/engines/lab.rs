//! The place where engines run: `lab.sh` gives it namespaces and cgroups of its own, here is what is seen inside.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::call::Call;
use super::place::{has_systemd, patience};
use crate::architecture;
use crate::failure::{Failure, Verdict, wrong};

/// Makes the namespaces and cgroups, and removes them.
pub(super) const LAB_SCRIPT: &str = include_str!("../../engines/lab.sh");
/// Makes root filesystems.
const ROOTFS_SCRIPT: &str = include_str!("../../engines/rootfs.sh");

/// How long what a container used may take to vanish after the engine's command has ended, in seconds.
const SETTLING: u64 = 15;

/// The lab, seen from inside.
#[derive(Debug)]
pub(super) struct Lab {
    /// An empty folder at first, removed at the end.
    pub(super) folder: PathBuf,
    /// The runtime under test.
    pub(super) runtime: String,
}

impl Lab {
    /// The lab that this process was started in.
    pub(super) fn new(runtime: &str) -> Result<Self, Failure> {
        let Some(folder) = std::env::var_os("LAB") else {
            return wrong("LAB is not set: not in a lab");
        };
        // conmon says where podman was called that a container was out of memory, in a file.
        std::env::set_current_dir(&folder)?;
        Ok(Self {
            folder: folder.into(),
            runtime: runtime.to_owned(),
        })
    }

    /// A path in the lab's folder, as a word of a command line.
    pub(super) fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    /// Makes a folder in the lab's folder.
    pub(super) fn make_folder(&self, name: &str) -> Result<String, Failure> {
        let path = self.path(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Makes a root filesystem of the kind (`busybox` or `debian`) in a new folder.
    pub(super) fn make_rootfs(&self, kind: &str, name: &str) -> Result<String, Failure> {
        let path = self.make_folder(name)?;
        // The first Debian has to be downloaded.
        let call = Call::new("sh").args(["-c", ROOTFS_SCRIPT, "rootfs.sh", kind, &path]);
        call.seconds(240).succeed()?;
        Ok(path)
    }

    /// The tar file of a busybox root filesystem; made once.
    pub(super) fn rootfs_tar(&self) -> Result<String, Failure> {
        let tar = self.path("rootfs.tar");
        if !Path::new(&tar).exists() {
            let rootfs = self.make_rootfs("busybox", "rootfs")?;
            Call::new("tar").args(["-C", &rootfs, "-cf", &tar, "."]).succeed()?;
        }
        Ok(tar)
    }

    /// The tar file of a small Debian with one more package; made once for all labs, where the network is.
    pub(super) fn package_tar(package: &str) -> Result<String, Failure> {
        let call = Call::new("sh").args(["-c", ROOTFS_SCRIPT, "rootfs.sh", "package", package]);
        Ok(call.seconds(300).succeed()?.out.trim().to_owned())
    }

    /// The `docker save` archive of an image `local/busybox:latest`, made by hand.
    pub(super) fn image_archive(&self) -> Result<String, Failure> {
        let config = serde_json::json!({"Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["/bin/sh"]});
        self.archive_of("busybox", &self.rootfs_tar()?, &config)
    }

    /// The `docker save` archive of an image `local/NAME:latest` of one layer, made by hand.
    pub(super) fn archive_of(&self, name: &str, tar: &str, config: &serde_json::Value) -> Result<String, Failure> {
        let archive = self.make_folder(&format!("archive-{name}"))?;
        fs::copy(tar, format!("{archive}/layer.tar"))?;
        let sum = Call::new("sha256sum").args([tar]).succeed()?.out;
        let digest = sum.split(' ').next().unwrap_or_default();
        let config = serde_json::json!({
            "architecture": architecture::in_go(),
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
        });
        let manifest = serde_json::json!([
            {"Config": "config.json", "RepoTags": [format!("local/{name}:latest")], "Layers": ["layer.tar"]}
        ]);
        fs::write(format!("{archive}/config.json"), config.to_string())?;
        fs::write(format!("{archive}/manifest.json"), manifest.to_string())?;
        let image = self.path(&format!("{name}.tar"));
        let names = ["manifest.json", "config.json", "layer.tar"];
        Call::new("tar")
            .args(["-C", &archive, "-cf", &image])
            .args(names)
            .succeed()?;
        Ok(image)
    }

    /// Starts a program that stays; its output goes to `PROGRAM.log` in the lab's folder.
    pub(super) fn start(&self, program: &str, words: &[&str], variables: &[(&str, &str)]) -> Result<Daemon, Failure> {
        self.start_as(program, program, words, variables)
    }

    /// Starts a program that stays; its output goes to `NAME.log` in the lab's folder.
    pub(super) fn start_as(
        &self,
        name: &str,
        program: &str,
        words: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Daemon, Failure> {
        let path = self.folder.join(format!("{name}.log"));
        let log = fs::File::options().create(true).append(true).open(&path)?;
        let mut command = Command::new(program);
        command
            .args(words)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(Daemon {
            child: command.spawn()?,
            log: path,
        })
    }

    /// Everything that is there once what an engine's command left behind has ended by itself, as the monitor of a
    /// container does (conmon, a shim) some time after the container. Where it goes on, it belongs to the engine.
    pub(super) fn at_rest(&self) -> BTreeSet<String> {
        let deadline = Instant::now() + patience(SETTLING);
        while has_orphans() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        look()
    }

    /// Fails if something is there now that was not before, or has gone.
    pub(super) fn is_as_before(&self, before: &BTreeSet<String>) -> Verdict {
        let deadline = Instant::now() + patience(SETTLING);
        loop {
            let now = look();
            if now == *before {
                return Ok(());
            }
            if Instant::now() > deadline {
                let new = now.difference(before).map(|thing| format!("left behind: {thing}"));
                let gone = before.difference(&now).map(|thing| format!("gone: {thing}"));
                return wrong(new.chain(gone).collect::<Vec<_>>().join("; "));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A program that stays until this is dropped.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Waits until the call succeeds.
    pub(super) fn answers(&mut self, call: &Call) -> Verdict {
        let deadline = Instant::now() + patience(20);
        while call.finish()?.code != 0 {
            if Instant::now() > deadline || self.child.try_wait()?.is_some() {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                let lines: Vec<&str> = log.lines().rev().take(5).collect();
                return wrong(format!("{}: does not answer: {lines:?}", self.log.display()));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let deadline = Instant::now() + patience(10);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything that a container may leave behind: processes, mounts, cgroups, network links, states.
fn look() -> BTreeSet<String> {
    let mut things = BTreeSet::new();
    for line in read("/proc/self/mountinfo").lines() {
        // Without the ids, which are given again.
        let mut rest: Vec<&str> = line.split(' ').skip(2).collect();
        if rest.get(2).is_some_and(|point| engines_own(point)) {
            continue;
        }
        // So are the numbers of namespaces.
        if let Some(root) = rest.get_mut(1)
            && root.starts_with("net:[")
        {
            *root = "net";
        }
        things.insert(format!("mount {}", rest.join(" ")));
    }
    for line in read("/proc/self/net/dev").lines().skip(2) {
        if let Some((name, _)) = line.split_once(':') {
            things.insert(format!("link {}", name.trim()));
        }
    }
    processes(&mut things);
    cgroups(Path::new("/sys/fs/cgroup"), &mut things);
    for root in [
        "runc",
        "crun",
        "orlop",
        "user/0/orlop",
        "user/1000/runc",
        "user/1000/crun",
        "user/1000/orlop",
    ] {
        let entries = fs::read_dir(Path::new("/run").join(root));
        for entry in entries.into_iter().flatten().flatten() {
            // A lock beside the states is no state.
            if entry.path().is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
                things.insert(format!("state {}", entry.path().display()));
            }
        }
    }
    things
}

/// Mounts that engines make for themselves, once or again and again.
fn engines_own(mount_point: &str) -> bool {
    [
        "/podman/overlay",
        "/buildah/overlay",
        "/storage/overlay",
        "/netns/default",
    ]
    .iter()
    .any(|end| mount_point.ends_with(end))
}

/// A process that lives.
struct Process {
    pid: u32,
    parent: u32,
    name: String,
}

/// The names of what engines start for each container, besides its own processes.
const MONITORS: [&str; 5] = ["conmon", "containerd-shim", "slirp4netns", "runc", "crun"];

/// What is in the paths of the cgroups of containers and pods; the last is the namespace of `ctr`.
const CGROUPS: [&str; 6] = [
    "docker-",
    "libpod",
    "conmon",
    "orlop-fleet",
    "cri-containerd",
    "/default/",
];

/// Whether a process has to do with a container. On a machine with systemd others come and go as they like.
fn is_an_engines(pid: u32, name: &str) -> bool {
    !has_systemd()
        || MONITORS.iter().any(|monitor| name.starts_with(monitor))
        || name.contains("orlop")
        || CGROUPS
            .iter()
            .any(|cgroup| read(&format!("/proc/{pid}/cgroup")).contains(cgroup))
}

/// The processes that live: of the lab's pid namespace, or those of containers.
fn living() -> Vec<Process> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = read(&format!("/proc/{pid}/stat"));
        let Some((head, tail)) = stat.rsplit_once(") ") else {
            continue;
        };
        if !tail.starts_with('Z') {
            let parent = tail.split(' ').nth(1).and_then(|parent| parent.parse().ok());
            let name = head.split_once(" (").map_or("", |(_, name)| name);
            if is_an_engines(pid, name) {
                all.push(Process {
                    pid,
                    parent: parent.unwrap_or(0),
                    name: name.to_owned(),
                });
            }
        }
    }
    all
}

/// Whether processes live whose parents have ended, so that the lab's first process has them: daemons are ours.
fn has_orphans() -> bool {
    let own = std::process::id();
    let mut ours = vec![own];
    let all = living();
    if has_systemd() {
        // The first process has whom systemd has started, and a user's systemd has others.
        return all.iter().any(|it| it.name.starts_with("conmon"));
    }
    // From this process up to the lab's first one.
    while let Some(parent) = ours.last().and_then(|pid| all.iter().find(|it| it.pid == *pid)) {
        ours.push(parent.parent);
    }
    all.iter().any(|it| it.parent == 1 && !ours.contains(&it.pid))
}

fn processes(things: &mut BTreeSet<String>) {
    // Daemons of the harness' own, which a check may have started again.
    let all = living();
    let others = all
        .iter()
        .filter(|it| !["dockerd", "containerd"].contains(&it.name.as_str()));
    things.extend(others.map(|it| format!("process {} ({})", it.pid, it.name)));
}

/// The cgroups below this folder, and the mounted hierarchies themselves.
fn cgroups(folder: &Path, things: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let path = entry.path().display().to_string();
            // BuildKit's, for all its steps.
            if path.ends_with("/docker/buildkit") {
                continue;
            }
            if !has_systemd() || CGROUPS.iter().any(|part| path.contains(part)) {
                things.insert(format!("cgroup {path}"));
            }
            cgroups(&entry.path(), things);
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
