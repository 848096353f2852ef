//! `explain` tells all that the runtime and init will do, in the order in which they do it: looked at with `strace`.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{WaitOptions, wait};
use serde_json::{Value, json};

use super::acts::{self, Act};
use super::telling_calls::{How, Scene, how};
use super::trace::{self, By, Event};
use crate::agent::Agent;
use crate::bundle::Bundle;
use crate::call::Call;
use crate::descriptor::descriptor_from;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::rooms::cgroups::delegation::{v2_is_alone, with_own_cgroups};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{USER, as_user, give, mapped, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(explain_tells_the_order_for_the_default_bundle),
    test!(explain_tells_the_order_for_a_bundle_like_dockers),
    test!(explain_tells_the_order_for_an_ordinary_users_bundle),
    test!(explain_tells_the_order_for_a_bundle_with_a_user_namespace),
    test!(explain_tells_the_order_for_a_bundle_that_joins_namespaces),
    test!(explain_tells_the_order_for_a_payload_with_a_cgroup_of_its_own),
];

/// Six kinds of hooks.
const ON_HOST: [&str; 4] = ["prestart", "createRuntime", "poststart", "poststop"];

fn skip_without_explain_or_strace(t: &Trial<'_>) -> Verdict {
    if t.runtime.name != "orlop" {
        return Err(Failure::Skip("only orlop has `explain`".into()));
    }
    let tried = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "/bin/true"])
        .output();
    match tried {
        Err(error) => Err(Failure::Skip(format!("there is no strace: {error}"))),
        Ok(output) if !output.status.success() => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(Failure::Skip(format!("strace does not work here: {}", why.trim())))
        }
        Ok(_) => Ok(()),
    }
}

fn explain_tells_the_order_for_the_default_bundle(t: &Trial<'_>) -> Verdict {
    skip_without_explain_or_strace(t)?;
    let mut bundle = t.bundle()?;
    t.call(&["spec", "--bundle", &bundle.dir.to_string_lossy()]).succeed()?;
    bundle.config = config(&bundle)?;
    // Its shell is to be found, and to be alive when it is deleted.
    fs::create_dir(bundle.rootfs().join("bin"))?;
    fs::hard_link(bundle.rootfs().join("probe"), bundle.rootfs().join("bin/sh"))?;
    let bundle = bundle.args(&["sh", "sleep", "60"]);
    let socket = t.dir.join("console");
    let listener = UnixListener::bind(&socket)?;
    let taker = std::thread::spawn(move || descriptor_from(&listener));
    let verdict = compare(t, &bundle, &format!("--console-socket {}", socket.display()), Who::Root);
    // The terminal lives as long as this.
    drop(taker.join());
    verdict
}

fn explain_tells_the_order_for_a_bundle_like_dockers(t: &Trial<'_>) -> Verdict {
    skip_without_explain_or_strace(t)?;
    let bundle = t.bundle()?.probe("sleep 60");
    let agent = Agent::at(&t.dir.join("agent"), libc::SYS_getppid, libc::EXDEV)?;
    let listener = agent.path.to_string_lossy().into_owned();
    let bundle = hooked(like_dockers(t, bundle, &listener)?)?;
    let verdict = compare(t, &bundle, "", Who::Root);
    // Before Linux 6.11 a filter lives until its last process is reaped, and the agent as long as the filter.
    reap_all();
    agent.seen()?;
    verdict
}

