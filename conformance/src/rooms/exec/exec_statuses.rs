//! In which containers `exec` runs a process, and how it ends.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, pidfd_send_signal, test_kill_process};
use serde_json::json;

use super::{probe, report, told};
use crate::call::text_on_stdin;
use crate::descriptor::descriptor_from;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::{Created, Trial};

pub(crate) const TESTS: &[Test] = &[
    test!(exit_status_is_passed_on),
    test!(end_by_a_signal_is_told_as_128_and_its_number),
    test!(
        failures_of_its_own_are_told_by_255,
        ("crun", "1.8", "ends with 1 where there is no such container")
    ),
    test!(
        program_that_cannot_be_executed_is_told,
        ("crun", "1.8", "words of its own")
    ),
    test!(stopped_container_is_refused, ("crun", "1.8", "words of its own, and 1")),
    test!(
        paused_container_is_refused,
        ("crun", "1.8", "waits until it is resumed")
    ),
    test!(
        paused_container_is_waited_for_if_that_is_asked_for,
        ("crun", "1.8", "does not know --ignore-paused")
    ),
    test!(created_container_takes_a_process),
    test!(container_that_is_being_created_is_refused, ("crun", "1.8", "takes it")),
    test!(stdio_is_the_callers),
    test!(input_ends_with_the_callers),
    test!(detached_process_goes_on),
    test!(pid_file_has_the_pid_of_the_process),
    test!(
        pidfd_goes_to_the_socket,
        ("runc", "1.1", "does not know --pidfd-socket"),
        ("crun", "1.8", "does not know --pidfd-socket")
    ),
    test!(signals_are_passed_on),
    test!(a_thousand_leave_nothing),
    test!(many_at_once_all_run),
    test!(a_process_that_lives_ends_with_the_container),
    test!(
        zombie_that_keeps_the_container_is_told,
        crate::rooms::deviations::RUNC_IS_SILENT,
        ("crun", "1.8", "does not wait for the end")
    ),
    test!(exec_that_is_killed_at_any_instant_leaves_a_container_that_is_well),
    test!(nothing_is_left_of_one_that_failed, ("crun", "1.8", "leaves a zombie")),
];

/// A container whose process waits.
pub(super) fn waiting(t: &Trial<'_>) -> Result<Created, Failure> {
    t.launch(&t.bundle()?.probe("sleep 600"))
}

fn exit_status_is_passed_on(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    for code in [0, 7, 125, 126, 127, 255] {
        let done = probe(t, &id, &[], &format!("exit {code}")).finish()?;
        same("exit status", &done.code, code)?;
    }
    Ok(())
}

fn end_by_a_signal_is_told_as_128_and_its_number(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let done = probe(t, &id, &[], "kill 0 9").finish()?;
    same("exit status", &done.code, 137)
}

fn failures_of_its_own_are_told_by_255(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    for words in [
        &["--cwd", "/nowhere"][..],
        &["--user", "1:x"],
        &["--console-socket", "/nowhere"],
    ] {
        same("exit status", &probe(t, &id, words, "exit 0").finish()?.code, 255)?;
    }
    same(
        "exit status",
        &t.call(&["exec", "nobody", "/probe"]).finish()?.code,
        255,
    )
}

fn program_that_cannot_be_executed_is_told(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .probe("sleep 600")
        .file("text", "no program")?
        .folder("folder")?;
    let id = t.launch(&bundle)?.id;
    for (program, words) in [
        ("/missing", "stat /missing: no such file or directory"),
        ("missing", "executable file not found in $PATH"),
        ("/folder", "permission denied"),
        ("/text", "permission denied"),
    ] {
        let done = t.call(&["exec", &id, program]).refusal(&[words])?;
        same("exit status", &done.code, 255)?;
    }
    Ok(())
}

fn stopped_container_is_refused(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    let done = probe(t, &created.id, &[], "exit 0").refusal(&["cannot exec in a stopped container"])?;
    same("exit status", &done.code, 255)
}

