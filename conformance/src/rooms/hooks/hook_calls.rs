//! `hooks`: when they run, where, and what they are told.

use std::fs;

use serde_json::json;

use super::hook_log::{log, on_host, written};
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::report::mount_at;
use crate::sentence::{Test, test};
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
    test!(poststop_hook_runs_when_a_started_container_is_deleted),
    test!(start_container_hook_runs_after_the_mounts),
    test!(
        hook_may_ask_for_the_state,
        ("runc", "1.1", "the state is stored after the hooks"),
        ("crun", "1.8", "the state is stored after the hooks")
    ),
    test!(hook_may_not_start_its_own_container),
    test!(
        hook_of_the_start_may_not_start_its_own_container,
        ("runc", "1.1", "waits for itself"),
        ("crun", "1.8", "waits for itself")
    ),
    test!(
        hook_of_the_start_may_not_delete_its_own_container,
        ("runc", "1.1", "deletes it"),
        ("crun", "1.8", "deletes it")
    ),
];

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
        return wrong("the hook did not run");
    };
    mount_at(&report, "/data").map(drop)
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

fn hook_may_not_start_its_own_container(t: &Trial<'_>) -> Verdict {
    for stage in ["prestart", "createRuntime"] {
        let bundle = t.bundle()?.probe("exit 0");
        let root = t.root.to_string_lossy().into_owned();
        let runtime = t.runtime.path.to_string_lossy().into_owned();
        let script = "\"$@\" >\"$0\" 2>&1; echo \"status $?\" >>\"$0\"";
        let told = t.dir.join(format!("{stage}-told"));
        let args = json!([
            "sh",
            "-c",
            script,
            told.to_string_lossy(),
            runtime,
            "--root",
            root,
            "start",
            bundle.id
        ]);
        let hook = json!({"path": "/bin/sh", "args": args, "timeout": 5});
        t.create(&bundle.hook(stage, hook))?;
        let text = fs::read_to_string(&told)?;
        ensure(text.contains("status ") && !text.contains("status 0"), || {
            format!("{stage}: {text}")
        })?;
    }
    Ok(())
}

/// A hook inside that can reach the runtime and its state: what it called says how it ended.
fn called_from_inside(t: &Trial<'_>, verb: &str) -> Verdict {
    let mut bundle = t.bundle()?.without_namespace("pid").probe("sleep 60");
    let here = [t.root.clone(), t.dir.clone()].map(|path| path.to_string_lossy().into_owned());
    let runtime = t.runtime.path.to_string_lossy().into_owned();
    let folder = t.runtime.path.parent().unwrap_or(&t.dir).to_string_lossy().into_owned();
    let libraries = ["/usr", "/lib", "/lib64"].map(str::to_owned);
    for path in here
        .iter()
        .chain(&libraries)
        .chain([&folder])
        .filter(|path| std::path::Path::new(path).is_dir())
    {
        bundle = bundle.mount(path, "bind", path, &["rbind"]);
    }
    let [root, dir] = here;
    let script = format!(
        "{runtime} --root {root} {verb} {} >{dir}/told 2>&1; echo status $? >>{dir}/told",
        bundle.id
    );
    let hook = json!({"path": "/usr/bin/sh", "args": ["sh", "-c", script], "timeout": 5});
    let created = t.create(&bundle.hook("startContainer", hook))?;
    t.call(&["start", &created.id]).succeed()?;
    let text = fs::read_to_string(t.dir.join("told"))?;
    ensure(text.contains("status ") && !text.contains("status 0"), || text.clone())?;
    same("status", &t.status(&created.id)?, "running")
}

fn hook_of_the_start_may_not_start_its_own_container(t: &Trial<'_>) -> Verdict {
    called_from_inside(t, "start")
}

fn hook_of_the_start_may_not_delete_its_own_container(t: &Trial<'_>) -> Verdict {
    called_from_inside(t, "delete")
}
