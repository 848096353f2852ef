//! Everything the probe can see of itself, in one JSON object.

use std::fs;
use std::path::Path;

use crate::json::{Json, map};
use crate::sys;

const LIMITS: [&str; 16] = [
    "CPU",
    "FSIZE",
    "DATA",
    "STACK",
    "CORE",
    "RSS",
    "NPROC",
    "NOFILE",
    "MEMLOCK",
    "AS",
    "LOCKS",
    "SIGPENDING",
    "MSGQUEUE",
    "NICE",
    "RTPRIO",
    "RTTIME",
];

/// What the process sees: each member is independent of the others, and null where it cannot be known (no /proc).
pub(crate) fn report(arguments: &[String]) -> Json {
    let members = [identity(arguments), surroundings(), settings(), terminal()];
    Json::Map(
        members
            .into_iter()
            .flat_map(|members| match members {
                Json::Map(members) => members,
                _ => Vec::new(),
            })
            .collect(),
    )
}

/// Who the process is, and what it was started with.
fn identity(arguments: &[String]) -> Json {
    let [pid, ppid, pgid, sid] = sys::process_ids();
    map([
        ("fds", descriptors()),
        ("pid", pid.into()),
        ("ppid", ppid.into()),
        ("pgid", pgid.into()),
        ("sid", sid.into()),
        ("uids", sys::user_ids().to_vec().into()),
        ("gids", sys::group_ids().to_vec().into()),
        ("groups", sys::groups().into()),
        ("cwd", path(std::env::current_dir())),
        ("exe", path(fs::read_link("/proc/self/exe"))),
        ("args", arguments.to_vec().into()),
        ("env", environment()),
        ("subreaper_parent", ppid.into()),
    ])
}

/// Where it is: names, namespaces, mounts, cgroups, network.
fn surroundings() -> Json {
    let (node, domain) = sys::node_and_domain();
    let cgroups = text("/proc/self/cgroup").map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    map([
        ("hostname", node.into()),
        ("domainname", domain.into()),
        ("namespaces", namespaces()),
        ("mounts", mounts()),
        ("cgroup", cgroups.into()),
        ("interfaces", interfaces()),
        ("machine", sys::machine().into()),
    ])
}

/// What the kernel keeps for it: limits, scheduling, and the flags of `prctl`.
fn settings() -> Json {
    let ask = |number, arguments| sys::syscall(number, arguments).ok();
    let score = text("/proc/self/oom_score_adj").map(|text| text.trim().to_owned());
    let priority = ask(libc::SYS_getpriority, [0; 6]).map(|raw| 20 - raw);
    map([
        ("umask", sys::umask().into()),
        ("status", status()),
        ("rlimits", limits()),
        ("oom_score_adj", score.into()),
        ("keyring", session_keyring().into()),
        (
            "personality",
            ask(libc::SYS_personality, [0xffff_ffff, 0, 0, 0, 0, 0]).into(),
        ),
        ("no_new_privs", sys::prctl(libc::PR_GET_NO_NEW_PRIVS).into()),
        ("dumpable", sys::prctl(libc::PR_GET_DUMPABLE).into()),
        ("securebits", sys::prctl(libc::PR_GET_SECUREBITS).into()),
        ("pdeathsig", sys::parent_death_signal().into()),
        ("scheduler", ask(libc::SYS_sched_getscheduler, [0; 6]).into()),
        ("priority", priority.into()),
        ("ioprio", ask(libc::SYS_ioprio_get, [1, 0, 0, 0, 0, 0]).into()),
        ("scheduling", scheduling()),
        ("memory_policy", memory_policy()),
    ])
}

/// Its terminal, if stdin is one.
fn terminal() -> Json {
    map([
        ("terminal", (0..3).map(sys::is_terminal).collect::<Vec<_>>().into()),
        ("terminal_name", path(fs::read_link("/proc/self/fd/0"))),
        (
            "window",
            sys::window_size(0).map(|(rows, columns)| vec![rows, columns]).into(),
        ),
        ("controlling_terminal", sys::controlling_terminal().is_ok().into()),
    ])
}

