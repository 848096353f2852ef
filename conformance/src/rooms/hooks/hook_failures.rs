//! `hooks` when something is wrong with one (runtime.md#lifecycle, config.md#posix-platform-hooks).

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::hook_log::{log, on_host, shell, telling, written};
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(failing_prestart_hook_fails_the_create),
    test!(failing_hook_at_create_leaves_no_container),
    test!(failing_hook_at_create_keeps_the_later_ones_from_running),
    test!(
        failing_hook_at_create_still_lets_poststop_hooks_run,
        ("crun", "1.8", "does not run them")
    ),
    test!(failing_start_container_hook_stops_the_container),
    test!(
        failing_poststart_hook_fails_the_start,
        ("runc", "1.1", "poststart runs in create"),
        ("crun", "1.8", "start succeeds")
    ),
    test!(
        failing_poststart_hook_stops_the_container,
        ("runc", "1.1", "poststart runs in create"),
        ("crun", "1.8", "the container runs on")
    ),
    test!(failing_poststart_hook_fails_the_run, ("crun", "1.8", "run succeeds")),
    test!(failing_poststop_hook_is_a_warning, ("crun", "1.8", "says nothing")),
    test!(hook_that_is_killed_has_failed),
    test!(
        signal_that_kills_a_hook_is_told_by_its_name,
        ("runc", "1.1", "start succeeds, init's stderr tells"),
        ("crun", "1.8", "tells the number")
    ),
    test!(
        status_of_a_hook_inside_is_told_as_it_is,
        ("runc", "1.1", "start succeeds, init's stderr tells"),
        ("crun", "1.8", "start succeeds, init's stderr tells")
    ),
    test!(
        missing_hook_inside_is_named,
        ("runc", "1.1", "start succeeds, init's stderr tells"),
        ("crun", "1.8", "start succeeds, init's stderr tells")
    ),
    test!(hook_that_is_no_program_has_failed),
    test!(
        hook_that_closes_stdin_at_once_is_no_failure,
        ("crun", "1.8", "dies of SIGPIPE")
    ),
    test!(hook_inside_that_closes_stdin_at_once_is_no_failure),
    test!(several_hooks_of_a_kind_run_in_their_order),
    test!(
        poststop_hooks_run_when_the_container_is_gone,
        ("crun", "1.8", "the state is still there")
    ),
    test!(start_container_hook_past_its_timeout_is_killed),
    test!(
        poststart_hook_past_its_timeout_is_killed,
        ("runc", "1.1", "poststart runs in create")
    ),
    test!(poststop_hook_past_its_timeout_is_killed),
    test!(hook_that_writes_much_is_no_trouble),
    test!(hook_that_reads_late_gets_all_of_a_large_state),
    test!(failing_create_runtime_hook_fails_the_create),
    test!(failing_create_container_hook_fails_the_create),
    test!(
        failing_start_container_hook_fails_the_start,
        ("runc", "1.1", "start succeeds"),
        ("crun", "1.8", "start succeeds")
    ),
    test!(
        failing_hooks_words_are_in_the_error,
        ("crun", "1.8", "the hook's stderr goes to the caller's only")
    ),
    test!(
        failing_poststop_hook_does_not_fail_the_delete,
        ("runc", "1.1", "the hooks after it do not run")
    ),
    test!(missing_hook_fails_the_create),
    test!(
        relative_hook_path_is_refused,
        ("runc", "1.1", "runs it"),
        ("crun", "1.8", "runs it")
    ),
    test!(hook_past_its_timeout_is_killed),
    test!(
        timeout_of_zero_or_less_is_refused,
        ("crun", "1.8", "takes them for none")
    ),
    test!(
        hook_that_leaves_a_process_behind_does_not_block,
        ("runc", "1.1", "waits for the end of the hook's stderr")
    ),
];

const AT_CREATE: [&str; 3] = ["prestart", "createRuntime", "createContainer"];

/// What the hooks wrote.
fn ran(t: &Trial<'_>) -> String {
    fs::read_to_string(log(t)).unwrap_or_default()
}

/// A hook inside the container: the probe with these actions.
fn inside(actions: &[&str]) -> Value {
    let words: Vec<&str> = std::iter::once("probe").chain(actions.iter().copied()).collect();
    json!({"path": "/probe", "args": words})
}

/// `create` must fail; the container is deleted where it does not.
fn create_fails(t: &Trial<'_>, bundle: &Bundle) -> Verdict {
    let done = t.with_bundle(&["create"], bundle)?.finish()?;
    if done.code == 0 {
        t.adopt(&bundle.id);
    }
    ensure(done.code != 0, || "create succeeded".into())
}

