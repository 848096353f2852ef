//! Upgrades: what an older binary has created is started, told of, signalled and deleted by the one under test. The
//! two have nothing in common but the state root.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::bundle::Bundle;
use crate::call::{Call, lines_in};
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::runtime::Runtime;
use crate::sentence::{Test, test};
use crate::trial::{Created, Trial};
use crate::unprivileged::{as_user, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(created_container_is_started_and_deleted),
    test!(running_container_is_signalled_and_deleted),
    test!(container_of_either_status_is_deleted_by_force),
    test!(container_that_was_never_started_is_deleted),
    test!(hooks_of_the_old_config_run),
    test!(hook_that_fails_at_the_start_is_told_of),
    test!(program_that_is_gone_at_the_start_is_told_of),
    test!(container_without_a_pid_namespace_is_deleted_with_all_its_processes),
    test!(container_whose_agent_the_start_would_have_to_reach_is_refused_and_deleted),
    test!(ordinary_users_container_is_taken_over),
    test!(container_whose_bundle_is_gone_is_taken_over),
    test!(old_and_new_containers_are_listed_together),
    test!(readiness_is_passed_on),
    test!(output_of_hooks_goes_to_the_files_of_the_old_config),
    test!(container_in_the_making_whose_maker_was_killed_is_deleted_by_force),
];

/// `create` by an older binary, which must succeed.
fn create_by<'t>(t: &'t Trial<'_>, older: &'t Runtime, bundle: &Bundle) -> Result<Created, Failure> {
    t.create_with(t.with_bundle(&["create"], bundle)?.by(older), bundle)
}

/// `create` and `start` by an older binary.
fn launch_by<'t>(t: &'t Trial<'_>, older: &'t Runtime, bundle: &Bundle) -> Result<Created, Failure> {
    let created = create_by(t, older, bundle)?;
    t.call(&["start", &created.id]).by(older).succeed()?;
    Ok(created)
}

/// What both binaries tell of a container has to be the same.
fn told_alike<'t>(t: &'t Trial<'_>, older: &'t Runtime, id: &str) -> Verdict {
    let before = t.call(&["state", id]).by(older).succeed()?.json()?;
    same("state", &t.state(id)?, before)?;
    let list = |call: Call<'t>| call.succeed()?.json();
    let before = list(t.call(&["list", "--format", "json"]).by(older))?;
    same("list", &list(t.call(&["list", "--format", "json"]))?, before)
}

/// Kills it, waits and deletes it; nothing of it is left.
fn end(t: &Trial<'_>, id: &str, pid: Pid) -> Verdict {
    t.call(&["kill", id, "KILL"]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 137)?;
    same("status", &t.status(id)?, "stopped")?;
    t.call(&["delete", id]).succeed()?;
    is_gone(t, id)
}

fn is_gone(t: &Trial<'_>, id: &str) -> Verdict {
    ensure(!t.root.join(id).exists(), || "the state folder is still there".into())?;
    t.call(&["state", id]).refuse(&["does not exist"])
}

fn annotated(t: &Trial<'_>) -> Result<Bundle, Failure> {
    Ok(t.bundle()?.set("/annotations", json!({"org.example.key": "value"})))
}

fn created_container_is_started_and_deleted(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        let created = create_by(t, older, &annotated(t)?.probe("report , sleep 60"))?;
        told_alike(t, older, &created.id)?;
        let pid = t.pid(&created.id)?;
        t.call(&["start", &created.id]).succeed()?;
        same("status", &t.status(&created.id)?, "running")?;
        told_alike(t, older, &created.id)?;
        t.call(&["start", &created.id]).refuse(&["already running"])?;
        t.until("the report", || Ok(!created.out()?.is_empty()))?;
        same("pid inside", &created.lines()?[0]["pid"], 1)?;
        end(t, &created.id, pid)?;
    }
    Ok(())
}

fn running_container_is_signalled_and_deleted(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        let created = launch_by(t, older, &annotated(t)?.probe("sleep 60"))?;
        told_alike(t, older, &created.id)?;
        let pid = t.pid(&created.id)?;
        t.call(&["start", &created.id]).refuse(&["already running"])?;
        t.call(&["delete", &created.id]).refuse(&[])?;
        same("status", &t.status(&created.id)?, "running")?;
        end(t, &created.id, pid)?;
    }
    Ok(())
}

fn container_of_either_status_is_deleted_by_force(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        for created in [
            create_by(t, older, &t.bundle()?.probe("sleep 60"))?,
            launch_by(t, older, &t.bundle()?.probe("sleep 60"))?,
        ] {
            t.call(&["delete", "--force", &created.id]).succeed()?;
            is_gone(t, &created.id)?;
        }
    }
    Ok(())
}

fn container_that_was_never_started_is_deleted(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        let created = create_by(t, older, &t.bundle()?)?;
        t.call(&["delete", &created.id]).succeed()?;
        is_gone(t, &created.id)?;
    }
    Ok(())
}