fn paused_container_is_refused(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    t.call(&["pause", &id]).succeed()?;
    let refused = probe(t, &id, &[], "exit 0").refuse(&["cannot exec in a paused container", "--ignore-paused"]);
    t.call(&["resume", &id]).succeed()?;
    refused
}

fn paused_container_is_waited_for_if_that_is_asked_for(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    t.call(&["pause", &id]).succeed()?;
    let running = probe(t, &id, &["--ignore-paused"], "exit 3").spawn()?;
    std::thread::sleep(Duration::from_millis(200));
    let lives = running.lives()?;
    t.call(&["resume", &id]).succeed()?;
    same("exit status", &running.wait()?.code, 3)?;
    ensure(lives, || "it ended while the container was paused".into())
}

fn created_container_takes_a_process(t: &Trial<'_>) -> Verdict {
    let id = t.create(&t.bundle()?.probe("sleep 600"))?.id;
    same("exit status", &probe(t, &id, &[], "exit 5").finish()?.code, 5)?;
    t.call(&["start", &id]).succeed()?;
    same("status", &t.status(&id)?, "running")
}

fn container_that_is_being_created_is_refused(t: &Trial<'_>) -> Verdict {
    let flag = t.dir.join("in-hook");
    let hook = json!({"path": "/bin/sh", "args": ["sh", "-c", format!("touch {flag:?}; sleep 2")]});
    let bundle = t.bundle()?.probe("sleep 600").hook("createRuntime", hook);
    bundle.save()?;
    let creating = t.with_bundle(&["create"], &bundle)?.spawn()?;
    t.until("the hook runs", || Ok(flag.exists()))?;
    let done = probe(t, &bundle.id, &[], "exit 0").finish()?;
    let created = creating.wait()?;
    same("exit status of create", &created.code, 0)?;
    t.adopt(&bundle.id);
    same("exit status", &done.code, 255)
}

fn stdio_is_the_callers(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let done = probe(t, &id, &[], "stdout out , stderr err").succeed()?;
    ensure(done.out.contains("out") && done.err.contains("err"), || {
        format!("{:?} and {:?}", done.out, done.err)
    })
}

fn input_ends_with_the_callers(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let done = probe(t, &id, &[], "stdin")
        .stdin(text_on_stdin("some words")?)
        .succeed()?;
    ensure(done.out.contains("some words"), || done.out.clone())
}

/// Ends the process whose pid is in a file, and reaps it: the harness is its parent by now. A pid namespace's end waits for
/// all who were in it to be reaped.
pub(super) fn end(t: &Trial<'_>, file: &str) -> Verdict {
    let pid = pid_in(std::path::Path::new(file))?;
    // It may have ended itself.
    let _ = rustix::process::kill_process(pid, Signal::KILL);
    t.exit_of(pid).map(drop)
}

/// The pid in a file.
pub(in crate::rooms) fn pid_in(file: &std::path::Path) -> Result<Pid, Failure> {
    let text = fs::read_to_string(file)?;
    let pid = text.parse().ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| Failure::Wrong(format!("the pid file holds {text:?}")))
}

fn detached_process_goes_on(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let file = t.dir.join("pid");
    let before = Instant::now();
    probe(t, &id, &["--detach", "--pid-file", &file.to_string_lossy()], "sleep 30").succeed()?;
    ensure(before.elapsed() < Duration::from_secs(20), || {
        "it was waited for".into()
    })?;
    let (pid, init) = (pid_in(&file)?, t.pid(&id)?);
    test_kill_process(pid)?;
    t.call(&["kill", &id, "KILL"]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)?;
    t.exit_of(init).map(drop)
}