fn failing_prestart_hook_fails_the_create(t: &Trial<'_>) -> Verdict {
    create_fails(t, &t.bundle()?.hook("prestart", shell("exit 3")))
}

fn failing_hook_at_create_leaves_no_container(t: &Trial<'_>) -> Verdict {
    for kind in AT_CREATE {
        let bundle = t.bundle()?.hook(kind, shell("exit 3"));
        create_fails(t, &bundle)?;
        t.call(&["state", &bundle.id]).refuse(&[])?;
    }
    Ok(())
}

fn failing_hook_at_create_keeps_the_later_ones_from_running(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .hook("createRuntime", telling(t, "first"))
        .hook("createRuntime", shell("exit 3"))
        .hook("createRuntime", telling(t, "second"))
        .hook("createContainer", telling(t, "third"));
    create_fails(t, &bundle)?;
    same("hooks that ran", &ran(t), "first\n")
}

fn failing_hook_at_create_still_lets_poststop_hooks_run(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .hook("createRuntime", shell("exit 3"))
        .hook("poststop", telling(t, "poststop"));
    create_fails(t, &bundle)?;
    same("hooks that ran", &ran(t), "poststop\n")
}

fn failing_start_container_hook_stops_the_container(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .hook("startContainer", inside(&["exit", "3"]))
        .hook("poststop", telling(t, "poststop"));
    let created = t.create(&bundle.probe("sleep 60"))?;
    t.call(&["start", &created.id]).finish()?;
    t.until("the container's end", || Ok(t.status(&created.id)? == "stopped"))?;
    t.call(&["delete", &created.id]).succeed()?;
    same("hooks that ran", &ran(t), "poststop\n")
}

/// A container with a poststart hook that fails.
fn with_failing_poststart(t: &Trial<'_>) -> Result<Bundle, Failure> {
    Ok(t.bundle()?.hook("poststart", shell("exit 3")).probe("sleep 20"))
}

fn failing_poststart_hook_fails_the_start(t: &Trial<'_>) -> Verdict {
    let created = t.create(&with_failing_poststart(t)?)?;
    t.call(&["start", &created.id]).refuse(&["hook"])
}

fn failing_poststart_hook_stops_the_container(t: &Trial<'_>) -> Verdict {
    let created = t.create(&with_failing_poststart(t)?)?;
    t.call(&["start", &created.id]).finish()?;
    t.until("the container's end", || {
        let done = t.call(&["state", &created.id]).finish()?;
        Ok(done.code != 0 || done.json()?["status"] == "stopped")
    })
}

fn failing_poststart_hook_fails_the_run(t: &Trial<'_>) -> Verdict {
    let begin = Instant::now();
    t.refused(&with_failing_poststart(t)?, &["hook"])?;
    ensure(begin.elapsed() < Duration::from_secs(10), || {
        format!("took {:?}", begin.elapsed())
    })
}

fn failing_poststop_hook_is_a_warning(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.hook("poststop", shell("exit 3")).probe("sleep 60"))?;
    let done = t.call(&["delete", "--force", &created.id]).succeed()?;
    ensure(done.err.contains("hook"), || format!("stderr: {:?}", done.err))
}

fn hook_that_is_killed_has_failed(t: &Trial<'_>) -> Verdict {
    create_fails(t, &t.bundle()?.hook("createRuntime", shell("kill -9 $$")))
}

fn signal_that_kills_a_hook_is_told_by_its_name(t: &Trial<'_>) -> Verdict {
    for (signal, words) in [("KILL", "signal: killed"), ("SYS", "signal: bad system call")] {
        for kind in ["createRuntime", "createContainer"] {
            let bundle = t.bundle()?.hook(kind, shell(&format!("kill -{signal} $$")));
            t.with_bundle(&["create"], &bundle)?.refuse(&[words])?;
        }
    }
    let created = t.create(&t.bundle()?.hook("startContainer", inside(&["kill", "0", "9"])))?;
    t.call(&["start", &created.id]).refuse(&["signal: killed"])
}

fn status_of_a_hook_inside_is_told_as_it_is(t: &Trial<'_>) -> Verdict {
    for status in ["3", "137", "200", "255"] {
        let created = t.create(&t.bundle()?.hook("startContainer", inside(&["exit", status])))?;
        let told = format!("exit status {status}");
        t.call(&["start", &created.id]).refuse(&[&told])?;
    }
    Ok(())
}

fn missing_hook_inside_is_named(t: &Trial<'_>) -> Verdict {
    let missing = json!({"path": "/no/such/hook"});
    let created = t.create(&t.bundle()?.hook("startContainer", missing.clone()))?;
    t.call(&["start", &created.id])
        .refuse(&["/no/such/hook", "no such file or directory"])?;
    let bundle = t.bundle()?.hook("createContainer", missing);
    t.with_bundle(&["create"], &bundle)?
        .refuse(&["/no/such/hook", "no such file or directory"])
}

