//! The part that runs on the host: one lab for each engine, the report, and the look at the host afterwards.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use super::lab::{LAB_SCRIPT, Lab};
use super::options::Options;
use super::place::{has_systemd, patience};
use crate::failure::{Failure, Verdict, wrong};
use crate::table::{cgroups, kernel};

/// How long an engine's checks may take together, in seconds.
fn time_limit(engine: &str) -> u64 {
    match engine {
        // Most of what there is to do with containers is done with it.
        "docker" => 1800,
        _ => 600,
    }
}

/// Counts, and numbers the lines.
#[derive(Default)]
struct Report {
    passed: u32,
    failed: u32,
    skipped: u32,
    /// How many lines came from the labs.
    checks: u32,
    /// All that was printed.
    text: String,
}

impl Report {
    /// Takes a line from the lab. Lines that are no results become diagnostics.
    fn take(&mut self, engine: &str, line: &str) {
        let number = self.passed + self.failed + self.skipped + 1;
        if let Some(rest) = line.strip_prefix("not ok ") {
            self.failed += 1;
            let (name, why) = rest.split_once(" # ").unwrap_or((rest, ""));
            self.say(&format!("not ok {number} - {engine}: {name}\n#   {why}"));
        } else if let Some(rest) = line.strip_prefix("ok ") {
            if rest.contains(" # SKIP ") {
                self.skipped += 1;
            } else {
                self.passed += 1;
            }
            self.say(&format!("ok {number} - {engine}: {rest}"));
        } else {
            self.say(&format!("# {engine}: {line}"));
        }
    }

    fn say(&mut self, text: &str) {
        println!("{text}");
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn total(&self) -> u32 {
        self.passed + self.failed + self.skipped
    }
}

/// Runs each engine in a lab of its own.
pub(super) fn run(options: &Options) -> ExitCode {
    let mut report = Report::default();
    for engine in &options.engines {
        if options.list {
            if let Err(failure) = in_place(options, engine) {
                eprintln!("conformance: engines: {failure}");
                return ExitCode::FAILURE;
            }
            continue;
        }
        with_engine(options, engine, &mut report);
    }
    if options.list {
        return ExitCode::SUCCESS;
    }
    println!("1..{}", report.total());
    if report.checks == 0 && !options.filters.is_empty() {
        eprintln!("conformance: engines: --filter: no check has {:?}", options.filters);
        return ExitCode::FAILURE;
    }
    println!(
        "{} passed, {} failed, {} skipped",
        report.passed, report.failed, report.skipped
    );
    if report.failed == 0 && report.passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One engine's part of the report.
fn with_engine(options: &Options, engine: &str, report: &mut Report) {
    // What engines a host has stands on the page.
    let engines = if has_systemd() {
        format!(", {}", super::table::versions().join(", "))
    } else {
        String::new()
    };
    report.say(&format!(
        "{}Linux {} with {}{engines}",
        super::table::MACHINE,
        kernel(),
        cgroups()
    ));
    report.say(&format!("# {engine} with {}", options.runtime));
    match one_engine(options, engine, report) {
        Ok(()) => {}
        Err(Failure::Skip(why)) => report.take(engine, &format!("ok the engine is here # SKIP {why}")),
        Err(Failure::Wrong(why)) => report.take(engine, &format!("not ok the lab works # {why}")),
    }
}

/// The report of one engine's checks with one of the runtimes.
pub(super) fn report_of(options: &Options, engine: &str, runtime: &str) -> String {
    let options = Options {
        runtime: runtime.to_owned(),
        ..options.clone()
    };
    let mut report = Report::default();
    with_engine(&options, engine, &mut report);
    report.text
}

/// The programs without which an engine's checks make no sense.
fn programs_of(engine: &str) -> &'static [&'static str] {
    match engine {
        "docker" | "as-runc" | "docker-build" | "buildkit" => &["dockerd", "docker", "containerd", "runc"],
        "docker-registry" => &["docker-registry", "htpasswd", "dockerd", "docker", "containerd"],
        "docker-compose" | "docker-compose-2" => &["docker-compose", "mmdebstrap", "iptables", "dockerd", "docker"],
        "docker-rootless" => &[
            "rootlesskit",
            "slirp4netns",
            "newuidmap",
            "setpriv",
            "dockerd",
            "docker",
        ],
        "docker-swarm" => &["iptables", "nsenter", "dockerd", "docker", "containerd"],
        "podman" => &["podman", "conmon"],
        "podman-rootless" => &["podman", "conmon", "newuidmap", "su"],
        "ctr" => &["containerd", "ctr"],
        "cri" => &["containerd", "ctr", "protoc", "pgrep"],
        "buildah" => &["buildah"],
        _ => &["runc", "mmdebstrap"],
    }
}

fn one_engine(options: &Options, engine: &str, report: &mut Report) -> Verdict {
    let all = programs_of(engine)
        .iter()
        .chain(&["busybox", "script", "unshare", "ip"]);
    if let Some(missing) = all.into_iter().find(|program| !on_path(program)) {
        return Err(Failure::Skip(format!("there is no {missing} on PATH")));
    }
    if engine == "podman-rootless" && !has_systemd() {
        let why = "needs an ordinary user with a systemd: `conformance lab --form systemd engines ...`";
        return Err(Failure::Skip(why.to_owned()));
    }
    if options.short && !super::checks_of(engine).iter().any(|check| check.short) {
        return Err(Failure::Skip("all its checks take long".to_owned()));
    }
    if engine.starts_with("docker-compose") {
        // Inside there is no network to get packages from.
        for (package, _) in super::compose::PACKAGES {
            Lab::package_tar(package)?;
        }
    }
    if engine == "podman" && !options.short && !has_systemd() {
        // The check that needs it tells when it could not be made.
        let _ = Lab::package_tar("systemd");
    }
    let before = host();
    let limit = patience(time_limit(engine)).as_secs().to_string();
    let mut lab = Command::new("timeout");
    lab.args(["--kill-after=20", &limit]);
    let folder = if has_systemd() {
        on_the_machine(&mut lab, options, engine)?
    } else {
        in_namespaces(&mut lab, options, engine)?;
        None
    };
    lab.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = lab.spawn()?;
    let mut lines = 0;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            report.take(engine, &line?);
            lines += 1;
        }
    }
    let status = child.wait()?;
    // What is left in it is in the way of nobody: the machine goes.
    drop(folder);
    if lines == 0 && options.filters.is_empty() {
        report.take(engine, "not ok the lab works # no check was reported");
    }
    report.checks += lines;
    let clean = if !status.success() {
        wrong(format!("the lab ended with {status}"))
    } else if has_systemd() {
        // The machine goes, with the network of the engine's service.
        return Ok(());
    } else {
        the_host_is_as(&before)
    };
    match clean {
        Ok(()) => report.take(engine, "ok the host is as before"),
        Err(failure) => report.take(engine, &format!("not ok the host is as before # {failure}")),
    }
    Ok(())
}

