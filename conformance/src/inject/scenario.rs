//! What the runtime is called for while faults are injected.

use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::Failure;
use crate::rooms::{systemd_is_here, v2_is_alone};
use crate::unprivileged::FIRST;

/// How far a container is when the call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    Created,
    Running,
    Paused,
    Stopped,
}

/// One call of the runtime.
pub(super) struct Scenario {
    /// Its name, which begins with the verb.
    pub(super) name: &'static str,
    pub(super) before: Before,
    /// The words, in which `ID` and `BUNDLE` stand for the container's and the folder, and `MOUNTS` for a list of mounts.
    pub(super) words: &'static [&'static str],
    /// Whether init, which waits, is traced as well.
    pub(super) with_init: bool,
    /// Whether systemd makes the container's cgroup.
    pub(super) by_systemd: bool,
    /// Whether it needs a host with nothing but cgroup v2.
    on_v2: bool,
    bundle: fn(Bundle) -> Bundle,
}

/// All of them.
pub(super) const ALL: [Scenario; 36] = [
    Scenario::of(
        "create",
        Before::Nothing,
        &["create", "--bundle", "BUNDLE", "ID"],
        plain,
    ),
    Scenario::of(
        "create-hooks",
        Before::Nothing,
        &["create", "--bundle", "BUNDLE", "ID"],
        hooks,
    ),
    Scenario::of(
        "create-user",
        Before::Nothing,
        &["create", "--bundle", "BUNDLE", "ID"],
        user,
    ),
    Scenario::of("start", Before::Created, &["start", "ID"], plain),
    Scenario::of("start-hooks", Before::Created, &["start", "ID"], hooks),
    Scenario::of("state", Before::Created, &["state", "ID"], plain),
    Scenario::of("kill", Before::Running, &["kill", "ID", "KILL"], plain),
    Scenario::of("kill-shared", Before::Running, &["kill", "ID", "KILL"], shared),
    Scenario::of("delete", Before::Stopped, &["delete", "ID"], hooks),
    Scenario::of("delete-created", Before::Created, &["delete", "ID"], plain),
    Scenario::of("delete-force", Before::Running, &["delete", "--force", "ID"], shared),
    Scenario::of("run", Before::Nothing, &["run", "--bundle", "BUNDLE", "ID"], short),
    Scenario::of(
        "create-limits",
        Before::Nothing,
        &["create", "--bundle", "BUNDLE", "ID"],
        limits,
    ),
    Scenario::of("start-limits", Before::Created, &["start", "ID"], limits),
    Scenario::of("delete-limits", Before::Stopped, &["delete", "ID"], limits),
    Scenario::of("update", Before::Running, &UPDATE, limits),
    Scenario::of("pause", Before::Running, &["pause", "ID"], shared),
    Scenario::of("resume", Before::Paused, &["resume", "ID"], shared),
    Scenario::of("delete-paused", Before::Paused, &["delete", "--force", "ID"], limits),
    Scenario::of("exec", Before::Running, &["exec", "ID", "/probe", "exit", "0"], plain),
    Scenario::of(
        "exec-user",
        Before::Running,
        &["exec", "--user", "3:4", "ID", "/probe", "exit", "0"],
        user,
    ),
    Scenario::of(
        "exec-filter",
        Before::Running,
        &["exec", "ID", "/probe", "exit", "0"],
        filtered,
    ),
    Scenario::of(
        "exec-beside",
        Before::Running,
        &["exec", "ID", "/probe", "exit", "0"],
        passing_on,
    )
    .on_v2(),
    Scenario::of(
        "mounts-add",
        Before::Running,
        &["mounts", "add", "ID", "MOUNTS"],
        mounted,
    ),
    Scenario::of(
        "mounts-add-user",
        Before::Running,
        &["mounts", "add", "ID", "MOUNTS"],
        user_mounted,
    ),
    Scenario::of("events", Before::Running, &["events", "--stats", "ID"], limits),
    Scenario::of(
        "create-systemd",
        Before::Nothing,
        &["create", "--bundle", "BUNDLE", "ID"],
        limits,
    )
    .by_systemd(),
    Scenario::of(
        "run-systemd",
        Before::Nothing,
        &["run", "--bundle", "BUNDLE", "ID"],
        short,
    )
    .by_systemd(),
    Scenario::of(
        "exec-systemd",
        Before::Running,
        &["exec", "ID", "/probe", "exit", "0"],
        passing_on,
    )
    .by_systemd(),
    Scenario::of("start-systemd", Before::Created, &["start", "ID"], limits).by_systemd(),
    Scenario::of("update-systemd", Before::Running, &UPDATE, limits).by_systemd(),
    Scenario::of("pause-systemd", Before::Running, &["pause", "ID"], limits).by_systemd(),
    Scenario::of("resume-systemd", Before::Paused, &["resume", "ID"], limits).by_systemd(),
    Scenario::of("kill-systemd", Before::Running, &["kill", "ID", "KILL"], shared).by_systemd(),
    Scenario::of("delete-systemd", Before::Stopped, &["delete", "ID"], shared).by_systemd(),
    Scenario::of(
        "delete-force-systemd",
        Before::Running,
        &["delete", "--force", "ID"],
        shared,
    )
    .by_systemd(),
];

