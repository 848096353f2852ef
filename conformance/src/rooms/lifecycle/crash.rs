//! Interrupted, concurrent and deceived runtimes.

use std::cell::{Cell, RefCell};
use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::host::cgroups;
use crate::rooms::cgroups::delegation::v2_is_alone;
use crate::rooms::cgroups::limits::value;
use crate::rooms::killed::killed_at_each_part;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        create_killed_at_any_instant_can_be_cleaned_up,
        ("runc", "1.1", "cgroups stay: their path is written late"),
        ("crun", "1.8", "cgroups stay: their path is written late")
    ),
    test!(
        create_with_a_cgroup_for_the_payload_killed_at_any_instant_can_be_cleaned_up,
        ("runc", "1.1", "cgroups stay: their path is written late"),
        ("crun", "1.8", "cgroups stay: their path is written late")
    ),
    test!(
        run_killed_at_any_instant_can_be_cleaned_up,
        ("runc", "1.1", "cgroups stay: their path is written late"),
        ("crun", "1.8", "cgroups stay: their path is written late")
    ),
    test!(update_killed_at_any_instant_can_be_repeated),
    test!(only_one_of_concurrent_creates_wins),
    test!(concurrent_containers_do_not_meet),
    test!(
        term_to_run_before_the_start_cleans_up,
        ("runc", "1.1", "dies at once and leaves the container"),
        ("crun", "1.8", "dies at once and leaves the container")
    ),
    test!(
        int_to_run_before_the_start_cleans_up,
        ("runc", "1.1", "dies at once and leaves the container"),
        ("crun", "1.8", "dies at once and leaves the container")
    ),
    test!(stranger_with_a_reused_pid_is_not_signalled),
    test!(
        half_written_state_folder_can_be_deleted,
        ("runc", "1.1", "says done and leaves it")
    ),
    test!(empty_state_folder_can_be_deleted),
    test!(garbage_in_the_state_root_does_not_break_list),
    test!(twenty_containers_live_side_by_side),
    test!(
        start_and_delete_at_once_end_well,
        (
            "crun",
            "1.8",
            "start waits for ever on the fifo of a container that is gone"
        )
    ),
    test!(bundle_that_is_gone_does_not_hinder_kill_and_delete),
    test!(killed_init_is_seen_as_stopped),
];

fn create_killed_at_any_instant_can_be_cleaned_up(t: &Trial<'_>) -> Verdict {
    killed_at_any_instant(t, &["create"], |bundle| bundle)
}

fn create_with_a_cgroup_for_the_payload_killed_at_any_instant_can_be_cleaned_up(t: &Trial<'_>) -> Verdict {
    v2_is_alone()?;
    killed_at_any_instant(t, &["create"], |bundle| {
        bundle.set("/annotations/run.oci.delegate-cgroup", json!("a/b"))
    })
}

fn run_killed_at_any_instant_can_be_cleaned_up(t: &Trial<'_>) -> Verdict {
    killed_at_any_instant(t, &["run"], |bundle| bundle)?;
    killed_at_any_instant(t, &["run", "--detach"], |bundle| bundle)
}

fn killed_at_any_instant(t: &Trial<'_>, verb: &[&str], change: impl Fn(Bundle) -> Bundle) -> Verdict {
    let made = RefCell::new(None);
    killed_at_each_part(
        16,
        || {
            let bundle = change(t.bundle()?.probe("exit 0"));
            let call = t.with_bundle(verb, &bundle)?;
            made.replace(Some(bundle));
            Ok(call)
        },
        |at| {
            let made = made.borrow();
            let Some(bundle) = made.as_ref() else { return Ok(()) };
            t.call(&["delete", "--force", &bundle.id]).succeed()?;
            let left = cgroups(&bundle.id);
            ensure(left.is_empty(), || format!("{at} of {verb:?}: {left:?}"))?;
            t.create(bundle)?;
            t.call(&["delete", "--force", &bundle.id]).succeed().map(drop)
        },
    )
}

