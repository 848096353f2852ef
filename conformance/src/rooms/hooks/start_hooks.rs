//! Hooks of `start` and what they may, where hooks stand, and hooks that call the runtime (runtime.md#lifecycle,
//! config.md#posix-platform-hooks).

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::call::lines_in;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(hooks_of_start_are_bound_by_the_filter),
    test!(
        hook_of_start_that_an_agent_would_be_asked_about_is_bound_all_the_same,
        ("runc", "1.1", "asks the agent about the hook"),
        ("crun", "1.8", "asks the agent about the hook")
    ),
    test!(
        container_is_created_until_its_process_is_executed,
        ("crun", "1.8", "is running")
    ),
    test!(
        hooks_on_the_host_stand_in_the_bundle,
        ("runc", "1.1", "runs poststop hooks where it stands itself")
    ),
    test!(
        poststop_hooks_run_when_a_later_step_of_create_fails,
        ("crun", "1.8", "does not run them")
    ),
    test!(hook_may_delete_the_container_by_force, ("crun", "1.8", "succeeds")),
    test!(
        hook_that_deletes_the_container_in_the_making_is_told,
        ("runc", "1.1", "deletes it"),
        ("crun", "1.8", "deletes it")
    ),
    test!(kill_of_a_container_in_the_making_is_an_error),
];

fn hook_of_start(t: &Trial<'_>, profile: Value, call: i64) -> Result<Value, Failure> {
    let folder = t.dir.to_string_lossy().into_owned();
    let number = call.to_string();
    let script = ["hook", "syscall", &number, ",", "hook", &format!("{folder}/report")];
    let bundle = t
        .bundle()?
        .mount(&folder, "bind", &folder, &["bind"])
        .set("/linux/seccomp", profile)
        .hook(
            "startContainer",
            json!({"path": "/probe", "args": script, "env": ["A=b"]}),
        )
        .probe("exit 0");
    t.run(&bundle)?;
    let lines = lines_in(&t.dir.join("report"))?;
    lines
        .into_iter()
        .next()
        .ok_or_else(|| Failure::Wrong("the hook said nothing".into()))
}

fn hooks_of_start_are_bound_by_the_filter(t: &Trial<'_>) -> Verdict {
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42}]});
    let seen = hook_of_start(t, profile, libc::SYS_getppid)?;
    same("Seccomp", &seen["hook"]["status"]["Seccomp"], "2")
}

fn hook_of_start_that_an_agent_would_be_asked_about_is_bound_all_the_same(t: &Trial<'_>) -> Verdict {
    let agent = crate::agent::Agent::at(&t.dir.join("agent"), libc::SYS_getppid, libc::EXDEV)?;
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": agent.path.to_string_lossy(),
        "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"}]});
    let seen = hook_of_start(t, profile, libc::SYS_getppid)?;
    agent.seen()?;
    same("Seccomp", &seen["hook"]["status"]["Seccomp"], "2")
}

fn container_is_created_until_its_process_is_executed(t: &Trial<'_>) -> Verdict {
    let hook = json!({"path": "/probe", "args": ["hook", "sleep", "0.6"]});
    let created = t.create(&t.bundle()?.hook("startContainer", hook).probe("sleep 10"))?;
    let start = t.call(&["start", &created.id]).spawn()?;
    std::thread::sleep(Duration::from_millis(250));
    let during = t.status(&created.id)?;
    same("exit status", &start.wait()?.code, 0)?;
    same("during the hook", &during, "created")?;
    same("after it", &t.status(&created.id)?, "running")
}

fn hooks_on_the_host_stand_in_the_bundle(t: &Trial<'_>) -> Verdict {
    let hook =
        |name: &str| json!({"path": "/bin/sh", "args": ["sh", "-c", format!("pwd >>{}/{name}", t.dir.display())]});
    let stages = ["prestart", "createRuntime", "poststart", "poststop"];
    let bundle = stages.iter().fold(t.bundle()?.probe("exit 0"), |bundle, stage| {
        bundle.hook(stage, hook(stage))
    });
    let created = t.create_with(t.with_bundle(&["create"], &bundle)?.folder("/"), &bundle)?;
    let pid = t.pid(&created.id)?;
    t.call(&["start", &created.id]).folder("/").succeed()?;
    t.exit_of(pid)?;
    t.call(&["delete", &created.id]).folder("/").succeed()?;
    for stage in stages {
        let stood = fs::read_to_string(t.dir.join(stage))?;
        same(stage, &stood.trim(), bundle.dir.to_string_lossy().as_ref())?;
    }
    Ok(())
}

fn writing(t: &Trial<'_>, file: &str) -> Value {
    json!({"path": "/bin/sh", "args": ["sh", "-c", format!("cat >{}/{file}", t.dir.display())]})
}

fn poststop_hooks_run_when_a_later_step_of_create_fails(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .hook("createRuntime", json!({"path": "/bin/true"}))
        .hook("poststop", writing(t, "stopped"))
        .args(&["/no/such/program"]);
    t.with_bundle(&["create"], &bundle)?.refuse(&["no such file"])?;
    let state: Value = serde_json::from_str(&fs::read_to_string(t.dir.join("stopped"))?).unwrap_or_default();
    same("status", &state["status"], "stopped")?;
    same("id", &state["id"], bundle.id.as_str())
}

/// A hook that calls the runtime, and keeps what it says.
fn calling(t: &Trial<'_>, id: &str, words: &str) -> Value {
    let runtime = t.runtime.path.to_string_lossy();
    let root = t.root.to_string_lossy();
    let dir = t.dir.display();
    let script = format!("{runtime} --root {root} {words} {id} >{dir}/asked 2>&1; echo status $? >>{dir}/asked");
    json!({"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], "timeout": 20})
}

fn hook_may_delete_the_container_by_force(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 20");
    let hook = calling(t, &bundle.id.clone(), "delete --force");
    let created = t.create(&bundle.hook("poststart", hook))?;
    let begin = Instant::now();
    t.call(&["start", &created.id]).finish()?;
    ensure(begin.elapsed() < Duration::from_secs(15), || {
        format!("took {:?}", begin.elapsed())
    })?;
    t.call(&["state", &created.id]).refuse(&["does not exist"])
}

fn asked(t: &Trial<'_>) -> Result<String, Failure> {
    Ok(fs::read_to_string(t.dir.join("asked"))?)
}

fn hook_that_deletes_the_container_in_the_making_is_told(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    let hook = calling(t, &bundle.id.clone(), "delete");
    t.create(&bundle.hook("createRuntime", hook))?;
    let asked = asked(t)?;
    ensure(asked.contains("status 1") && asked.contains("creating"), || {
        asked.clone()
    })
}

fn kill_of_a_container_in_the_making_is_an_error(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    let hook = calling(t, &bundle.id.clone(), "kill");
    t.create(&bundle.hook("createRuntime", hook))?;
    let asked = asked(t)?;
    ensure(asked.contains("status 1"), || asked.clone())
}
