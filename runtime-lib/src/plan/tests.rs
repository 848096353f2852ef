//! Plans of real and of made-up configs, on hosts that are only described.

mod attributes;
mod labels;
mod mounts;
mod resctrl;

use super::{Arguments, ExecArguments, Plan};
use crate::{Bundle, ExplainedAct, Host, Id, Problems, Severity};
use serde_json::{Value, json};
use std::path::Path;

fn hybrid() -> Host {
    Host::hybrid()
}

fn v2() -> Host {
    Host::v2()
}

fn corpus(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus/engines")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn arguments() -> Arguments {
    Arguments::new(Id::new("box").unwrap())
}

fn compile(config: &str, host: &Host) -> (Option<Plan>, Problems, Bundle) {
    let bundle = Bundle::parse("/bundle", config).unwrap();
    let (plan, problems) = Plan::compile(&bundle, host, &arguments());
    (plan, problems, bundle)
}

fn explained(config: &str, host: &Host) -> String {
    let (plan, problems, bundle) = compile(config, host);
    let mut text: String = bundle
        .warnings()
        .iter()
        .chain(problems.all())
        .map(|problem| format!("{:?}: {problem}\n", problem.severity))
        .collect();
    text.push_str(&listed(plan.map(|plan| plan.explain()).unwrap_or_default()));
    text
}

/// A line for each act.
fn listed(acts: Vec<ExplainedAct>) -> String {
    let line = |act: ExplainedAct| {
        let place = act.place.map(|place| format!(" {place}")).unwrap_or_default();
        let path = act.path.map(|path| format!("  <- {path}")).unwrap_or_default();
        format!("{} {}{place}: {}{path}\n", act.phase, act.by, act.text)
    };
    acts.into_iter().map(line).collect()
}

/// A small config that is right, changed by `change`.
fn config(change: impl FnOnce(&mut Value)) -> String {
    let mut config = json!({
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs"},
        "process": {"args": ["/bin/true"], "cwd": "/"},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]}
    });
    change(&mut config);
    config.to_string()
}

fn first_error(change: impl FnOnce(&mut Value)) -> String {
    let bundle = match Bundle::parse("/bundle", &config(change)) {
        Ok(bundle) => bundle,
        Err(error) => return error.to_string(),
    };
    let (plan, problems) = Plan::compile(&bundle, &hybrid(), &arguments());
    assert!(plan.is_none());
    problems.into_warnings().unwrap_err().to_string()
}

#[test]
fn the_plan_of_what_runc_spec_writes() {
    insta::assert_snapshot!(explained(&corpus("runc-spec.json"), &hybrid()));
}

#[test]
fn the_plan_of_what_runc_spec_writes_on_a_v2_host() {
    insta::assert_snapshot!(explained(&corpus("runc-spec.json"), &v2()));
}

#[test]
fn the_plan_of_a_docker_container() {
    insta::assert_snapshot!(explained(&corpus("docker-volume-rw.json"), &hybrid()));
}

#[test]
fn the_plan_of_a_podman_container_with_a_terminal() {
    insta::assert_snapshot!(explained(&corpus("podman-terminal.json"), &hybrid()));
}

/// A host where an ordinary user may make no cgroup and has no capabilities to give.
fn of_an_ordinary_user() -> Host {
    Host {
        permitted_capabilities: 0,
        ..v2()
    }
}

/// What `runc spec --rootless` writes, with a hook of each kind.
fn rootless_with_all_hooks() -> String {
    let mut config: Value = serde_json::from_str(&corpus("runc-spec-rootless.json")).unwrap();
    for kind in [
        "prestart",
        "createRuntime",
        "createContainer",
        "startContainer",
        "poststart",
        "poststop",
    ] {
        config["hooks"][kind] = json!([{"path": format!("/hooks/{kind}"), "timeout": 5}]);
    }
    config.to_string()
}

#[test]
fn the_plan_of_a_rootless_container_with_all_hooks() {
    insta::assert_snapshot!(explained(&rootless_with_all_hooks(), &of_an_ordinary_user()));
}

/// What a further process of a container is planned to be.
fn explained_exec(config: &str, process: &str, host: &Host) -> String {
    let (plan, ..) = compile(config, host);
    let (process, warnings) = crate::bundle::parse_process(process).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let (exec, problems) = plan.unwrap().exec(&process, &ExecArguments::default(), host);
    assert!(!problems.has_errors(), "{problems:?}");
    listed(exec.unwrap().explain())
}