fn pid_file_has_the_pid_of_the_process(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let flags = ["--detach", "--pid-file", "the-pid"];
    probe(t, &id, &flags, "sleep 30").folder(&t.dir).succeed()?;
    let pid = pid_in(&t.dir.join("the-pid"))?;
    let command = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero()))?;
    let command = String::from_utf8_lossy(&command).into_owned();
    end(t, &t.dir.join("the-pid").to_string_lossy())?;
    ensure(command.starts_with("/probe\0sleep"), || command.clone())
}

/// The harness is the parent of orphans, and has not waited.
fn zombie_that_keeps_the_container_is_told(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let file = t.dir.join("pid");
    let flags = ["--detach", "--pid-file", &file.to_string_lossy()];
    probe(t, &id, &flags, "exit 0").succeed()?;
    let pid = fs::read_to_string(&file)?;
    t.until("a zombie", || {
        Ok(fs::read_to_string(format!("/proc/{pid}/stat"))?.contains(") Z "))
    })?;
    let refused = t.call(&["delete", "--force", &id]).finish()?;
    let number = pid.parse().ok().and_then(Pid::from_raw);
    t.exit_of(number.ok_or_else(|| Failure::Wrong(pid.clone()))?)?;
    same("exit status", &refused.code, 1)?;
    for phrase in [
        &format!("process {pid}, a zombie"),
        &format!("process {}", std::process::id()),
        "has not waited for it",
    ] {
        ensure(refused.err.contains(phrase), || {
            format!("no {phrase:?}: {}", refused.err)
        })?;
    }
    t.call(&["delete", "--force", &id]).succeed().map(drop)
}

fn pidfd_goes_to_the_socket(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let path = t.dir.join("pidfd");
    let listener = UnixListener::bind(&path)?;
    let taker = std::thread::spawn(move || descriptor_from(&listener).map_err(|error| error.to_string()));
    let flags = ["--pidfd-socket", &path.to_string_lossy()];
    let running = probe(t, &id, &flags, "stdout begins , sleep 60").spawn()?;
    let pidfd = match taker.join() {
        Ok(Ok(pidfd)) => pidfd,
        other => return Err(Failure::Wrong(format!("no descriptor: {other:?}"))),
    };
    // Earlier it is not the process yet.
    running.until_out_has("begins")?;
    pidfd_send_signal(pidfd.as_fd(), Signal::USR1)?;
    same("exit status", &running.wait()?.code, 128 + Signal::USR1.as_raw())
}

fn signals_are_passed_on(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let running = probe(t, &id, &[], "stdout begins , sleep 60").spawn()?;
    running.until_out_has("begins")?;
    running.signal(Signal::TERM)?;
    same("exit status", &running.wait()?.code, 128 + Signal::TERM.as_raw())?;
    same("status", &t.status(&id)?, "running")
}

/// What a container's health check of some hours comes to.
fn a_thousand_leave_nothing(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 600"))?.id;
    let init = format!("/proc/{}", t.pid(&id)?.as_raw_nonzero());
    let look = || -> Result<String, Failure> {
        let mut files = Vec::new();
        for entry in fs::read_dir(t.root.join(&id))? {
            let entry = entry?;
            files.push((entry.file_name(), entry.metadata()?.len()));
        }
        files.sort();
        let status = fs::read_to_string(format!("{init}/status"))?;
        let resident = status.lines().find(|line| line.starts_with("VmRSS")).map(str::to_owned);
        let open = fs::read_dir(format!("{init}/fd"))?.count();
        let mounts = fs::read_to_string(format!("{init}/mountinfo"))?;
        let keys = fs::read_to_string("/proc/keys").unwrap_or_default();
        let keys = keys.lines().filter(|line| line.contains(&id)).count();
        Ok(format!(
            "{files:?} {resident:?} {open} descriptors, {keys} keys, {mounts}"
        ))
    };
    probe(t, &id, &[], "exit 0").succeed()?;
    let before = look()?;
    let quiet = || Ok::<_, Failure>(fs::OpenOptions::new().write(true).open("/dev/null")?);
    // Where each instruction is interpreted, as many as half of the time is enough for.
    let begin = Instant::now();
    let end = begin + t.deadline.saturating_duration_since(begin) / 2;
    for number in 0..1000 {
        if Instant::now() > end && number >= 100 {
            t.note(&format!("{number} of 1000"));
            break;
        }
        let done = probe(t, &id, &[], "exit 7").streams(quiet()?, quiet()?).finish()?;
        same(&format!("exit status of number {number}"), &done.code, 7)?;
    }
    same("what is there", &look()?.as_str(), before.as_str())
}

