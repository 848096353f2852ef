//! `hooks`: when they run, where, what they are told, and what their failure does.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::suite::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        hooks_run_in_the_specs_order,
        ("runc", "1.1", "poststart runs in create"),
        ("crun", "1.8", "poststart runs before startContainer has ended")
    ),
    test!(hooks_before_the_pivot_see_the_hosts_files),
    test!(hooks_run_in_the_specs_namespaces),
    test!(
        hooks_get_the_state_on_stdin,
        ("crun", "1.8", "createContainer is told pid 0")
    ),
    test!(
        hooks_status_is_the_specs,
        ("runc", "1.1", "poststart runs in create"),
        (
            "crun",
            "1.8",
            "tells created before the creation has ended, and starting"
        )
    ),
    test!(hooks_get_their_arguments_and_environment_only),
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
    test!(poststop_hook_runs_when_a_started_container_is_deleted),
    test!(start_container_hook_runs_after_the_mounts),
    test!(
        hook_may_ask_for_the_state,
        ("runc", "1.1", "the state is stored after the hooks"),
        ("crun", "1.8", "the state is stored after the hooks")
    ),
];

fn log(t: &Trial<'_>) -> PathBuf {
    t.dir.join("hooks.log")
}

fn on_host(t: &Trial<'_>, name: &str) -> Value {
    let probe = t.probe().to_string_lossy().into_owned();
    json!({"path": probe, "args": [name, "hook", log(t).to_string_lossy()], "env": [format!("STAGE={name}")]})
}

/// A bundle with a hook at every stage; createContainer and startContainer write where they can.
fn at_every_stage(t: &Trial<'_>) -> Result<Bundle, Failure> {
    let mut bundle = t.bundle()?.writable().probe("exit 0");
    for stage in ["prestart", "createRuntime", "createContainer", "poststart", "poststop"] {
        let hook = on_host(t, stage);
        bundle = bundle.hook(stage, hook);
    }
    let folder = t.dir.to_string_lossy().into_owned();
    let bundle = bundle.mount(&folder, "bind", &folder, &["bind"]);
    let inside = json!({"path": "/probe", "args": ["startContainer", "hook", log(t).to_string_lossy()], "env": ["STAGE=startContainer"]});
    Ok(bundle.hook("startContainer", inside))
}

/// What the hooks wrote, in order: name, report, state.
fn written(t: &Trial<'_>) -> Result<Vec<(String, Value, Value)>, Failure> {
    let mut seen = Vec::new();
    for line in crate::call::lines_of(&fs::read_to_string(log(t)).unwrap_or_default())? {
        let name = line["hook"]["args"][0].as_str().unwrap_or_default().to_owned();
        let state = serde_json::from_str(line["state"].as_str().unwrap_or_default()).unwrap_or(Value::Null);
        seen.push((name, line["hook"].clone(), state));
    }
    Ok(seen)
}

fn hooks_run_in_the_specs_order(t: &Trial<'_>) -> Verdict {
    let bundle = at_every_stage(t)?;
    let created = t.create(&bundle)?;
    let names = || Ok::<_, Failure>(written(t)?.into_iter().map(|(name, ..)| name).collect::<Vec<_>>());
    same(
        "after create",
        &names()?,
        vec!["prestart", "createRuntime", "createContainer"],
    )?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).succeed()?;
    t.exit_of(pid)?;
    let mut started = names()?;
    // The order of poststart and of what the process does is open.
    same(
        "first at start",
        &started.get(3).map(String::as_str),
        Some("startContainer"),
    )?;
    same("second at start", &started.pop().as_deref(), Some("poststart"))?;
    t.call(&["delete", &created.id]).succeed()?;
    same("last", &names()?.pop().as_deref(), Some("poststop"))
}

fn hooks_before_the_pivot_see_the_hosts_files(t: &Trial<'_>) -> Verdict {
    let bundle = at_every_stage(t)?;
    t.run(&bundle)?;
    for (name, report, _) in written(t)? {
        let exe = report["exe"].as_str();
        let wanted = if name == "startContainer" {
            "/probe".into()
        } else {
            t.probe().to_string_lossy()
        };
        same(&name, &exe, Some(wanted.as_ref()))?;
    }
    Ok(())
}

fn hooks_run_in_the_specs_namespaces(t: &Trial<'_>) -> Verdict {
    t.run(&at_every_stage(t)?)?;
    let host = fs::read_link("/proc/self/ns/mnt")?.to_string_lossy().into_owned();
    for (name, report, _) in written(t)? {
        let inside = matches!(name.as_str(), "createContainer" | "startContainer");
        let seen = report["namespaces"]["mnt"] != host.as_str();
        ensure(seen == inside, || {
            format!(
                "{name} runs in the {} mount namespace",
                if inside { "host's" } else { "container's" }
            )
        })?;
    }
    Ok(())
}

