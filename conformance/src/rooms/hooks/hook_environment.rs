//! The environment of hooks that have none of their own in the config: the runtime's on the host, the process's in the
//! container. An empty one is one of their own.

use serde_json::{Value, json};

use super::hook_log::{log, on_host, written};
use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(hooks_of_the_host_have_the_runtimes_environment),
    test!(
        create_container_hooks_have_the_runtimes_environment,
        (
            "runc",
            "1.1",
            "gives the host's program the process's environment (CVE-2025-23266)"
        )
    ),
    test!(start_container_hooks_have_the_processs_environment),
    test!(null_is_no_environment_of_a_hooks_own),
    test!(empty_environment_stays_empty),
];

const OF_THE_HOST: [&str; 4] = ["prestart", "createRuntime", "poststart", "poststop"];
/// What the harness gives the runtime.
const PATH_OF_THE_RUNTIME: &str = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

/// A bundle with such a hook at each of these stages, whose member `env` is as given.
fn with_hooks(t: &Trial<'_>, stages: &[&str], env: Option<Value>) -> Result<Bundle, Failure> {
    let folder = t.dir.to_string_lossy().into_owned();
    let bundle = t.bundle()?.writable().probe("exit 0");
    let bundle = bundle
        .mount(&folder, "bind", &folder, &["bind"])
        .set("/process/env", json!(["PATH=/inside", "LD_PRELOAD=/of/the/image.so"]));
    Ok(stages.iter().fold(bundle, |bundle, stage| {
        let mut hook = if *stage == "startContainer" {
            json!({"path": "/probe", "args": [stage, "hook", log(t).to_string_lossy()]})
        } else {
            on_host(t, stage)
        };
        match (&env, hook.as_object_mut()) {
            (Some(env), _) => hook["env"] = env.clone(),
            (None, Some(hook)) => drop(hook.remove("env")),
            (None, None) => {}
        }
        bundle.hook(stage, hook)
    }))
}

/// The environments that the hooks of a `run` had, without what crun has from its own start.
fn environments(t: &Trial<'_>, bundle: &Bundle) -> Result<Vec<(String, Value)>, Failure> {
    t.with_bundle(&["run"], bundle)?
        .variable("OF_THE_RUNTIME", "1")
        .succeed()?;
    let all = written(t)?.into_iter().map(|(name, report, _)| {
        let mut env = report["env"].clone();
        if let Some(env) = env.as_array_mut() {
            env.retain(|variable| variable != "_LIBCONTAINER_CLONED_BINARY=1");
            env.sort_by_key(ToString::to_string);
        }
        (name, env)
    });
    Ok(all.collect())
}

fn have_the_runtimes(t: &Trial<'_>, stages: &[&str], env: Option<Value>) -> Verdict {
    let seen = environments(t, &with_hooks(t, stages, env)?)?;
    same("hooks", &seen.len(), stages.len())?;
    for (name, env) in seen {
        same(&name, &env, json!(["OF_THE_RUNTIME=1", PATH_OF_THE_RUNTIME]))?;
    }
    Ok(())
}

fn hooks_of_the_host_have_the_runtimes_environment(t: &Trial<'_>) -> Verdict {
    have_the_runtimes(t, &OF_THE_HOST, None)
}

fn create_container_hooks_have_the_runtimes_environment(t: &Trial<'_>) -> Verdict {
    have_the_runtimes(t, &["createContainer"], None)
}

fn start_container_hooks_have_the_processs_environment(t: &Trial<'_>) -> Verdict {
    let seen = environments(t, &with_hooks(t, &["startContainer"], None)?)?;
    let wanted = json!(["HOME=/", "LD_PRELOAD=/of/the/image.so", "PATH=/inside"]);
    same("environments", &seen, vec![("startContainer".to_owned(), wanted)])
}

fn null_is_no_environment_of_a_hooks_own(t: &Trial<'_>) -> Verdict {
    have_the_runtimes(t, &OF_THE_HOST, Some(json!(null)))
}

fn empty_environment_stays_empty(t: &Trial<'_>) -> Verdict {
    let all = [&OF_THE_HOST[..], &["createContainer", "startContainer"]].concat();
    let seen = environments(t, &with_hooks(t, &all, Some(json!([])))?)?;
    same("hooks", &seen.len(), all.len())?;
    for (name, env) in seen {
        same(&name, &env, json!([]))?;
    }
    Ok(())
}
