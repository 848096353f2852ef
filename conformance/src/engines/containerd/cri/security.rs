//! What a pod's security context asks for.

use std::fs;

use serde_json::{Value, json};

use super::{Cri, output_of};
use crate::engines::call::reads;
use crate::engines::check::{Check, checks};
use crate::failure::{Verdict, ensure};

pub(super) const CHECKS: &[Check<Cri>] = checks![
    long a_user_a_group_and_further_groups,
    long a_user_by_name,
    long a_read_only_root_refuses_writes,
    long a_privileged_container_has_what_the_host_has,
    long capabilities_are_added_and_dropped,
    long seccomp_is_the_default_profile_none_or_a_file,
    long paths_are_masked_and_read_only,
    long new_privileges_are_refused,
];

/// A change of the container's security context.
fn context(value: Value) -> impl FnOnce(&mut Value) {
    move |config| {
        if let (Some(old), Value::Object(new)) = (config["linux"]["security_context"].as_object_mut(), value) {
            old.extend(new);
        }
    }
}

fn a_user_a_group_and_further_groups(cri: &Cri) -> Verdict {
    let wanted = json!({
        "run_as_user": {"value": 1000},
        "run_as_group": {"value": 50},
        "supplemental_groups": [2000, 3000],
    });
    let script = "id -u; id -g; for n in $(id -G); do echo $n; done | sort -n | tr '\\n' ' '; touch /root/f 2>/dev/null || echo refused";
    let said = output_of(cri, "groups", script, context(wanted))?;
    reads("said", &said, "1000\n50\n50 2000 3000 refused\n")
}

fn a_user_by_name(cri: &Cri) -> Verdict {
    let said = output_of(
        cri,
        "name",
        "id -un; id -gn; echo $HOME",
        context(json!({"run_as_username": "user"})),
    )?;
    reads("said", &said, "user\nuser\n/home/user\n")
}

fn a_read_only_root_refuses_writes(cri: &Cri) -> Verdict {
    let script = "touch /file 2>&1; touch /dev/shm/file && echo written";
    let said = output_of(cri, "readonly", script, context(json!({"readonly_rootfs": true})))?;
    ensure(
        said.contains("Read-only file system\n") && said.ends_with("written\n"),
        || said,
    )
}

fn a_privileged_container_has_what_the_host_has(cri: &Cri) -> Verdict {
    let own = fs::read_to_string("/proc/self/status")?;
    let bounding = own
        .lines()
        .find_map(|line| line.strip_prefix("CapBnd:\t"))
        .unwrap_or_default();
    let pod = cri.pod("privileged", |config| {
        config["linux"]["security_context"]["privileged"] = true.into()
    })?;
    let container = pod.run("one", &["sleep", "1000"], context(json!({"privileged": true})))?;
    reads(
        "capabilities",
        &container.says("sed -n 's/CapEff:.//p' /proc/self/status")?,
        bounding,
    )?;
    reads(
        "seccomp",
        &container.says("sed -n 's/Seccomp:.//p' /proc/self/status")?,
        "0",
    )?;
    container.says("mkdir /inner && mount -t tmpfs tmpfs /inner && umount /inner")?;
    // Nothing below /proc is hidden or read-only. What the config says of /sys does not show with every runtime: a
    // network namespace has one sysfs, which runc has made read-only as a whole for the pod's first process.
    container.says("! grep ' /proc/' /proc/mounts")?;
    // A device of the host that no container has otherwise.
    container.says("test -c /dev/kmsg && : </dev/kmsg")?;
    pod.remove()
}

/// CHOWN, DAC_OVERRIDE, FSETID, FOWNER, MKNOD, NET_RAW, SETGID, SETUID, SETFCAP, SETPCAP, NET_BIND_SERVICE, SYS_CHROOT,
/// KILL, AUDIT_WRITE.
const DEFAULT: &str = "00000000a80425fb";

