//! Where one worker makes its containers: a folder, a state root, one id that is used again and again.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid};

use super::point::Point;
use super::scenario::{Before, Scenario};
use super::tracer::{self, Guard, Trace};
use crate::bundle::Bundle;
use crate::call::ends_before;
use crate::host::{hierarchies, kill_members, remove_cgroup};
use crate::rooms::unit;
use crate::unprivileged::{FIRST, give};

/// One worker's place.
pub(super) struct World<'a> {
    runtime: &'a Path,
    dir: PathBuf,
    id: String,
    /// The cgroups that the container may have, and what systemd writes of its unit.
    places: Vec<PathBuf>,
    /// Longest time for one call.
    limit: Duration,
    pub(super) guard: Guard,
}

/// What a call left to look at.
struct Done {
    /// `None` past the time limit.
    code: Option<i32>,
    out: String,
    err: String,
}

/// What is wrong after a fault.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) was_reached: bool,
    /// The name or number of the call.
    pub(super) call: Option<i64>,
    pub(super) hang: bool,
    pub(super) panic: Option<String>,
    /// Ended by a signal of its own: an allocator that gives up, for example.
    pub(super) aborted: bool,
    pub(super) leftovers: Vec<String>,
    pub(super) stuck: Option<String>,
    /// What the runtime said.
    pub(super) said: String,
}

/// The file with a list of mounts, in the bundle's folder.
const MOUNTS: &str = "mounts.json";

/// One of each kind.
const TO_MOUNT: &str = r#"[
    {"destination": "/added/tmpfs", "type": "tmpfs", "options": ["ro", "size=64k"]},
    {"destination": "/added/tree", "type": "bind", "source": ".", "options": ["rbind", "ro", "private"]},
    {"destination": "/added/file", "type": "bind", "source": "config.json", "options": ["bind"]}
]"#;

impl Findings {
    pub(super) fn are_well(&self) -> bool {
        !self.hang && self.panic.is_none() && self.leftovers.is_empty() && self.stuck.is_none()
    }
}

impl<'a> World<'a> {
    /// # Errors
    /// A bundle cannot be made.
    pub(super) fn new(
        runtime: &'a Path,
        (number, tag): (usize, &str),
        (dir, probe): (&Path, &Path),
        scenarios: &[&Scenario],
        limit: Duration,
    ) -> io::Result<Self> {
        let id = format!("{tag}-{number}");
        let dir = dir.join(format!("worker-{number}"));
        fs::create_dir_all(&dir)?;
        for scenario in scenarios {
            let bundle = Bundle::new(&id, &dir.join(scenario.name), probe, &format!("/{tag}/{id}"))?;
            let bundle = scenario.bundle(bundle);
            if bundle.config["linux"]["uidMappings"].is_array() {
                give(&bundle.rootfs(), FIRST)?;
            }
            bundle.save()?;
            fs::write(bundle.dir.join(MOUNTS), TO_MOUNT)?;
        }
        let mut places: Vec<PathBuf> = hierarchies().iter().map(|it| it.join(tag).join(&id)).collect();
        if scenarios.iter().any(|scenario| scenario.by_systemd) {
            let unit = unit(&id);
            places.extend(hierarchies().iter().map(|it| it.join("system.slice").join(&unit)));
            // There as long as systemd knows the unit, also one that has failed.
            places.push(Path::new("/run/systemd/transient").join(&unit));
        }
        Ok(Self {
            runtime,
            dir,
            places,
            id,
            limit,
            guard: Guard::default(),
        })
    }

    fn words(&self, scenario: &Scenario, words: &[&str]) -> Vec<String> {
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let of = |word: &&str| match *word {
            "ID" => self.id.clone(),
            "BUNDLE" => path(self.dir.join(scenario.name)),
            "MOUNTS" => path(self.dir.join(scenario.name).join(MOUNTS)),
            word => word.to_owned(),
        };
        let root = ["--root".to_owned(), path(self.root())];
        let manager = scenario.by_systemd.then(|| "--systemd-cgroup".to_owned());
        let globals = root.into_iter().chain(manager);
        globals.chain(words.iter().map(of)).collect()
    }

