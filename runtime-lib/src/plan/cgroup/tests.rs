//! Plans of containers whose cgroups somebody else makes, or nobody.

use crate::systemd::{About, Bus};
use crate::{Arguments, Bundle, CgroupManager, Host, Id, Plan};
use serde_json::{Value, json};

fn config(change: impl FnOnce(&mut Value)) -> String {
    let mut config = json!({
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs"},
        "process": {"args": ["/bin/true"], "cwd": "/"},
        "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "cgroup"}],
            "cgroupsPath": "a-b.slice:cri:x",
            "resources": {"memory": {"limit": 67_108_864}, "pids": {"limit": 7}, "unified": {"memory.oom.group": "1"}}}
    });
    change(&mut config);
    config.to_string()
}

fn with_systemd(bus: Bus, root: &str) -> Host {
    Host {
        systemd: Some(About {
            bus,
            version: 252,
            root: root.into(),
        }),
        ..Host::v2()
    }
}

/// The lines of the plan, and what is told of it.
fn planned(manager: CgroupManager, host: &Host, config: &str) -> (Vec<String>, Vec<String>) {
    let bundle = Bundle::parse("/bundle", config).unwrap();
    let mut arguments = Arguments::new(Id::new("box").unwrap());
    arguments.cgroup_manager = manager;
    let (plan, problems) = Plan::compile(&bundle, host, &arguments);
    let acts = plan.map(|plan| plan.explain()).unwrap_or_default().into_iter();
    let line = |act: crate::ExplainedAct| {
        let path = act.path.map(|path| format!("  <- {path}")).unwrap_or_default();
        format!(
            "{} {} {}: {}{path}",
            act.phase,
            act.by,
            act.place.unwrap_or_default(),
            act.text
        )
    };
    let told = problems.all().iter();
    let told = told.map(|problem| format!("{:?}: {problem}", problem.severity));
    (acts.map(line).collect(), told.collect())
}

fn has(lines: &[String], what: &str) -> bool {
    lines.iter().any(|line| line.contains(what))
}

#[test]
fn the_plan_of_a_container_in_a_unit() {
    let config = config(|config| {
        config["annotations"] = json!({"org.systemd.property.TimeoutStopSec": "2.5",
            "org.systemd.property.MemoryLow": "uint64 5", "org.systemd.property.CollectMode": "'inactive'"});
        config["hooks"] = json!({"createRuntime": [{"path": "/bin/hook"}]});
    });
    let (lines, told) = planned(CgroupManager::Systemd, &with_systemd(Bus::System, ""), &config);
    let told: String = told.into_iter().chain(lines).map(|line| line + "\n").collect();
    insta::assert_snapshot!(told);
}

#[test]
fn a_users_unit_is_below_the_cgroup_of_the_users_systemd() {
    let own = "/user.slice/user-7.slice/user@7.service";
    let host = with_systemd(Bus::User, own);
    let config = config(|config| drop(config["linux"].as_object_mut().unwrap().remove("cgroupsPath")));
    let (lines, told) = planned(CgroupManager::Systemd, &host, &config);
    assert_eq!(told, Vec::<String>::new());
    let place = format!("remove the cgroup \"/sys/fs/cgroup{own}/user.slice/orlop-box.scope\"");
    assert!(has(&lines, &place), "{lines:#?}");
}

#[test]
fn what_limits_and_what_annotations_ask_for_may_not_differ_in_silence() {
    let config = config(|config| config["annotations"] = json!({"org.systemd.property.MemoryLow": "uint64 5"}));
    let config = config.replace("\"limit\":67108864", "\"reservation\":4096");
    let (lines, told) = planned(CgroupManager::Systemd, &with_systemd(Bus::System, ""), &config);
    let expected = "Warning: annotations[\"org.systemd.property.MemoryLow\"]: linux.resources sets MemoryLow as well, \
                    and is what holds";
    assert_eq!(told, [expected]);
    assert!(
        has(&lines, "MemoryLow=4096") && !has(&lines, "MemoryLow=5"),
        "{lines:#?}"
    );
}