fn capabilities_are_added_and_dropped(cri: &Cri) -> Verdict {
    let script = "sed -n 's/CapEff:.//p;s/CapBnd:.//p' /proc/self/status";
    let said = output_of(cri, "usual", script, |_| ())?;
    reads("by default", &said, &format!("{DEFAULT}\n{DEFAULT}\n"))?;
    // CHOWN and SYS_TIME.
    let wanted = json!({"capabilities": {"add_capabilities": ["SYS_TIME"], "drop_capabilities": ["CHOWN"]}});
    let said = output_of(cri, "changed", script, context(wanted))?;
    reads("changed", &said, "00000000aa0425fa\n00000000aa0425fa\n")?;
    let none = json!({"capabilities": {"drop_capabilities": ["ALL"]}});
    let said = output_of(cri, "none", script, context(none))?;
    reads("none", &said, "0000000000000000\n0000000000000000\n")
}

fn seccomp_is_the_default_profile_none_or_a_file(cri: &Cri) -> Verdict {
    // With a mount namespace `unshare` mounts, which the profile of AppArmor's does not let through.
    let script = "sed -n 's/Seccomp:.//p' /proc/self/status; mkdir /made 2>/dev/null && echo made; unshare -u true 2>/dev/null && echo unshared";
    let all = json!({"add_capabilities": ["SYS_ADMIN"], "drop_capabilities": []});
    let of = |name: &str, profile: Value| {
        output_of(
            cri,
            name,
            script,
            context(json!({"capabilities": all, "seccomp": profile})),
        )
    };
    let said = of("unconfined", json!({"profile_type": "Unconfined"}))?;
    reads("unconfined", &said, "0\nmade\nunshared\n")?;
    let said = of("default", json!({"profile_type": "RuntimeDefault"}))?;
    // With SYS_ADMIN the default profile lets unshare through.
    reads("default", &said, "2\nmade\nunshared\n")?;
    let usual = json!({"seccomp": {"profile_type": "RuntimeDefault"}});
    let script = "unshare -Ur true 2>/dev/null || echo refused";
    let said = output_of(cri, "profiled", script, context(usual))?;
    reads("default without SYS_ADMIN", &said, "refused\n")?;
    let file = cri.lab.path("profile.json");
    let rule = json!({"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28});
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [rule]});
    fs::write(&file, profile.to_string())?;
    let said = of("file", json!({"profile_type": "Localhost", "localhost_ref": file}))?;
    reads("of a file", &said, "2\nunshared\n")
}

fn paths_are_masked_and_read_only(cri: &Cri) -> Verdict {
    // What a kubelet says by default, and a folder and a file of the image.
    let wanted = json!({
        "masked_paths": ["/proc/kcore", "/proc/keys", "/sys/firmware", "/home", "/etc/passwd"],
        "readonly_paths": ["/proc/sys", "/proc/sysrq-trigger", "/tmp"],
    });
    let script = "wc -c </etc/passwd; ls /home | wc -l; wc -c </proc/keys; touch /tmp/f 2>/dev/null || echo refused; \
                  echo 1 2>/dev/null >/proc/sys/kernel/domainname || echo refused";
    let said = output_of(cri, "masked", script, context(wanted))?;
    reads("said", &said, "0\n0\n0\nrefused\nrefused\n")?;
    // And none, as with an unmasked /proc.
    let script = "grep -c ' /proc/' /proc/mounts";
    let said = output_of(
        cri,
        "unmasked",
        script,
        context(json!({"masked_paths": [], "readonly_paths": []})),
    )?;
    reads("mounts below /proc", &said, "0\n")
}

fn new_privileges_are_refused(cri: &Cri) -> Verdict {
    let script = "sed -n 's/NoNewPrivs:.//p' /proc/self/status";
    let said = output_of(cri, "privileges", script, context(json!({"no_new_privs": true})))?;
    reads("said", &said, "1\n")?;
    let said = output_of(cri, "allowed", script, context(json!({"no_new_privs": false})))?;
    reads("said", &said, "0\n")
}
