//! What a system is told, and tells: the signal to shut down, and that it is up.

use std::process::Command;

use super::bundle::system;
use super::{START, comes_up, inside, shuts_down, up};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::lifecycle::readiness::Manager;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(system_shuts_down_by_the_number_of_a_real_time_signal),
    test!(
        system_shuts_down_by_the_name_of_a_real_time_signal,
        ("runc", "1.1", "has no names of them")
    ),
    test!(
        name_of_a_real_time_signal_is_taken_in_its_short_form,
        ("runc", "1.1", "has no names of them")
    ),
    test!(system_shuts_down_by_a_signal_to_a_run_in_the_foreground),
    test!(
        detached_run_waits_until_the_system_is_up,
        ("crun", "1.8", "passes other messages on, in another order")
    ),
];

/// As engines do it.
fn system_shuts_down_by_the_number_of_a_real_time_signal(t: &Trial<'_>) -> Verdict {
    ends_by(t, "37")
}

/// As images name it (`STOPSIGNAL`).
fn system_shuts_down_by_the_name_of_a_real_time_signal(t: &Trial<'_>) -> Verdict {
    ends_by(t, "SIGRTMIN+3")
}

fn name_of_a_real_time_signal_is_taken_in_its_short_form(t: &Trial<'_>) -> Verdict {
    ends_by(t, "RTMIN+3")
}

fn ends_by(t: &Trial<'_>, signal: &str) -> Verdict {
    let created = t.launch(&system(t.bundle()?)?)?;
    let pid = up(t, &created.id)?;
    shuts_down(t, &created, pid, signal)
}

fn system_shuts_down_by_a_signal_to_a_run_in_the_foreground(t: &Trial<'_>) -> Verdict {
    let bundle = system(t.bundle()?)?;
    let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
    t.until("the container runs", || {
        let state = t.call(&["state", &bundle.id]).finish()?;
        Ok(state.out.contains("running"))
    })?;
    comes_up(t, t.pid(&bundle.id)?)?;
    let runtime = running.pid().ok_or_else(|| Failure::Wrong("no process id".into()))?;
    let kill = format!("kill -37 {}", runtime.as_raw_nonzero());
    Command::new("/bin/sh").args(["-c", &kill]).status()?;
    same("exit status", &running.wait()?.code, 0)?;
    t.call(&["state", &bundle.id]).refuse(&[])
}

/// As a service of the host's (`man 5 systemd.service`, `Type=notify`).
fn detached_run_waits_until_the_system_is_up(t: &Trial<'_>) -> Verdict {
    let bundle = system(t.bundle()?)?;
    let manager = Manager::waiting(t, START)?;
    let running = t
        .with_bundle(&["run", "--detach"], &bundle)?
        .variable("NOTIFY_SOCKET", &manager.path.to_string_lossy())
        .spawn()?;
    let first = manager.next()?;
    t.adopt(&bundle.id);
    let pid = t.pid(&bundle.id)?;
    same("first", &first, "READY=1")?;
    same("second", &manager.next()?, format!("MAINPID={}", pid.as_raw_nonzero()))?;
    // Who waits until all was handled need not wait any longer.
    drop(manager);
    same("exit status", &running.wait()?.code, 0)?;
    ensure(inside(pid, "/run/systemd/private").exists(), || {
        "the system is not up".to_owned()
    })
}
