//! create, start, kill, delete, run: what each verb does and refuses.

use std::fs;

use crate::failure::{Verdict, ensure, same};
use crate::suite::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(run_gives_the_exit_status_of_the_process),
    test!(run_gives_128_and_the_number_of_the_signal),
    test!(
        create_waits_for_start,
        ("crun", "1.8", "says that a file of its own cannot be opened")
    ),
    test!(
        second_start_is_refused,
        ("crun", "1.8", "names its fifo and not the state")
    ),
    test!(
        start_of_a_stopped_container_is_refused,
        ("crun", "1.8", "words of its own: is not running")
    ),
    test!(
        start_of_an_unknown_id_is_refused,
        ("crun", "1.8", "says that a file of its own cannot be opened")
    ),
    test!(
        delete_of_a_running_container_is_refused,
        ("crun", "1.8", "words of its own: not in created or stopped state")
    ),
    test!(delete_of_a_created_container_kills_it),
    test!(delete_force_kills_a_running_container),
    test!(delete_force_of_an_unknown_id_succeeds),
    test!(
        delete_of_an_unknown_id_is_refused,
        ("crun", "1.8", "says: cannot open directory")
    ),
    test!(
        duplicate_id_is_refused,
        ("crun", "1.8", "words of its own: container already exists")
    ),
    test!(id_is_free_again_after_delete),
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
    test!(pid_file_holds_the_pid_and_nothing_else),
    test!(
        relative_pid_file_is_relative_to_the_caller,
        ("crun", "1.8", "changes to the bundle's folder first")
    ),
    test!(pid_file_that_cannot_be_written_fails_the_create),
    test!(run_detach_returns_while_the_container_runs),
    test!(
        run_removes_the_container_at_the_end,
        ("crun", "1.8", "says that a file of its own cannot be opened")
    ),
    test!(
        run_keep_leaves_the_stopped_container,
        ("crun", "1.8", "does not know --keep")
    ),
    test!(death_of_init_ends_the_other_processes),
    test!(
        flags_may_follow_the_id_in_every_common_spelling,
        ("crun", "1.8", "wants flags before the id")
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

fn create_waits_for_start(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("stdout started"))?;
    same("status", &t.status(&created.id)?, "created")?;
    let pid = t.pid(&created.id)?;
    std::thread::sleep(std::time::Duration::from_millis(30));
    same("output before start", &fs::read_to_string(&created.out_path)?, "")?;
    t.call(&["start", &created.id]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 0)?;
    same("status", &t.status(&created.id)?, "stopped")?;
    let said = fs::read_to_string(&created.out_path)?;
    ensure(said.starts_with("started"), || format!("output after start: {said:?}"))?;
    t.call(&["delete", &created.id]).succeed()?;
    t.call(&["state", &created.id]).refuse(&["does not exist"]).map(drop)
}

fn second_start_is_refused(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    t.call(&["start", &created.id])
        .refuse(&["cannot start an already running container"])
        .map(drop)
}

fn start_of_a_stopped_container_is_refused(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("exit 0"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    t.exit_of(pid)?;
    t.call(&["start", &created.id])
        .refuse(&["cannot start a container that has stopped"])
        .map(drop)
}

fn start_of_an_unknown_id_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["start", &t.fresh_id()]).refuse(&["does not exist"]).map(drop)
}

fn delete_of_a_running_container_is_refused(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    t.call(&["delete", &created.id])
        .refuse(&["that is not stopped: running"])?;
    same("status", &t.status(&created.id)?, "running")
}

fn delete_of_a_created_container_kills_it(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["delete", &created.id]).succeed()?;
    same("exit status of the waiting init", &t.exit_of(pid)?, 137)
}

fn delete_force_kills_a_running_container(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["delete", "--force", &created.id]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)
}

fn delete_force_of_an_unknown_id_succeeds(t: &Trial<'_>) -> Verdict {
    t.call(&["delete", "--force", &t.fresh_id()]).succeed().map(drop)
}

fn delete_of_an_unknown_id_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["delete", &t.fresh_id()]).refuse(&["does not exist"]).map(drop)
}

fn duplicate_id_is_refused(t: &Trial<'_>) -> Verdict {
    let first = t.create(&t.bundle()?.probe("sleep 60"))?;
    let mut second = t.bundle()?;
    second.id.clone_from(&first.id);
    t.with_bundle(&["create"], &second)?
        .refuse(&["container with given ID already exists"])?;
    same("status of the first", &t.status(&first.id)?, "created")
}

fn id_is_free_again_after_delete(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    for _ in 0..3 {
        let created = t.create(&bundle)?;
        t.call(&["delete", "--force", &created.id]).succeed()?;
    }
    Ok(())
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
    let created = t.create(&t.bundle()?.probe("exit 0"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    t.exit_of(pid)?;
    t.call(&["kill", &created.id, "KILL"])
        .refuse(&["container not running"])
        .map(drop)
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

fn pid_file_holds_the_pid_and_nothing_else(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let file = t.dir.join("pid");
    let call = t.with_bundle(&["create", "--pid-file", &file.to_string_lossy()], &bundle)?;
    let created = t.create_with(call, &bundle)?;
    same(
        "pid file",
        &fs::read_to_string(file)?,
        t.pid(&created.id)?.as_raw_nonzero().to_string(),
    )
}

fn relative_pid_file_is_relative_to_the_caller(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let call = t.with_bundle(&["create", "--pid-file", "pid"], &bundle)?.folder(&t.dir);
    t.create_with(call, &bundle)?;
    ensure(t.dir.join("pid").exists(), || {
        "no pid file in the caller's folder".into()
    })
}

fn pid_file_that_cannot_be_written_fails_the_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    t.with_bundle(&["create", "--pid-file", "/nonexistent/pid"], &bundle)?
        .refuse(&["/nonexistent"])
        .map(drop)
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
    t.call(&["state", &bundle.id]).refuse(&["does not exist"]).map(drop)
}

fn run_keep_leaves_the_stopped_container(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    t.with_bundle(&["run", "--keep"], &bundle)?.succeed()?;
    t.adopt(&bundle.id);
    same("status", &t.status(&bundle.id)?, "stopped")
}

fn death_of_init_ends_the_other_processes(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("leave 60 session , leave 60 , exit 4");
    let (code, _) = t.full_life(&bundle)?;
    same("exit status", &code, 4)
}

fn flags_may_follow_the_id_in_every_common_spelling(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    bundle.save()?;
    let dir = bundle.dir.to_string_lossy().into_owned();
    for words in [
        &["create", &bundle.id, "--bundle", &dir] as &[&str],
        &["create", &format!("--bundle={dir}"), &bundle.id],
        &["create", "-b", &dir, &bundle.id],
        &["create", "-bundle", &dir, &bundle.id],
        &["create", &format!("-bundle={dir}"), "--no-pivot=false", &bundle.id],
    ] {
        t.call(words).succeed()?;
        t.call(&["delete", "-f", &bundle.id]).succeed()?;
    }
    Ok(())
}