/// A change of what engines limit.
const UPDATE: [&str; 10] = [
    "update",
    "--memory",
    "50M",
    "--memory-swap",
    "60M",
    "--pids-limit",
    "40",
    "--cpu-quota",
    "30000",
    "ID",
];

impl Scenario {
    const fn of(
        name: &'static str,
        before: Before,
        words: &'static [&'static str],
        bundle: fn(Bundle) -> Bundle,
    ) -> Self {
        Self {
            name,
            before,
            words,
            with_init: matches!(words[0].as_bytes(), b"start"),
            by_systemd: false,
            on_v2: false,
            bundle,
        }
    }

    const fn by_systemd(self) -> Self {
        Self {
            by_systemd: true,
            ..self
        }
    }

    const fn on_v2(self) -> Self {
        Self { on_v2: true, ..self }
    }

    /// The bundle, made of a default one.
    pub(super) fn bundle(&self, default: Bundle) -> Bundle {
        let bundle = (self.bundle)(default);
        if !self.by_systemd {
            return bundle;
        }
        let path = format!("system.slice:orlop:{}", bundle.id);
        bundle.set("/linux/cgroupsPath", json!(path))
    }

    /// Why this host has nothing for it, if that is so.
    pub(super) fn is_impossible(&self) -> Option<String> {
        let needs = [self.by_systemd.then(systemd_is_here), self.on_v2.then(v2_is_alone)];
        needs.into_iter().flatten().find_map(|need| match need {
            Err(Failure::Skip(why)) => Some(why),
            _ => None,
        })
    }
}

fn plain(bundle: Bundle) -> Bundle {
    bundle.probe("sleep 600")
}

/// Init is in a cgroup of its own below the container's, which takes no process any more.
fn passing_on(bundle: Bundle) -> Bundle {
    let script = "pid=$(sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p') && cd /sys/fs/cgroup$(cut -d : -f 3 /proc/$pid/cgroup) && \
                  mkdir init.scope && echo $pid >init.scope/cgroup.procs && echo +pids >cgroup.subtree_control";
    plain(bundle).hook("poststart", json!({"path": "/bin/sh", "args": ["sh", "-c", script]}))
}

/// A filter that allows what is left to do behind it.
fn filtered(bundle: Bundle) -> Bundle {
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]});
    plain(bundle).set("/linux/seccomp", profile)
}

/// A root in which mount points can be made.
fn mounted(bundle: Bundle) -> Bundle {
    plain(bundle).writable()
}

fn user_mounted(bundle: Bundle) -> Bundle {
    user(bundle).writable()
}

fn short(bundle: Bundle) -> Bundle {
    bundle.probe("exit 0")
}

/// What engines limit.
fn limits(bundle: Bundle) -> Bundle {
    let resources = json!({
        "devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}],
        "memory": {"limit": 67_108_864, "reservation": 33_554_432, "swap": 134_217_728},
        "cpu": {"shares": 512, "quota": 50_000, "period": 100_000, "cpus": "0", "mems": "0"},
        "pids": {"limit": 50},
    });
    plain(bundle).set("/linux/resources", resources)
}

/// Without a pid namespace: init's end is not the end of all.
fn shared(bundle: Bundle) -> Bundle {
    bundle.probe("leave 600 , sleep 600").without_namespace("pid")
}

fn user(bundle: Bundle) -> Bundle {
    let maps = json!([{"containerID": 0, "hostID": FIRST, "size": 65_536}]);
    bundle.probe("sleep 600").new_namespace("user").id_maps(maps)
}

fn hooks(bundle: Bundle) -> Bundle {
    let host = json!({"path": "/bin/true"});
    let inside = json!({"path": "/probe", "args": ["probe", "exit", "0"]});
    let of_host = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"];
    of_host
        .into_iter()
        .fold(bundle.probe("sleep 600"), |bundle, kind| {
            bundle.hook(kind, host.clone())
        })
        .hook("startContainer", inside)
}
