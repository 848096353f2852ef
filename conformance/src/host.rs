//! What a test must leave as it was: mounts, cgroups, processes, descriptors, links, and a few well-known files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// Interfaces that container engines on the same machine may make at any time.
const FOREIGN_LINKS: [&str; 5] = ["veth", "docker", "br-", "cni", "podman"];

/// Device nodes that a runtime could change for everybody.
const NODES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/console", "/dev/ptmx", "/dev/tty"];

/// The host at one moment.
#[derive(Debug, Default)]
pub(crate) struct Host {
    /// Everything that is compared: each thing in words.
    things: BTreeSet<String>,
    /// Where the mounts are.
    mounts: BTreeMap<String, PathBuf>,
    /// The device nodes of [`NODES`] with their owners.
    owners: Vec<(&'static str, u32, u32)>,
}

impl Host {
    /// Looks at the host. Cgroups count if `tag` is in their path; `state` is the runtime's state folder.
    ///
    /// # Errors
    /// Where /proc cannot be read.
    pub(crate) fn look(tag: &str, state: &Path) -> io::Result<Self> {
        let mut host = Self::default();
        for line in fs::read_to_string("/proc/self/mountinfo")?.lines() {
            let point = line.split(' ').nth(4).unwrap_or_default();
            host.mounts
                .insert(format!("mount {line}"), PathBuf::from(point.replace("\\040", " ")));
        }
        host.things.extend(host.mounts.keys().cloned());
        host.things
            .extend(cgroups(tag).iter().map(|path| format!("cgroup {}", path.display())));
        host.things.extend(
            children()
                .into_iter()
                .map(|(pid, name)| format!("process {pid} ({name})")),
        );
        host.things.extend(descriptors());
        host.things.extend(links());
        host.things.extend(facts());
        host.owners = NODES
            .into_iter()
            .filter_map(|node| fs::metadata(node).ok().map(|found| (node, found.uid(), found.gid())))
            .collect();
        if let Ok(entries) = fs::read_dir(state) {
            host.things.extend(
                entries
                    .flatten()
                    .map(|entry| format!("state {}", entry.path().display())),
            );
        }
        Ok(host)
    }

    /// What is there now and was not before, and what is gone.
    pub(crate) fn changes_since(&self, before: &Self) -> Vec<String> {
        let new = self
            .things
            .difference(&before.things)
            .map(|thing| format!("left behind: {thing}"));
        let gone = before
            .things
            .difference(&self.things)
            .map(|thing| format!("gone: {thing}"));
        new.chain(gone).collect()
    }

    /// Where mounts were made since.
    pub(crate) fn new_mount_points(&self, before: &Self) -> Vec<PathBuf> {
        let is_new = |line: &str| before.mounts.keys().all(|other| mount_id(other) != mount_id(line));
        let new = self.mounts.iter().filter(|(line, _)| is_new(line));
        new.map(|(_, point)| point.clone()).collect()
    }

    /// Mounts that were there before and had other options: where they are, and these.
    fn changed_mounts<'b>(&self, before: &'b Self) -> Vec<(&'b Path, &'b str)> {
        let was = before
            .mounts
            .iter()
            .filter(|(line, _)| !self.mounts.contains_key(*line));
        let is_there = |line: &str| self.mounts.keys().any(|other| mount_id(other) == mount_id(line));
        was.filter(|(line, _)| is_there(line))
            .filter_map(|(line, point)| Some((point.as_path(), line.rsplit(' ').next()?)))
            .collect()
    }
}

/// The number and the place of a mount in its line; the kernel gives the number of one that is gone to another one.
fn mount_id(line: &str) -> (Option<&str>, Option<&str>) {
    let mut words = line.split(' ').skip(1);
    (words.next(), words.nth(3))
}

/// Whether something is mounted at or below a folder.
pub(crate) fn mounts_below(folder: &Path) -> bool {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split(' ').nth(4))
        .any(|point| Path::new(&point.replace("\\040", " ")).starts_with(folder))
}

/// The folders where cgroup hierarchies are mounted.
pub(crate) fn hierarchies() -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = text
        .lines()
        .filter(|line| line.contains(" - cgroup"))
        .filter_map(|line| line.split(' ').nth(4));
    // A hierarchy that has another mount on top cannot be seen.
    let seen = |point: &PathBuf| point.join("cgroup.procs").exists();
    points.map(PathBuf::from).filter(seen).collect()
}

