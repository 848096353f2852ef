//! `hooks`, kind by kind: during which operation each is called, and where (config.md#posix-platform-hooks).

use std::fs;

use serde_json::{Value, json};

use super::hook_log::{log, shell, telling};
use crate::bundle::Bundle;
use crate::call::lines_in;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(prestart_hooks_run_in_create_before_create_runtime),
    test!(create_runtime_hooks_run_in_create_when_the_namespaces_are_there),
    test!(create_container_hooks_run_in_create_after_create_runtime),
    test!(hooks_of_create_run_before_the_root_is_changed),
    test!(
        start_container_hooks_run_in_start_before_the_process,
        ("crun", "1.8", "start returns before they have ended")
    ),
    test!(
        poststart_hooks_run_in_start_when_the_process_runs,
        ("runc", "1.1", "poststart runs in create")
    ),
    test!(poststop_hooks_run_in_delete),
    test!(prestart_hooks_get_the_state),
    test!(create_runtime_hooks_get_the_state),
    test!(
        create_container_hooks_get_the_state,
        ("crun", "1.8", "createContainer is told pid 0")
    ),
    test!(
        start_container_hooks_get_the_state,
        ("crun", "1.8", "tells / as the bundle")
    ),
    test!(poststart_hooks_get_the_state),
    test!(poststop_hooks_get_the_state),
];

