//! Plans of real and of made-up configs, on hosts that are only described.

mod attributes;
mod labels;
mod mounts;
mod resctrl;

use super::{Arguments, Host, Plan, RareFacts};
use crate::cgroup::Layout;
use crate::{Bundle, Problems, Severity};
use serde_json::{Value, json};
use std::path::Path;

const ALL_CAPABILITIES: u64 = (1 << 41) - 1;

fn hybrid() -> Host {
    Host {
        cgroups: Layout::hybrid_for_tests(),
        permitted_capabilities: ALL_CAPABILITIES,
        rare: RareFacts::described(false, false, false, 6),
    }
}

fn v2() -> Host {
    Host {
        cgroups: Layout::v2_for_tests(),
        permitted_capabilities: ALL_CAPABILITIES,
        rare: RareFacts::described(false, false, false, 6),
    }
}

fn corpus(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus/engines")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn compile(config: &str, host: &Host) -> (Option<Plan>, Problems, Bundle) {
    let bundle = Bundle::parse("/bundle", config).unwrap();
    let arguments = Arguments {
        id: "box".to_owned(),
        ..Arguments::default()
    };
    let (plan, problems) = Plan::compile(&bundle, host, &arguments);
    (plan, problems, bundle)
}

fn explained(config: &str, host: &Host) -> String {
    let (plan, problems, bundle) = compile(config, host);
    let mut text: String = problems
        .all()
        .iter()
        .map(|problem| format!("{:?}: {problem}\n", problem.severity))
        .collect();
    for line in plan.map(|plan| plan.explain(&bundle)).unwrap_or_default() {
        let path = line.path.map(|path| format!("  <- {path}")).unwrap_or_default();
        text.push_str(&format!("{} {}: {}{path}\n", line.phase, line.by, line.text));
    }
    text
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
    let (plan, problems, _) = compile(&config(change), &hybrid());
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
            assert!(
                errors.iter().all(|error| error.contains("not built yet")),
                "{name}: {errors:?}"
            );
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
    assert_eq!(error, "mounts[0].options[1]: unknown option \"rbinddd\"");
    let (plan, problems, _) = compile(
        &config(|config| config["mounts"] = bind(json!(["bind", "size=1k", ""]))),
        &hybrid(),
    );
    assert!(plan.is_some());
    let warnings: Vec<String> = problems.all().iter().map(ToString::to_string).collect();
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
    let host = Host {
        cgroups: Layout::hybrid_for_tests(),
        permitted_capabilities: ALL_CAPABILITIES & !(1 << 24),
        rare: RareFacts::described(false, false, false, 6),
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