#[test]
fn a_host_on_which_systemd_cannot_do_it_is_told() {
    let (lines, told) = planned(CgroupManager::Systemd, &Host::hybrid(), &config(|_| ()));
    assert_eq!(lines, Vec::<String>::new());
    assert!(
        has(
            &told,
            "Error: linux.cgroupsPath: cgroups by systemd need a host with nothing but cgroup v2"
        ),
        "{told:?}"
    );
}

#[test]
fn a_path_without_systemd_may_look_like_a_units_and_the_reverse_is_refused() {
    let (lines, _) = planned(CgroupManager::Direct, &Host::v2(), &config(|_| ()));
    assert!(
        has(&lines, "make the cgroup \"/sys/fs/cgroup/a-b.slice:cri:x\""),
        "{lines:#?}"
    );
    let path = config(|config| config["linux"]["cgroupsPath"] = "/docker/x".into());
    let (_, told) = planned(CgroupManager::Systemd, &with_systemd(Bus::System, ""), &path);
    let words = "Error: linux.cgroupsPath: expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, \
                 got \"/docker/x\" instead";
    assert!(has(&told, words), "{told:?}");
}

#[test]
fn without_any_cgroup_nothing_can_be_limited() {
    let (_, told) = planned(CgroupManager::Disabled, &Host::v2(), &config(|_| ()));
    assert!(
        has(
            &told,
            "Error: linux.resources.memory.limit: cannot be limited: no cgroup is made"
        ),
        "{told:?}"
    );
    let free = config(|config| config["linux"]["resources"] = json!({}));
    let (lines, told) = planned(CgroupManager::Disabled, &Host::v2(), &free);
    assert_eq!(
        told,
        ["Warning: linux.cgroupsPath: not used: no cgroup is made, as the caller wants it"]
    );
    assert!(
        !lines.is_empty() && !has(&lines, "cgroup \"") && !has(&lines, "write \""),
        "{lines:#?}"
    );
}

/// The same with cgroups below the container's.
fn delegating(config: &mut Value) {
    config["annotations"] = json!({"run.oci.systemd.subgroup": "inner", "run.oci.delegate-cgroup": "/a/b"});
    config["mounts"] = json!([{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"}]);
    config["process"]["user"] = json!({"uid": 7, "gid": 7});
}

/// What is told of it, and the acts that are about cgroups.
fn delegated(manager: CgroupManager, host: &Host) -> String {
    let (lines, told) = planned(manager, host, &config(delegating));
    let about = lines
        .into_iter()
        .filter(|line| line.contains("cgroup") || line.contains("wait"));
    told.into_iter().chain(about).map(|line| line + "\n").collect()
}

#[test]
fn the_acts_of_cgroups_below_that_of_a_unit() {
    let host = with_systemd(Bus::System, "");
    insta::assert_snapshot!(delegated(CgroupManager::Systemd, &host));
}

#[test]
fn the_acts_of_cgroups_below_that_of_a_path() {
    insta::assert_snapshot!(delegated(CgroupManager::Direct, &Host::v2()));
}

#[test]
fn cgroups_below_the_containers_are_refused_where_they_cannot_be_had() {
    let (lines, told) = planned(CgroupManager::Direct, &Host::hybrid(), &config(delegating));
    let words = "Error: annotations[\"run.oci.delegate-cgroup\"]: delegate-cgroup not supported on cgroup v1";
    assert!(has(&told, words), "{told:?}");
    assert_eq!(lines, Vec::<String>::new());
    let free = config(|config| {
        delegating(config);
        config["linux"]["resources"] = json!({});
    });
    let (lines, told) = planned(CgroupManager::Disabled, &Host::v2(), &free);
    for name in ["delegate-cgroup", "systemd.subgroup"] {
        assert!(has(&told, &format!("annotations[\"run.oci.{name}\"]")), "{told:?}");
    }
    assert!(!has(&told, "Error:"), "{told:?}");
    assert!(!lines.is_empty() && !has(&lines, "/a/b"), "{lines:#?}");
}