/// Where cgroup v1 has its devices controller, if it has one. On cgroup v2 it takes programs instead of files.
pub(crate) fn devices_of_v1() -> Option<PathBuf> {
    hierarchies().into_iter().find(|path| path.ends_with("devices"))
}

/// Where cgroup v2 is, alone or beside others.
pub(crate) fn unified() -> Option<PathBuf> {
    hierarchies()
        .into_iter()
        .find(|path| path.join("cgroup.controllers").exists())
}

/// Whether a tag is in a path. It ends with a number, which is not the beginning of another harness' number.
fn is_tagged(path: &str, tag: &str) -> bool {
    let mut ends = path.match_indices(tag).map(|(at, _)| at + tag.len());
    ends.any(|end| !path[end..].starts_with(|next: char| next.is_ascii_digit()))
}

/// All cgroups of all hierarchies with `tag` in their path, parents first.
pub(crate) fn cgroups(tag: &str) -> Vec<PathBuf> {
    fn descend(folder: &Path, tag: &str, found: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        {
            let path = entry.path();
            if is_tagged(&path.to_string_lossy(), tag) {
                found.push(path.clone());
            }
            descend(&path, tag, found);
        }
    }
    let mut found = Vec::new();
    for hierarchy in hierarchies() {
        descend(&hierarchy, tag, &mut found);
    }
    found
}

/// The children of this process that are alive, with their names. What a runtime leaves behind comes here, since the
/// harness is a subreaper. Dead ones are reaped.
fn children() -> Vec<(i32, String)> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let Ok(all) = procfs::process::all_processes() else {
        return Vec::new();
    };
    let ours = all
        .flatten()
        .filter_map(|process| process.stat().ok())
        .filter(|stat| stat.ppid == own);
    ours.filter(|stat| {
        let dead = stat.state == 'Z';
        if dead && let Some(pid) = Pid::from_raw(stat.pid) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
        !dead
    })
    .map(|stat| (stat.pid, stat.comm))
    .collect()
}

fn descriptors() -> Vec<String> {
    let Ok(open) = procfs::process::Process::myself().and_then(|process| process.fd()) else {
        return Vec::new();
    };
    // The listing's own descriptors are of /proc.
    let own = |text: &String| !text.contains("/proc/");
    open.flatten()
        .map(|fd| format!("descriptor {} {:?}", fd.fd, fd.target))
        .filter(own)
        .collect()
}

fn links() -> Vec<String> {
    let Ok(entries) = fs::read_dir("/sys/class/net") else {
        return Vec::new();
    };
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let foreign =
        |name: &String| FOREIGN_LINKS.iter().any(|prefix| name.starts_with(prefix)) || is_of_another_harness(name);
    names
        .filter(|name| !foreign(name))
        .map(|name| format!("link {name}"))
        .collect()
}

/// The name of a link that a test makes: short, as the kernel wants it, and of this harness alone.
pub(crate) fn link_name(end: char, number: impl Display) -> String {
    format!("ol{}{end}{number}", std::process::id())
}

/// Whether a link is one of a harness beside this one.
fn is_of_another_harness(name: &str) -> bool {
    let digits: Option<&str> = name.strip_prefix("ol").and_then(|rest| {
        let end = rest.find(|it: char| !it.is_ascii_digit())?;
        Some(&rest[..end])
    });
    digits.is_some_and(|digits| digits.parse().is_ok_and(|pid: u32| pid != std::process::id()))
}

/// Things that attacks and careless runtimes are known to change.
fn facts() -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let files = [
        "/proc/sys/kernel/hostname",
        "/proc/sys/kernel/domainname",
        "/proc/sys/kernel/core_pattern",
    ];
    let node = |path: &str| {
        let found = fs::metadata(path).ok()?;
        Some(format!(
            "{path} mode {:o} owner {}:{} device {}",
            found.mode(),
            found.uid(),
            found.gid(),
            found.rdev()
        ))
    };
    files
        .map(|path| format!("{path} = {:?}", read(path)))
        .into_iter()
        .chain(NODES.into_iter().filter_map(node))
        .collect()
}