/// A hook of the host that adds its name, and the state it is told, to a file.
fn hook(t: &Trial<'_>, name: &str) -> Value {
    let file = t.dir.join("hooks.log");
    let probe = t.probe().to_string_lossy().into_owned();
    json!({"path": probe, "args": [name, "hook", file.to_string_lossy()]})
}

fn hooks_of_the_old_config_run(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        let log = t.dir.join("hooks.log");
        let _ = fs::remove_file(&log);
        let folder = t.dir.to_string_lossy().into_owned();
        let inside = json!({"path": "/probe", "args": ["startContainer", "hook", format!("{folder}/hooks.log")]});
        let bundle = ["prestart", "poststart", "poststop"]
            .iter()
            .fold(annotated(t)?, |bundle, name| bundle.hook(name, hook(t, name)));
        let bundle = bundle
            .mount(&folder, "bind", &folder, &["bind"])
            .hook("startContainer", inside)
            .probe("sleep 60");
        let created = create_by(t, older, &bundle)?;
        let pid = t.pid(&created.id)?;
        t.call(&["start", &created.id]).succeed()?;
        end(t, &created.id, pid)?;
        let mut seen = Vec::new();
        for line in lines_in(&log)? {
            let state: Value = serde_json::from_str(line["state"].as_str().unwrap_or_default()).unwrap_or_default();
            same("annotations", &state["annotations"]["org.example.key"], "value")?;
            let name = line["hook"]["args"][0].as_str().unwrap_or_default();
            seen.push(format!("{name} {}", state["status"].as_str().unwrap_or_default()));
        }
        let wanted = [
            "prestart created",
            "startContainer created",
            "poststart running",
            "poststop stopped",
        ];
        same("hooks", &seen, wanted)?;
    }
    Ok(())
}

fn hook_that_fails_at_the_start_is_told_of(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        let failing = json!({"path": "/probe", "args": ["hook", "exit", "3"]});
        let created = create_by(t, older, &t.bundle()?.hook("startContainer", failing).probe("sleep 60"))?;
        t.call(&["start", &created.id]).refuse(&["startContainer"])?;
        t.call(&["delete", "--force", &created.id]).succeed()?;
        is_gone(t, &created.id)?;
    }
    Ok(())
}

fn program_that_is_gone_at_the_start_is_told_of(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        let bundle = t.bundle()?;
        fs::hard_link(bundle.rootfs().join("probe"), bundle.rootfs().join("other"))?;
        let created = create_by(t, older, &bundle.args(&["/other", "sleep", "60"]))?;
        fs::remove_file(bundle_rootfs(t, &created.id).join("other"))?;
        t.call(&["start", &created.id]).refuse(&["/other", "no such file"])?;
        t.call(&["delete", "--force", &created.id]).succeed()?;
        is_gone(t, &created.id)?;
    }
    Ok(())
}

fn bundle_rootfs(t: &Trial<'_>, id: &str) -> std::path::PathBuf {
    t.dir.join(format!("bundle-{id}")).join("rootfs")
}

fn container_without_a_pid_namespace_is_deleted_with_all_its_processes(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        let bundle = t.bundle()?.without_namespace("pid").probe("sleep 60");
        let created = launch_by(t, older, &bundle)?;
        t.call(&["delete", "--force", &created.id]).succeed()?;
        is_gone(t, &created.id)?;
    }
    Ok(())
}

/// The agent's connection was `start`'s to make, and is now `create`'s: such a container is not started, and says so,
/// rather than to wait for an agent that nobody connects it with.
fn container_whose_agent_the_start_would_have_to_reach_is_refused_and_deleted(t: &Trial<'_>) -> Verdict {
    for (number, older) in t.older()?.into_iter().enumerate() {
        for has_hook in [false, true] {
            let agent = Agent::at(&t.dir.join(format!("agent-{number}-{has_hook}")), libc::SYS_getppid, 1)?;
            let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": agent.path.to_string_lossy(),
                "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"}]});
            let bundle = t.bundle()?.set("/linux/seccomp", profile).probe("sleep 60");
            let bundle = if has_hook {
                bundle.hook("poststop", hook(t, "poststop"))
            } else {
                bundle
            };
            let created = create_by(t, older, &bundle)?;
            let started = t.call(&["start", &created.id]).finish()?;
            let status = t.status(&created.id)?;
            t.call(&["delete", "--force", &created.id]).succeed()?;
            let _ = agent.seen();
            is_gone(t, &created.id)?;
            match (started.code, status.as_str()) {
                (0, "running") => {}
                (1, "created") if started.err.contains("agent") => {}
                _ => return wrong(format!("start: {} {}, then {status}", started.code, started.err.trim())),
            }
        }
    }
    Ok(())
}

