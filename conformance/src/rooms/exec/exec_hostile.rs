//! `exec` into a container that is hostile: nothing of the host and of the runtime is given away, and nothing that the
//! container has made is believed.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::process::is_another_null;
use super::exec_statuses::pid_in;
use super::{probe, report, told};
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(watchful_root_of_the_container_sees_nothing),
    test!(
        root_that_may_trace_finds_nothing_of_the_host,
        ("runc", "1.1", "its own program and memory can be reached"),
        ("crun", "1.8", "the host's root can be reached")
    ),
    test!(
        root_that_may_trace_finds_no_process_without_the_filter,
        ("runc", "1.1", "loads it when the process can be seen"),
        ("crun", "1.8", "loads it when the process can be seen")
    ),
    test!(
        root_that_may_trace_speaks_for_no_process_of_the_runtime,
        ("crun", "1.8", "is kept from executing anything")
    ),
    test!(program_that_is_the_runtime_itself_changes_nothing),
    test!(
        passwd_that_is_no_file_is_not_waited_for,
        ("runc", "1.1", "waits for whoever writes to it"),
        ("crun", "1.8", "waits for whoever writes to it")
    ),
    test!(passwd_that_leads_to_the_host_is_not_followed),
    test!(
        null_of_the_host_is_not_given_away_by_exec,
        ("runc", "1.1", "leaves stdio of an exec as it is"),
        ("crun", "1.8", "leaves stdio of an exec as it is")
    ),
    test!(
        null_that_is_none_is_not_believed,
        ("runc", "1.1", "leaves stdio of an exec as it is"),
        ("crun", "1.8", "leaves stdio of an exec as it is")
    ),
    test!(
        proc_that_is_none_is_not_believed,
        ("runc", "1.1", "needs one"),
        ("crun", "1.8", "needs one")
    ),
];

/// Has the container's process watch while others are executed, and gives what that has seen.
fn watched(t: &Trial<'_>, bundle: Bundle, flags: &[&str], count: usize) -> Result<Vec<String>, Failure> {
    let bundle = bundle.writable().probe("watch /enough , exit 0");
    let end = bundle.rootfs().join("enough");
    let created = t.launch(&bundle)?;
    let pid = t.pid(&created.id)?;
    for _ in 0..count {
        same("exit status", &probe(t, &created.id, flags, "exit 0").finish()?.code, 0)?;
    }
    fs::write(end, "")?;
    t.exit_of(pid)?;
    let lines = created.lines()?;
    let seen = lines
        .first()
        .and_then(|line| line["value"].as_array())
        .cloned()
        .unwrap_or_default();
    Ok(seen.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// So many that most of them are met.
const MANY: usize = 60;

fn watchful_root_of_the_container_sees_nothing(t: &Trial<'_>) -> Verdict {
    let seen = watched(t, t.bundle()?, &[], MANY)?;
    let told: Vec<&String> = seen
        .iter()
        .filter(|seen| *seen != "seen" && !seen.starts_with("capabilities") && !seen.starts_with("filter"))
        .collect();
    ensure(told.is_empty(), || format!("{told:?}"))
}

/// The line's end of a process that may trace others, and no more.
const MAY_TRACE: &str = "0000000000080000";

fn root_that_may_trace_finds_nothing_of_the_host(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.capabilities(&["CAP_SYS_PTRACE"]);
    let seen = watched(t, bundle, &[], MANY)?;
    ensure(seen.iter().any(|seen| seen == "seen"), || {
        "no process was met on its way".into()
    })?;
    for thing in &seen {
        let is_harmless = match thing.split_once(' ') {
            None => true,
            Some(("root" | "cwd", place)) => place == "/",
            Some(("exe", place)) => place.starts_with("/memfd:") && !place.contains("written"),
            Some(("descriptor", place)) => {
                place.starts_with("socket:") || place.starts_with("/memfd:") || place.starts_with("pipe:")
            }
            Some(("capabilities", line)) => line.ends_with(MAY_TRACE),
            // The memory is that of a program that holds nothing but what is to be executed.
            Some(("maps" | "mem" | "filter", _)) => true,
            Some(_) => false,
        };
        ensure(is_harmless, || format!("{thing:?} among {seen:?}"))?;
    }
    Ok(())
}

/// Whoever may trace could make a process that has no filter yet do what the filter forbids; nor is there a capability
/// that was only borrowed to load it.
fn root_that_may_trace_finds_no_process_without_the_filter(t: &Trial<'_>) -> Verdict {
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]});
    let limit = |kind: &str, most: u32| json!([{"type": kind, "soft": most, "hard": most}]);
    for (gains_none, member, value) in [
        (true, "umask", json!(null)),
        (false, "umask", json!(null)),
        (false, "ioPriority", json!({"class": "IOPRIO_CLASS_BE", "priority": 6})),
        (false, "scheduler", json!({"policy": "SCHED_BATCH", "nice": 3})),
        (false, "rlimits", limit("RLIMIT_NOFILE", 8)),
        (true, "rlimits", limit("RLIMIT_NPROC", 8)),
    ] {
        let mut bundle = t
            .bundle()?
            .capabilities(&["CAP_SYS_PTRACE"])
            .set("/linux/seccomp", profile.clone())
            .set("/process/noNewPrivileges", json!(gains_none));
        if !value.is_null() {
            bundle = bundle.set(&format!("/process/{member}"), value);
        }
        let seen = watched(t, bundle, &[], MANY)?;
        let of = |kind: &str| {
            seen.iter()
                .filter_map(move |seen| seen.strip_prefix(kind))
                .collect::<Vec<_>>()
        };
        let (filters, capabilities) = (of("filter "), of("capabilities "));
        ensure(!filters.is_empty(), || "no process was met on its way".into())?;
        ensure(filters == ["Seccomp:\t2"], || format!("{filters:?}"))?;
        ensure(capabilities.iter().all(|line| line.ends_with(MAY_TRACE)), || {
            format!("{capabilities:?}")
        })?;
    }
    Ok(())
}

