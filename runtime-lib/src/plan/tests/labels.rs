//! `process.apparmorProfile`, `process.selinuxLabel`, `linux.mountLabel`.

use super::{compile, config, explained, hybrid, merge};
use crate::host::{Host, SecurityModules};
use serde_json::{Value, json};

fn with(change: &Value, apparmor: bool, selinux: bool) -> String {
    let host = Host {
        security_modules: SecurityModules {
            has_apparmor: apparmor,
            has_selinux: selinux,
            landlock_version: 0,
        },
        ..hybrid()
    };
    explained(&config(|config| merge(config, change)), &host)
}

#[test]
fn a_label_is_opened_before_the_root_changes_and_set_before_the_hooks_of_start() {
    for (change, module, path) in [
        (
            json!({"process": {"apparmorProfile": "box"}}),
            "the AppArmor profile \"box\" (write /proc/self/attr/apparmor/exec)",
            "process.apparmorProfile",
        ),
        (
            json!({"process": {"selinuxLabel": "u:r:t:s0"}}),
            "the SELinux label \"u:r:t:s0\" (write /proc/self/attr/exec)",
            "process.selinuxLabel",
        ),
    ] {
        let mut change = change;
        change["hooks"] = json!({"startContainer": [{"path": "/hook"}]});
        let text = with(&change, true, true);
        assert_eq!(
            text.contains("init: label its keys \"u:r:t:s0\" (write /proc/self/attr/keycreate)"),
            path == "process.selinuxLabel",
            "{text}"
        );
        let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
        let opened = place("for the process's label");
        let set = place(&format!("start init: set {module}  <- {path}\n"));
        assert!(opened < place("make the rootfs the root"), "{text}");
        assert!(
            place("wait for start") < set && set < place("run the hook \"/hook\""),
            "{text}"
        );
    }
}

#[test]
fn a_label_that_the_host_cannot_set_is_refused() {
    for (change, error) in [
        (
            json!({"process": {"apparmorProfile": "unconfined"}}),
            "Error: process.apparmorProfile: AppArmor profile is specified in config, but AppArmor is disabled or not supported\n",
        ),
        (
            json!({"process": {"selinuxLabel": "u:r:t:s0"}}),
            "Error: process.selinuxLabel: selinux label is specified in config, but selinux is disabled or not supported\n",
        ),
    ] {
        assert_eq!(with(&change, false, false), error);
    }
}

#[test]
fn new_filesystems_get_the_mounts_label_and_without_selinux_it_is_a_warning() {
    let change = json!({
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue"},
            {"destination": "/data", "type": "bind", "source": "/srv", "options": ["bind"]}
        ],
        "linux": {"mountLabel": "u:object_r:t:s0:c1,c2"}
    });
    let text = with(&change, false, true);
    assert!(
        text.contains("of type tmpfs on /dev (mode=755, context=u:object_r:t:s0:c1,c2)"),
        "{text}"
    );
    assert!(
        text.contains("label /dev/mqueue \"u:object_r:t:s0:c1,c2\"  <- linux.mountLabel"),
        "{text}"
    );
    assert_eq!(text.matches("u:object_r").count(), 2, "{text}");
    let host = hybrid();
    let (plan, problems, _) = compile(&config(|config| merge(config, &change)), &host);
    assert!(plan.is_some());
    let warning = "linux.mountLabel: SELinux is disabled or not supported; ignored";
    assert!(problems.all().iter().any(|problem| problem.to_string() == warning));
}
