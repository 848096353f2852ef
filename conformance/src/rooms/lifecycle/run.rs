//! `run`: create, start and delete in one.

use crate::failure::{Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(run_gives_the_exit_status_of_the_process),
    test!(run_gives_128_and_the_number_of_the_signal),
    test!(signal_that_comes_once_the_process_runs_is_for_the_process),
    test!(run_detach_returns_while_the_container_runs),
    test!(
        run_removes_the_container_at_the_end,
        ("crun", "1.8", "says that a file of its own cannot be opened")
    ),
    test!(
        run_keep_leaves_the_stopped_container,
        ("crun", "1.8", "does not know --keep")
    ),
];

fn run_gives_the_exit_status_of_the_process(t: &Trial<'_>) -> Verdict {
    for code in [0, 1, 7, 255] {
        same(
            "exit status",
            &t.run(&t.bundle()?.probe(&format!("exit {code}")))?.code,
            code,
        )?;
    }
    Ok(())
}

fn run_gives_128_and_the_number_of_the_signal(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("signals");
    let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
    running.until_out_has("ready")?;
    t.call(&["kill", &bundle.id, "KILL"]).succeed()?;
    same("exit status", &running.wait()?.code, 137)
}

/// The sooner the signal comes, the more of the runtime's own work is not over yet.
fn signal_that_comes_once_the_process_runs_is_for_the_process(t: &Trial<'_>) -> Verdict {
    for _ in 0..30 {
        let bundle = t.bundle()?.probe("signals");
        let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
        running.until_out_has("ready")?;
        running.signal(rustix::process::Signal::TERM)?;
        let done = running.wait()?;
        same("exit status", &done.code, 0)?;
        ensure(done.out.contains("signal 15"), || done.out.clone())?;
    }
    Ok(())
}

fn run_detach_returns_while_the_container_runs(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    t.with_bundle(&["run", "--detach"], &bundle)?.succeed()?;
    t.adopt(&bundle.id);
    same("status", &t.status(&bundle.id)?, "running")
}

fn run_removes_the_container_at_the_end(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 3");
    same("exit status", &t.run(&bundle)?.code, 3)?;
    t.call(&["state", &bundle.id]).refuse(&["does not exist"])
}

fn run_keep_leaves_the_stopped_container(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    t.with_bundle(&["run", "--keep"], &bundle)?.succeed()?;
    t.adopt(&bundle.id);
    same("status", &t.status(&bundle.id)?, "stopped")
}
