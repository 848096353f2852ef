//! The rounds: in each, every runtime goes through its verbs once, beginning with another one each time.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde_json::{Value, json};

use super::options::{Config, Options};
use crate::bundle::Bundle;
use crate::ground::Ground;
use crate::host::devices_of_v1;
use crate::runtime::Runtime;

/// The verbs in the order in which they are measured and shown.
pub(crate) const VERBS: [&str; 7] = ["run", "create", "start", "state", "exec", "kill", "delete"];

/// A network namespace is torn down by the kernel after its last process is gone; the next measurement waits for that.
const PAUSE: Duration = Duration::from_millis(40);

/// One call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// From before the fork to after the wait, in milliseconds.
    pub(crate) wall: f64,
    /// User and system time of the process and of what it reaped, in milliseconds.
    pub(crate) cpu: f64,
    /// Largest resident set, in KiB.
    pub(crate) peak: f64,
}

/// All samples of one runtime.
pub(crate) struct Series {
    /// Its name and version, or `floor`.
    pub(crate) name: String,
    /// By verb, in the order of the rounds.
    pub(crate) samples: BTreeMap<&'static str, Vec<Sample>>,
    /// Proportional set size of the waiting init after `create`, in KiB.
    pub(crate) waiting: Vec<f64>,
}

/// What was measured and how.
pub(crate) struct Results {
    pub(crate) series: Vec<Series>,
    pub(crate) rounds: usize,
    /// In words.
    pub(crate) config: String,
}

struct Stage<'a> {
    ground: &'a Ground,
    floor: PathBuf,
    config: Config,
    by_systemd: bool,
    serial: usize,
}

/// # Errors
/// Where a runtime fails, or the host refuses.
pub(super) fn measure(options: &Options) -> io::Result<Results> {
    let floor = std::env::current_exe()?.with_file_name("floor");
    let ground = Ground::take()?;
    ground.make_cgroups()?;
    let mut stage = Stage {
        ground: &ground,
        floor,
        config: options.config,
        by_systemd: options.by_systemd,
        serial: 0,
    };
    let mut series: Vec<Series> = options
        .runtimes
        .iter()
        .map(|one| empty(format!("{} {}", one.name, one.version)))
        .collect();
    if options.floor {
        series.push(empty("floor".into()));
    }
    let count = series.len();
    // The first round warms the caches and is not kept.
    for round in 0..=options.rounds {
        for turn in 0..count {
            let index = (round + turn) % count;
            let mut one = empty(String::new());
            match options.runtimes.get(index) {
                Some(runtime) => stage.life(runtime, &mut one)?,
                None => stage.floor_run(&mut one)?,
            }
            if round > 0
                && let Some(all) = series.get_mut(index)
            {
                for (verb, samples) in one.samples {
                    all.samples.entry(verb).or_default().extend(samples);
                }
                all.waiting.extend(one.waiting);
            }
        }
    }
    Ok(Results {
        series,
        rounds: options.rounds,
        config: options.config.name().to_owned() + if options.by_systemd { ", cgroups by systemd" } else { "" },
    })
}

fn empty(name: String) -> Series {
    Series {
        name,
        samples: BTreeMap::new(),
        waiting: Vec::new(),
    }
}