fn ordinary_users_container_is_taken_over(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        for starter in [None, Some(older)] {
            let bundle = rootless(t)?
                .hook("poststop", json!({"path": "/bin/true"}))
                .probe("sleep 60");
            bundle.save()?;
            let folder = bundle.dir.to_string_lossy().into_owned();
            let id = bundle.id.as_str();
            as_user(t, t.call(&["create", "--bundle", &folder, id]).by(older))?.succeed()?;
            let own = |words: &[&str]| as_user(t, t.call(words));
            let judge = || -> Verdict {
                match starter {
                    Some(older) => own(&["start", id])?.by(older).succeed()?,
                    None => own(&["start", id])?.succeed()?,
                };
                let state = own(&["state", id])?.succeed()?.json()?;
                same("status", &state["status"], "running")?;
                own(&["kill", id, "KILL"])?.succeed()?;
                t.until("its end", || {
                    let state = own(&["state", id])?.succeed()?.json()?;
                    Ok(state["status"] == "stopped")
                })
            };
            let verdict = judge();
            let deleted = own(&["delete", "--force", id])?.succeed();
            verdict?;
            deleted?;
        }
    }
    Ok(())
}

fn container_whose_bundle_is_gone_is_taken_over(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        let bundle = t.bundle()?.probe("sleep 60");
        let created = create_by(t, older, &bundle)?;
        let pid = t.pid(&created.id)?;
        fs::remove_file(bundle.dir.join("config.json"))?;
        t.call(&["start", &created.id]).succeed()?;
        end(t, &created.id, pid)?;
    }
    Ok(())
}

fn old_and_new_containers_are_listed_together(t: &Trial<'_>) -> Verdict {
    for older in t.older()? {
        let mut wanted = vec![create_by(t, older, &t.bundle()?)?.id, t.create(&t.bundle()?)?.id];
        let done = t.call(&["list", "--quiet"]).succeed()?;
        let mut seen: Vec<&str> = done.out.lines().collect();
        seen.sort_unstable();
        wanted.sort();
        same("ids", &seen, wanted.clone())?;
        same("stderr", &done.err, "")?;
        for id in &wanted {
            t.call(&["delete", "--force", id]).succeed()?;
        }
    }
    Ok(())
}

fn readiness_is_passed_on(t: &Trial<'_>) -> Verdict {
    for (number, older) in t.older()?.into_iter().enumerate() {
        let path = t.dir.join(format!("manager-{number}"));
        let manager = UnixDatagram::bind(&path)?;
        manager.set_read_timeout(Some(Duration::from_secs(5)))?;
        let path = path.to_string_lossy();
        let bundle = t.bundle()?.probe("notify READY=1 , sleep 20");
        let call = t.with_bundle(&["create"], &bundle)?.by(older);
        let created = t.create_with(call.variable("NOTIFY_SOCKET", &path), &bundle)?;
        let start = t
            .call(&["start", &created.id])
            .variable("NOTIFY_SOCKET", &path)
            .spawn()?;
        let mut heard = [0; 64];
        let length = manager.recv(&mut heard)?;
        // What the runtime asks afterwards is whether all was handled; the socket's end is an answer.
        drop(manager);
        same("exit status of start", &start.wait()?.code, 0)?;
        let heard = String::from_utf8_lossy(&heard[..length]).into_owned();
        same("heard", &heard.trim_end(), "READY=1")?;
        t.call(&["delete", "--force", &created.id]).succeed()?;
    }
    Ok(())
}

fn output_of_hooks_goes_to_the_files_of_the_old_config(t: &Trial<'_>) -> Verdict {
    for (number, older) in t.older()?.into_iter().enumerate() {
        let file = t.dir.join(format!("output-{number}"));
        let says = |word: &str| json!({"path": "/bin/echo", "args": ["echo", word]});
        let annotations = json!({"run.oci.hooks.stdout": file.to_string_lossy()});
        let bundle = t
            .bundle()?
            .set("/annotations", annotations)
            .hook("poststart", says("started"))
            .hook("poststop", says("stopped"));
        let created = create_by(t, older, &bundle.probe("sleep 60"))?;
        t.call(&["start", &created.id]).succeed()?;
        t.call(&["delete", "--force", &created.id]).succeed()?;
        same("output", &fs::read_to_string(file)?, "started\nstopped\n")?;
    }
    Ok(())
}

fn container_in_the_making_whose_maker_was_killed_is_deleted_by_force(t: &Trial<'_>) -> Verdict {
    for (number, older) in t.older()?.into_iter().enumerate() {
        let (flag, log) = (t.dir.join(format!("in-hook-{number}")), t.dir.join("hooks.log"));
        let _ = fs::remove_file(&log);
        let script = format!("touch {}; exec sleep 1", flag.display());
        let slow = json!({"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"]});
        let bundle = t
            .bundle()?
            .hook("createRuntime", slow)
            .hook("poststop", hook(t, "poststop"));
        let running = t.with_bundle(&["create"], &bundle)?.by(older).spawn()?;
        t.until("the hook", || Ok(flag.exists()))?;
        running.signal(Signal::KILL)?;
        running.wait()?;
        t.call(&["delete", "--force", &bundle.id]).succeed()?;
        is_gone(t, &bundle.id)?;
        same("poststop hooks that ran", &lines_in(&log)?.len(), 1)?;
        // The hook outlives whoever runs it.
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}