/// Compares the host with what it was; things that end by themselves get a moment for it.
///
/// # Errors
/// Where /proc cannot be read.
pub(crate) fn settle(tag: &str, state: &Path, before: &Host) -> io::Result<Vec<String>> {
    let end = Instant::now() + Duration::from_secs(3);
    loop {
        let leftovers = Host::look(tag, state)?.changes_since(before);
        if leftovers.is_empty() || Instant::now() > end {
            return Ok(leftovers);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Thaws the cgroups with `tag` in their path and kills everything in them.
pub(crate) fn kill_members(tag: &str) {
    for cgroup in cgroups(tag) {
        let _ = fs::write(cgroup.join("freezer.state"), "THAWED");
        let _ = fs::write(cgroup.join("cgroup.freeze"), "0");
        for pid in fs::read_to_string(cgroup.join("cgroup.procs"))
            .unwrap_or_default()
            .lines()
        {
            if let Some(pid) = pid.parse().ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// Removes what a failed test left: processes, mounts, cgroups. Returns false where mounts remain.
pub(crate) fn tidy(tag: &str, before: &Host, state: &Path) -> bool {
    let end = Instant::now() + Duration::from_secs(5);
    kill_members(tag);
    while Instant::now() < end {
        let alive: Vec<_> = children()
            .into_iter()
            .filter(|(pid, name)| !before.things.contains(&format!("process {pid} ({name})")))
            .collect();
        if alive.is_empty() {
            break;
        }
        for (pid, _) in alive {
            if let Some(pid) = Pid::from_raw(pid) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    for cgroup in cgroups(tag).iter().rev() {
        remove_cgroup(cgroup);
    }
    for (node, uid, gid) in &before.owners {
        let _ = chown(node, Some(*uid), Some(*gid));
    }
    for _ in 0..64 {
        let Ok(now) = Host::look(tag, state) else { return false };
        for (point, options) in now.changed_mounts(before) {
            put_back(point, options);
        }
        let points = now.new_mount_points(before);
        if points.is_empty() {
            return true;
        }
        for point in points.iter().rev() {
            let _ = unmount(point, UnmountFlags::DETACH);
        }
    }
    false
}

/// Gives the mounts of cgroups the options back that they had.
pub(crate) fn put_back_cgroups(now: &Host, before: &Host) {
    let is_of_cgroups = |point: &Path| point.starts_with("/sys/fs/cgroup");
    let changed = now.changed_mounts(before).into_iter();
    for (point, options) in changed.filter(|(point, _)| is_of_cgroups(point)) {
        put_back(point, options);
    }
}

/// The options of the one filesystem, which a runtime has changed by mounting it anew.
fn put_back(point: &Path, options: &str) {
    let words = ["-o".to_owned(), format!("remount,{options}")];
    let _ = Command::new("mount").args(words).arg(point).status();
}

/// Removes an empty cgroup; the kernel needs a moment after its last process.
pub(crate) fn remove_cgroup(cgroup: &Path) {
    for _ in 0..200 {
        match fs::remove_dir(cgroup) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => std::thread::sleep(Duration::from_millis(5)),
            _ => return,
        }
    }
}

/// The target of a link, as text.
pub(crate) fn link_target(path: impl AsRef<Path>) -> io::Result<String> {
    Ok(fs::read_link(path)?.to_string_lossy().into_owned())
}

/// The harness' own namespace of a kind, as `/proc` names both.
pub(crate) fn own_namespace(kind: &str) -> io::Result<String> {
    link_target(format!("/proc/self/ns/{kind}"))
}

#[cfg(test)]
mod tests {
    use super::{is_of_another_harness, is_tagged, link_name, mount_id};

    #[test]
    fn a_mount_is_known_by_its_number_and_place() {
        let line = "mount 40 39 0:26 / /sys/fs/cgroup rw,relatime shared:6 - cgroup2 cgroup2 rw,nsdelegate";
        assert_eq!(mount_id(line), (Some("40"), Some("/sys/fs/cgroup")));
    }

    #[test]
    fn link_of_another_harness_is_not_ours() {
        assert!(!is_of_another_harness(&link_name('a', 1)));
        assert!(is_of_another_harness("ol1a1"));
        assert!(!is_of_another_harness("lo"));
        assert!(!is_of_another_harness("older0"));
    }

    #[test]
    fn tag_of_another_harness_is_not_ours() {
        assert!(is_tagged(
            "/sys/fs/cgroup/cpu/orlop-test-12/orlop-test-12-3-1",
            "orlop-test-12"
        ));
        assert!(is_tagged("/sys/fs/cgroup/cpu/orlop-test-12-3-1", "orlop-test-12"));
        assert!(is_tagged("/cpu/orlop-test-123/orlop-test-12-1", "orlop-test-12"));
        assert!(!is_tagged("/sys/fs/cgroup/cpu/orlop-test-123", "orlop-test-12"));
    }
}