fn ran(t: &Trial<'_>) -> Vec<String> {
    let text = fs::read_to_string(log(t)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A bundle whose process and startContainer hook add a word, too.
fn telling_all(t: &Trial<'_>) -> Result<Bundle, Failure> {
    let folder = t.dir.to_string_lossy().into_owned();
    let file = log(t).to_string_lossy().into_owned();
    let mut bundle = t.bundle()?.mount(&folder, "bind", &folder, &["bind"]);
    for kind in ["createContainer", "createRuntime", "poststart", "poststop", "prestart"] {
        bundle = bundle.hook(kind, telling(t, kind));
    }
    let inside = json!({"path": "/probe", "args": ["probe", "sleep", "0.1", ",", "write", file, "startContainer\n"]});
    Ok(bundle
        .hook("startContainer", inside)
        .args(&["/probe", "write", &file, "process\n"]))
}

fn place(words: &[String], word: &str) -> Option<usize> {
    words.iter().position(|one| one == word)
}

fn prestart_hooks_run_in_create_before_create_runtime(t: &Trial<'_>) -> Verdict {
    t.create(&telling_all(t)?)?;
    let words = ran(t);
    ensure(
        place(&words, "prestart").is_some() && place(&words, "prestart") < place(&words, "createRuntime"),
        || format!("{words:?}"),
    )
}

fn create_runtime_hooks_run_in_create_when_the_namespaces_are_there(t: &Trial<'_>) -> Verdict {
    let script = format!(
        "pid=$(tr ',' '\\n' | sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p'); readlink /proc/$pid/ns/net >{}",
        log(t).display()
    );
    let created = t.create(&t.bundle()?.hook("createRuntime", shell(&script)).probe("sleep 60"))?;
    let own = fs::read_link(format!("/proc/{}/ns/net", t.pid(&created.id)?.as_raw_nonzero()))?;
    same("network", &ran(t), vec![own.to_string_lossy().into_owned()])
}

fn create_container_hooks_run_in_create_after_create_runtime(t: &Trial<'_>) -> Verdict {
    t.create(&telling_all(t)?)?;
    let words = ran(t);
    ensure(
        place(&words, "createRuntime").is_some() && place(&words, "createRuntime") < place(&words, "createContainer"),
        || format!("{words:?}"),
    )
}

fn hooks_of_create_run_before_the_root_is_changed(t: &Trial<'_>) -> Verdict {
    let mut bundle = t.bundle()?.file("marker", "")?.probe("sleep 60");
    for kind in ["prestart", "createRuntime", "createContainer"] {
        // A hook in the container's namespaces would see the marker at / afterwards.
        let script = format!("[ -e /marker ] || echo {kind} >>{}", log(t).display());
        bundle = bundle.hook(kind, shell(&script));
    }
    t.create(&bundle)?;
    same("hooks that saw the host's root", &ran(t).len(), 3)
}

fn start_container_hooks_run_in_start_before_the_process(t: &Trial<'_>) -> Verdict {
    let created = t.create(&telling_all(t)?)?;
    let pid = t.pid(&created.id)?;
    same("in create", &place(&ran(t), "startContainer"), None)?;
    t.call(&["start", &created.id]).succeed()?;
    let after_start = place(&ran(t), "startContainer");
    t.exit_of(pid)?;
    let words = ran(t);
    ensure(
        place(&words, "startContainer").is_some() && place(&words, "startContainer") < place(&words, "process"),
        || format!("{words:?}"),
    )?;
    ensure(after_start.is_some(), || "start returned before".into())
}

fn poststart_hooks_run_in_start_when_the_process_runs(t: &Trial<'_>) -> Verdict {
    let script = format!(
        "pid=$(tr ',' '\\n' | sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p'); cat /proc/$pid/comm >>{}",
        log(t).display()
    );
    let created = t.create(&t.bundle()?.hook("poststart", shell(&script)).probe("sleep 60"))?;
    same("in create", &ran(t).len(), 0)?;
    t.call(&["start", &created.id]).succeed()?;
    same("what ran then", &ran(t), vec!["probe"])
}

fn poststop_hooks_run_in_delete(t: &Trial<'_>) -> Verdict {
    let (created, _) = t.to_its_end(&telling_all(t)?)?;
    same("before delete", &place(&ran(t), "poststop"), None)?;
    t.call(&["delete", &created.id]).succeed()?;
    ensure(place(&ran(t), "poststop").is_some(), || format!("{:?}", ran(t)))
}

/// The state that a hook of this kind reads, in a life from create to delete.
fn gets_the_state(t: &Trial<'_>, kind: &str) -> Verdict {
    let bundle = t.bundle()?.set("/annotations", json!({"key": "value"})).probe("exit 0");
    let folder = t.dir.to_string_lossy().into_owned();
    let file = log(t).to_string_lossy().into_owned();
    let bundle = if kind == "startContainer" {
        bundle
            .mount(&folder, "bind", &folder, &["bind"])
            .hook(kind, json!({"path": "/probe", "args": ["probe", "hook", file]}))
    } else {
        let probe = t.probe().to_string_lossy().into_owned();
        bundle.hook(kind, json!({"path": probe, "args": ["probe", "hook", file]}))
    };
    t.full_life(&bundle)?;
    let lines = lines_in(&log(t))?;
    let text = lines
        .first()
        .and_then(|line| line["state"].as_str())
        .unwrap_or_default();
    let state: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    same("id", &state["id"], bundle.id.as_str())?;
    same("bundle", &state["bundle"], bundle.dir.to_string_lossy().as_ref())?;
    same("annotations", &state["annotations"]["key"], "value")?;
    ensure(state["ociVersion"].is_string() && state["status"].is_string(), || {
        state.to_string()
    })?;
    let lives = state["pid"].as_i64().is_some_and(|pid| pid > 0);
    ensure(kind == "poststop" || lives, || format!("pid: {}", state["pid"]))
}

fn prestart_hooks_get_the_state(t: &Trial<'_>) -> Verdict {
    gets_the_state(t, "prestart")
}

fn create_runtime_hooks_get_the_state(t: &Trial<'_>) -> Verdict {
    gets_the_state(t, "createRuntime")
}

fn create_container_hooks_get_the_state(t: &Trial<'_>) -> Verdict {
    gets_the_state(t, "createContainer")
}

fn start_container_hooks_get_the_state(t: &Trial<'_>) -> Verdict {
    gets_the_state(t, "startContainer")
}

fn poststart_hooks_get_the_state(t: &Trial<'_>) -> Verdict {
    gets_the_state(t, "poststart")
}

fn poststop_hooks_get_the_state(t: &Trial<'_>) -> Verdict {
    gets_the_state(t, "poststop")
}