impl Stage<'_> {
    fn bundle(&mut self, actions: &str) -> io::Result<Bundle> {
        self.serial += 1;
        let id = format!("{}-b{}", self.ground.tag, self.serial);
        let cgroup = match self.by_systemd {
            true => format!("system.slice:orlop:{id}"),
            false => format!("/{}/{id}", self.ground.tag),
        };
        let mut bundle = Bundle::new(&id, &self.ground.dir.join(&id), &self.ground.probe, &cgroup)?;
        if self.config != Config::Default {
            bundle.config = engine_config(&cgroup, &bundle.dir, self.config)?;
        }
        let bundle = bundle.probe(actions);
        bundle.save()?;
        Ok(bundle)
    }

    /// One call, measured by the floor program, which is as small as a parent can be.
    fn call(&self, hide: bool, command: &[&str]) -> io::Result<Sample> {
        let file = self.ground.dir.join("measured");
        let errors = self.ground.dir.join("errors");
        let mut measured = Command::new(&self.floor);
        measured
            .arg(if hide { "measure-hidden" } else { "measure" })
            .arg(&file)
            .args(command)
            .env_clear()
            .env("PATH", "/usr/bin:/bin");
        measured
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&errors)?)
            .status()?;
        let text = fs::read_to_string(&file)?;
        fs::remove_file(&file)?;
        let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        match numbers.as_slice() {
            [wall, cpu, peak, 0.0] => Ok(Sample {
                wall: wall / 1e6,
                cpu: cpu / 1e3,
                peak: *peak,
            }),
            _ => Err(io::Error::other(format!(
                "{}: {}",
                command.join(" "),
                fs::read_to_string(errors)?.trim()
            ))),
        }
    }

    fn life(&mut self, runtime: &Runtime, series: &mut Series) -> io::Result<()> {
        let hide = runtime.refuses_hybrid();
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let path = text(&runtime.path);
        let root = text(&self.ground.dir.join(format!("state-{}", runtime.name)));
        let mut global = vec![path.as_str(), "--root", &root];
        if self.by_systemd {
            global.push("--systemd-cgroup");
        }
        let call = |stage: &Self, series: &mut Series, verb: &'static str, words: &[&str]| {
            let words = [&global, &[verb] as &[&str], words].concat();
            let sample = stage.call(hide, &words)?;
            series.samples.entry(verb).or_default().push(sample);
            io::Result::Ok(())
        };

        let bundle = self.bundle("exit 0")?;
        call(self, series, "run", &["--bundle", &text(&bundle.dir), &bundle.id])?;
        fs::remove_dir_all(&bundle.dir)?;
        std::thread::sleep(PAUSE);

        let bundle = self.bundle("sleep 600")?;
        let pid_file = self.ground.dir.join("pid");
        let words = [
            "--pid-file",
            &text(&pid_file),
            "--bundle",
            &text(&bundle.dir),
            &bundle.id,
        ];
        call(self, series, "create", &words)?;
        let pid = fs::read_to_string(&pid_file)?;
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
        let Some(pid) = pid else {
            return Err(io::Error::other("no pid in the pid file"));
        };
        series.waiting.push(proportional_size(pid));
        call(self, series, "start", &[&bundle.id])?;
        call(self, series, "state", &[&bundle.id])?;
        call(self, series, "exec", &[&bundle.id, "/probe", "exit", "0"])?;
        call(self, series, "kill", &[&bundle.id, "KILL"])?;
        // What the runtime did not kill must not hang the benchmark.
        let _ = kill_process(pid, Signal::KILL);
        waitpid(Some(pid), WaitOptions::empty())?;
        std::thread::sleep(PAUSE);
        call(self, series, "delete", &[&bundle.id])?;
        fs::remove_dir_all(&bundle.dir)
    }

    fn floor_run(&mut self, series: &mut Series) -> io::Result<()> {
        let bundle = self.bundle("exit 0")?;
        let rootfs = bundle.rootfs().to_string_lossy().into_owned();
        let cgroup = format!("/{}/{}", self.ground.tag, bundle.id);
        let floor = self.floor.to_string_lossy().into_owned();
        let sample = self.call(false, &[&floor, "run", &rootfs, &cgroup, "/probe", "exit", "0"])?;
        series.samples.entry("run").or_default().push(sample);
        fs::remove_dir_all(&bundle.dir)?;
        std::thread::sleep(PAUSE);
        Ok(())
    }
}

/// Pss in KiB, 0 where it cannot be read.
fn proportional_size(pid: Pid) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|rest| rest.split_whitespace().next())
        .and_then(|word| word.parse().ok())
        .unwrap_or(0.0)
}

/// What docker writes for a plain `docker run`, made to fit: the cgroup, the rootfs, files of our own for the binds;
/// no hook, no network of another's.
fn engine_config(cgroup: &str, dir: &Path, kind: Config) -> io::Result<Value> {
    let mut config: Value = serde_json::from_str(include_str!(
        "../../../runtime-lib/tests/corpus/engines/docker-plain.json"
    ))?;
    config["root"] = json!({"path": "rootfs", "readonly": true});
    config["linux"]["cgroupsPath"] = json!(cgroup);
    let mut resources = json!({"devices": config["linux"]["resources"]["devices"].clone()});
    if kind == Config::Limits {
        resources["memory"] = json!({"limit": 67_108_864, "reservation": 33_554_432, "swap": 134_217_728});
        resources["cpu"] = json!({"shares": 512, "quota": 50_000, "period": 100_000, "cpus": "0", "mems": "0"});
        resources["pids"] = json!({"limit": 50});
    }
    config["linux"]["resources"] = resources;
    // Engines give a cgroup namespace where cgroups are unified.
    let of_cgroups = devices_of_v1().is_none().then_some("cgroup");
    let kinds = ["mount", "network", "uts", "pid", "ipc"].into_iter().chain(of_cgroups);
    let namespaces: Vec<Value> = kinds.map(|kind| json!({"type": kind})).collect();
    config["linux"]["namespaces"] = json!(namespaces);
    if let Some(object) = config.as_object_mut() {
        object.remove("hooks");
    }
    for mount in config["mounts"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter(|mount| mount["type"] == "bind")
    {
        let file = dir.join("bound");
        fs::write(&file, "")?;
        mount["source"] = json!(file.to_string_lossy());
    }
    Ok(config)
}