fn explain_tells_the_order_for_an_ordinary_users_bundle(t: &Trial<'_>) -> Verdict {
    skip_without_explain_or_strace(t)?;
    let mut bundle = rootless(t)?;
    give(&bundle.dir, USER)?;
    let dir = bundle.dir.to_string_lossy().into_owned();
    as_user(t, t.call(&["spec", "--rootless", "--bundle", &dir]))?.succeed()?;
    bundle.config = config(&bundle)?;
    let limits = json!([
        {"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 512},
        {"type": "RLIMIT_CORE", "hard": 0, "soft": 0}
    ]);
    let bundle = bundle
        .set("/process/terminal", json!(false))
        .set("/process/rlimits", limits);
    let bundle = hooked(bundle.probe("sleep 60"))?;
    give(&bundle.dir, USER)?;
    compare(t, &bundle, "", Who::User)
}

fn explain_tells_the_order_for_a_bundle_with_a_user_namespace(t: &Trial<'_>) -> Verdict {
    skip_without_explain_or_strace(t)?;
    let volume = t.host_folder()?;
    let rules = json!({"filesystem": {"handled": ["make_sock"], "allowed": [
        {"paths": ["/data"], "access": ["make_sock"]}]}});
    let cgroups = ["nosuid", "noexec", "nodev", "relatime"];
    let bundle = mapped(t)?
        .without_mount("/sys/fs/cgroup")
        .mount("/sys/fs/cgroup", "cgroup", "cgroup", &cgroups)
        .new_namespace("cgroup")
        .bind("/data", Path::new(&volume), &["rbind", "idmap"])
        .set("/annotations", json!({"org.orlop.landlock": rules.to_string()}))
        .probe("sleep 60");
    compare(t, &hooked(bundle)?, "", Who::Root)
}

fn explain_tells_the_order_for_a_bundle_that_joins_namespaces(t: &Trial<'_>) -> Verdict {
    skip_without_explain_or_strace(t)?;
    let namespaces = t.namespaces_of(&t.bundle()?.probe("sleep 60"))?;
    let join = |bundle: Bundle, (kind, file): (&str, &str)| bundle.joining(kind, &format!("{namespaces}/{file}"));
    let kinds = [("pid", "pid"), ("network", "net"), ("ipc", "ipc"), ("uts", "uts")];
    let bundle = kinds.into_iter().fold(t.bundle()?, join);
    let output = t.dir.join("output").to_string_lossy().into_owned();
    let bundle = bundle
        .remove("", "hostname")
        .user(USER, USER)
        .set("/annotations", json!({"run.oci.hooks.stdout": output}))
        .probe("sleep 60");
    let verdict = compare(t, &hooked(bundle)?, "", Who::Root);
    // As long as nobody has reaped it, the other container, in whose pid namespace it was, cannot end.
    reap_all();
    verdict
}

fn explain_tells_the_order_for_a_payload_with_a_cgroup_of_its_own(t: &Trial<'_>) -> Verdict {
    skip_without_explain_or_strace(t)?;
    v2_is_alone()?;
    let bundle = with_own_cgroups(mapped(t)?)
        .set("/annotations", json!({"run.oci.delegate-cgroup": "payload"}))
        .set("/linux/resources/pids", json!({"limit": 77}))
        .probe("sleep 60");
    compare(t, &hooked(bundle)?, "", Who::Root)
}

/// Reaps all that has ended by now.
fn reap_all() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}

/// What `spec` has written.
fn config(bundle: &Bundle) -> Result<Value, Failure> {
    let text = fs::read_to_string(bundle.dir.join("config.json"))?;
    serde_json::from_str(&text).or_else(|error| wrong(format!("config.json: {error}")))
}

fn like_dockers(t: &Trial<'_>, bundle: Bundle, agent: &str) -> Result<Bundle, Failure> {
    for name in ["resolv.conf", "hostname", "hosts"] {
        fs::write(t.dir.join(name), "x")?;
    }
    let volume = t.host_folder()?;
    let file =
        |bundle: Bundle, name: &str| bundle.bind(&format!("/etc/{name}"), &t.dir.join(name), &["rbind", "rprivate"]);
    let bundle = ["resolv.conf", "hostname", "hosts"]
        .iter()
        .fold(bundle, |bundle, name| file(bundle, name));
    let sets = [
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FSETID",
        "CAP_FOWNER",
        "CAP_MKNOD",
        "CAP_NET_RAW",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETFCAP",
        "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE",
        "CAP_SYS_CHROOT",
        "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ];
    let rule = |access: &str, kind: &str, major: u32, minor: u32| json!({"allow": true, "access": access, "type": kind, "major": major, "minor": minor});
    let resources = json!({
        "devices": [
            {"allow": false, "access": "rwm"}, rule("rwm", "c", 1, 5), rule("rwm", "c", 1, 3), rule("rwm", "c", 1, 9),
            rule("rwm", "c", 1, 8), rule("rwm", "c", 5, 0), rule("rwm", "c", 5, 1), rule("rwm", "c", 10, 229)
        ],
        "memory": {"limit": 268_435_456, "swap": 268_435_456},
        "cpu": {"shares": 512},
        "pids": {"limit": 100}
    });
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": agent, "syscalls": [
        {"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"},
        {"names": ["add_key", "keyctl", "request_key"], "action": "SCMP_ACT_ERRNO"}
    ]});
    let limits = json!([
        {"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024},
        {"type": "RLIMIT_NPROC", "hard": 500, "soft": 400}
    ]);
    Ok(bundle
        .writable()
        .capabilities(&sets)
        .bind("/data", Path::new(&volume), &["rbind", "ro", "nosuid"])
        .mount("/tmp", "tmpfs", "tmpfs", &["nosuid", "nodev", "tmpcopyup", "mode=1777"])
        .mount("/run", "tmpfs", "tmpfs", &["nosuid", "size=64k"])
        .set(
            "/linux/devices",
            json!([{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229,
            "fileMode": 438, "uid": 0, "gid": 0}, {"path": "/dev/pipe", "type": "p"}]),
        )
        .set("/linux/resources", resources)
        .set("/linux/seccomp", profile)
        .set(
            "/linux/sysctl",
            json!({"net.ipv4.ip_unprivileged_port_start": "0", "kernel.msgmax": "65536"}),
        )
        .set("/linux/rootfsPropagation", json!("rslave"))
        .set("/linux/timeOffsets", json!({"monotonic": {"secs": 77}}))
        .new_namespace("time")
        .new_namespace("cgroup")
        .set("/hostname", json!("like-dockers"))
        .set("/domainname", json!("example.org"))
        .set("/process/rlimits", limits)
        .set("/process/oomScoreAdj", json!(100))
        .set(
            "/process/ioPriority",
            json!({"class": "IOPRIO_CLASS_BE", "priority": 4}),
        )
        .set("/process/scheduler", json!({"policy": "SCHED_BATCH", "nice": 1}))
        .set(
            "/process/user",
            json!({"uid": 1000, "gid": 1000, "umask": 18, "additionalGids": [1, 2, 3]}),
        )
        .set("/process/cwd", json!("/made/for/this"))
        .set("/linux/personality", json!({"domain": "LINUX"})))
}