fn path(found: std::io::Result<std::path::PathBuf>) -> Json {
    found.ok().map(|path| path.to_string_lossy().into_owned()).into()
}

fn text(path: &str) -> Option<String> {
    fs::read(path)
        .ok()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn environment() -> Json {
    std::env::vars_os()
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .collect::<Vec<_>>()
        .into()
}

fn status() -> Json {
    let Some(text) = text("/proc/self/status") else {
        return Json::Null;
    };
    let members = text.lines().filter_map(|line| line.split_once(':'));
    Json::Map(
        members
            .map(|(name, value)| (name.to_owned(), value.trim().into()))
            .collect(),
    )
}

fn limits() -> Json {
    let limit = |(name, number): (&&str, u32)| {
        let pair = sys::resource_limit(number).map(|(soft, hard)| vec![soft, hard]);
        (format!("RLIMIT_{name}"), pair.into())
    };
    Json::Map(LIMITS.iter().zip(0..).map(limit).collect())
}

fn namespaces() -> Json {
    let names = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];
    let link = |name: &str| {
        let target = fs::read_link(Path::new("/proc/self/ns").join(name)).ok();
        (
            name.to_owned(),
            target.map(|path| path.to_string_lossy().into_owned()).into(),
        )
    };
    Json::Map(names.into_iter().map(link).collect())
}

fn mounts() -> Json {
    let Some(text) = text("/proc/self/mountinfo") else {
        return Json::Null;
    };
    let words = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    let mount = |line: &str| -> Option<Json> {
        let (before, after) = line.split_once(" - ")?;
        let before: Vec<&str> = before.split(' ').collect();
        let after: Vec<&str> = after.split(' ').collect();
        let tags: Vec<String> = before.get(6..)?.iter().map(|&tag| tag.to_owned()).collect();
        Some(map([
            ("root", (*before.get(3)?).into()),
            ("point", (*before.get(4)?).into()),
            ("options", words(before.get(5)?).into()),
            ("tags", tags.into()),
            ("type", (*after.first()?).into()),
            ("source", (*after.get(1)?).into()),
            ("super", words(after.get(2)?).into()),
        ]))
    };
    text.lines().filter_map(mount).collect::<Vec<_>>().into()
}

fn descriptors() -> Json {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return Json::Null;
    };
    let numbers: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    // The descriptor that the listing itself used is closed by now, and its link with it.
    let open = numbers.into_iter().filter_map(|number| {
        let target = fs::read_link(format!("/proc/self/fd/{number}")).ok()?;
        Some((number, target.to_string_lossy().into_owned().into()))
    });
    Json::Map(open.collect())
}

fn interfaces() -> Json {
    let Some(text) = text("/proc/self/net/dev") else {
        return Json::Null;
    };
    let names = text.lines().skip(2).filter_map(|line| line.split_once(':'));
    Json::Map(
        names
            .map(|(name, _)| (name.trim().to_owned(), sys::interface_flags(name.trim()).ok().into()))
            .collect(),
    )
}

/// What `sched_getattr` tells; the numbers of `SCHED_DEADLINE` are 0 for other policies.
fn scheduling() -> Json {
    let Ok(attributes) = sys::scheduling() else {
        return Json::Null;
    };
    map([
        ("policy", attributes.policy.into()),
        ("flags", attributes.flags.into()),
        ("nice", attributes.nice.into()),
        ("priority", attributes.priority.into()),
        ("runtime", attributes.runtime.into()),
        ("deadline", attributes.deadline.into()),
        ("period", attributes.period.into()),
    ])
}

/// The mode with its flags, and the first 64 nodes as bits.
fn memory_policy() -> Json {
    let Ok((mode, nodes)) = sys::memory_policy() else {
        return Json::Null;
    };
    map([("mode", mode.into()), ("nodes", nodes.into())])
}

fn session_keyring() -> Option<i64> {
    const GET_KEYRING_ID: i64 = 0;
    const SESSION: i64 = -3;
    sys::syscall(libc::SYS_keyctl, [GET_KEYRING_ID, SESSION, 0, 0, 0, 0]).ok()
}