fn hook_that_is_no_program_has_failed(t: &Trial<'_>) -> Verdict {
    create_fails(t, &t.bundle()?.hook("createRuntime", json!({"path": "/etc/passwd"})))
}

/// More than a pipe holds, so that the writer meets the closed end.
fn with_large_state(t: &Trial<'_>) -> Result<Bundle, Failure> {
    Ok(t.bundle()?.set("/annotations", json!({"large": "x".repeat(300_000)})))
}

fn hook_that_closes_stdin_at_once_is_no_failure(t: &Trial<'_>) -> Verdict {
    let mut bundle = with_large_state(t)?.probe("exit 0");
    for kind in ["prestart", "createRuntime", "createContainer", "poststart", "poststop"] {
        bundle = bundle.hook(kind, shell(&format!("exec <&-; echo {kind} >>{}", log(t).display())));
    }
    t.full_life(&bundle)?;
    same("hooks that ran", &ran(t).lines().count(), 5)
}

fn hook_inside_that_closes_stdin_at_once_is_no_failure(t: &Trial<'_>) -> Verdict {
    let bundle = with_large_state(t)?.hook("startContainer", inside(&["exit", "0"]));
    let (code, _) = t.full_life(&bundle.probe("exit 4"))?;
    same("exit status", &code, 4)
}

fn several_hooks_of_a_kind_run_in_their_order(t: &Trial<'_>) -> Verdict {
    let mut bundle = t.bundle()?.probe("exit 0");
    let kinds = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"];
    for kind in kinds {
        for number in 1..=3 {
            bundle = bundle.hook(kind, telling(t, &format!("{kind}{number}")));
        }
    }
    t.full_life(&bundle)?;
    let all = ran(t);
    for kind in kinds {
        let seen: Vec<&str> = all.lines().filter_map(|line| line.strip_prefix(kind)).collect();
        same(kind, &seen, vec!["1", "2", "3"])?;
    }
    Ok(())
}

fn poststop_hooks_run_when_the_container_is_gone(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let script = format!(
        "{} --root {} state {} >/dev/null 2>&1 && echo state >>{log}; \
         for root in /sys/fs/cgroup/*; do [ -e $root{} ] && echo $root >>{log}; done; echo ran >>{log}",
        t.runtime.path.display(),
        t.root.display(),
        bundle.id,
        t.cgroup(&bundle.id),
        log = log(t).display()
    );
    let created = t.launch(&bundle.hook("poststop", shell(&script)))?;
    t.call(&["delete", "--force", &created.id]).succeed()?;
    same("what the hook still saw", &ran(t), "ran\n")
}

/// Makes the hook end after a second.
fn limited(mut hook: Value) -> Value {
    hook["timeout"] = json!(1);
    hook
}

fn start_container_hook_past_its_timeout_is_killed(t: &Trial<'_>) -> Verdict {
    let hook = limited(inside(&["sleep", "20"]));
    let created = t.create(&t.bundle()?.hook("startContainer", hook).probe("sleep 60"))?;
    let begin = Instant::now();
    t.call(&["start", &created.id]).finish()?;
    t.until("the container's end", || Ok(t.status(&created.id)? == "stopped"))?;
    in_time(begin)
}

fn poststart_hook_past_its_timeout_is_killed(t: &Trial<'_>) -> Verdict {
    let created = t.create(
        &t.bundle()?
            .hook("poststart", limited(shell("exec sleep 20")))
            .probe("sleep 60"),
    )?;
    let begin = Instant::now();
    t.call(&["start", &created.id]).finish()?;
    in_time(begin)
}

fn poststop_hook_past_its_timeout_is_killed(t: &Trial<'_>) -> Verdict {
    let created = t.create(
        &t.bundle()?
            .hook("poststop", limited(shell("exec sleep 20")))
            .probe("sleep 60"),
    )?;
    let begin = Instant::now();
    t.call(&["delete", "--force", &created.id]).succeed()?;
    in_time(begin)
}

fn in_time(begin: Instant) -> Verdict {
    ensure(begin.elapsed() < Duration::from_secs(15), || {
        format!("took {:?}", begin.elapsed())
    })
}

fn hook_that_writes_much_is_no_trouble(t: &Trial<'_>) -> Verdict {
    let script = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2";
    let mut bundle = t.bundle()?.probe("exit 0");
    for kind in ["prestart", "createRuntime", "createContainer", "poststart", "poststop"] {
        bundle = bundle.hook(kind, shell(script));
    }
    let begin = Instant::now();
    t.full_life(&bundle)?;
    in_time(begin)
}