/// The call that makes namespaces and cgroups of the lab's own, in which an engine's checks run.
fn in_namespaces(lab: &mut Command, options: &Options, engine: &str) -> Verdict {
    let hybrid = if name_of(&options.runtime).contains("crun") {
        // Debian's refuses hosts with cgroup v2 beside v1.
        "no"
    } else {
        "yes"
    };
    lab.args(["sh", "-c", LAB_SCRIPT, "lab.sh"])
        .args(inner_words(options, engine)?)
        .env("LAB_HYBRID", hybrid);
    Ok(())
}

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The ordinary user of the machines of the lab.
const USER: (&str, u32) = ("user", 1000);

/// The call that runs an engine's checks on a machine that is ours as a whole, as root or in a session of an ordinary
/// user's, and the folder for it.
fn on_the_machine(lab: &mut Command, options: &Options, engine: &str) -> Result<Option<Folder>, Failure> {
    let folder = Folder(std::env::temp_dir().join(format!("lab.{engine}.{}", std::process::id())));
    fs::create_dir_all(&folder.0)?;
    let words = inner_words(options, engine)?;
    if engine != "podman-rootless" {
        lab.args(words).env("LAB", &folder.0);
        return Ok(Some(folder));
    }
    // A root filesystem has other owners than the user.
    let root = Lab {
        folder: folder.0.clone(),
        runtime: options.runtime.clone(),
    };
    root.rootfs_tar()?;
    chown(&folder.0, Some(USER.1), Some(USER.1))?;
    // A session, as by a login: it brings the user's systemd (`man 8 pam_systemd`).
    let line = format!(
        "LAB={} LAB_FORM=systemd exec '{}'",
        folder.0.display(),
        words.join("' '")
    );
    lab.args(["su", "-", USER.0, "--command", &line]);
    Ok(Some(folder))
}

/// Lists an engine's checks; no lab is needed.
fn in_place(options: &Options, engine: &str) -> Verdict {
    let words = inner_words(options, engine)?;
    let (program, rest) = words
        .split_first()
        .map_or((String::new(), &[] as &[String]), |(p, r)| (p.clone(), r));
    let output = Command::new(program).args(rest).arg("--list").output()?;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        println!("{engine}: {line}");
    }
    Ok(())
}

fn inner_words(options: &Options, engine: &str) -> Result<Vec<String>, Failure> {
    let own = std::env::current_exe()?;
    let mut words: Vec<String> = vec![own.to_string_lossy().into_owned()];
    words.extend(["engines", "--inside", "--engine", engine, "--runtime", &options.runtime].map(str::to_owned));
    if options.short {
        words.push("--short".to_owned());
    }
    for area in &options.not_yet {
        words.extend(["--not-yet".to_owned(), area.clone()]);
    }
    for filter in &options.filters {
        words.extend(["--filter".to_owned(), filter.clone()]);
    }
    Ok(words)
}

fn on_path(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/sbin"]);
    folders
        .into_iter()
        .any(|folder| Path::new(folder).join(program).is_file())
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What of the host a lab could have changed. (Its processes and cgroups the lab sees to itself.)
fn host() -> BTreeSet<String> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let mut things: BTreeSet<String> = read("/proc/self/mountinfo")
        .lines()
        .map(|line| format!("mount {line}"))
        .collect();
    let links = read("/proc/self/net/dev");
    let links = links.lines().skip(2).filter_map(|line| line.split_once(':'));
    things.extend(links.map(|(name, _)| format!("link {}", name.trim())));
    things
}

/// Others may work on the host at the same time: only what can be from a lab counts.
fn the_host_is_as(before: &BTreeSet<String>) -> Verdict {
    let now = host();
    let ours = |thing: &&String| {
        thing.starts_with("mount ") && thing.contains("/lab.")
            || ["docker", "veth", "cni"]
                .iter()
                .any(|name| thing.starts_with(&format!("link {name}")))
    };
    let new: Vec<String> = now.difference(before).filter(ours).cloned().collect();
    if new.is_empty() {
        Ok(())
    } else {
        wrong(format!("left behind: {}", new.join("; ")))
    }
}