fn update_killed_at_any_instant_can_be_repeated(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 600"))?;
    let pids = Cell::new(100);
    let memory = || (pids.get() << 20).to_string();
    let update = || {
        pids.set(pids.get() + 1);
        let limits = ["update", "--pids-limit", &pids.get().to_string(), "--memory", &memory()];
        t.call(&limits).word(&created.id)
    };
    killed_at_each_part(
        16,
        || Ok(update()),
        |at| {
            same(&format!("status {at}"), &t.status(&created.id)?, "running")?;
            update().succeed()?;
            let (seen, _) = value(t, &created.id, "pids.max", "pids.max")?;
            same(&format!("pids {at}"), &seen, pids.get().to_string())?;
            let (seen, _) = value(t, &created.id, "memory.limit_in_bytes", "memory.max")?;
            same(&format!("memory {at}"), &seen, memory())
        },
    )
}

fn only_one_of_concurrent_creates_wins(t: &Trial<'_>) -> Verdict {
    let id = t.fresh_id();
    let mut running = Vec::new();
    for _ in 0..8 {
        let mut bundle = t.bundle()?.probe("sleep 60");
        bundle.id.clone_from(&id);
        let cgroup = t.cgroup(&id);
        let bundle = bundle.set("/linux/cgroupsPath", json!(cgroup));
        running.push(t.with_bundle(&["create"], &bundle)?.spawn()?);
    }
    let mut winners = 0;
    for one in running {
        winners += usize::from(one.wait()?.code == 0);
    }
    t.adopt(&id);
    same("winners", &winners, 1)?;
    same("status", &t.status(&id)?, "created")
}

fn concurrent_containers_do_not_meet(t: &Trial<'_>) -> Verdict {
    let mut running = Vec::new();
    for code in 10..26 {
        running.push((
            code,
            t.with_bundle(&["run"], &t.bundle()?.probe(&format!("exit {code}")))?
                .spawn()?,
        ));
    }
    for (code, one) in running {
        same("exit status", &one.wait()?.code, code)?;
    }
    Ok(())
}

fn interrupted(t: &Trial<'_>, signal: Signal) -> Verdict {
    let flag = t.dir.join("in-hook");
    let script = format!("touch {}; exec sleep 2", flag.display());
    let hook = json!({"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"]});
    let bundle = t.bundle()?.hook("createRuntime", hook).probe("stdout ran");
    let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
    t.until("the hook", || Ok(flag.exists()))?;
    running.signal(signal)?;
    let done = running.wait()?;
    ensure(done.code != 0 && !done.out.contains("ran"), || {
        format!("{}: {}", done.code, done.out)
    })?;
    // The hook's own process may outlive it for a moment.
    std::thread::sleep(Duration::from_millis(100));
    let left = fs::read_dir(&t.root).map_or(0, Iterator::count);
    same("state folders", &left, 0)
}

fn term_to_run_before_the_start_cleans_up(t: &Trial<'_>) -> Verdict {
    interrupted(t, Signal::TERM)
}

fn int_to_run_before_the_start_cleans_up(t: &Trial<'_>) -> Verdict {
    interrupted(t, Signal::INT)
}

fn stranger_with_a_reused_pid_is_not_signalled(t: &Trial<'_>) -> Verdict {
    let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&created.id)?;
    kill_process(pid, Signal::KILL)?;
    t.exit_of(pid)?;
    let mut stranger = None;
    for _ in 0..200 {
        if fs::write(
            "/proc/sys/kernel/ns_last_pid",
            (pid.as_raw_nonzero().get() - 1).to_string(),
        )
        .is_err()
        {
            return Err(Failure::Skip("the next pid cannot be chosen here (ns_last_pid)".into()));
        }
        let mut child = std::process::Command::new("/bin/sleep").arg("60").spawn()?;
        if i32::try_from(child.id()).ok().and_then(Pid::from_raw) == Some(pid) {
            stranger = Some(child);
            break;
        }
        child.kill()?;
        child.wait()?;
    }
    let Some(mut stranger) = stranger else {
        return Err(Failure::Skip("the pid could not be taken again".into()));
    };
    let judge = || -> Verdict {
        same("status", &t.status(&created.id)?, "stopped")?;
        t.call(&["kill", &created.id, "KILL"]).refuse(&[])?;
        t.call(&["delete", "--force", &created.id]).succeed()?;
        Ok(())
    };
    let verdict = judge();
    let alive = stranger.try_wait()?.is_none();
    stranger.kill()?;
    stranger.wait()?;
    verdict?;
    ensure(alive, || "the stranger was killed".into())
}

