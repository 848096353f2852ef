//! The floor that runtimes are compared with: the kernel's own work for an isolated process, and nothing else. It
//! reads no config, keeps no state, recovers from nothing, protects itself from nobody.
//!
//! `floor run ROOTFS CGROUP COMMAND...`: new pid, network, ipc, uts and mount namespaces, a cgroup in each hierarchy
//! with device rules where they are files, the default mounts, devices, masks, capabilities, then the command.
//!
//! `floor measure FILE COMMAND...`: runs a command and writes `wall-ns cpu-us peak-KiB status` to the file. Done here,
//! because a child begins with the peak of the process that it was forked from. `floor measure-hidden` does so in a
//! mount namespace where an empty tmpfs lies over `/sys/fs/cgroup/unified`, for crun, which refuses hybrid hosts.
#![no_main]

mod sys;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;

use libc::{MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT, MS_STRICTATIME};

/// CAP_KILL, CAP_NET_BIND_SERVICE, CAP_AUDIT_WRITE, as in the default config.
const KEEP: u64 = 1 << 5 | 1 << 10 | 1 << 29;

const DEVICES: [(&str, u32, u32); 6] = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
];

const RULES: [&str; 10] = [
    "c *:* m",
    "b *:* m",
    "c 1:3 rwm",
    "c 1:5 rwm",
    "c 1:7 rwm",
    "c 1:8 rwm",
    "c 1:9 rwm",
    "c 5:0 rwm",
    "c 5:2 rwm",
    "c 136:* rwm",
];

const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

const MASKED: [&str; 10] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/sys/firmware",
    "/proc/scsi",
];

fn enter(words: Vec<String>) -> i32 {
    let result = match words.get(1).map(String::as_str) {
        Some("run") if words.len() > 4 => run(&words[2], &words[3], &words[4..]),
        Some("measure") if words.len() > 3 => measure(&words[2], &words[3..]),
        Some("measure-hidden") if words.len() > 3 => hide_unified().and_then(|()| measure(&words[2], &words[3..])),
        _ => Err("run ROOTFS CGROUP COMMAND... | measure FILE COMMAND...".into()),
    };
    result.unwrap_or_else(|text| {
        let _ = writeln!(std::io::stderr(), "floor: {text}");
        1
    })
}

/// Hides cgroup v2 on a hybrid host from the command, before anything is measured.
fn hide_unified() -> Result<(), String> {
    if !Path::new("/sys/fs/cgroup/unified/cgroup.procs").exists() {
        return Ok(());
    }
    sys::own_mounts()?;
    sys::mount("tmpfs", "/sys/fs/cgroup/unified", "tmpfs", 0, "")
}

fn measure(file: &str, command: &[String]) -> Result<i32, String> {
    let begin = Instant::now();
    let child = sys::clone_process(0, None)?;
    if child == 0 {
        let text = sys::execute(command, None);
        let _ = writeln!(std::io::stderr(), "floor: {text}");
        sys::end(127);
    }
    let usage = sys::wait(child)?;
    let wall = begin.elapsed().as_nanos();
    let line = format!("{wall} {} {} {}\n", usage.cpu_us, usage.peak_kib, usage.status);
    fs::write(file, line).map_err(|error| format!("{file}: {error}"))?;
    Ok(0)
}

/// The container's cgroup in one hierarchy.
struct Cgroup {
    dir: PathBuf,
    /// What the child writes `0` to: cgroup v1's `tasks` needs no grace period, unlike `cgroup.procs`. None for v2.
    join: Option<File>,
}

fn run(rootfs: &str, cgroup: &str, command: &[String]) -> Result<i32, String> {
    let second = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    let hierarchies = if second {
        vec![PathBuf::from("/sys/fs/cgroup")]
    } else {
        hierarchies()?
    };
    let cgroups = hierarchies
        .iter()
        .map(|root| make_cgroup(root, cgroup, second))
        .collect::<Result<Vec<_>, _>>()?;
    // Born there: the write of a pid to v2's cgroup.procs waits for a grace period.
    let second_version = cgroups.iter().find(|cgroup| cgroup.join.is_none());
    let into = second_version.and_then(|cgroup| File::open(&cgroup.dir).ok());
    let namespaces =
        libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC | libc::CLONE_NEWNET;
    let child = sys::clone_process(namespaces, into.as_ref().map(AsRawFd::as_raw_fd))?;
    if child == 0 {
        let text = isolate(rootfs, &cgroups, second).map_or_else(
            |text| text,
            |()| sys::execute(command, Some(&["PATH=/usr/bin:/bin", "TERM=xterm"])),
        );
        let _ = writeln!(std::io::stderr(), "floor: {text}");
        sys::end(127);
    }
    let usage = sys::wait(child)?;
    for cgroup in &cgroups {
        let _ = fs::remove_dir(&cgroup.dir);
    }
    Ok(usage.status)
}