#[test]
fn the_plan_of_a_further_process_in_a_docker_container() {
    let process = corpus("docker-exec.process.json");
    insta::assert_snapshot!(explained_exec(&corpus("docker-volume-rw.json"), &process, &hybrid()));
}

#[test]
fn the_plan_of_a_further_process_in_a_rootless_container() {
    let process = json!({"args": ["id"], "cwd": "/tmp", "user": {"uid": 1, "gid": 2}, "env": ["PATH=/bin"]});
    let process = process.to_string();
    insta::assert_snapshot!(explained_exec(
        &rootless_with_all_hooks(),
        &process,
        &of_an_ordinary_user()
    ));
}

#[test]
fn every_engines_config_gives_a_plan_or_errors_with_a_path() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/engines");
    let mut planned = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".json") || name.ends_with(".process.json") || name.contains("rootless") {
            continue;
        }
        for host in [hybrid(), v2()] {
            let (plan, problems, _) = compile(&corpus(&name), &host);
            for problem in problems.all() {
                assert!(!problem.path.as_str().is_empty(), "{name}: {problem}");
            }
            let errors: Vec<String> = problems
                .all()
                .iter()
                .filter(|problem| problem.severity == Severity::Error)
                .map(ToString::to_string)
                .collect();
            assert_eq!(plan.is_none(), !errors.is_empty(), "{name}");
            // What an engine asks for on a v1 host it does not ask for on v2.
            let is_expected =
                |error: &String| error.contains("not built yet") || error.contains("cgroup v2 has nothing like it");
            assert!(errors.iter().all(is_expected), "{name}: {errors:?}");
            planned += usize::from(plan.is_some());
        }
    }
    assert!(planned > 200, "{planned} plans");
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

#[test]
fn an_unknown_word_on_a_bind_mount_is_refused_and_a_pair_is_a_warning() {
    let bind = |options: Value| json!([{"destination": "/data", "type": "bind", "source": "/srv", "options": options}]);
    let error = first_error(|config| config["mounts"] = bind(json!(["bind", "rbinddd"])));
    assert_eq!(
        error,
        "mounts[0].options[1]: unknown option \"rbinddd\"; did you mean `rbind`?"
    );
    let (plan, _, bundle) = compile(
        &config(|config| config["mounts"] = bind(json!(["bind", "size=1k", ""]))),
        &hybrid(),
    );
    assert!(plan.is_some());
    let warnings: Vec<String> = bundle.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["mounts[0].options[1]: a bind mount has no filesystem options; \"size=1k\" is ignored"]
    );
}

#[test]
fn an_option_list_of_a_bind_mount_clears_what_it_does_not_name() {
    let plan = |options: Value| {
        let mounts = json!([{"destination": "/data", "source": "/srv", "options": options}]);
        explained(&config(|config| config["mounts"] = mounts), &hybrid())
    };
    assert!(plan(json!(["rbind", "rw"])).contains("on /data (rw)"));
    assert!(plan(json!(["rbind", "ro", "nosuid"])).contains("on /data (ro, nosuid)"));
    assert!(plan(json!(["rbind"])).contains("on /data  <- mounts[0]"));
}

#[test]
fn capabilities_that_cannot_be_given_are_warned_of_and_left_out() {
    let all = hybrid().permitted_capabilities;
    let host = Host {
        permitted_capabilities: all & !(1 << 24),
        ..hybrid()
    };
    let capabilities = json!({"bounding": ["CAP_KILL", "CAP_SYS_RESOURCE"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"],
        "ambient": ["CAP_KILL"]});
    let text = explained(
        &config(|config| config["process"]["capabilities"] = capabilities),
        &host,
    );
    assert!(
        text.contains("Warning: process.capabilities.bounding: the runtime itself does not have CAP_SYS_RESOURCE"),
        "{text}"
    );
    assert!(
        text.contains("Warning: process.capabilities.ambient: can't raise ambient capability CAP_KILL: "),
        "{text}"
    );
    assert!(text.contains("bounding capabilities: CAP_KILL; permitted capabilities: CAP_KILL; effective capabilities: CAP_KILL; inheritable capabilities: none; ambient capabilities: none"), "{text}");
}