fn half_written_state_folder_can_be_deleted(t: &Trial<'_>) -> Verdict {
    for text in ["", "{", "{\"id\": 7}", "null"] {
        let id = t.fresh_id();
        fs::create_dir_all(t.root.join(&id))?;
        for name in ["state.json", "status", "config.json"] {
            fs::write(t.root.join(&id).join(name), text)?;
        }
        t.call(&["delete", "--force", &id]).succeed()?;
        ensure(!t.root.join(&id).exists(), || format!("still there with {text:?}"))?;
    }
    Ok(())
}

fn empty_state_folder_can_be_deleted(t: &Trial<'_>) -> Verdict {
    let id = t.fresh_id();
    fs::create_dir_all(t.root.join(&id))?;
    t.call(&["delete", "--force", &id]).succeed()?;
    ensure(!t.root.join(&id).exists(), || "still there".into())
}

fn garbage_in_the_state_root_does_not_break_list(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    fs::create_dir(t.root.join("empty"))?;
    fs::write(t.root.join("file"), "")?;
    let done = t.call(&["list", "-q"]).finish();
    fs::remove_dir(t.root.join("empty"))?;
    fs::remove_file(t.root.join("file"))?;
    let done = done?;
    ensure(done.code == 0 && done.out.contains(&created.id), || {
        format!("{}: {} {}", done.code, done.out, done.err)
    })
}

fn twenty_containers_live_side_by_side(t: &Trial<'_>) -> Verdict {
    for _ in 0..20 {
        t.launch(&t.bundle()?.probe("sleep 60"))?;
    }
    same(
        "containers",
        &t.call(&["list", "-q"]).succeed()?.out.lines().count(),
        20,
    )
}

fn start_and_delete_at_once_end_well(t: &Trial<'_>) -> Verdict {
    for _ in 0..5 {
        let created = t.create(&t.bundle()?.probe("exit 0"))?;
        let start = t.call(&["start", &created.id]).spawn()?;
        let delete = t.call(&["delete", "--force", &created.id]).spawn()?;
        start.wait()?;
        let done = delete.wait()?;
        if done.code != 0 {
            return wrong(format!("delete --force: {}", done.err));
        }
        t.call(&["delete", "--force", &created.id]).succeed()?;
        ensure(!t.root.join(&created.id).exists(), || {
            "the state folder is still there".into()
        })?;
    }
    Ok(())
}

fn bundle_that_is_gone_does_not_hinder_kill_and_delete(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let created = t.launch(&bundle)?;
    fs::remove_file(bundle.dir.join("config.json"))?;
    let pid = t.pid(&created.id)?;
    t.call(&["kill", &created.id, "KILL"]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)?;
    t.call(&["delete", &created.id]).succeed().map(drop)
}

fn killed_init_is_seen_as_stopped(t: &Trial<'_>) -> Verdict {
    for start in [false, true] {
        let bundle = t.bundle()?.probe("sleep 60");
        let created = if start { t.launch(&bundle)? } else { t.create(&bundle)? };
        let pid = t.pid(&created.id)?;
        kill_process(pid, Signal::KILL)?;
        // Not reaped yet: a zombie is stopped too.
        t.until("the status", || Ok(t.status(&created.id)? == "stopped"))?;
        t.exit_of(pid)?;
        same("status", &t.status(&created.id)?, "stopped")?;
    }
    Ok(())
}