/// All six kinds of hooks, each with a program of its own.
fn hooked(mut bundle: Bundle) -> Result<Bundle, Failure> {
    let folder = bundle.dir.join("hooks");
    fs::create_dir(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    let program = |path: &Path| fs::hard_link(bundle.rootfs().join("probe"), path);
    let hook = |path: String| json!({"path": path, "args": ["hook", "exit", "0"]});
    let mut hooks = Vec::new();
    for kind in ON_HOST.into_iter().chain(["createContainer"]) {
        program(&folder.join(kind))?;
        hooks.push((kind, hook(folder.join(kind).to_string_lossy().into_owned())));
    }
    program(&bundle.rootfs().join("starting"))?;
    hooks.push(("startContainer", hook("/starting".into())));
    for (kind, hook) in hooks {
        bundle = bundle.hook(kind, hook);
    }
    Ok(bundle)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Root,
    User,
}

impl Who {
    fn call<'t>(self, t: &'t Trial<'_>, words: &[&str]) -> Result<Call<'t>, Failure> {
        match self {
            Self::Root => Ok(t.call(words)),
            Self::User => as_user(t, t.call(words)),
        }
    }

    /// The state root of its calls.
    fn root(self, t: &Trial<'_>) -> PathBuf {
        match self {
            Self::Root => t.root.clone(),
            Self::User => t.dir.join("rootless"),
        }
    }
}

/// Asks what will be done, has it done under strace, and compares.
fn compare(t: &Trial<'_>, bundle: &Bundle, flags: &str, who: Who) -> Verdict {
    bundle.save()?;
    let dir = bundle.dir.to_string_lossy().into_owned();
    if who == Who::User {
        chown(bundle.dir.join("config.json"), Some(USER), Some(USER))?;
    }
    let told = who
        .call(t, &["explain", "--json", "--bundle", &dir])?
        .succeed()?
        .json()?;
    let scene = Scene {
        acts: acts::read(&told, &bundle.id)?,
        id: bundle.id.clone(),
        rootfs: bundle.rootfs().to_string_lossy().into_owned(),
        state: who.root(t).join(&bundle.id).to_string_lossy().into_owned(),
    };
    let trace = life(t, bundle, flags, who)?;
    let mut events = trace::read(&trace, &t.runtime.path.to_string_lossy());
    // Before Linux 6.3 there is no MFD_NOEXEC_SEAL: the memfd is asked for again, without.
    events.retain(|event| event.name != "memfd_create" || !event.result.starts_with("-1 EINVAL"));
    let found = find(&events, &scene)?;
    let acts: Vec<(&Act, usize)> = scene
        .acts
        .iter()
        .zip(found)
        .filter_map(|(act, at)| Some((act, at?)))
        .collect();
    in_order(
        "acts, but for those that init does not wait for",
        &acts,
        &events,
        |act| !act.is_beside(),
    )?;
    in_order("acts of the runtime", &acts, &events, Act::is_of_the_runtime)
}

/// A container's life under strace: create, start and delete by force. What strace wrote.
fn life(t: &Trial<'_>, bundle: &Bundle, flags: &str, who: Who) -> Result<String, Failure> {
    let file = t.dir.join("trace");
    let by = match who {
        Who::Root => String::new(),
        Who::User => format!("setpriv --reuid {USER} --regid {USER} --clear-groups"),
    };
    // The moment between is for init: it is to wait for start when start comes.
    let calls = format!(
        "\"$0\" \"$@\" create {flags} --bundle {} {id} && sleep 0.3 && \"$0\" \"$@\" start {id} && \
         \"$0\" \"$@\" delete --force {id}",
        bundle.dir.display(),
        id = bundle.id
    );
    let strace = format!(
        "exec strace -f -y --decode-pids=pidns -s 4096 -o {} {by} /bin/sh -c '{}' \"$0\" \"$@\"",
        file.display(),
        calls
    );
    t.adopt(&bundle.id);
    // A file would stay whose it is.
    let (_reader, out) = std::io::pipe()?;
    let err = t.dir.join("trace-err");
    let call = who.call(t, &[])?.script(&strace).streams(out, fs::File::create(&err)?);
    let code = call.finish()?.code;
    let said = fs::read_to_string(err)?;
    ensure(code == 0, || {
        format!("a life under strace ended with {code}: {}", said.trim())
    })?;
    Ok(String::from_utf8_lossy(&fs::read(file)?).into_owned())
}

/// Where in the trace each act is; nothing for those that show nowhere.
fn find(events: &[Event], scene: &Scene) -> Result<Vec<Option<usize>>, Failure> {
    let has_no_cgroup = events.iter().any(|event| {
        let is_refused = ["-1 EACCES", "-1 EPERM", "-1 EROFS"]
            .iter()
            .any(|errno| event.result.starts_with(errno));
        matches!(event.by, By::Runtime(_)) && event.name == "mkdirat" && is_refused
    });
    let mut before: HashMap<(bool, &str), usize> = HashMap::new();
    let mut found = Vec::new();
    let mut faults = Vec::new();
    for act in &scene.acts {
        // The second act with the same words is the second call that tells of it.
        let earlier = before.entry((act.is_of_the_runtime(), &act.text)).or_default();
        let (calls, number, may_lack) = match how(act, scene) {
            None => {
                faults.push(format!("no row of telling_calls.rs is for: {}", act.line()));
                found.push(None);
                continue;
            }
            Some(How::Not) => {
                found.push(None);
                continue;
            }
            Some(How::By { calls, number }) => (calls, number, false),
            Some(How::InCgroup(calls)) => (calls, 1, has_no_cgroup),
        };
        let like = |event: &&Event| event.by == act.by && calls.iter().any(|call| call.is_like(event));
        let mut matching = events.iter().enumerate().filter(|(_, event)| like(event));
        let at = matching.nth(number - 1 + *earlier).map(|(at, _)| at);
        *earlier += 1;
        if at.is_none() && !may_lack {
            let wanted: Vec<String> = calls.iter().map(|call| call.line()).collect();
            faults.push(format!("not seen: {}, wanted {}", act.line(), wanted.join(" or ")));
        }
        found.push(at);
    }
    same("faults", &faults.len(), 0).or_else(|_| wrong(faults.join("\n    ")))?;
    Ok(found)
}

/// The acts of a kind have to be found in the order of the list.
fn in_order(what: &str, acts: &[(&Act, usize)], events: &[Event], is_of_it: impl Fn(&Act) -> bool) -> Verdict {
    let mut faults = Vec::new();
    let mut last: Option<(&Act, usize)> = None;
    for &(act, at) in acts.iter().filter(|(act, _)| is_of_it(act)) {
        match last {
            Some((earlier, before)) if at <= before => {
                let (seen, wanted) = (events[at].line(), events[before].line());
                faults.push(format!(
                    "{} ({seen}) is seen before {} ({wanted})",
                    act.line(),
                    earlier.line()
                ));
            }
            _ => last = Some((act, at)),
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    wrong(format!(
        "the order of the {what} is another one:\n    {}",
        faults.join("\n    ")
    ))
}
