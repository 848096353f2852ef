//! `start`: the process begins with it, once (runtime.md#start).

use crate::failure::{Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(process_runs_at_start_and_not_before),
    test!(start_without_a_process_is_refused),
    test!(refused_start_leaves_the_running_container_alone),
    test!(refused_start_leaves_the_stopped_container_alone),
    test!(start_of_a_container_that_died_is_refused),
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
];

fn start_without_a_process_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.remove("", "process");
    // A runtime may also refuse it earlier.
    if t.with_bundle(&["create"], &bundle)?.finish()?.code == 0 {
        t.adopt(&bundle.id);
        t.call(&["start", &bundle.id]).refuse(&["rocess"])?;
        ensure(t.status(&bundle.id)? != "running", || "it runs".into())?;
    }
    Ok(())
}

fn refused_start_leaves_the_running_container_alone(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let before = t.state(&created.id)?;
    t.call(&["start", &created.id]).refuse(&[])?;
    same("state", &t.state(&created.id)?, before)
}

fn refused_start_leaves_the_stopped_container_alone(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("stdout once"))?;
    let before = t.state(&created.id)?;
    t.call(&["start", &created.id]).refuse(&[])?;
    same("state", &t.state(&created.id)?, before)?;
    same("runs", &created.out()?.matches("once{").count(), 1)
}

fn start_of_a_container_that_died_is_refused(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["kill", &created.id, "KILL"]).succeed()?;
    t.exit_of(pid)?;
    t.call(&["start", &created.id]).refuse(&[])?;
    same("status", &t.status(&created.id)?, "stopped")
}

fn process_runs_at_start_and_not_before(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("stdout began"))?;
    let pid = t.pid(&created.id)?;
    std::thread::sleep(std::time::Duration::from_millis(30));
    same("output before", &created.out()?, "")?;
    t.call(&["start", &created.id]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 0)?;
    let said = created.out()?;
    ensure(said.starts_with("began"), || said.clone())
}

fn second_start_is_refused(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    t.call(&["start", &created.id])
        .refuse(&["cannot start an already running container"])
}

fn start_of_a_stopped_container_is_refused(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    t.call(&["start", &created.id])
        .refuse(&["cannot start a container that has stopped"])
}

fn start_of_an_unknown_id_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["start", &t.fresh_id()]).refuse(&["does not exist"])
}