fn hook_that_reads_late_gets_all_of_a_large_state(t: &Trial<'_>) -> Verdict {
    let script = format!("sleep 0.2; wc -c >{}", log(t).display());
    let bundle = with_large_state(t)?.hook("createRuntime", shell(&script));
    t.create(&bundle.probe("sleep 60"))?;
    let length: usize = ran(t).trim().parse().unwrap_or(0);
    ensure(length > 300_000, || format!("{length} bytes came"))
}

fn failing(t: &Trial<'_>) -> Value {
    json!({"path": t.probe().to_string_lossy(), "args": ["hook", "stderr", "words of the hook\n", ",", "exit", "3"]})
}

fn failing_create_runtime_hook_fails_the_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.hook("createRuntime", failing(t));
    t.with_bundle(&["create"], &bundle)?.refuse(&["hook"])
}

fn failing_create_container_hook_fails_the_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.hook("createContainer", failing(t));
    t.with_bundle(&["create"], &bundle)?.refuse(&["hook"])
}

fn failing_start_container_hook_fails_the_start(t: &Trial<'_>) -> Verdict {
    let hook = json!({"path": "/probe", "args": ["hook", "exit", "3"]});
    let created = t.create(&t.bundle()?.hook("startContainer", hook).probe("stdout began"))?;
    let done = t.call(&["start", &created.id]).finish()?;
    t.until("the container's end", || Ok(t.status(&created.id)? == "stopped"))?;
    ensure(!created.out()?.contains("began"), || "the process ran".into())?;
    ensure(done.code != 0, || "start succeeded".into())
}

fn failing_hooks_words_are_in_the_error(t: &Trial<'_>) -> Verdict {
    let file = t.dir.join("log.json");
    let bundle = t.bundle()?.hook("createRuntime", failing(t));
    let call = t.with_bundle(&["create"], &bundle)?;
    call.global(&["--log", &file.to_string_lossy(), "--log-format", "json"])
        .refuse(&[])?;
    let text = fs::read_to_string(file)?;
    ensure(
        text.contains("words of the hook") && text.contains("error running"),
        || text,
    )
}

fn failing_poststop_hook_does_not_fail_the_delete(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .hook("poststop", failing(t))
        .hook("poststop", on_host(t, "poststop"));
    let created = t.create(&bundle)?;
    t.call(&["delete", "--force", &created.id]).succeed()?;
    same("hooks that ran after it", &written(t)?.len(), 1)
}

fn missing_hook_fails_the_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.hook("createRuntime", json!({"path": "/no/such/hook"}));
    t.with_bundle(&["create"], &bundle)?.refuse(&["/no/such/hook"])
}

fn relative_hook_path_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.hook("createRuntime", json!({"path": "true"}));
    fs::copy("/bin/true", bundle.dir.join("true"))?;
    let call = t.with_bundle(&["create"], &bundle)?.folder(&bundle.dir);
    let done = call.finish()?;
    if done.code == 0 {
        t.adopt(&bundle.id);
    }
    // A runtime that looks for it elsewhere fails for the wrong reason.
    ensure(done.code != 0 && done.err.contains("absolute"), || done.err.clone())
}

fn hook_past_its_timeout_is_killed(t: &Trial<'_>) -> Verdict {
    let hook = json!({"path": t.probe().to_string_lossy(), "args": ["hook", "sleep", "20"], "timeout": 1});
    let begin = std::time::Instant::now();
    t.with_bundle(&["create"], &t.bundle()?.hook("createRuntime", hook))?
        .refuse(&[])?;
    ensure(begin.elapsed().as_secs() < 15, || format!("took {:?}", begin.elapsed()))
}

fn timeout_of_zero_or_less_is_refused(t: &Trial<'_>) -> Verdict {
    for seconds in [0, -1] {
        let hook = json!({"path": "/bin/true", "timeout": seconds});
        t.refused(&t.bundle()?.hook("createRuntime", hook), &["timeout"])?;
    }
    Ok(())
}

fn hook_that_leaves_a_process_behind_does_not_block(t: &Trial<'_>) -> Verdict {
    let hook = json!({"path": t.probe().to_string_lossy(), "args": ["hook", "leave", "5", "session"]});
    let begin = std::time::Instant::now();
    let created = t.create(&t.bundle()?.hook("createRuntime", hook).probe("exit 0"))?;
    let took = begin.elapsed();
    t.call(&["delete", "--force", &created.id]).succeed()?;
    // What the hook left is the hook's; it ends before the host is looked at.
    std::thread::sleep(std::time::Duration::from_millis(5100).saturating_sub(begin.elapsed()));
    ensure(took.as_millis() < 4800, || format!("took {took:?}"))
}