    fn root(&self) -> PathBuf {
        self.dir.join("state")
    }

    fn streams(&self) -> io::Result<(Stdio, Stdio)> {
        let file = |name| File::create(self.dir.join(name)).map(Stdio::from);
        Ok((file("out")?, file("err")?))
    }

    fn said(&self, name: &str) -> String {
        let bytes = fs::read(self.dir.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A call without a fault.
    fn call(&self, scenario: &Scenario, words: &[&str]) -> io::Result<Done> {
        let (out, err) = self.streams()?;
        let mut child = Command::new(self.runtime)
            .args(self.words(scenario, words))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let in_time = match pid {
            Some(pid) => ends_before(pid, Instant::now() + self.limit).unwrap_or(true),
            None => true,
        };
        if !in_time {
            child.kill()?;
        }
        let status = child.wait()?;
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        Ok(Done {
            code: in_time.then_some(code),
            out: self.said("out"),
            err: self.said("err"),
        })
    }

    /// The same, which has to succeed.
    fn must(&self, scenario: &Scenario, words: &[&str]) -> Result<Done, String> {
        match self.call(scenario, words) {
            Ok(done) if done.code == Some(0) => Ok(done),
            Ok(Done { code: None, .. }) => Err(format!("`{}` hangs", words.join(" "))),
            Ok(done) => Err(format!("`{}` fails: {}", words.join(" "), done.err.trim())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Brings the container to where the scenario begins; its init's pid, if it has one.
    fn prepare(&self, scenario: &Scenario) -> Result<Option<i32>, String> {
        if scenario.before == Before::Nothing {
            return Ok(None);
        }
        self.must(scenario, &["create", "--bundle", "BUNDLE", "ID"])?;
        let state = self.must(scenario, &["state", "ID"])?.out;
        let state: serde_json::Value = serde_json::from_str(&state).map_err(|error| error.to_string())?;
        let pid = state["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
        if scenario.before != Before::Created {
            self.must(scenario, &["start", "ID"])?;
        }
        if scenario.before == Before::Paused {
            self.must(scenario, &["pause", "ID"])?;
        }
        if scenario.before == Before::Stopped {
            self.must(scenario, &["kill", "ID", "KILL"])?;
            let pid = pid.ok_or("state tells no pid")?;
            if !has_ended(pid, self.limit) {
                return Err("kill does not kill".to_owned());
            }
        }
        Ok(pid)
    }

    /// The scenario's call, traced.
    fn traced(&self, scenario: &Scenario, at: Option<&Point>, init: Option<i32>) -> io::Result<Trace> {
        let words = self.words(scenario, scenario.words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        tracer::run(
            self.runtime,
            &words,
            self.streams()?,
            init.filter(|_| scenario.with_init),
            at.map(|point| (point.place, point.fault)),
            (&self.guard, self.limit),
        )
    }

    /// How many calls each process makes.
    ///
    /// # Errors
    /// The scenario does not work even without a fault.
    pub(super) fn count(&self, scenario: &Scenario) -> Result<Vec<usize>, String> {
        let init = self.prepare(scenario)?;
        let trace = self.traced(scenario, None, init).map_err(|error| error.to_string())?;
        let outcome = (trace.code, self.guard.has_struck());
        let said = self.said("err");
        let findings = self.clean(scenario, &trace, init);
        if outcome != (Some(0), false) || !findings.are_well() {
            return Err(format!(
                "{}: without a fault: {outcome:?}, {said}, {findings:?}",
                scenario.name
            ));
        }
        Ok(trace.calls)
    }

    /// Injects one fault, and looks at what becomes of it.
    ///
    /// # Errors
    /// The harness itself cannot go on.
    pub(super) fn inject(&self, scenario: &Scenario, point: &Point) -> Result<Findings, String> {
        let init = self.prepare(scenario)?;
        let trace = self
            .traced(scenario, Some(point), init)
            .map_err(|error| error.to_string())?;
        let hang = self.guard.has_struck();
        let said = self.said("err");
        let findings = self.clean(scenario, &trace, init);
        let is_panic = said.contains("panicked") || said.contains("unsafe precondition");
        Ok(Findings {
            was_reached: trace.hit.is_some(),
            call: trace.hit,
            hang,
            panic: is_panic.then(|| said.trim().to_owned()),
            aborted: !hang
                && trace
                    .signal
                    .is_some_and(|signal| signal != nix::sys::signal::Signal::SIGKILL),
            said: format!("{:?} {:?} {}", trace.code, trace.signal, said.trim()),
            ..findings
        })
    }

    /// Deletes what is there by force; what is left then, and whether the id can be used again.
    fn clean(&self, scenario: &Scenario, trace: &Trace, init: Option<i32>) -> Findings {
        let mut findings = Findings::default();
        if scenario.words.first() == Some(&"exec") {
            // The end of a pid namespace waits for all who were in it to be reaped, by a parent outside that was the
            // runtime.
            for pid in trace
                .born
                .iter()
                .copied()
                .filter(|pid| !has_ended(*pid, Duration::from_secs(1)))
            {
                let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
                findings.leftovers.push(format!("process {pid} ({})", name.trim()));
            }
        }
        match self.call(scenario, &["delete", "--force", "ID"]) {
            Ok(done) if done.code == Some(0) || done.err.contains("does not exist") => {}
            Ok(done) if done.code.is_none() => findings.stuck = Some("`delete --force` hangs".to_owned()),
            Ok(done) => findings.stuck = Some(format!("`delete --force` fails: {}", done.err.trim())),
            Err(error) => findings.stuck = Some(error.to_string()),
        }
        for pid in trace.born.iter().copied().chain(init) {
            if !has_ended(pid, Duration::from_secs(1)) {
                let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
                findings.leftovers.push(format!("process {pid} ({})", name.trim()));
                let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::KILL));
                has_ended(pid, Duration::from_secs(1));
            }
        }
        for place in self.places.iter().filter(|place| is_left(place)) {
            findings.leftovers.push(place.display().to_string());
        }
        let folder = self.root().join(&self.id);
        if folder.exists() {
            let names =
                fs::read_dir(&folder).map(|files| files.flatten().map(|file| file.file_name()).collect::<Vec<_>>());
            findings.leftovers.push(format!("{} {names:?}", folder.display()));
        }
        if !findings.leftovers.is_empty() {
            kill_members(&self.id);
            self.places.iter().for_each(|cgroup| remove_cgroup(cgroup));
            let _ = fs::remove_dir_all(&folder);
        }
        let again = self
            .must(scenario, &["create", "--bundle", "BUNDLE", "ID"])
            .and_then(|_| self.must(scenario, &["delete", "--force", "ID"]));
        if let (Err(why), None) = (again, &findings.stuck) {
            findings.stuck = Some(format!("again: {why}"));
        }
        findings
    }
}

/// Whether a cgroup or a file is still there; systemd removes what it knows of a unit soon after its end.
fn is_left(place: &Path) -> bool {
    let end = Instant::now() + Duration::from_secs(1);
    while place.exists() {
        if Instant::now() > end {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

/// Whether a process ends in time; it is reaped if it is ours.
fn has_ended(pid: i32, limit: Duration) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return true };
    let _ = waitpid(Some(pid), WaitOptions::NOHANG);
    if pidfd_open(pid, PidfdFlags::empty()).is_err() {
        return true;
    }
    let in_time = ends_before(pid, Instant::now() + limit).unwrap_or(true);
    let _ = waitpid(Some(pid), WaitOptions::NOHANG);
    in_time
}