fn hierarchies() -> Result<Vec<PathBuf>, String> {
    let text = fs::read_to_string("/proc/self/mountinfo").map_err(|error| error.to_string())?;
    let points = text
        .lines()
        .filter(|line| line.contains(" - cgroup"))
        .filter_map(|line| line.split(' ').nth(4));
    // One that another mount lies over does not count.
    Ok(points
        .map(PathBuf::from)
        .filter(|point| point.join("cgroup.procs").exists())
        .collect())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let file = OpenOptions::new().write(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn make_cgroup(root: &Path, cgroup: &str, second: bool) -> Result<Cgroup, String> {
    let dir = root.join(cgroup.trim_start_matches('/'));
    fs::create_dir(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    if root.ends_with("cpuset") {
        for file in ["cpuset.cpus", "cpuset.mems"] {
            let parent = dir.parent().unwrap_or(root).join(file);
            let value = fs::read_to_string(&parent).map_err(|error| format!("{}: {error}", parent.display()))?;
            write(&dir.join(file), &value)?;
        }
    }
    if root.ends_with("devices") {
        write(&dir.join("devices.deny"), "a")?;
        let allow = dir.join("devices.allow");
        let mut file = OpenOptions::new()
            .write(true)
            .open(&allow)
            .map_err(|error| error.to_string())?;
        for rule in RULES {
            file.write_all(rule.as_bytes())
                .map_err(|error| format!("{rule}: {error}"))?;
        }
    }
    let join = if second || root.ends_with("unified") {
        None
    } else {
        let file = OpenOptions::new().write(true).open(dir.join("tasks"));
        Some(file.map_err(|error| format!("{}: {error}", dir.display()))?)
    };
    Ok(Cgroup { dir, join })
}

fn isolate(rootfs: &str, cgroups: &[Cgroup], second: bool) -> Result<(), String> {
    for mut file in cgroups.iter().filter_map(|cgroup| cgroup.join.as_ref()) {
        file.write_all(b"0").map_err(|error| format!("tasks: {error}"))?;
    }
    sys::mount("", "/", "", MS_PRIVATE | MS_REC, "")?;
    sys::mount(rootfs, rootfs, "", MS_BIND | MS_REC, "")?;
    std::env::set_current_dir(rootfs).map_err(|error| format!("{rootfs}: {error}"))?;
    mounts(cgroups, second)?;
    sys::loopback_up()?;
    sys::enter_root()?;
    for path in READ_ONLY.iter().filter(|path| Path::new(path).exists()) {
        sys::mount(path, path, "", MS_BIND | MS_REC, "")?;
        sys::mount("", path, "", MS_BIND | MS_REMOUNT | MS_RDONLY, "")?;
    }
    for path in MASKED {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => sys::mount("tmpfs", path, "tmpfs", MS_RDONLY, "")?,
            Ok(_) => sys::mount("/dev/null", path, "", MS_BIND, "")?,
            Err(_) => {}
        }
    }
    sys::mount("", "/", "", MS_BIND | MS_REMOUNT | MS_RDONLY, "")?;
    sys::become_process("floor", 1024, KEEP)
}

fn mounts(cgroups: &[Cgroup], second: bool) -> Result<(), String> {
    let strict = MS_NOSUID | MS_NOEXEC | MS_NODEV;
    sys::mount("proc", "proc", "proc", 0, "")?;
    sys::mount(
        "tmpfs",
        "dev",
        "tmpfs",
        MS_NOSUID | MS_STRICTATIME,
        "mode=755,size=65536k",
    )?;
    for folder in ["dev/pts", "dev/shm", "dev/mqueue"] {
        fs::create_dir(folder).map_err(|error| format!("{folder}: {error}"))?;
    }
    let terminals = "newinstance,ptmxmode=0666,mode=0620,gid=5";
    sys::mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, terminals)?;
    sys::mount("shm", "dev/shm", "tmpfs", strict, "mode=1777,size=65536k")?;
    sys::mount("mqueue", "dev/mqueue", "mqueue", strict, "")?;
    sys::mount("sysfs", "sys", "sysfs", strict | MS_RDONLY, "")?;
    if second {
        sys::mount("cgroup", "sys/fs/cgroup", "cgroup2", strict | MS_RDONLY, "")?;
    } else {
        sys::mount("tmpfs", "sys/fs/cgroup", "tmpfs", strict, "mode=755")?;
        for cgroup in cgroups {
            let name = cgroup
                .dir
                .components()
                .nth(4)
                .map(|part| part.as_os_str().to_string_lossy().into_owned());
            let place = format!("sys/fs/cgroup/{}", name.unwrap_or_default());
            fs::create_dir(&place).map_err(|error| format!("{place}: {error}"))?;
            sys::mount(&cgroup.dir.to_string_lossy(), &place, "", MS_BIND, "")?;
            sys::mount("", &place, "", MS_BIND | MS_REMOUNT | MS_RDONLY | strict, "")?;
        }
        sys::mount("", "sys/fs/cgroup", "", MS_BIND | MS_REMOUNT | MS_RDONLY | strict, "")?;
    }
    sys::set_umask(0);
    for (name, major, minor) in DEVICES {
        sys::make_device(&format!("dev/{name}"), major, minor)?;
    }
    sys::set_umask(0o22);
    let links = [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")];
    for (name, end) in links {
        symlink(format!("/proc/self/fd{end}"), format!("dev/{name}")).map_err(|error| format!("{name}: {error}"))?;
    }
    symlink("pts/ptmx", "dev/ptmx").map_err(|error| format!("ptmx: {error}"))
}