/// A process of the host that nobody but its parent may end.
struct Bystander(Child);

impl Bystander {
    fn new() -> Result<Self, Failure> {
        Ok(Self(Command::new("sleep").arg("300").spawn()?))
    }

    fn lives(&mut self) -> Verdict {
        let ended = self.0.try_wait()?;
        ensure(ended.is_none(), || {
            format!("a process of the host was ended: {ended:?}")
        })
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whoever may trace can take the socket of a process that is on its way, and say that this one goes on as a process of
/// the host: that one must not be taken for the container's.
fn root_that_may_trace_speaks_for_no_process_of_the_runtime(t: &Trial<'_>) -> Verdict {
    let mut bystander = Bystander::new()?;
    let pid = bystander.0.id().to_string();
    let bundle = t
        .bundle()?
        .writable()
        .capabilities(&["CAP_SYS_PTRACE"])
        .probe(&format!("impersonate {pid} /enough , exit 0"));
    let end = bundle.rootfs().join("enough");
    let created = t.launch(&bundle)?;
    let init = t.pid(&created.id)?;
    let file = t.dir.join("pid-file").to_string_lossy().into_owned();
    for _ in 0..MANY {
        let done = probe(t, &created.id, &["--pid-file", &file], "exit 0").finish()?;
        bystander.lives()?;
        same("exit status", &done.code, 0)?;
        let written = fs::read_to_string(&file)?;
        ensure(written != pid, || format!("the pid file has the host's process {pid}"))?;
    }
    fs::write(end, "")?;
    t.exit_of(init)?;
    bystander.lives()
}

/// As CVE-2019-5736 has it: what is executed is the runtime's own program, as which the container could have it open.
fn program_that_is_the_runtime_itself_changes_nothing(t: &Trial<'_>) -> Verdict {
    let before = fs::read(&t.runtime.path)?;
    let bundle = t
        .bundle()?
        .writable()
        .probe("sleep 600")
        .file("evil", "#!/proc/self/exe\n")?;
    let evil = bundle.rootfs().join("evil");
    fs::set_permissions(&evil, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let id = t.launch(&bundle)?.id;
    for _ in 0..5 {
        let done = t.call(&["exec", &id, "/evil"]).finish()?;
        ensure(done.code != 0, || format!("it ran: {}", done.out))?;
    }
    ensure(fs::read(&t.runtime.path)? == before, || {
        "the runtime's program has changed".into()
    })?;
    same("exit status", &probe(t, &id, &[], "exit 2").finish()?.code, 2)
}

fn without_home(t: &Trial<'_>) -> Result<Bundle, Failure> {
    Ok(t.bundle()?
        .writable()
        .probe("sleep 600")
        .set("/process/env", json!(["PATH=/"])))
}

fn home(t: &Trial<'_>, id: &str) -> Result<String, Failure> {
    let report = report(t, id, &[])?;
    let variables = report["env"].as_array().cloned().unwrap_or_default();
    let home = variables
        .iter()
        .filter_map(Value::as_str)
        .find_map(|one| one.strip_prefix("HOME="));
    Ok(home.unwrap_or_default().to_owned())
}

fn passwd_that_is_no_file_is_not_waited_for(t: &Trial<'_>) -> Verdict {
    let bundle = without_home(t)?.folder("etc")?;
    let id = t.launch(&bundle)?.id;
    let path = bundle.rootfs().join("etc/passwd");
    let _ = fs::remove_file(&path);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o666),
        0,
    )?;
    let begin = Instant::now();
    same("home", &home(t, &id)?, "/")?;
    ensure(begin.elapsed() < Duration::from_secs(10), || {
        format!("took {:?}", begin.elapsed())
    })
}

fn passwd_that_leads_to_the_host_is_not_followed(t: &Trial<'_>) -> Verdict {
    let outside = t.dir.join("passwd-of-the-host");
    fs::write(&outside, "root:x:0:0::/home/of/the/host:/bin/sh\n")?;
    let bundle = without_home(t)?.folder("etc")?;
    let id = t.launch(&bundle)?.id;
    let path = bundle.rootfs().join("etc/passwd");
    for target in [
        outside.clone(),
        format!("/proc/self/root{}", outside.display()).into(),
        format!("../../../../../../..{}", outside.display()).into(),
    ] {
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(&target, &path)?;
        same("home", &home(t, &id)?, "/")?;
    }
    Ok(())
}

/// The container has put something else in the place of its /proc, in which whoever reads or writes would be misled.
fn proc_that_is_none_is_not_believed(t: &Trial<'_>) -> Verdict {
    let bundle = without_home(t)?
        .without_mount("/proc")
        .set("/linux/maskedPaths", serde_json::json!([]))
        .set("/linux/readonlyPaths", serde_json::json!([]))
        .file("etc/passwd", "root:x:0:0::/home/root:/bin/sh\n")?
        .file("proc/self/fd/3", "root:x:0:0::/home/misled:/bin/sh\n")?
        .file("proc/self/oom_score_adj", "0")?
        .file("proc/self/attr/exec", "")?;
    let id = t
        .launch(&bundle.set("/process/oomScoreAdj", serde_json::json!(333)))?
        .id;
    same("home", &home(t, &id)?, "/home/root")?;
    let told = told(t, &id, &[], "read /proc/self/oom_score_adj")?;
    same("what the container has put there", &told["value"], "0")
}

/// The `/dev/null` that a further process has been given for what was the host's.
fn null_of_exec(t: &Trial<'_>, id: &str) -> Verdict {
    let file = t.dir.join("exec.pid");
    probe(t, id, &["--detach", "--pid-file", &file.to_string_lossy()], "sleep 30").succeed()?;
    let pid = pid_in(&file)?;
    let verdict = is_another_null(&format!("/proc/{}/fd/0", pid.as_raw_nonzero()));
    rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
    t.exit_of(pid)?;
    verdict
}

fn null_of_the_host_is_not_given_away_by_exec(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 600"))?.id;
    null_of_exec(t, &id)
}

fn null_that_is_none_is_not_believed(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 600"))?.id;
    let null = format!("/proc/{}/root/dev/null", t.pid(&id)?.as_raw_nonzero());
    fs::remove_file(&null)?;
    fs::write(&null, "")?;
    null_of_exec(t, &id)?;
    fs::remove_file(&null)?;
    null_of_exec(t, &id)?;
    // A link leads nowhere.
    std::os::unix::fs::symlink("zero", &null)?;
    null_of_exec(t, &id)
}
