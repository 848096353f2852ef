//! `kill`: which signals arrive where, and the end of the container (runtime.md#kill).

use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::deviations::RUNC_IS_SILENT;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(kill_sends_term_unless_told_otherwise),
    test!(kill_takes_numbers_and_names_with_and_without_sig),
    test!(
        kill_takes_names_in_small_letters,
        ("crun", "1.8", "takes an unknown name for signal 0")
    ),
    test!(kill_with_zero_only_looks),
    test!(
        kill_of_a_stopped_container_is_refused,
        ("crun", "1.8", "says: No such process")
    ),
    test!(
        kill_with_an_unknown_signal_is_refused,
        ("crun", "1.8", "takes an unknown name for signal 0")
    ),
    test!(kill_of_a_created_container_ends_it),
    test!(
        created_container_dies_of_term,
        ("crun", "1.8", "its waiting init is pid 1 without a handler")
    ),
    test!(
        created_container_dies_of_int,
        ("crun", "1.8", "its waiting init is pid 1 without a handler")
    ),
    test!(death_of_init_ends_the_other_processes),
    test!(every_usual_signal_reaches_the_process),
    test!(refused_kill_leaves_the_stopped_container_alone),
    test!(
        signals_end_a_created_container,
        RUNC_IS_SILENT,
        ("crun", "1.8", "lets them be lost")
    ),
    test!(kill_ends_a_frozen_container, ("crun", "1.8", "it stays, frozen")),
];

/// The signal alone does not end a process that the freezer of cgroup v1 holds.
fn kill_ends_a_frozen_container(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    let cgroup = t.cgroup(&created.id);
    let freezers = [("freezer/", "freezer.state", "FROZEN"), ("", "cgroup.freeze", "1")];
    let files = freezers.map(|(hierarchy, file, word)| (format!("/sys/fs/cgroup/{hierarchy}{cgroup}/{file}"), word));
    let Some((file, word)) = files.iter().find(|(file, _)| std::path::Path::new(file).exists()) else {
        return Err(Failure::Skip("this host has no freezer".into()));
    };
    std::fs::write(file, word)?;
    let killed = t.call(&["kill", &created.id, "KILL"]).succeed();
    let ended = killed.and_then(|_| t.until("its end", || Ok(t.status(&created.id)? == "stopped")));
    if ended.is_err() {
        // What is frozen could not be cleaned up.
        std::fs::write(file, if *word == "1" { "0" } else { "THAWED" })?;
    }
    ended?;
    same("exit status", &t.exit_of(pid)?, 137)
}

fn kill_sends_term_unless_told_otherwise(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("signals");
    let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
    running.until_out_has("ready")?;
    t.call(&["kill", &bundle.id]).succeed()?;
    let done = running.wait()?;
    ensure(done.out.contains("signal 15\n"), || format!("seen: {:?}", done.out))
}

fn kill_takes_numbers_and_names_with_and_without_sig(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("signals");
    let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
    running.until_out_has("ready")?;
    for (name, number) in [("HUP", 1), ("SIGUSR1", 10), ("12", 12), ("SIGTERM", 15)] {
        t.call(&["kill", &bundle.id, name]).succeed()?;
        running.until_out_has(&format!("signal {number}\n"))?;
    }
    same("exit status", &running.wait()?.code, 0)
}

fn kill_takes_names_in_small_letters(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("signals");
    let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
    running.until_out_has("ready")?;
    t.call(&["kill", &bundle.id, "sigusr1"]).succeed()?;
    running.until_out_has("signal 10\n")?;
    t.call(&["kill", &bundle.id, "term"]).succeed()?;
    same("exit status", &running.wait()?.code, 0)
}

fn kill_with_zero_only_looks(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    t.call(&["kill", &created.id, "0"]).succeed()?;
    same("status", &t.status(&created.id)?, "running")
}

fn kill_of_a_stopped_container_is_refused(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    t.call(&["kill", &created.id, "KILL"])
        .refuse(&["container not running"])
}

fn kill_with_an_unknown_signal_is_refused(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    for signal in ["NONSENSE", "SIGNONSENSE", "-5", "1000"] {
        let done = t.call(&["kill", &created.id, signal]).finish()?;
        ensure(done.code != 0, || format!("signal {signal:?} was taken"))?;
    }
    same("status", &t.status(&created.id)?, "running")
}

fn kill_of_a_created_container_ends_it(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["kill", &created.id, "KILL"]).succeed()?;
    same("exit status of the waiting init", &t.exit_of(pid)?, 137)?;
    same("status", &t.status(&created.id)?, "stopped")
}

fn created_container_dies_of_term(t: &Trial<'_>) -> Verdict {
    dies_of(t, "TERM")
}

fn created_container_dies_of_int(t: &Trial<'_>) -> Verdict {
    dies_of(t, "INT")
}

fn dies_of(t: &Trial<'_>, signal: &str) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    t.call(&["kill", &created.id, signal]).succeed()?;
    t.until("the waiting init's end", || Ok(t.status(&created.id)? == "stopped"))
}

fn death_of_init_ends_the_other_processes(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("leave 60 session , leave 60 , exit 4");
    let (code, _) = t.full_life(&bundle)?;
    same("exit status", &code, 4)
}

fn every_usual_signal_reaches_the_process(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("signals");
    let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
    running.until_out_has("ready")?;
    for (name, number) in [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("USR1", 10),
        ("USR2", 12),
        ("WINCH", 28),
    ] {
        t.call(&["kill", &bundle.id, name]).succeed()?;
        running.until_out_has(&format!("signal {number}\n"))?;
    }
    t.call(&["kill", &bundle.id, "KILL"]).succeed()?;
    same("exit status", &running.wait()?.code, 137)
}

fn refused_kill_leaves_the_stopped_container_alone(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    let before = t.state(&created.id)?;
    t.call(&["kill", &created.id, "KILL"]).refuse(&[])?;
    same("state", &t.state(&created.id)?, before)
}

fn signals_end_a_created_container(t: &Trial<'_>) -> Verdict {
    for signal in ["HUP", "INT", "QUIT", "USR1", "TERM"] {
        let created = t.create(&t.bundle()?.probe("sleep 20"))?;
        t.call(&["kill", &created.id, signal]).succeed()?;
        t.until("the container's end", || Ok(t.status(&created.id)? == "stopped"))?;
    }
    Ok(())
}