fn hooks_get_the_state_on_stdin(t: &Trial<'_>) -> Verdict {
    let bundle = at_every_stage(t)?.set("/annotations", json!({"a": "b"}));
    t.run(&bundle)?;
    let written = written(t)?;
    same("hooks", &written.len(), 6)?;
    for (name, _, state) in written {
        same(&name, &state["id"], bundle.id.as_str())?;
        same(&name, &state["bundle"], bundle.dir.to_string_lossy().as_ref())?;
        same(&name, &state["annotations"]["a"], "b")?;
        ensure(
            name == "poststop" || state["pid"].as_i64().is_some_and(|pid| pid > 0),
            || format!("{name}: {state}"),
        )?;
    }
    Ok(())
}

fn hooks_status_is_the_specs(t: &Trial<'_>) -> Verdict {
    t.run(&at_every_stage(t)?)?;
    for (name, _, state) in written(t)? {
        let wanted = match name.as_str() {
            // Older than the word "creating": the spec's own test suite wants "created" here.
            "prestart" if state["status"] == "creating" => "creating",
            "prestart" | "startContainer" => "created",
            "poststart" => "running",
            "poststop" => "stopped",
            _ => "creating",
        };
        same(&name, &state["status"], wanted)?;
    }
    Ok(())
}

fn hooks_get_their_arguments_and_environment_only(t: &Trial<'_>) -> Verdict {
    let bundle = at_every_stage(t)?;
    t.with_bundle(&["run"], &bundle)?
        .variable("SECRET_OF_THE_CALLER", "1")
        .succeed()?;
    for (name, report, _) in written(t)? {
        same(&name, &report["env"], json!([format!("STAGE={name}")]))?;
        same(&name, &report["args"][1], "hook")?;
    }
    Ok(())
}

fn failing(t: &Trial<'_>) -> Value {
    json!({"path": t.probe().to_string_lossy(), "args": ["hook", "stderr", "words of the hook\n", ",", "exit", "3"]})
}

fn failing_create_runtime_hook_fails_the_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.hook("createRuntime", failing(t));
    t.with_bundle(&["create"], &bundle)?.refuse(&["hook"]).map(drop)
}

fn failing_create_container_hook_fails_the_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.hook("createContainer", failing(t));
    t.with_bundle(&["create"], &bundle)?.refuse(&["hook"]).map(drop)
}

fn failing_start_container_hook_fails_the_start(t: &Trial<'_>) -> Verdict {
    let hook = json!({"path": "/probe", "args": ["hook", "exit", "3"]});
    let created = t.create(&t.bundle()?.hook("startContainer", hook).probe("stdout began"))?;
    let done = t.call(&["start", &created.id]).finish()?;
    t.until("the container's end", || Ok(t.status(&created.id)? == "stopped"))?;
    ensure(!fs::read_to_string(&created.out_path)?.contains("began"), || {
        "the process ran".into()
    })?;
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
    t.with_bundle(&["create"], &bundle)?
        .refuse(&["/no/such/hook"])
        .map(drop)
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
    ensure(begin.elapsed().as_secs() < 5, || format!("took {:?}", begin.elapsed()))
}

fn timeout_of_zero_or_less_is_refused(t: &Trial<'_>) -> Verdict {
    for seconds in [0, -1] {
        let hook = json!({"path": "/bin/true", "timeout": seconds});
        t.refused(&t.bundle()?.hook("createRuntime", hook), &["timeout"])?;
    }
    Ok(())
}

fn hook_that_leaves_a_process_behind_does_not_block(t: &Trial<'_>) -> Verdict {
    let hook = json!({"path": t.probe().to_string_lossy(), "args": ["hook", "leave", "3", "session"]});
    let begin = std::time::Instant::now();
    let created = t.create(&t.bundle()?.hook("createRuntime", hook).probe("exit 0"))?;
    let took = begin.elapsed();
    t.call(&["delete", "--force", &created.id]).succeed()?;
    // What the hook left is the hook's; it ends before the host is looked at.
    std::thread::sleep(std::time::Duration::from_millis(3100).saturating_sub(begin.elapsed()));
    ensure(took.as_millis() < 2500, || format!("took {took:?}"))
}

fn poststop_hook_runs_when_a_started_container_is_deleted(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.hook("poststop", on_host(t, "poststop")).probe("exit 0");
    t.full_life(&bundle)?;
    same("hooks that ran", &written(t)?.len(), 1)
}

fn start_container_hook_runs_after_the_mounts(t: &Trial<'_>) -> Verdict {
    let bundle = at_every_stage(t)?.mount("/data", "tmpfs", "late", &[]);
    t.run(&bundle)?;
    let seen = written(t)?.into_iter().find(|(name, ..)| name == "startContainer");
    let Some((_, report, _)) = seen else {
        return crate::failure::wrong("the hook did not run");
    };
    super::seen::mount_at(&report, "/data").map(drop)
}

fn hook_may_ask_for_the_state(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    let root = t.root.to_string_lossy().into_owned();
    let runtime = t.runtime.path.to_string_lossy().into_owned();
    let hook = json!({"path": "/bin/sh", "args": ["sh", "-c", "exec \"$@\" >\"$0\" 2>&1", t.dir.join("asked").to_string_lossy(), runtime, "--root", root, "state", bundle.id], "timeout": 5});
    let id = bundle.id.clone();
    t.create(&bundle.hook("createRuntime", hook))?;
    let text = fs::read_to_string(t.dir.join("asked"))?;
    ensure(text.contains(&id), || text)
}