fn many_at_once_all_run(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let all = (1..=20).map(|code| Ok((code, probe(t, &id, &[], &format!("exit {code}")).spawn()?)));
    let all: Vec<_> = all.collect::<Result<_, Failure>>()?;
    for (code, running) in all {
        same("exit status", &running.wait()?.code, code)?;
    }
    Ok(())
}

fn a_process_that_lives_ends_with_the_container(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let running = probe(t, &id, &[], "stdout begins , sleep 60").spawn()?;
    running.until_out_has("begins")?;
    t.call(&["kill", &id, "KILL"]).succeed()?;
    same("exit status", &running.wait()?.code, 137)
}

fn nothing_is_left_of_one_that_failed(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let file = t.dir.join("pid");
    let before = report(t, &id, &[])?["cgroup"].clone();
    let flags = ["--pid-file", &file.to_string_lossy(), "--cwd", "/nowhere"];
    probe(t, &id, &flags, "exit 0").refuse(&["/nowhere"])?;
    ensure(!file.exists(), || "the pid file is there".into())?;
    let processes = told(t, &id, &[], "list /proc")?;
    let names = processes["value"].as_array().cloned().unwrap_or_default();
    let pids = names
        .iter()
        .filter(|name| name.as_str().is_some_and(|name| name.parse::<u32>().is_ok()));
    same("processes", &pids.count(), 2)?;
    same("cgroup", &report(t, &id, &[])?["cgroup"], before)
}

fn exec_that_is_killed_at_any_instant_leaves_a_container_that_is_well(t: &Trial<'_>) -> Verdict {
    is_well_after_kills(t, &t.launch(&t.bundle()?.probe("sleep 600"))?.id)
}

/// Kills an `exec` into this container, whose init is alone, after each part of the time that it takes.
pub(in crate::rooms) fn is_well_after_kills(t: &Trial<'_>, id: &str) -> Verdict {
    let mut whole = Duration::from_millis(20);
    for turn in 0..24_u32 {
        let begin = Instant::now();
        let running = probe(t, id, &[], "sleep 600").spawn()?;
        if turn == 0 {
            t.until("it runs", || {
                Ok(t.call(&["ps", "--format", "json", id])
                    .succeed()?
                    .out
                    .matches(',')
                    .count()
                    == 1)
            })?;
            whole = begin.elapsed();
        } else {
            std::thread::sleep(whole * turn / 24);
        }
        running.signal(Signal::KILL)?;
        running.wait()?;
        // What was executed goes on, an orphan; what was not has ended with the runtime.
        for pid in others(t, id)? {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        t.until("init is alone", || {
            // Orphans are the harness's by now, which has no other children that have ended.
            while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
            Ok(others(t, id)?.is_empty())
        })?;
        same("exit status", &probe(t, id, &[], "exit 6").finish()?.code, 6)?;
    }
    while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
    same("status", &t.status(id)?, "running")
}

/// The container's processes but its init.
fn others(t: &Trial<'_>, id: &str) -> Result<Vec<Pid>, Failure> {
    let init = t.pid(id)?;
    let pids = t.call(&["ps", "--format", "json", id]).succeed()?.json()?;
    let pids = pids.as_array().cloned().unwrap_or_default();
    let pid = |pid: &serde_json::Value| Pid::from_raw(i32::try_from(pid.as_i64()?).ok()?);
    Ok(pids.iter().filter_map(pid).filter(|pid| *pid != init).collect())
}
