//! `info`: what this host is, for who reports a fault.

use crate::call::Call;
use crate::command::{Command, Verb};
use crate::flag::Declared;
use crate::matches::Given;
use crate::output::print;
use crate::refusal::Outcome;
use crate::root;
use crate::shared_flags::{Help, Json};
use crate::version;
use orlop::{Probe, SPEC_VERSION};
use serde::Serialize;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// All that is told, in the order of its lines.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    version: &'static str,
    commit: &'static str,
    spec: &'static str,
    /// How the program is built: with which C library, with which parts.
    build: String,
    architecture: &'static str,
    /// The name of the distribution.
    system: String,
    /// Whether the first process is systemd.
    systemd: bool,
    user: u32,
    /// Whether the caller is in a user namespace of somebody's.
    user_namespace: bool,
    state_root: PathBuf,
    /// How many containers are there, if the caller may look.
    containers: Option<usize>,
    #[serde(flatten)]
    probe: Probe,
}

#[derive(Debug)]
pub(crate) struct Info;

impl Verb for Info {
    const COMMAND: Command = Command {
        name: "info",
        summary: "tell what this host can do, for reports of faults",
        flags: &[Json::FLAG, Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let facts = Facts {
            version: env!("CARGO_PKG_VERSION"),
            commit: version::COMMIT,
            spec: SPEC_VERSION,
            build: build(),
            architecture: std::env::consts::ARCH,
            system: system().unwrap_or_else(|| "unknown".to_owned()),
            systemd: Path::new("/run/systemd/system").is_dir(),
            user: rustix::process::geteuid().as_raw(),
            user_namespace: !root::maps_everything(&fs::read_to_string("/proc/self/uid_map").unwrap_or_default()),
            state_root: call.root()?,
            containers: call.runtime()?.ids().ok().map(|ids| ids.len()),
            probe: Probe::of_this_kernel(),
        };
        if flags.is_on(Json) {
            let text = serde_json::to_string_pretty(&facts).map_err(|error| error.to_string())?;
            print(&(text + "\n"))?;
        } else {
            print(&lines(&facts))?;
        }
        Ok(0)
    }
}

/// The C library, and what can be left out.
fn build() -> String {
    let library = if cfg!(target_env = "musl") { "musl" } else { "glibc" };
    let systemd = if cfg!(feature = "systemd") { "with" } else { "without" };
    let debug = if cfg!(debug_assertions) { ", for debugging" } else { "" };
    format!("static {library}, {systemd} systemd{debug}")
}

/// The distribution, by `man 5 os-release`.
fn system() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").or_else(|_| fs::read_to_string("/usr/lib/os-release"));
    let text = text.ok()?;
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches(['"', '\'']).to_owned())
}

fn lines(facts: &Facts) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<18}{value}");
    };
    let probe = &facts.probe;
    let has = |is_there: bool| if is_there { "yes" } else { "no" }.to_owned();
    let missing = probe.calls.iter().filter(|(_, is_there)| !**is_there);
    let missing: Vec<&str> = missing.map(|(name, _)| *name).collect();
    let mapped = probe.idmapped_mounts.as_ref().map(|types| {
        let types = types.iter().filter(|(_, can)| **can);
        listed(&types.map(|(name, _)| name.as_str()).collect::<Vec<_>>())
    });
    line("orlop", format!("{} ({})", facts.version, facts.commit));
    line("runtime-spec", facts.spec.to_owned());
    line("build", facts.build.clone());
    line("system", facts.system.clone());
    line("systemd", has(facts.systemd));
    line("kernel", format!("{} on {}", probe.kernel, facts.architecture));
    let namespace = if facts.user_namespace {
        ", in a user namespace"
    } else {
        ""
    };
    line("user", format!("{}{namespace}", facts.user));
    let containers = facts.containers.map_or("unknown".to_owned(), |count| count.to_string());
    line(
        "state root",
        format!("{} ({containers} containers)", facts.state_root.display()),
    );
    line("cgroups", probe.cgroup.to_owned());
    let controllers: Vec<&str> = probe.cgroup_controllers.iter().map(String::as_str).collect();
    line("controllers of v2", listed(&controllers));
    line("namespaces", listed(&probe.namespaces));
    line(
        "id-mapped mounts",
        mapped.unwrap_or_else(|| "the caller may not try".to_owned()),
    );
    line("seccomp agents", has(probe.seccomp.notifications));
    line("Landlock", probe.landlock.to_string());
    line("AppArmor", has(probe.apparmor));
    line("SELinux", has(probe.selinux));
    line("resctrl", has(probe.resctrl));
    line("missing calls", listed(&missing));
    text
}

fn listed(words: &[&str]) -> String {
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}
